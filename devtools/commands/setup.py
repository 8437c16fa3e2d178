"""``./dev setup`` and ``./dev venv``: get everything, say where it is."""

from .. import browser, environment, locks, odoo_source, templates, venv
from ..console import Steps, say
from ..errors import Stop

HELP = "download and build everything, start nothing"


def add(subparsers) -> None:
    """Register both commands."""
    parser = subparsers.add_parser("setup", help=HELP)
    parser.add_argument("--databases", action="store_true", help="also build the template databases")
    parser.set_defaults(run=run)
    parser = subparsers.add_parser("venv", help="print the path of the Python that has Odoo")
    parser.set_defaults(run=show_venv)


def run(options) -> int:
    """Do all the set-up."""
    steps = Steps(environment.SETUP_STEPS + 1 + options.databases)
    env = environment.ensure(steps)
    with steps.step("Chromium"):
        browser.ensure()
    if options.databases:
        with steps.step("Template databases"), locks.exclusive("heavy", "Template databases"):
            templates.with_addon(env)
    steps.finish("Set up")
    say(f"    Python         {env.venv.python}")
    say(f"    Odoo           {env.source.library}")
    say(f"    configuration  {env.server_config} (servers), {env.test_config} (tests)")
    return 0


def show_venv(_options) -> int:
    """Print the interpreter's path alone."""
    source = odoo_source.find()
    if not source or not venv.is_ready(venv.full(source)):
        raise Stop("The environment is not built yet: run ./dev setup.")
    say(str(venv.full(source).python))
    return 0
