# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What happens in the month: special cases, everyday business, and what the network makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal

from . import wire
from .ids import token
from .money import to_minor
from .partner.documents import Line, Party, totals
from .sending import Event
from .stage import OPEN_MINUTES, Stage, Step

SPECIAL_INVOICES = 9
SETTLE_AFTER_SECONDS = 3
LAST_PAYMENT_DAY = 27

PARTIES = (
    Party("C-1001", "Northwind Logistics", "accounts@northwind.example"),
    Party("C-1002", "Blue Harbor Studios", "billing@blueharbor.example", city="Oakland", zip="94607"),
    Party("C-1003", "Cedar & Pine Clinics", "finance@cedarpine.example", city="Denver", zip="80202"),
    Party("C-1004", "Mesa Robotics", "ap@mesarobotics.example", city="Phoenix", zip="85004"),
    Party("C-1005", "Lakeside Schools", "office@lakeside.example", city="Chicago", zip="60601"),
)

SERVICES = (
    ("Consulting, hours", Decimal("140.00")),
    ("Support plan, one month", Decimal("480.00")),
    ("Workshop, days", Decimal("1200.00")),
    ("Data review, hours", Decimal("95.00")),
)


class Cast:
    """The partner's customers with their ids at Stripe."""

    def __init__(self, stage: Stage, parties: tuple[Party, ...] = PARTIES):
        self.stage = stage
        self.parties = list(parties)
        self.at_stripe = {
            party.id: stage.account.create_customer(party.name, party.email, {"customer_number": party.id})[
                "id"
            ]
            for party in parties
        }

    def facts(self, party: Party, number: str | None) -> dict:
        """Return what a payment of ``party`` for invoice ``number`` carries."""
        return {
            "customer_id": self.at_stripe[party.id],
            "name": party.name,
            "email": party.email,
            "description": f"Payment for {number}" if number else "Payment",
            "metadata": {"invoice_number": number} if number else {},
        }

    def pay(
        self, party: Party, number: str | None, amount: Decimal, title: str, currency: str = "usd"
    ) -> dict:
        """Pay by card now; the ledger line follows seconds later."""
        stage = self.stage
        paid = stage.tell(
            title,
            lambda: stage.account.charge(to_minor(amount, currency), currency, **self.facts(party, number)),
        )
        stage.later(lambda: self._settle(paid["id"]), seconds=SETTLE_AFTER_SECONDS)
        return paid

    def apply(self, number: str, amount: Decimal) -> None:
        """Note that ``amount`` belongs to an invoice."""
        self.stage.expected.invoices[number].applied += amount

    def _settle(self, charge_id: str) -> None:
        account = self.stage.account
        self.stage.tell("the payment is in Stripe's ledger", lambda: account.settle(charge_id))


def special_cases(stage: Stage) -> Cast:
    """Plan one invoice for each special case, the payouts and a fee; return those who act."""
    cast = Cast(stage)
    stage.parties = cast.parties
    for place, party in enumerate(cast.parties):
        stage.plan(stage.moment(1, place), lambda party=party: stage.send_customer(party))
    _ordinary_money(stage, cast)
    _money_that_does_not_fit(stage, cast)
    _money_of_strangers(stage)
    _money_that_goes_back(stage, cast)
    _debit_that_fails(stage, cast)
    _payouts_and_fees(stage)
    return cast


def _issue(stage: Stage, day: int, minute: int, party: Party, *lines: Line) -> tuple[str, Decimal]:
    """Plan an invoice and return its number and gross amount."""
    number = stage.next_number()
    stage.plan(stage.moment(day, minute), lambda: stage.send_invoice(number, party, list(lines)))
    return number, totals(lines).gross


def _line(service: int, quantity: str, price: str | None = None, taxed: bool = True) -> Line:
    text, usual = SERVICES[service]
    return Line(text, Decimal(quantity), Decimal(price) if price else usual, ("STD",) if taxed else ())


def _ordinary_money(stage: Stage, cast: Cast) -> None:
    """Paid in full, paid in parts, declined and paid later, paid before the invoice arrives."""
    north, blue, cedar, mesa, lake = cast.parties

    number, gross = _issue(stage, 2, 0, north, _line(0, "10"), _line(1, "1"))

    def in_full() -> None:
        cast.pay(north, number, gross, f"{number} is paid in full")
        cast.apply(number, gross)

    stage.plan(stage.moment(4), in_full)

    parts, _gross = _issue(stage, 2, 5, blue, _line(2, "2"))
    for day, amount in ((5, Decimal("1104.00")), (24, Decimal("828.00"))):

        def a_part(amount: Decimal = amount) -> None:
            cast.pay(blue, parts, amount, f"{parts} is paid in part")
            cast.apply(parts, amount)

        stage.plan(stage.moment(day, 10), a_part)

    declined, owed = _issue(stage, 3, 0, cedar, _line(3, "8"), _line(1, "1", taxed=False))

    def refused_by_the_bank() -> None:
        facts = cast.facts(cedar, declined)
        stage.tell(
            f"the card for {declined} is declined",
            lambda: stage.account.failed_charge(to_minor(owed, "usd"), "usd", **facts),
        )

    def second_try() -> None:
        cast.pay(cedar, declined, owed, f"{declined} is paid at the second try")
        cast.apply(declined, owed)

    stage.plan(stage.moment(6), refused_by_the_bank)
    stage.plan(stage.moment(7), second_try)

    # Odd cents: the tax is a fact of the issuer, to be kept to the cent.
    early, due = _issue(stage, 8, 0, lake, _line(0, "3", "33.33"), _line(3, "1.5", "87.50", taxed=False))

    def before_the_invoice() -> None:
        cast.pay(lake, early, due, f"{early} is paid")
        cast.apply(early, due)

    stage.plan(stage.moment(8, 30), before_the_invoice)
    stage.plan(stage.moment(9), lambda: stage.send_request(mesa, [_line(0, "4"), _line(1, "1")]))


def _money_that_does_not_fit(stage: Stage, cast: Cast) -> None:
    """Too much, twice, in another currency."""
    north, _blue, _cedar, mesa, lake = cast.parties
    expected = stage.expected

    over, gross = _issue(stage, 3, 5, mesa, _line(1, "1"), _line(0, "2"))

    def too_much() -> None:
        paid = cast.pay(mesa, over, gross + 80, f"{over} is paid with 80.00 USD too much")
        cast.apply(over, gross)
        expected.open_credits[paid["id"]] = (Decimal("80.00"), "USD")
        stage.expect_exception("payment_excess", paid, Decimal("80.00"), "USD")

    stage.plan(stage.moment(10), too_much)

    def again() -> None:
        number = next(iter(expected.invoices))
        amount = expected.invoices[number].gross
        paid = cast.pay(north, number, amount, f"{number} is paid a second time")
        expected.open_credits[paid["id"]] = (amount, "USD")
        stage.expect_exception("payment_invoice_closed", paid, amount, "USD")

    stage.plan(stage.moment(11), again)

    in_dollars, _gross = _issue(stage, 4, 5, lake, _line(3, "4"))

    def in_euros() -> None:
        amount = Decimal("400.00")
        paid = cast.pay(lake, in_dollars, amount, f"{in_dollars} (USD) is paid in EUR", "eur")
        expected.open_credits[paid["id"]] = (amount, "EUR")
        stage.expect_exception("payment_currency_differs", paid, amount, "EUR")

    stage.plan(stage.moment(12, 40), in_euros)


def _money_of_strangers(stage: Stage) -> None:
    """An unknown payer, and one whom only Stripe knows."""
    expected = stage.expected

    def by_a_stranger() -> None:
        facts = {
            "name": "R. Stranger",
            "email": "stranger@nowhere.example",
            "metadata": {"invoice_number": "INV-DOES-NOT-EXIST"},
        }
        paid = stage.tell(
            "somebody unknown pays an unknown invoice",
            lambda: stage.account.charge(25_000, "usd", settled=True, **facts),
        )
        expected.unidentified[paid["id"]] = (Decimal("250.00"), "USD")
        stage.expect_exception("payment_party_unknown", paid, Decimal("250.00"), "USD")

    stage.plan(stage.moment(13), by_a_stranger)

    def walk_in() -> None:
        person = stage.tell(
            "a customer signs up at Stripe",
            lambda: stage.account.create_customer("Wanda Walk-In", "wanda@walkin.example"),
        )
        paid = stage.tell(
            "a customer pays without an invoice",
            lambda: stage.account.charge(
                15_000,
                "usd",
                settled=True,
                customer_id=person["id"],
                name=person["name"],
                email=person["email"],
                description="Deposit",
            ),
        )
        expected.open_credits[paid["id"]] = (Decimal("150.00"), "USD")
        stage.expect_exception("payment_without_reference", paid, Decimal("150.00"), "USD")

    stage.plan(stage.moment(14), walk_in)


def _money_that_goes_back(stage: Stage, cast: Cast) -> None:
    """A refund with its credit note, a partial refund without one."""
    north, blue = cast.parties[:2]
    expected, account = stage.expected, stage.account

    lines = [_line(2, "1"), _line(0, "5")]
    whole, gross = _issue(stage, 5, 0, north, *lines)

    def paid_then_refunded() -> None:
        paid = cast.pay(north, whole, gross, f"{whole} is paid")
        cast.apply(whole, gross)

        def give_back() -> None:
            stage.tell(f"{whole} is refunded in full", lambda: account.refund(paid["id"]))
            expected.invoices[whole].refunded += gross

        stage.plan(stage.moment(19, 30), give_back)
        stage.plan(stage.moment(19, 50), lambda: stage.send_credit_note(whole, north, lines))

    stage.plan(stage.moment(9, 20), paid_then_refunded)

    some, owed = _issue(stage, 5, 5, blue, _line(0, "6"), _line(3, "2"))

    def paid_then_reduced() -> None:
        paid = cast.pay(blue, some, owed, f"{some} is paid")
        cast.apply(some, owed)

        def give_some_back() -> None:
            back = stage.tell(
                f"100.00 USD of {some} are refunded, no credit note follows",
                lambda: account.refund(paid["id"], 10_000),
            )
            expected.invoices[some].refunded += 100
            stage.expect_exception("refund_without_credit_note", back, Decimal("100.00"), "USD")

        stage.plan(stage.moment(18), give_some_back)

    stage.plan(stage.moment(10, 20), paid_then_reduced)


def _debit_that_fails(stage: Stage, cast: Cast) -> None:
    """A debit that the bank accepts and later takes back; and news that are none of our business."""
    account, cedar = stage.account, cast.parties[2]
    debited, due = _issue(stage, 6, 5, cedar, _line(1, "2"))

    def by_debit() -> None:
        facts = cast.facts(cedar, debited)
        paid = stage.tell(
            f"a bank debit for {debited} is submitted",
            lambda: account.start_debit(to_minor(due, "usd"), "usd", **facts),
        )
        stage.plan(
            stage.moment(13, 60),
            lambda: stage.tell("the bank accepts the debit", lambda: account.complete_debit(paid["id"])),
        )
        stage.plan(
            stage.moment(20),
            lambda: stage.tell("the bank takes the debit back", lambda: account.fail_debit(paid["id"])),
        )

    stage.plan(stage.moment(9, 60), by_debit)
    stage.plan(
        stage.moment(19),
        lambda: stage.tell(
            "Stripe sends something that has nothing to do with the books",
            lambda: account.announce(
                "terminal.reader.action_succeeded",
                {"id": "tmr_" + token(stage.seed, "reader", length=14), "object": "terminal.reader"},
            ),
        ),
    )


def _payouts_and_fees(stage: Stage) -> None:
    """Three payouts, one of which comes back, and a fee that only the ledger shows."""
    account = stage.account

    def pay_out(ending: Callable[[str], dict], words: str, days: int) -> None:
        available = account.ledger.available("usd", stage.clock.timestamp)
        if available <= 0:
            return
        sent = stage.tell("Stripe pays out to the bank", lambda: account.pay_out("usd"))
        stage.later(lambda: stage.tell(words, lambda: ending(sent["id"])), days=days)

    arrives, returns = "the payout arrives", "the bank sends the payout back"
    stage.plan(stage.moment(9, OPEN_MINUTES), lambda: pay_out(account.complete_payout, arrives, 1))
    stage.plan(stage.moment(16, OPEN_MINUTES), lambda: pay_out(account.fail_payout, returns, 2))
    stage.plan(stage.moment(23, OPEN_MINUTES), lambda: pay_out(account.complete_payout, arrives, 1))
    stage.plan(
        stage.moment(26), lambda: account.account_fee(1_250, "usd", "Radar (2026): fraud screening") and None
    )


def everyday(stage: Stage, cast: Cast, count: int) -> None:
    """Plan ``count`` ordinary invoices with their payments, drawn by the stage's chance."""
    for place in range(count):
        _one_of_many(stage, cast, place)


def _one_of_many(stage: Stage, cast: Cast, place: int) -> None:
    chance = stage.chance
    party = cast.parties[place % len(cast.parties)]
    day = 2 + place % 22
    lines = [
        _line(chance.randrange(len(SERVICES)), str(chance.randint(1, 12)))
        for _line_number in range(chance.randint(1, 3))
    ]
    number, gross = _issue(stage, day, chance.randint(60, 120), party, *lines)
    paid_on = stage.moment(min(day + chance.randint(1, 5), LAST_PAYMENT_DAY), chance.randint(0, 240))
    fate = chance.randrange(100)

    def pay(amount: Decimal = gross) -> dict:
        paid = cast.pay(party, number, amount, f"{number} is paid")
        cast.apply(number, amount)
        return paid

    def pay_and_refund() -> None:
        paid = pay()

        def give_back() -> None:
            stage.tell(f"{number} is refunded", lambda: stage.account.refund(paid["id"]))
            stage.expected.invoices[number].refunded += gross
            stage.send_credit_note(number, party, lines)

        stage.later(give_back, minutes=20)

    if fate < 85:
        stage.plan(paid_on, lambda: pay() and None)
    elif fate < 90:
        stage.plan(paid_on, lambda: pay((gross / 2).quantize(Decimal("0.01"))) and None)
    elif fate < 95:
        stage.plan(paid_on, pay_and_refund)
    # The others are not paid this month.


def disturb(stage: Stage) -> None:
    """Do to the deliveries what networks do: repeat, mix up, and let somebody try a forged event."""
    for system, event_type in (
        ("partner", "invoice.issued"),
        ("stripe", "charge.succeeded"),
        ("stripe", "payout.paid"),
    ):
        stage.double(stage.find(system, event_type))
    _tell_the_settlement_first(stage, nth=2)
    _let_the_invoice_be_late(stage)
    _forge(stage)
    for place in range(len(stage.steps)):
        if place > 60 and stage.chance.randrange(100) < 3:
            stage.double(place)


def _tell_the_settlement_first(stage: Stage, nth: int) -> None:
    """Deliver a ``charge.updated`` before the ``charge.succeeded`` that it follows."""
    settled = stage.find("stripe", "charge.updated", nth)
    charge_id = stage.steps[settled].content["data"]["object"]["id"]
    for place, step in enumerate(stage.steps[:settled]):
        if step.event.type == "charge.succeeded" and step.content["data"]["object"]["id"] == charge_id:
            stage.move(settled, place)
            return


def _let_the_invoice_be_late(stage: Stage) -> None:
    """Deliver an invoice of the eighth day after its payment."""
    places = [
        place
        for place, step in enumerate(stage.steps)
        if step.event.type == "invoice.issued" and step.occurred_at == stage.moment(8)
    ]
    late = stage.steps[places[0]].content["data"]["number"]
    for place in range(len(stage.steps) - 1, places[0], -1):
        step = stage.steps[place]
        if step.event.type == "charge.updated" and late in str(step.content["data"]["object"]["metadata"]):
            stage.move(places[0], place)
            return


def _forge(stage: Stage) -> None:
    """Insert a payment that Stripe never took, signed by somebody who does not know the secret."""
    place = stage.find("stripe", "charge.succeeded", 3)
    content = stage.steps[place].content
    content["id"] = "evt_" + token(stage.seed, "forged")
    content["data"]["object"]["id"] = "ch_" + token(stage.seed, "forged charge")
    content["data"]["object"]["amount"] = content["data"]["object"]["amount_captured"] = 999_999
    forged = Step(
        "stripe",
        Event(content["id"], "charge.succeeded", wire.pretty(content)),
        "somebody forges a payment of 9,999.99 USD",
        stage.steps[place].occurred_at,
        forged=True,
    )
    stage.steps.insert(place + 1, dataclasses.replace(forged))
