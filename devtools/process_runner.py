"""Run the tests that start Odoo servers of their own and break them."""

import os
import subprocess

from . import outcome, paths, pytest_counts, unit_runner
from .console import say
from .environment import Environment
from .selection import FOLDERS, PROCESS, Selection

# Settings of the pure tests in pyproject.toml do not fit here.
INI = paths.ROOT / "devtools" / "pytest_process.ini"


def run(env: Environment, selection: Selection) -> outcome.Outcome:
    """Run pytest on the selected process tests."""
    if not (paths.ROOT / FOLDERS[PROCESS]).is_dir():
        say("there are no process tests")
        return outcome.Outcome()
    counts = paths.RUN / f"process-{os.getpid()}.counts"
    variables = {**env.env(), pytest_counts.COUNTS_FILE: str(counts), "FI_HEAVY_LOCK_HELD": "1"}
    command = [env.venv.program("pytest"), "-c", INI, f"--rootdir={paths.ROOT}"]
    command += ["-p", "devtools.pytest_counts", *unit_runner.plugin_options(env.venv)]
    command += [*selection.options, *(selection.runners[PROCESS] or [FOLDERS[PROCESS]])]
    result = subprocess.run([str(part) for part in command], cwd=paths.ROOT, env=variables, check=False)
    found = outcome.read(counts, result.returncode)
    counts.unlink(missing_ok=True)
    return found
