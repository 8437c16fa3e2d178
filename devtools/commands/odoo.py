"""``./dev odoo``, ``./dev shell`` and ``./dev pot``: Odoo's own commands with our configuration."""

import argparse
import os
import sys
from pathlib import Path

from .. import environment, locks, paths, processes, templates
from ..console import Steps, say
from ..errors import Stop


def add(subparsers) -> None:
    """Register the commands."""
    parser = subparsers.add_parser("odoo", help="any odoo-bin command: ./dev odoo -- server --help")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run_odoo)
    parser = subparsers.add_parser("shell", help="Odoo's Python shell (reads a script from standard input)")
    parser.add_argument("-d", "--database", help="default: the demo database, else a copy of the template")
    parser.set_defaults(run=run_shell)
    parser = subparsers.add_parser("pot", help=f"export i18n/{paths.ADDON}.pot")
    parser.set_defaults(run=run_pot)


def _environment() -> environment.Environment:
    """The environment, set up quietly when nothing is missing."""
    return environment.ready() or environment.ensure(Steps(environment.SETUP_STEPS))


def _become(env: environment.Environment, command: list[str]) -> None:
    """Replace this process by Odoo, so that signals and the terminal are Odoo's."""
    sys.stdout.flush()
    os.chdir(paths.DEV)
    os.execve(command[0], command, env.env())  # noqa: S606


def run_odoo(options) -> int:
    """Run any of Odoo's commands; ``-c`` is ours unless given."""
    env = _environment()
    arguments = [argument for argument in options.arguments if argument != "--"]
    given = any(argument == "-c" or argument.startswith("--config") for argument in arguments)
    if not given:
        position = 1 if arguments and not arguments[0].startswith("-") else 0
        arguments[position:position] = ["-c", str(env.server_config)]
    _become(env, env.odoo(*arguments))
    return 1


def run_shell(options) -> int:
    """Open the shell on a database."""
    env = _environment()
    database = options.database or _shell_database(env)
    if not env.cluster.exists(database):
        raise Stop(f"There is no database {database!r}; there are: {', '.join(env.cluster.databases())}.")
    _become(env, env.odoo("shell", "-c", env.test_config, "-d", database, "--no-http"))
    return 1


def _shell_database(env: environment.Environment) -> str:
    demo = env.database("demo")
    if env.cluster.exists(demo):
        return demo
    database = env.database("shell")
    with locks.exclusive("heavy", "Database of the shell"):
        template, _log = templates.with_addon(env)
        templates.copy(env, template, database)
    return database


def run_pot(_options) -> int:
    """Export the addon's translatable terms."""
    env = _environment()
    target = paths.ROOT / "i18n" / f"{paths.ADDON}.pot"
    target.parent.mkdir(exist_ok=True)
    with locks.exclusive("heavy", "Export of terms"):
        database, _log = templates.with_addon(env)
        log = paths.LOGS / "pot.log"
        command = env.odoo("i18n", "export", "-c", env.test_config, "-d", database, "-o", target, paths.ADDON)
        processes.run(command, log=log, env=env.env(), cwd=paths.DEV, failure="The terms were not exported.")
    _drop_dates(target)
    say(f"wrote {paths.relative(target)}")
    return 0


def _drop_dates(file: Path) -> None:
    """Two exports of the same code are the same file."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(('"POT-Creation-Date', '"PO-Revision-Date'))]
    file.write_text("".join(kept), encoding="utf-8")
