"""An Odoo server of our own: started on a free port, watched until healthy, stopped by its pid."""

import os
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

from . import embedded_pg, paths, processes, templates
from .environment import Environment
from .errors import Stop

HEALTH_SECONDS = 120


class OdooServer:
    """Context manager around one Odoo server with a database of its own.

    ``with OdooServer(env, workers=2) as server:`` copies the template that holds the addon, starts
    the server and waits until it answers; leaving the block stops it and drops the database.
    With ``database=`` an existing database is used and kept.
    """

    def __init__(
        self,
        env: Environment,
        *,
        name: str = "",
        workers: int = 2,
        port: int = 0,
        database: str = "",
        options: tuple[str, ...] = (),
        log: Path | None = None,
    ):
        self.env = env
        self.name = name or f"odoo-{os.getpid()}-{id(self):x}"
        self.workers = workers
        self.port = port or embedded_pg.free_port()
        self.gevent_port = embedded_pg.free_port()
        self.database = database
        self.owns_database = not database
        self.options = options
        self.log = log or paths.LOGS / f"{self.name}.log"
        self.pid: int | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "OdooServer":
        if self.owns_database:
            template, _log = templates.with_addon(self.env)
            self.database = self.env.database(f"srv_{self.name.replace('-', '_')}")
            templates.copy(self.env, template, self.database)
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_details) -> None:
        self.close()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.spawn()
        self.wait_healthy()

    def spawn(self) -> int:
        """Start the server without waiting; return its pid."""
        arguments = ["-c", self.env.server_config, "-d", self.database, f"--workers={self.workers}"]
        arguments += [f"--http-port={self.port}", f"--gevent-port={self.gevent_port}"]
        arguments += [f"--logfile={self.log}", *self.options]
        console = self.log.with_suffix(".out")
        command = self.env.odoo(*arguments)
        self.pid = processes.start(self.name, command, log=console, env=self.env.env(), cwd=paths.DEV)
        return self.pid

    def wait_healthy(self, seconds: float = HEALTH_SECONDS) -> None:
        """Wait until ``/web/health`` answers; explain when it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.is_healthy():
                return
            if not self.is_running():
                raise Stop(f"The Odoo server ended while starting.\n{self.tail()}")
            time.sleep(0.2)
        raise Stop(f"The Odoo server did not answer within {seconds:.0f} s.\n{self.tail()}")

    def is_healthy(self) -> bool:
        """Whether it answers and reaches its database."""
        try:
            with urllib.request.urlopen(f"{self.url}/web/health?db_server_status=1", timeout=5) as answer:  # noqa: S310
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def is_running(self) -> bool:
        """Whether its main process is there."""
        processes.reap(self.pid)
        return processes.noted_pid(self.name) is not None

    def stop(self) -> None:
        """End the server; its database stays."""
        if self.pid is not None:
            processes.stop_noted(self.name)
            self.pid = None

    def close(self) -> None:
        """End the server and drop a database that was made for it."""
        self.stop()
        if self.owns_database and self.database:
            templates.drop(self.env, self.database)

    def worker_pids(self) -> list[int]:
        """Pids of the main process's children (HTTP and cron workers, the job runner)."""
        return sorted(processes.children(self.pid)) if self.pid else []

    def tail(self, lines: int = 30) -> str:
        """The last lines of its log."""
        for file in (self.log, self.log.with_suffix(".out")):
            if file.is_file() and file.stat().st_size:
                with file.open(encoding="utf-8", errors="replace") as stream:
                    return "".join(f"    {line}" for line in deque(stream, maxlen=lines))
        return "    (no log)"
