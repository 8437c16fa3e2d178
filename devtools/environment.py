"""Everything set up: the source, the interpreter, the server, the configuration."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import cluster as clusters
from . import locks, odoo_config, odoo_source, paths, venv
from .console import Steps

SETUP_STEPS = 3
MAIN = Path(__file__).resolve().parent / "odoo_main.py"


@dataclass(frozen=True)
class Environment:
    """What a command needs to run Odoo in this checkout."""

    source: odoo_source.OdooSource
    venv: venv.Venv
    cluster: clusters.Cluster

    @cached_property
    def server_config(self) -> Path:
        """The configuration of servers (with the job runner)."""
        return odoo_config.write(self.source, self.cluster, "odoo")

    @cached_property
    def test_config(self) -> Path:
        """The configuration of tests and installations (without it)."""
        return odoo_config.write(self.source, self.cluster, "odoo-test", test=True)

    def odoo(self, *arguments) -> list[str]:
        """The command line that starts Odoo with ``arguments``."""
        return [str(self.venv.python), str(MAIN), *(str(argument) for argument in arguments)]

    def env(self) -> dict[str, str]:
        """The environment of programs that run in the virtual environment."""
        env = self.cluster.env()
        for name in ("PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "ODOO_RC", "OPENERP_SERVER"):
            env.pop(name, None)
        env["PATH"] = f"{self.venv.folder / 'bin'}{os.pathsep}{env['PATH']}"
        env["PYTHONPATH"] = str(paths.PYLIB)
        env.update(self.venv.bytecode_env())
        env["TZ"] = "UTC"
        return env

    def database(self, name: str) -> str:
        """The real name of one of our databases: unmistakable on a server that others use too."""
        return f"fi_{name}" if self.cluster.embedded else f"fi_{paths.checkout_id()}_{name}"


def ensure(steps: Steps) -> Environment:
    """Do all set-up that is missing (three steps)."""
    with locks.exclusive("setup", "Set-up"):
        with steps.step("Odoo 19 Community"):
            source = odoo_source.ensure()
        with steps.step("Python packages"):
            environment = venv.ensure_full(source)
    with steps.step("PostgreSQL"):
        server = clusters.ensure(environment)
    return Environment(source, environment, server)


def ready() -> Environment | None:
    """The environment when nothing has to be downloaded for it."""
    source = odoo_source.find()
    if not source or not venv.is_ready(venv.full(source)):
        return None
    environment = venv.full(source)
    return Environment(source, environment, clusters.ensure(environment))
