"""``./dev test``: all tests, one closing line."""

import argparse

from .. import browser, environment, locks, odoo_runner, outcome, process_runner, selection, unit_runner
from ..console import Steps, say, warn
from ..errors import Stop

HELP = "run the unit tests, the Odoo tests and those with real servers (does all its own set-up)"


def add(subparsers) -> None:
    """Register the command; everything it does not know goes to pytest."""
    parser = subparsers.add_parser("test", help=HELP, add_help=False, prefix_chars="\0")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run)


USAGE = """usage: ./dev test [unit] [odoo] [process] [path[::name] …] [pytest options …]

    ./dev test                                  everything
    ./dev test unit                             unit_tests/, without Odoo
    ./dev test odoo                             tests/, on a copy of a template database
    ./dev test process                          process_tests/, servers that are started and killed
    ./dev test process -m patient               those of them that wait for minutes
    ./dev test tests/test_ingest.py -k refused  a file, a name
    ./dev test odoo -n 0                        in one process; without -n a whole folder is spread over the cores
"""


def run(options) -> int:
    """Run what was selected and print the sum as the last line."""
    if {"-h", "--help"}.intersection(options.arguments):
        say(USAGE)
        return 0
    chosen = selection.parse(options.arguments)
    results: dict[str, outcome.Outcome] = {}
    if chosen.wants(selection.UNIT):
        _guarded("unit tests", results, lambda: _run_unit(chosen, results))
    if chosen.wants(selection.ODOO):
        _guarded("Odoo tests", results, lambda: _run_odoo(chosen, results))
    if chosen.wants(selection.PROCESS):
        _guarded("process tests", results, lambda: _run_process(chosen, results))
    return _close(results)


def _guarded(name: str, results: dict, work) -> None:
    """A set-up that stops is a failure of that runner, not the end of the other one."""
    try:
        work()
    except Stop as problem:
        say(f"\n{problem}\n")
        results[f"{name}: set-up"] = outcome.Outcome(failed=1)


def _run_unit(chosen, results) -> None:
    interpreter = unit_runner.environment(with_odoo=chosen.wants(selection.ODOO))
    results["unit tests"] = unit_runner.run(chosen, interpreter)


def _run_odoo(chosen, results) -> None:
    steps = Steps(environment.SETUP_STEPS + 2)
    env = environment.ensure(steps)
    with steps.step("Chromium"):
        browser.ensure()
    with locks.exclusive("heavy", "Odoo tests"):
        with steps.step("Database"):
            database, install_log = odoo_runner.prepare(env)
        try:
            results["Odoo tests"], log = odoo_runner.run(env, chosen, database)
        finally:
            odoo_runner.finish(env, database)
    problems = odoo_runner.check_logs(install_log, log)
    if problems.failed:
        results["server log"] = problems


def _run_process(chosen, results) -> None:
    env = environment.ready() or environment.ensure(Steps(environment.SETUP_STEPS))
    with locks.exclusive("heavy", "Process tests"):
        results["process tests"] = process_runner.run(env, chosen)


def _close(results: dict[str, outcome.Outcome]) -> int:
    total = sum(results.values(), outcome.Outcome())
    say()
    for name, result in results.items():
        say(f"{name}: {result.line()}")
    if not total.passed and not total.failed:
        warn("no test ran")
    say(total.line())
    return total.exit_code
