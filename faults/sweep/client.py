# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The driver's side of the sweep's Odoo process."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field

from devtools import paths, processes
from devtools.environment import Environment

MARK_MODULE = "faults.sweep.agent"


@dataclass(frozen=True)
class Result:
    """How one run of a workload ended; ``statements`` is known when it was not killed."""

    killed: bool
    told: list = field(default_factory=list)
    statements: int | None = None
    verbs: dict | None = None
    text: str | None = None
    error: str | None = None

    def answers(self) -> list[dict]:
        """What senders were answered before the end."""
        return [value for name, value in self.told if name == "answer"]


class Agent:
    """Context manager: one Odoo process on a database that runs workloads in children of its own."""

    def __init__(self, env: Environment, database: str):
        self.log = paths.LOGS / f"faults-agent-{database}.log"
        self.log.unlink(missing_ok=True)
        self._name = f"faults-agent-{database}"
        options = ["-c", env.test_config, "-d", database, "--no-http", f"--logfile={self.log}", "--workers=0"]
        command = [str(env.venv.python), "-m", MARK_MODULE, *(str(option) for option in options)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.with_suffix(".out").open("wb"),
            env=env.env(),
            cwd=paths.DEV,
            text=True,
            start_new_session=True,
        )
        processes.note(self._name, self._process.pid)

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_details) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        processes.pid_file(self._name).unlink(missing_ok=True)

    def warm(self, workload: str, load: dict) -> Result:
        """Run a workload in the process itself, so that the caches of its children are filled."""
        return self._order({"workload": workload, "load": load, "warm": True})

    def run(self, workload: str, load: dict, at: int = 0, mode: str = "before") -> Result:
        """Run a workload in a child; with ``at`` the child is killed at that statement.

        :raises AssertionError: it ended in another way than by the kill or in order.
        """
        result = self._order({"workload": workload, "load": load, "at": at, "mode": mode})
        if result.error or (result.killed and not at):
            raise AssertionError(f"{workload} ended badly: {result.error or 'killed'}")
        return result

    def _order(self, order: dict) -> Result:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            tail = self.log.with_suffix(".out").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise AssertionError(f"the sweep's Odoo process ended: {tail}")
        return Result(**json.loads(line))
