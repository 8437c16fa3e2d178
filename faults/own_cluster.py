# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A PostgreSQL server that a run starts for itself, so that it may stop and kill it: nobody else's is touched."""

from __future__ import annotations

import dataclasses
import os
import shlex
import shutil
import signal
import time
from functools import cached_property
from pathlib import Path

from devtools import embedded_pg, odoo_config, paths, pg_binaries, processes, templates
from devtools.cluster import Cluster
from devtools.environment import Environment
from devtools.errors import Stop

START_SECONDS = 60


class OwnEnvironment(Environment):
    """An environment whose servers read a configuration of their own."""

    @cached_property
    def server_config(self) -> Path:
        """The configuration of servers on the run's own PostgreSQL."""
        return odoo_config.write(self.source, self.cluster, "odoo-faults")


class OwnCluster:
    """Context manager: a fresh server on a port of this machine, as durable as PostgreSQL is by default."""

    def __init__(self, env: Environment):
        self._base = env
        binaries = pg_binaries.embedded(env.venv)
        self._binaries = pg_binaries.reachable_copy(binaries) if embedded_pg.as_account() else binaries
        home = embedded_pg.FOLDER.resolve() if embedded_pg.FOLDER.exists() else paths.DEV
        self.folder = home / f"faults-{os.getpid()}"
        self._port = embedded_pg.free_port()
        self._password = embedded_pg.remembered_password("embedded")
        self.cluster = Cluster(
            host="127.0.0.1",
            port=self._port,
            user=embedded_pg.ROLE,
            password=self._password,
            binaries=self._binaries,
            embedded=True,
        )
        self.env = OwnEnvironment(env.source, env.venv, self.cluster)

    def __enter__(self) -> OwnCluster:
        self._initialise()
        try:
            self.start()
            self._create_role()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_details) -> None:
        if self.postmaster():
            self.stop_immediately()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- life ----------------------------------------------------------------------------------------

    def postmaster(self) -> int | None:
        """The pid of the server's first process, None when it does not run."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if processes.start_time(pid) and "postgres" in processes.title(pid) else None

    def start(self) -> None:
        """Start the server and wait until it takes connections; after a crash it recovers first."""
        deadline = time.monotonic() + START_SECONDS
        # Processes of a killed server end a moment after it and keep its memory until then.
        while self._start_once():
            if time.monotonic() > deadline:
                raise Stop(f"The run's own PostgreSQL does not start: see {self._log}")
            time.sleep(0.2)

    def stop_immediately(self) -> None:
        """Stop as a crash would: no checkpoint, connections cut (``pg_ctl stop -m immediate``)."""
        command = [self._binaries / "pg_ctl", "-D", self.folder, "-m", "immediate", "-w", "stop"]
        processes.run(command, env=embedded_pg.clean_env(), **embedded_pg.as_account())

    def kill_postmaster(self) -> None:
        """``kill -9`` the server's first process; the others notice and end by themselves."""
        pid = self.postmaster()
        if pid is None:
            raise AssertionError("the run's own PostgreSQL does not run")
        backends = processes.children(pid)
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any(processes.start_time(backend) for backend in backends) and time.monotonic() < deadline:
            time.sleep(0.05)

    def kill_backend(self, pid: int) -> None:
        """``kill -9`` one backend; the server then ends all others and recovers."""
        if pid not in processes.children(self.postmaster() or 0):
            raise AssertionError(f"{pid} is no backend of the run's own PostgreSQL")
        os.kill(pid, signal.SIGKILL)

    # -- content -------------------------------------------------------------------------------------

    def fill(self, database: str) -> None:
        """Bring a copy of the template with the addon into ``database`` of this server."""
        template, _log = templates.with_addon(self._base)
        dump = paths.DEV / f"{self.folder.name}.dump"
        try:
            self._base.cluster.tool("pg_dump", "-Fc", "-Z1", "--no-owner", "-f", str(dump), template)
            self.cluster.create(database)
            options = ["-j", "2", "--no-owner", "--exit-on-error", "-d", database]
            self.cluster.tool("pg_restore", *options, str(dump))
        finally:
            dump.unlink(missing_ok=True)
        shutil.rmtree(templates.filestore(database), ignore_errors=True)
        if templates.filestore(template).is_dir():
            shutil.copytree(templates.filestore(template), templates.filestore(database))

    @property
    def _log(self) -> Path:
        return self.folder.with_suffix(".log")

    def _initialise(self) -> None:
        account = embedded_pg.as_account()
        self.folder.mkdir(mode=0o700)
        password_file = self.folder.with_suffix(".password")
        password_file.write_text(self._password, encoding="utf-8")
        password_file.chmod(0o600)
        if account:
            for path in (self.folder, password_file):
                os.chown(path, account["user"], account["group"])
        options = ["-D", self.folder, "-U", embedded_pg.SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"]
        options += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
        try:
            processes.run([self._binaries / "initdb", *options], env=embedded_pg.clean_env(), **account)
        finally:
            password_file.unlink()
        with (self.folder / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write(embedded_pg.SETTINGS)

    def _start_once(self) -> int:
        options = f"-p {self._port} -k {shlex.quote(str(embedded_pg.socket_folder()))}"
        command = [
            self._binaries / "pg_ctl",
            "-w",
            "-t",
            "60",
            "-D",
            self.folder,
            "-l",
            self._log,
            "-o",
            options,
        ]
        log = paths.LOGS / "faults-postgres.log"
        result = processes.run(
            [*command, "start"], log=log, check=False, env=embedded_pg.clean_env(), **embedded_pg.as_account()
        )
        return result.returncode

    def _create_role(self) -> None:
        superuser = dataclasses.replace(self.cluster, user=embedded_pg.SUPERUSER)
        superuser.sql(f"CREATE ROLE {embedded_pg.ROLE} LOGIN CREATEDB PASSWORD '{self._password}'")
        superuser.sql(f"GRANT pg_signal_backend TO {embedded_pg.ROLE}")
