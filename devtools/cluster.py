"""The PostgreSQL server the commands use: the one the environment names, or an embedded one.

The embedded server belongs to the checkout (``.dev/pg``), listens on 127.0.0.1 and a unix
socket, and stays running between commands; ``./dev stop`` and ``./dev reset`` end it.
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from . import embedded_pg, paths, pg_binaries, processes
from .errors import Stop
from .venv import Venv

FORBIDDEN_USER = "postgres"  # Odoo refuses to run as this one
OWN_ROLE = paths.ADDON


@dataclass(frozen=True)
class Cluster:
    """How to reach PostgreSQL, and SQL through its client programs."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    binaries: Path
    embedded: bool

    def env(self, base: dict[str, str] | None = None) -> dict[str, str]:
        """The environment for programs that connect to this server."""
        env = dict(os.environ if base is None else base)
        for name in ("PGDATABASE", "PGSERVICE", "DATABASE_URL", "PGHOSTADDR"):
            env.pop(name, None)
        env.update(PGHOST=self.host, PGPORT=str(self.port), PGUSER=self.user)
        env[embedded_pg.MARK] = "1" if self.embedded else ""
        env["PATH"] = f"{self.binaries}{os.pathsep}{env.get('PATH', '')}"
        if self.password:
            env["PGPASSWORD"] = self.password
        return env

    def tool(self, name: str, *arguments, log: Path | None = None, check: bool = True, failure: str = ""):
        """Run a client program such as ``createdb``."""
        command = [self.binaries / name, *arguments]
        return processes.run(command, env=self.env(), log=log, check=check, failure=failure)

    def sql(self, statement: str, database: str = "postgres", *, check: bool = True) -> list[str]:
        """Run one statement and return its rows, columns joined by ``|``."""
        options = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
        result = self.tool("psql", *options, check=check)
        return [line for line in result.stdout.decode().splitlines() if line]

    def databases(self) -> list[str]:
        """Names of all databases."""
        return self.sql("SELECT datname FROM pg_database ORDER BY 1")

    def exists(self, database: str) -> bool:
        """Whether a database of that name is there."""
        return database in self.databases()

    def create(self, database: str, template: str = "template0") -> None:
        """Create a database, as a copy of ``template``."""
        options = ["-T", template]
        if template == "template0":
            options += ["-E", "UTF8", "--lc-collate", "C"]
        else:
            self.disconnect(template)
        self.tool("createdb", *options, database, failure=f"The database {database} could not be created.")

    def drop(self, database: str) -> None:
        """Drop a database, ending whatever is connected to it."""
        self.disconnect(database)
        self.tool("dropdb", "--if-exists", "--force", database)

    def rename(self, database: str, new: str) -> None:
        """Give a database its final name."""
        self.disconnect(database)
        self.sql(f'ALTER DATABASE "{database}" RENAME TO "{new}"')

    def disconnect(self, database: str) -> None:
        """End the connections to one of our databases. Autovacuum is not ours to end, and yields by itself."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{database}' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def ensure(venv: Venv) -> Cluster:
    """The running server with a role that may create databases."""
    if embedded_pg.named_server():
        return _named_by_environment(venv)
    server = embedded_pg.ensure_running(venv)
    return Cluster(
        host="127.0.0.1",
        port=server.port,
        user=embedded_pg.ROLE,
        password=server.password,
        binaries=server.binaries,
        embedded=True,
    )


def _named_by_environment(venv: Venv) -> Cluster:
    settings = _settings_from_url(os.environ.get("DATABASE_URL", "")) or _settings_from_variables()
    cluster = Cluster(binaries=pg_binaries.client_folder(venv), embedded=False, **settings)
    place = f"{cluster.host}:{cluster.port} as {cluster.user}"
    probe = _connect(cluster)
    if probe.returncode:
        reason = probe.stderr.decode(errors="replace").strip()
        raise Stop(f"PostgreSQL at {place} cannot be reached:\n    {reason}")
    may_create, is_super = probe.stdout.decode().strip().split("|")
    if cluster.user != FORBIDDEN_USER:
        if "t" not in (may_create, is_super):
            raise Stop(f"The PostgreSQL role {cluster.user} may not create databases; give it CREATEDB.")
        return cluster
    return _with_own_role(cluster)


def _connect(cluster: Cluster) -> subprocess.CompletedProcess:
    query = "SELECT rolcreatedb, rolsuper FROM pg_roles WHERE rolname = current_user"
    options = ["-X", "-A", "-t", "-q", "-d", "postgres", "-c", query]
    command = [cluster.binaries / "psql", *options]
    return processes.run(command, env={**cluster.env(), "PGCONNECT_TIMEOUT": "10"}, check=False)


def _settings_from_url(url: str) -> dict:
    if not url:
        return {}
    parts = urlsplit(url)
    if not parts.scheme.startswith("postgres"):
        raise Stop("DATABASE_URL must look like postgresql://user:password@host:port/.")
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0] or "127.0.0.1"
    return {
        "host": unquote(host),
        "port": parts.port or 5432,
        "user": unquote(parts.username or "") or _default_user(),
        "password": unquote(parts.password or ""),
    }


def _settings_from_variables() -> dict:
    return {
        "host": os.environ["PGHOST"],
        "port": int(os.environ.get("PGPORT") or 5432),
        "user": os.environ.get("PGUSER") or _default_user(),
        "password": os.environ.get("PGPASSWORD", ""),
    }


def _default_user() -> str:
    return os.environ.get("USER") or "odoo"


def _with_own_role(admin: Cluster) -> Cluster:
    """Odoo refuses the user ``postgres``: make a role for this work and use that."""
    password = embedded_pg.remembered_password("server-role")
    if admin.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{OWN_ROLE}'"):
        admin.sql(f"ALTER ROLE {OWN_ROLE} LOGIN CREATEDB PASSWORD '{password}'")
    else:
        admin.sql(f"CREATE ROLE {OWN_ROLE} LOGIN CREATEDB PASSWORD '{password}'")
    return Cluster(
        host=admin.host,
        port=admin.port,
        user=OWN_ROLE,
        password=password,
        binaries=admin.binaries,
        embedded=False,
    )
