# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Start a simulator from the command line: ``python -m simulators demo|distributor|shop-day|stripe|receiver``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from .demo import DemoOptions, run
from .distributor import demo as distributor
from .distributor.accidents import LAST_DAY
from .distributor.world import MAX_DAYS
from .local_server import LocalServer, serving
from .partner.receiver import Receiver, Troubles
from .partner.server import PATH, receiver_server
from .scenario import default_month, demo_month
from .shop_day import demo as shop_day
from .stripe.api import StripeApi
from .stripe.server import StripeServer
from .trickle import MAX_EVENTS


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    commands = parser.add_subparsers(required=True)
    demo = commands.add_parser("demo", help="set the demo connections up in Odoo and play a month to it")
    demo.add_argument("--odoo-url", default=os.environ.get("FI_ODOO_URL"), help="default: FI_ODOO_URL")
    demo.add_argument("--database", default=os.environ.get("FI_DATABASE"), help="default: FI_DATABASE")
    demo.add_argument("--seed", default="1", help="another seed plays another month")
    demo.add_argument("--invoices", type=int, default=9, help="how many invoices, at least 9")
    demo.add_argument(
        "--trickle",
        type=int,
        nargs="?",
        const=60,
        default=0,
        help=f"events after it, at most {MAX_EVENTS}",
    )
    demo.add_argument("--trickle-seconds", type=int, default=5, help="pause between those")
    demo.add_argument("--pause-ms", type=int, default=100, help="pause between two events; 0 = at full speed")
    demo.add_argument("--once", action="store_true", help="stop when everything is delivered")
    demo.set_defaults(command=_demo)
    distributor = commands.add_parser(
        "distributor",
        help="set a distributor of two companies up and let it live through a month of accidents",
    )
    distributor.add_argument("--odoo-url", default=os.environ.get("FI_ODOO_URL"), help="default: FI_ODOO_URL")
    distributor.add_argument("--database", default=os.environ.get("FI_DATABASE"), help="default: FI_DATABASE")
    distributor.add_argument("--seed", default="1", help="another seed plays another month")
    distributor.add_argument("--days", type=int, default=MAX_DAYS, help=f"{LAST_DAY} to {MAX_DAYS}")
    distributor.set_defaults(command=_distributor)
    day = commands.add_parser("shop-day", help="set three shops up and tie a day of theirs out to 0.00")
    day.add_argument("--odoo-url", default=os.environ.get("FI_ODOO_URL"), help="default: FI_ODOO_URL")
    day.add_argument("--database", default=os.environ.get("FI_DATABASE"), help="default: FI_DATABASE")
    day.add_argument("--seed", default="1", help="another seed plays another day")
    day.add_argument(
        "--orders",
        type=int,
        default=shop_day.ORDERS,
        help=f"{shop_day.MIN_ORDERS} to {shop_day.MAX_ORDERS}",
    )
    day.set_defaults(command=_shop_day)
    stripe = commands.add_parser("stripe", help="only the simulated Stripe, with a played month in it")
    stripe.add_argument("--port", type=int, default=0)
    stripe.add_argument("--seed", default="1")
    stripe.set_defaults(command=_stripe)
    receiver = commands.add_parser("receiver", help="only the partner's receiver")
    receiver.add_argument("--port", type=int, default=0)
    receiver.add_argument("--seed", default="1")
    receiver.add_argument("--reliable", action="store_true", help="never fail")
    receiver.set_defaults(command=_receiver)
    return parser


def _demo(options: argparse.Namespace) -> int:
    if not options.odoo_url or not options.database:
        sys.stderr.write("Set FI_ODOO_URL (for example http://127.0.0.1:8069) and FI_DATABASE.\n")
        return 1
    return run(
        DemoOptions(
            odoo_url=options.odoo_url,
            database=options.database,
            login=os.environ.get("FI_LOGIN", "admin"),
            password=os.environ.get("FI_PASSWORD", "admin"),
            seed=options.seed,
            invoices=options.invoices,
            trickle=options.trickle,
            trickle_seconds=options.trickle_seconds,
            pause_ms=options.pause_ms,
            idle=not options.once,
            drop_folder=Path(os.environ["FI_DROP_FOLDER"]) if os.environ.get("FI_DROP_FOLDER") else None,
        ),
        say=_say,
    )


def _distributor(options: argparse.Namespace) -> int:
    return _story(options, distributor, days=options.days)


def _shop_day(options: argparse.Namespace) -> int:
    return _story(options, shop_day, orders=options.orders)


def _story(options: argparse.Namespace, story, **how: int) -> int:
    """Play one of the stories that set themselves up."""
    if not options.odoo_url or not options.database:
        sys.stderr.write("Set FI_ODOO_URL (for example http://127.0.0.1:8069) and FI_DATABASE.\n")
        return 1
    try:
        wanted = story.Options(
            odoo_url=options.odoo_url,
            database=options.database,
            login=os.environ.get("FI_LOGIN", "admin"),
            password=os.environ.get("FI_PASSWORD", "admin"),
            seed=options.seed,
            **how,
        )
    except ValueError as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return story.run(wanted, say=_say)


def _stripe(options: argparse.Namespace) -> int:
    key = os.environ.get("FI_STRIPE_KEY")
    if not key:
        sys.stderr.write("Set FI_STRIPE_KEY to the API key that shall be let in.\n")
        return 1
    scenario = demo_month(options.seed, month=default_month(datetime.now(timezone.utc).date()))
    return _serve(StripeServer(StripeApi(scenario.account, key)).listen(options.port), "/v1")


def _receiver(options: argparse.Namespace) -> int:
    secret = os.environ.get("FI_PARTNER_SECRET")
    if not secret:
        sys.stderr.write("Set FI_PARTNER_SECRET (whsec_…) to the secret with which the hub signs.\n")
        return 1
    troubles = Troubles(percent=0) if options.reliable else Troubles()
    return _serve(
        receiver_server(Receiver([secret], seed=options.seed, troubles=troubles), options.port), PATH
    )


def _serve(server: LocalServer, path: str) -> int:
    with serving(server), contextlib.suppress(KeyboardInterrupt):
        _say(f"Listening at {server.url}{path}; stop with Ctrl-C")
        while True:
            time.sleep(3600)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
