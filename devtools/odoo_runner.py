"""Run the Odoo tests on a copy of the template database, and read the server log afterwards."""

import os
import subprocess
from pathlib import Path

from . import log_check, outcome, paths, processes, pytest_counts, templates
from .console import say
from .environment import Environment
from .selection import FOLDERS, ODOO, Selection

INI = Path(__file__).resolve().parent / "pytest_odoo.ini"


def prepare(env: Environment) -> tuple[str, Path]:
    """The database of this run and the log of the addon's installation."""
    _drop_leftovers(env)
    template, install_log = templates.with_addon(env)
    database = env.database(f"test_{os.getpid()}")
    templates.copy(env, template, database)
    return database, install_log


def run(env: Environment, selection: Selection, database: str) -> tuple[outcome.Outcome, Path]:
    """Run pytest on the selected Odoo tests; return its outcome and the server log."""
    log = paths.LOGS / "odoo-tests.log"
    log.unlink(missing_ok=True)
    if not (paths.ROOT / FOLDERS[ODOO]).is_dir():
        say("there are no Odoo tests")
        return outcome.Outcome(), log
    counts = paths.RUN / f"odoo-{os.getpid()}.counts"
    variables = {**env.env(), pytest_counts.COUNTS_FILE: str(counts), "FI_DATABASE": database}
    result = subprocess.run(
        _command(env, selection, database, log), cwd=paths.ROOT, env=variables, check=False
    )
    found = outcome.read(counts, result.returncode)
    counts.unlink(missing_ok=True)
    return found, log


def _command(env: Environment, selection: Selection, database: str, log: Path) -> list[str]:
    wanted = selection.runners[ODOO] or [FOLDERS[ODOO]]
    command = [env.venv.program("pytest"), "-c", INI, f"--rootdir={paths.ADDONS_LINK_DIR}"]
    command += ["-o", f"cache_dir={paths.DEV / 'pytest-odoo'}", "-p", "devtools.pytest_counts"]
    command += ["-p", "devtools.pytest_filestore"]
    command += [f"--odoo-config={env.test_config}"]
    command += [f"--odoo-database={database}", "--odoo-http", "--odoo-log-level=info"]
    command += [
        f"--odoo-extra=logfile={log}",
        *selection.spread(ODOO, os.cpu_count() or 1),
        *selection.options,
    ]
    command += [paths.ADDON_LINK / path for path in wanted]
    return [str(part) for part in command]


def finish(env: Environment, database: str) -> None:
    """Drop the database of this run."""
    templates.drop(env, database)


def check_logs(*logs: Path) -> outcome.Outcome:
    """Warnings and errors in the logs are one failure."""
    lines = [line for log in logs for line in log_check.describe(log_check.check_file(log))]
    if not lines:
        return outcome.Outcome()
    say()
    say("The server log holds warnings or errors that are not on the list in devtools/log_allow.py:")
    for line in lines:
        say(f"    {line}")
    say(f"    (all of it: {', '.join(paths.relative(log) for log in logs)})")
    return outcome.Outcome(failed=1)


def _drop_leftovers(env: Environment) -> None:
    """Drop databases of earlier runs that were killed."""
    prefix = env.database("test_")
    for name in env.cluster.databases():
        pid = name.removeprefix(prefix).partition("-")[0]
        if name.startswith(prefix) and pid.isdigit() and processes.start_time(int(pid)) is None:
            templates.drop(env, name)
