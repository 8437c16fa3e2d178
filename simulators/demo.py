# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The demo: sets Odoo up, plays a month to it, and goes on serving what the hub asks for."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path

from . import wire
from .local_server import serving
from .money import to_major
from .odoo_books import (
    Quiet,
    booked_balance,
    fetch_now,
    left_to_do,
    open_bank_account,
    open_invoice,
    wait_for,
)
from .odoo_setup import Connection, Odoo, SetupError, activate_currency, configure, connection
from .partner import bank
from .partner.codes import lists
from .partner.file_demo import drop_files
from .partner.masters import catalogue
from .partner.receiver import Receiver, Troubles
from .partner.server import PATH, receiver_server
from .partner.signing import PartnerSigner, make_secret
from .scenario import Scenario, default_month, demo_month, plan_month
from .sending import Answer, Sender, SendingPolicy
from .shopify import demo as shop_demo
from .stage import CONVERSIONS, Stage, Step
from .stripe.api import StripeApi
from .stripe.server import StripeServer
from .stripe.webhook import StripeSigner
from .trickle import MAX_EVENTS, trickle

STRIPE_XMLID = "demo_connection_stripe"
PARTNER_XMLID = "demo_connection_partner"
# In the form of an IBAN, of no account.
BANK_ACCOUNT = "BE71 0961 2345 6769"
FETCH_SECONDS = 30
DAY_SECONDS = 15
WORK_SECONDS = 120
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class DemoOptions:
    """How the demo is played.

    ``drop_folder``: a folder that Odoo knows as its root ``demo``; the partner puts files below it.
    ``pause_ms`` lies between two events of the month, and a wait for Odoo between two days (0 = neither);
    ``idle`` = go on serving when everything is delivered.
    """

    odoo_url: str
    database: str
    login: str = "admin"
    password: str = "admin"
    seed: str = "1"
    invoices: int = 9
    trickle: int = 0
    trickle_seconds: int = 5
    pause_ms: int = 0
    idle: bool = True
    drop_folder: Path | None = None


class _Keys:
    """Fresh secrets for one run; an earlier run's are no longer valid afterwards."""

    def __init__(self):
        self.api = "sk_test_" + secrets.token_hex(16)
        self.stripe = "whsec_" + secrets.token_hex(16)
        self.inbound = make_secret(secrets.token_hex(16))
        self.outbound = make_secret(secrets.token_hex(16))


@dataclasses.dataclass
class Feed:
    """Delivers the scenario's steps and counts what Odoo said to each."""

    partner: Sender
    stripe: Sender
    say: Say
    counts: Counter[str] = dataclasses.field(default_factory=Counter)

    def play(self, steps: Iterable[Step]) -> None:
        """Deliver each step, as often as it asks for, and say so in plain words."""
        for step in steps:
            for copy in range(step.copies):
                outcome = self.deliver(step)
                self.counts[outcome] += 1
                again = " (once more)" if copy else ""
                self.say(f"  {step.occurred_at:%d %b %H:%M}  {step.title}{again} → {_WORDS[outcome]}")

    def deliver(self, step: Step) -> str:
        """Deliver one step and return what became of it: a key of the counts."""
        sender = self.partner if step.system == "partner" else self.stripe
        if step.forged:
            forger = StripeSigner("whsec_" + secrets.token_hex(16))
            answer = sender.deliver(step.event, signer=forger, max_attempts=1)
            return "refused" if answer.status == 401 else "forgery taken"
        return _outcome(sender.deliver(step.event))


_WORDS = {
    "new": "taken",
    "duplicate": "recognised as a repeat",
    "conflict": "known under the same id with another content, kept for a person",
    "refused": "refused, as it must be",
    "forgery taken": "NOT REFUSED: this is a fault",
    "failed": "not taken",
}


def _outcome(answer: Answer) -> str:
    if not answer.good:
        return "failed"
    try:
        status = wire.parse(answer.body).get("status", "new")
    except (ValueError, AttributeError):
        return "new"
    return status if status in _WORDS else "new"


def run(options: DemoOptions, say: Say = print) -> int:
    """Run the demo; exit code 0 = all was taken, 1 = it could not be set up, 2 = something is wrong."""
    month = default_month(datetime.now(timezone.utc).date())
    scenario = demo_month(options.seed, month=month, invoices=options.invoices)
    # The same month once more, played step by step: Stripe's API must not know the future.
    live = plan_month(options.seed, month=month, invoices=options.invoices)
    keys = _Keys()
    # Timeouts are left out: each would keep the hub waiting for half a minute while somebody looks on.
    troubles = Troubles(kinds=("500", "503", "reset"))
    receiver = Receiver([keys.outbound], seed=options.seed, troubles=troubles)
    stripe = StripeServer(StripeApi(live.account, keys.api))
    with contextlib.ExitStack() as running:
        api_url = running.enter_context(serving(stripe.listen())).url
        delivery_url = running.enter_context(serving(receiver_server(receiver))).url + PATH
        say(f"A simulated Stripe answers at {api_url}")
        say(f"A simulated partner listens at {delivery_url}")
        try:
            odoo = _sign_in(options)
            at_stripe, at_partner = _set_up(odoo, keys, api_url, delivery_url)
        except SetupError as reason:
            say(f"The demo cannot be set up. {reason}")
            return 1
        say(f"Odoo knows the connections {at_stripe.name} and {at_partner.name}; both are active")
        # The first fetch, before anything happened, tells the hub from which day on balances are wanted.
        _fetch(odoo, stripe, say)
        feed = Feed(
            partner=Sender(at_partner.inbound_url, PartnerSigner(keys.inbound), SendingPolicy()),
            stripe=Sender(at_stripe.inbound_url, StripeSigner(keys.stripe), SendingPolicy()),
            say=say,
        )
        _tell_lists(options, feed, scenario, say)
        say(f"Playing {scenario.month:%B %Y} of a services company: {len(scenario)} events")
        _play(options, odoo, scenario, live, stripe, feed)
        _report(scenario, feed.counts, say)
        shop_demo.play(
            odoo, options.seed, scenario.month, lambda server: running.enter_context(serving(server)).url, say
        )
        with stripe.lock:
            live.end_month()
        _fetch(odoo, stripe, say)
        _compare(odoo, at_stripe, live, say)
        with stripe.lock:
            arrived = [
                dict(payout)
                for payout in live.account.payouts.values()
                if payout["status"] == "paid" and payout["currency"] == "usd"
            ]
        _bank(options, odoo, at_stripe.id, at_partner.id, scenario, arrived, feed)
        _drop(options, odoo, at_partner, scenario, say)
        with contextlib.suppress(KeyboardInterrupt):
            _go_on(options, live, stripe, feed, say)
        say(f"The partner has received {receiver.counts['received']} events from Odoo")
    return 2 if feed.counts["failed"] or feed.counts["forgery taken"] else 0


def _tell_lists(options: DemoOptions, feed: Feed, scenario: Scenario, say: Say) -> None:
    """Let the partner tell its tax codes, cost centres and products, so that people see what a code stands for."""
    begin = datetime.combine(scenario.month, time_of_day.min, timezone.utc)
    taken = sum(feed.partner.deliver(event).good for event in lists(options.seed, begin))
    products = sum(feed.partner.deliver(event).good for event in catalogue(options.seed, begin))
    say(f"The partner has told {taken} codes of its lists and {products} products")


def _drop(options: DemoOptions, odoo: Odoo, at_partner: Connection, scenario: Scenario, say: Say) -> None:
    """Let the partner put its files into the folder that Odoo looks at."""
    if not options.drop_folder:
        return
    try:
        names = drop_files(odoo, at_partner, options.drop_folder, scenario.month)
    except SetupError as reason:
        say(f"The partner's files could not be handed over. {reason}")
        return
    say(f"The partner has put {' and '.join(names)} into its folder; half of the second is missing")


def _sign_in(options: DemoOptions) -> Odoo:
    odoo = Odoo(options.odoo_url, options.database, options.login, options.password)
    odoo.wait()
    odoo.sign_in()
    return odoo


def _set_up(odoo: Odoo, keys: _Keys, api_url: str, delivery_url: str) -> tuple[Connection, Connection]:
    """Set both connections up and return them: Stripe's, the partner's."""
    at_stripe, at_partner = connection(odoo, STRIPE_XMLID), connection(odoo, PARTNER_XMLID)
    for code in CONVERSIONS:
        activate_currency(odoo, code.upper())
    stripe_secrets = {"inbound_signature": keys.stripe, "api": keys.api}
    partner_secrets = {"inbound_signature": keys.inbound, "outbound_signature": keys.outbound}
    configure(odoo, at_stripe, stripe_secrets, api_base_url=api_url)
    configure(odoo, at_partner, partner_secrets, delivery_url=delivery_url)
    return at_stripe, at_partner


def _report(scenario: Scenario, counts: Counter[str], say: Say) -> None:
    expected = scenario.expected
    if counts["duplicate"] and not counts["new"]:
        say(
            f"All {counts['duplicate']} deliveries were repeats of an earlier run. "
            "Odoo recognised every one and booked nothing twice"
        )
    else:
        say(
            f"{counts['new']} events taken, {counts['duplicate']} repeats recognised, "
            f"{counts['refused']} forged refused, {counts['failed']} not taken"
        )
    say("The books must now show for the Stripe account, in USD:")
    for words, field in (
        ("payments", "gross"),
        ("refunds", "refunds"),
        ("debits taken back", "payment_returns"),
        ("fees", "fees"),
        ("payouts", "payouts"),
        ("payouts returned", "payout_returns"),
    ):
        say(f"  {words:<20}{expected.total(field):>12,.2f}")
    say(f"  {'closing balance':<20}{expected.closing():>12,.2f}")
    say(f"and {len(expected.exceptions)} cases on the workbench for a person to decide")


def _play(
    options: DemoOptions, odoo: Odoo, scenario: Scenario, live: Stage, stripe: StripeServer, feed: Feed
) -> None:
    """Deliver the month; between two days Odoo gets the time to work off what it has received."""
    today = scenario.month
    for step in scenario:
        if options.pause_ms and step.occurred_at.date() > today:
            today = step.occurred_at.date()
            with contextlib.suppress(SetupError):
                wait_for(lambda: not left_to_do(odoo), DAY_SECONDS)
        with stripe.lock:
            live.play(until=step.occurred_at)
        feed.play([step])
        time.sleep(options.pause_ms / 1000)


def _fetch(odoo: Odoo, stripe: StripeServer, say: Say) -> None:
    """Let the hub fetch Stripe's ledger now instead of at its next turn; fees are only told there."""
    asked_before = stripe.api.faults.requests
    try:
        if not fetch_now(odoo):
            return
    except SetupError as reason:
        say(f"Odoo could not be asked to fetch at once, it does so by itself later. {reason}")
        return
    if wait_for(Quiet(lambda: stripe.api.faults.requests, asked_before), FETCH_SECONDS):
        say("Odoo has fetched from Stripe")
    else:
        say("Odoo has not fetched from Stripe yet; it does so by itself later")


def _compare(odoo: Odoo, at_stripe: Connection, live: Stage, say: Say) -> None:
    """Say what the books show beside what Stripe says."""
    try:
        wait_for(lambda: not left_to_do(odoo), WORK_SECONDS)
        booked = booked_balance(odoo, at_stripe.id)
    except SetupError as reason:
        say(f"The books could not be read. {reason}")
        return
    held = to_major(live.account.ledger.balance("usd"), "usd")
    if booked is None:
        say("The books have no journal for the balance in USD")
    elif booked == held:
        say(f"The books show {booked:,.2f} USD at Stripe, and so does Stripe: equal to the cent")
    else:
        say(f"The books show {booked:,.2f} USD at Stripe, Stripe says {held:,.2f} USD")


def _bank(
    options: DemoOptions,
    odoo: Odoo,
    stripe_id: int,
    partner_id: int,
    scenario: Scenario,
    payouts: list,
    feed: Feed,
) -> None:
    """Let the bank tell its month: the payouts that arrived, receipts, its fee, and the statement over them."""
    say = feed.say
    try:
        open_bank_account(odoo, stripe_id, partner_id, BANK_ACCOUNT)
        if odoo.call("integration.bank.statement", "search_count", [["state", "!=", "waiting"]]):
            say("The bank has told its month in an earlier run")
            return
        invoice = open_invoice(odoo, partner_id)
    except SetupError as reason:
        say(f"The bank cannot be set up. {reason}")
        return
    arrived = bank.payout_lines(BANK_ACCOUNT, payouts)
    month_end = (scenario.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    last = max([month_end, *(date.fromisoformat(row["booking_date"]) for row in arrived)])
    lines = arrived + bank.other_lines(BANK_ACCOUNT, last, invoice)
    events = bank.as_events(options.seed, BANK_ACCOUNT, lines, Decimal(0))
    taken = sum(feed.partner.deliver(event).good for event in events)
    say(
        f"The bank has told {taken - 1} lines, {len(arrived)} of them payouts, and its statement; see Money, "
        "Bank statements"
    )


def _go_on(options: DemoOptions, live: Stage, stripe: StripeServer, feed: Feed, say: Say) -> None:
    """Send what trickles in, then only answer what the hub asks, until interrupted."""
    more = trickle(live, min(options.trickle, MAX_EVENTS))
    while True:
        # The API answers from the same account in another thread.
        with stripe.lock:
            step = next(more, None)
        if step is None:
            break
        time.sleep(options.trickle_seconds)
        feed.play([step])
    if not options.idle:
        return
    say("Everything is delivered. The simulators go on answering; stop them with Ctrl-C")
    while True:
        time.sleep(3600)
