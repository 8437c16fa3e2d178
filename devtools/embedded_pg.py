"""An embedded PostgreSQL server from a PyPI wheel, one per checkout, in ``.dev/pg``."""

import fcntl
import os
import pwd
import secrets
import shlex
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from . import paths, pg_binaries, processes
from .console import say
from .errors import Stop
from .venv import Venv

ROLE = "odoo"
SUPERUSER = "postgres"
NOTE = "postgres"
# Set for programs started by us, so that they see the embedded server as such.
MARK = "FI_EMBEDDED_PG"
FOLDER = paths.DEV / "pg"
# Who runs the server when the commands are run by root, whom PostgreSQL refuses.
UNPRIVILEGED = ("postgres", "nobody")
SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 120
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
logging_collector = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running embedded server."""

    binaries: Path
    data: Path
    port: int
    password: str


def ensure_running(venv: Venv) -> EmbeddedServer:
    """Initialise the data folder once, start the server if it is down."""
    with (paths.DEV / "pg.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        binaries = pg_binaries.embedded(venv)
        if _account():
            binaries = pg_binaries.reachable_copy(binaries)
        _initialise(binaries)
        port = running_port()
        if port is None:
            port = _start(binaries)
        server = EmbeddedServer(binaries, data_folder(), port, remembered_password("embedded"))
        _ensure_role(server)
        return server


def shared_buffers(memory: int) -> int:
    """Return the server's own cache in MB: an eighth of the machine's ``memory`` (bytes), 256 MB to 3 GB.

    PostgreSQL's manual (19.4, Resource Consumption) advises a quarter for a server of its own; here Odoo runs, too.
    Only what is used of it is taken from the machine.
    """
    return min(3072, max(256, memory // 8 // 1024**2))


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def named_server() -> bool:
    """Whether the environment names a server to use instead of the embedded one."""
    named = os.environ.get("PGHOST") or os.environ.get("DATABASE_URL")
    return bool(named) and not os.environ.get(MARK)


def data_folder() -> Path:
    """The data folder; below a folder that everyone may enter when the server is not our user."""
    return FOLDER.resolve() / "data"


def running_port() -> int | None:
    """The port of our server if it runs."""
    try:
        lines = (data_folder() / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    if len(lines) < 8 or "ready" not in lines[7]:
        return None
    pid, folder, port = int(lines[0]), lines[1], int(lines[3])
    ours = processes.start_time(pid) and Path(folder) == data_folder() and _is_postgres(pid)
    return port if ours else None


def stop() -> bool:
    """End the server in order; say whether it was running."""
    if running_port() is None:
        processes.pid_file(NOTE).unlink(missing_ok=True)
        return False
    pid = int((data_folder() / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    # SIGINT is PostgreSQL's fast shutdown; it rolls back and writes a clean checkpoint.
    processes.end_process(pid, patience=60, first=2)
    processes.pid_file(NOTE).unlink(missing_ok=True)
    return True


def has_clients() -> bool:
    """Whether some program is connected to our server."""
    if running_port() is None:
        return False
    pid = int((data_folder() / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    titles = (processes.title(child) for child in processes.children(pid))
    return any(title.startswith(f"postgres: {ROLE} ") for title in titles)


def remembered_password(name: str) -> str:
    """A random password kept in this checkout, readable by its owner alone."""
    file = paths.DEV / f"password-{name}"
    if not file.is_file():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(secrets.token_hex(16))
    return file.read_text(encoding="utf-8").strip()


def _account() -> pwd.struct_passwd | None:
    """The unprivileged account to run the server as, when we are root."""
    if os.geteuid() != 0:
        return None
    if data_folder().is_dir():
        owner = data_folder().stat().st_uid
        if owner:
            return pwd.getpwuid(owner)
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Stop("PostgreSQL refuses to run as root and there is no account 'nobody' to run it as.")


def as_account() -> dict:
    """How a program of the server is started: as the unprivileged account where we are root."""
    account = _account()
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _initialise(binaries: Path) -> None:
    account = _account()
    if not FOLDER.exists():
        _make_home(account)
    if (data_folder() / "PG_VERSION").is_file():
        _require_same_version(binaries)
        return
    say("      initialising the embedded PostgreSQL")
    shutil.rmtree(data_folder(), ignore_errors=True)
    part = data_folder().with_name("data.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    password_file = data_folder().with_name("superuser-password")
    password_file.write_text(remembered_password("embedded"), encoding="utf-8")
    password_file.chmod(0o600)
    if account:
        for path in (part, password_file):
            os.chown(path, account.pw_uid, account.pw_gid)
    options = ["-D", part, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
    processes.run(
        [binaries / "initdb", *options, f"--pwfile={password_file}"],
        failure="The embedded PostgreSQL could not be initialised.",
        env=clean_env(),
        **as_account(),
    )
    password_file.unlink()
    with (part / "postgresql.conf").open("a", encoding="utf-8") as stream:
        stream.write(SETTINGS)
        stream.write(f"shared_buffers = {shared_buffers(_memory())}MB\n")
    part.rename(data_folder())


def _make_home(account) -> None:
    """``.dev/pg`` itself, or a link to a folder that the server's account can reach."""
    home = FOLDER
    FOLDER.unlink(missing_ok=True)
    if account and not pg_binaries.traversable(paths.DEV):
        home = pg_binaries.shared_folder() / f"pg-{paths.checkout_id()}"
        FOLDER.symlink_to(home)
    home.mkdir(mode=0o755, exist_ok=True)
    if account:
        os.chown(home, account.pw_uid, account.pw_gid)


def _require_same_version(binaries: Path) -> None:
    have = int((data_folder() / "PG_VERSION").read_text(encoding="utf-8"))
    wanted = pg_binaries.version(binaries)
    if have != wanted:
        raise Stop(
            f"The database folder {paths.relative(FOLDER)} is of PostgreSQL {have}, the embedded server is "
            f"now {wanted}: run ./dev reset, then try again."
        )


def _start(binaries: Path) -> int:
    port = free_port()
    log = FOLDER.resolve() / "server.log"
    options = f"-p {port} -k {shlex.quote(str(socket_folder()))}"
    command = [binaries / "pg_ctl", "-w", "-t", "60", "-D", data_folder(), "-l", log, "-o", options, "start"]
    # Not through a pipe: the server would inherit it and the reading would never end.
    start_log = paths.LOGS / "postgres-start.log"
    result = processes.run(command, log=start_log, check=False, env=clean_env(), **as_account())
    if result.returncode:
        tail = "\n".join(f"    {line}" for line in _tail(log))
        raise Stop(f"The embedded PostgreSQL did not start.{processes.disk_hint(tail.encode())}\n{tail}")
    pid = int((data_folder() / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    processes.note(NOTE, pid)
    return port


def socket_folder() -> Path:
    """Where the unix socket goes; its path may not be longer than 107 bytes."""
    folder = FOLDER.resolve()
    if len(str(folder)) < 85:
        return folder
    return pg_binaries.shared_folder() if os.geteuid() == 0 else Path("/tmp")  # noqa: S108 - only a socket


def _ensure_role(server: EmbeddedServer) -> None:
    env = clean_env()
    env.update(PGHOST="127.0.0.1", PGPORT=str(server.port), PGUSER=SUPERUSER, PGPASSWORD=server.password)
    statement = (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN "
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{server.password}'; "
        f"GRANT pg_signal_backend TO {ROLE}; END IF; END $$"
    )
    command = [server.binaries / "psql", "-X", "-q", "-d", "postgres", "-c", statement]
    processes.run(command, env=env, failure="The role for Odoo could not be created.")


def clean_env() -> dict[str, str]:
    """Our environment without anything that would steer PostgreSQL's programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _is_postgres(pid: int) -> bool:
    return "postgres" in processes.title(pid)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tail(log: Path, lines: int = 15) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except OSError:
        return []
