"""``./dev bench``, ``./dev faults`` and ``./dev schemas``: programs of the repository."""

import argparse
import subprocess

from .. import environment, generate, locks, paths, unit_runner
from ..console import Steps
from ..errors import Stop

PROGRAMS = {
    "bench": ("benchmarks", "measure the addon on a server of its own"),
    "faults": ("faults", "break things on purpose and check that nothing is lost"),
}


def add(subparsers) -> None:
    """Register the commands."""
    for command, (package, text) in PROGRAMS.items():
        parser = subparsers.add_parser(command, help=text, add_help=False, prefix_chars="\0")
        parser.add_argument("arguments", nargs=argparse.REMAINDER)
        parser.set_defaults(run=run, package=package)
    parser = subparsers.add_parser("schemas", help="write the files that are generated from code")
    parser.add_argument("--check", action="store_true", help="fail when a generated file is out of date")
    parser.set_defaults(run=run_generators)


def run(options) -> int:
    """Run ``python -m <package>`` in the environment, alone on the machine."""
    if not (paths.ROOT / options.package / "__main__.py").is_file():
        raise Stop(f"There is no {options.package}/__main__.py in this checkout yet.")
    env = environment.ready() or environment.ensure(Steps(environment.SETUP_STEPS))
    command = [env.venv.python, "-u", "-m", options.package, *options.arguments]
    with locks.exclusive("heavy", options.package.capitalize()):
        return _call(command, env)


def _call(command, env: environment.Environment) -> int:
    variables = {**env.env(), "FI_HEAVY_LOCK_HELD": "1"}
    return subprocess.run(
        [str(part) for part in command], cwd=paths.ROOT, env=variables, check=False
    ).returncode


def run_generators(options) -> int:
    """Run the generators listed in ``devtools/generate.py``."""
    return generate.run_all(unit_runner.environment(with_odoo=False).python, check=options.check)
