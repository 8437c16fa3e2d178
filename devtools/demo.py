"""The demo: a database with demo data, a server with workers and the job runner, simulators."""

import json
import socket
import sys
from dataclasses import dataclass

from . import content, front, paths, processes, templates
from .console import say, warn
from .environment import Environment
from .errors import Stop
from .server import OdooServer

SERVER, FRONT, FEED = "demo-odoo", "demo-front", "demo-feed"
WORKERS = 2
STATE = paths.DEV / "demo.json"


@dataclass
class Demo:
    """What runs for the demo."""

    env: Environment
    port: int
    server: OdooServer | None = None

    @property
    def url(self) -> str:
        """The address for the person."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        """The demo database."""
        return self.env.database("demo")


def require_free_port(port: int) -> None:
    """A clear word when the address is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Stop(
                f"Port {port} is in use ({error.strerror}); choose another one with --port."
            ) from error


def ensure_database(demo: Demo, *, fresh: bool = False) -> None:
    """Create the demo database, or update the addon in it when the code changed."""
    env, wanted = demo.env, content.addon_hash()
    state = _read_state()
    base = templates.base(env, demo=True)
    exists = env.cluster.exists(demo.database)
    if exists and not fresh and state.get("base") == base:
        if state.get("addon") != wanted:
            say("      the addon changed: updating it in the demo database")
            log = paths.LOGS / "update-demo.log"
            log.unlink(missing_ok=True)
            templates.install(env, demo.database, (paths.ADDON,), log=log, update=True, demo=True)
    else:
        say(f"      installing {paths.ADDON} with demo data")
        part = f"{demo.database}_part"
        templates.copy(env, base, part)
        log = paths.LOGS / "install-demo.log"
        log.unlink(missing_ok=True)
        templates.install(env, part, (paths.ADDON,), log=log, demo=True)
        templates.drop(env, demo.database)
        templates.rename(env, part, demo.database)
    STATE.write_text(json.dumps({"base": base, "addon": wanted}), encoding="utf-8")


def _read_state() -> dict:
    try:
        return json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def start_server(demo: Demo) -> None:
    """Start Odoo and the front; the server may still be loading afterwards."""
    log = paths.LOGS / f"{SERVER}.log"
    log.unlink(missing_ok=True)
    demo.server = OdooServer(demo.env, name=SERVER, workers=WORKERS, database=demo.database, log=log)
    demo.server.options = ("--proxy-mode",)
    demo.server.spawn()
    command = [sys.executable, front.__file__, "--port", demo.port]
    command += ["--http-port", demo.server.port, "--evented-port", demo.server.gevent_port]
    processes.start(FRONT, command, log=paths.LOGS / f"{FRONT}.log", cwd=paths.DEV)


def feed_environment(demo: Demo) -> dict[str, str]:
    """The environment of the simulators."""
    files = {"FI_DROP_FOLDER": str(paths.DEV / "files")}
    return {**demo.env.env(), **files, "FI_DATABASE": demo.database, "FI_ODOO_URL": demo.url}


def start_feed(demo: Demo) -> bool:
    """Start the simulators, which then send events until they are stopped."""
    if not (paths.ROOT / "simulators" / "__main__.py").is_file():
        warn("there are no simulators in this checkout yet (simulators/__main__.py): nothing is fed")
        return False
    command = [demo.env.venv.python, "-u", "-m", "simulators", "demo"]
    command += ["--odoo-url", demo.url, "--database", demo.database]
    log = paths.LOGS / f"{FEED}.log"
    log.unlink(missing_ok=True)
    processes.start(FEED, command, log=log, env=feed_environment(demo), cwd=paths.ROOT)
    return True


def stop() -> list[str]:
    """End what the demo started, by its pids; return the names of what was running."""
    return [name for name in (FEED, FRONT, SERVER) if processes.stop_noted(name)]
