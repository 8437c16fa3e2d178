"""Parse the command line and show a stop as a sentence."""

import argparse
import sys

from . import paths
from .commands import demo, lint, odoo, programs, run, setup, stop, test, upgrade
from .errors import Stop

COMMANDS = (run, demo, test, lint, programs, odoo, upgrade, setup, stop)


def main(arguments: list[str]) -> int:
    """Run one sub-command and return the exit code."""
    parser = argparse.ArgumentParser(prog="./dev", description="Everything a developer does with this addon.")
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    options = parser.parse_args(arguments)
    try:
        paths.prepare_dev_folder()
        return options.run(options) or 0
    except Stop as problem:
        print(problem, file=sys.stderr)
        return problem.code
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
