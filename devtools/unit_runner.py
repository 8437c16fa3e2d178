"""Run the pure tests: no Odoo, no database."""

import os
import subprocess

from . import locks, odoo_source, outcome, paths, pytest_counts, venv
from .console import say
from .selection import FOLDERS, UNIT, Selection


def environment(*, with_odoo: bool) -> venv.Venv:
    """The full environment when it is here or wanted anyway, else the light one."""
    with locks.exclusive("setup", "Set-up"):
        source = odoo_source.ensure() if with_odoo else odoo_source.find()
        if source and (with_odoo or venv.is_ready(venv.full(source))):
            return venv.ensure_full(source)
        return venv.ensure_pure()


def run(selection: Selection, interpreter: venv.Venv) -> outcome.Outcome:
    """Run pytest on the selected pure tests."""
    wanted = selection.runners[UNIT] or [FOLDERS[UNIT]]
    if not (paths.ROOT / FOLDERS[UNIT]).is_dir():
        say("there are no unit tests")
        return outcome.Outcome()
    counts = paths.RUN / f"unit-{os.getpid()}.counts"
    env = {**os.environ, "PYTHONPATH": str(paths.PYLIB), pytest_counts.COUNTS_FILE: str(counts)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env.update(interpreter.bytecode_env())
    command = [interpreter.program("pytest"), "-p", "devtools.pytest_counts", *plugin_options(interpreter)]
    command += [*selection.spread(UNIT, os.cpu_count() or 1), *selection.options, *wanted]
    result = subprocess.run([str(part) for part in command], cwd=paths.ROOT, env=env, check=False)
    found = outcome.read(counts, result.returncode)
    counts.unlink(missing_ok=True)
    return found


def plugin_options(interpreter: venv.Venv) -> list[str]:
    """Keep Odoo's pytest plugin out where it is installed."""
    return ["-p", "no:odoo"] if (interpreter.site_packages / "pytest_odoo.py").is_file() else []
