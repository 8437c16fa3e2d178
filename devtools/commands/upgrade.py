"""``./dev upgrade-check``: is a database that an older commit made sound after the upgrade?"""

from .. import environment, locks, upgrade
from ..console import Steps

HELP = "install an older commit with demo data, upgrade it to the current code, compare before and after"
STEPS = 7


def add(subparsers) -> None:
    """Register the command."""
    parser = subparsers.add_parser("upgrade-check", help=HELP)
    parser.add_argument("ref", help="a commit, tag or branch of this checkout's history")
    parser.add_argument("--keep", action="store_true", help="keep the database and the older files")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Run the check; exit code 0 = nothing is wrong."""
    upgrade.resolve(options.ref)
    steps = Steps(environment.SETUP_STEPS + STEPS)
    env = environment.ensure(steps)
    with locks.exclusive("heavy", "Upgrade check"):
        problems = upgrade.check(env, options.ref, steps, keep=options.keep)
    return upgrade.report(problems)
