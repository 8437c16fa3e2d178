"""``./dev demo``: play one more story to the demo that ``./dev run`` started."""

import subprocess

from .. import demo as demos
from .. import environment, paths, processes
from ..errors import Stop
from .run import DEFAULT_PORT

HELP = "play a scripted story to the running demo (./dev run): distributor, shop-day"
STORIES = ("distributor", "shop-day")


def add(subparsers) -> None:
    """Register the command."""
    parser = subparsers.add_parser("demo", help=HELP)
    parser.add_argument("story", choices=STORIES)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="where ./dev run answers (8069)")
    parser.add_argument("--days", type=int, help="distributor: 5 to 28 days of the month (28)")
    parser.add_argument("--orders", type=int, help="shop-day: 50 to 1500 orders (1000)")
    parser.add_argument("--seed", default="1", help="another seed plays another month")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Play it; the exit code is the story's."""
    if not processes.noted_pid(demos.SERVER):
        raise Stop("The demo is not running; start it with ./dev run in another terminal.")
    env = environment.ready()
    if env is None:
        raise Stop("Odoo is not set up yet: ./dev setup.")
    demo = demos.Demo(env, options.port)
    command = [env.venv.python, "-u", "-m", "simulators", options.story, "--seed", options.seed]
    command += ["--odoo-url", demo.url, "--database", demo.database]
    command += ["--days", options.days] if options.days else []
    command += ["--orders", options.orders] if options.orders else []
    return subprocess.run(
        [str(part) for part in command], cwd=paths.ROOT, env=env.env(), check=False
    ).returncode
