# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Payments posted and matched per second: through the drain, and with the register-payment wizard."""

from __future__ import annotations

import time
from collections.abc import Callable

from devtools.environment import Environment
from simulators.clock import SimulatedClock
from simulators.stripe.state import StripeAccount
from simulators.stripe.webhook import StripeSigner, as_event

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import STRIPE_SECRET, Stage, allow_administrator, make_connection, path_of, sales_tax

TARGET = 8
LIMIT_SECONDS = 300
PORTION = 50


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Measure both ways in turn and look at what is left open."""
    rounds, ours, theirs = (2, 60, 10) if quick else (5, 300, 40)
    with Stage(env, "movements") as stage:
        ways = Payments(stage)

        def measure() -> list[Figure]:
            drain, wizard = [], []
            for number in range(rounds):
                steps = [lambda: drain.append(ways.drain(ours)), lambda: wizard.append(ways.wizard(theirs))]
                for step in reversed(steps) if number % 2 else steps:
                    step()
                say(
                    f"movements: drain {drain[-1]:.1f}/s, wizard {wizard[-1]:.1f}/s: {drain[-1] / wizard[-1]:.1f}"
                )
            context = f"{min(drain):.1f}–{max(drain):.1f} and {min(wizard):.1f}–{max(wizard):.1f} payments/s"
            ratios = tuple(one / other for one, other in zip(drain, wizard, strict=True))
            return [Figure("Movements: drain / register-payment wizard, one by one", ratios, TARGET, context)]

        figures = until_fit(measure, say)
        return figures, [ways.all_paid()]


class Payments:
    """Open invoices, and two ways of paying them."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        self.tax_id = sales_tax(self.rpc)
        self.bank = self.rpc.call("account.journal", "search", [["type", "=", "bank"]], limit=1)[0]
        self.connection_id = make_connection(self.rpc, "stripe", "Stripe", STRIPE_SECRET)
        self.path = path_of(self.rpc, self.connection_id)
        self.partners = self.rpc.call(
            "res.partner", "create", [{"name": f"Customer {number}"} for number in range(events.CUSTOMERS)]
        )
        self.paid = 0
        self.account = StripeAccount("payments", SimulatedClock(events.START))
        self.told = 0
        self._activate()
        self.drain(4)
        self.wizard(4)
        stage.analyze()

    def drain(self, count: int) -> float:
        """Pay invoices with charges that wait in the inbox; return how many per second."""
        for move_id, name, total in self._open_invoices(count):
            cents = round(total * 100)
            self.account.charge(
                cents, "usd", description=f"Order {move_id}", metadata={"invoice_number": name}
            )
        told = [as_event(event) for event in list(self.account.events)[self.told :]]
        self.told += len(told)
        self.rpc.call("integration.connection", "action_pause", [self.connection_id])
        requests = events.signed(told, StripeSigner(STRIPE_SECRET), self.path, self.stage.port)
        load = http_load.send_all(self.stage.port, requests)
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")
        self.stage.wait_no_jobs()
        begin = time.monotonic()
        self._activate()
        done = "SELECT count(*) FROM integration_message WHERE status = 'done'"
        self.stage.wait_until(lambda: self.stage.value(done) == self.told, LIMIT_SECONDS)
        seconds = time.monotonic() - begin
        self.stage.wait_no_jobs()
        return count / seconds

    def wizard(self, count: int) -> float:
        """Pay invoices one after the other as a person would; return how many per second."""
        move_ids = [move_id for move_id, _name, _total in self._open_invoices(count)]
        return count / self.rpc.call("finance.integration.bench", "pay_one_by_one", move_ids, self.bank)

    def _activate(self) -> None:
        self.rpc.call("integration.connection", "action_activate", [self.connection_id])

    def _open_invoices(self, count: int) -> list[tuple]:
        """Return id, number and total of new posted invoices."""
        first, self.paid = self.paid, self.paid + count
        values = [
            {
                "move_type": "out_invoice",
                "partner_id": self.partners[number % events.CUSTOMERS],
                "invoice_date": events.START.date().isoformat(),
                "ref": f"open-{number}",
                "invoice_line_ids": [
                    [
                        0,
                        0,
                        {
                            "name": "Service",
                            "quantity": 1,
                            "price_unit": 50 + number * 0.13,
                            "tax_ids": [[6, 0, [self.tax_id]]],
                        },
                    ]
                ],
            }
            for number in range(first, first + count)
        ]
        self.rpc.call("finance.integration.bench", "post_in_bulk", values, PORTION)
        return self.stage.rows(
            "SELECT id, name, amount_total FROM account_move WHERE ref LIKE 'open-%%'"
            " AND split_part(ref, '-', 2)::int >= %s ORDER BY id",
            first,
        )

    def all_paid(self) -> Check:
        """Nothing is left open on either way, and the provider's journal holds exactly what was charged."""
        open_, paid = self.stage.rows(
            "SELECT count(*) FILTER (WHERE amount_residual <> 0 OR payment_state NOT IN ('paid', 'in_payment')),"
            " count(*) FILTER (WHERE amount_residual = 0) FROM account_move WHERE ref LIKE 'open-%'"
        )[0]
        booked, applied, unapplied = self.stage.rows(
            "SELECT COALESCE(sum(amount), 0), count(*) FILTER (WHERE application = 'applied'),"
            " count(*) FILTER (WHERE application <> 'applied') FROM integration_movement"
        )[0]
        cents = sum(charge["amount"] for charge in self.account.charges.values())
        lines = self.stage.value(
            "SELECT COALESCE(sum(amount), 0) FROM account_bank_statement_line l JOIN account_move m ON m.id = l.move_id"
            " WHERE m.state = 'posted' AND m.integration_source_id IS NOT NULL"
        )
        holds = not open_ and paid == self.paid and applied == self.told and not unapplied
        return Check(
            "Movements: every invoice paid in full, the journal equals what was charged",
            holds and round(booked * 100) == cents == round(lines * 100),
            f"{self.paid} invoices: {paid} without residual, {open_} open; {applied} movements applied; "
            f"charged {cents / 100:.2f}, booked {lines:.2f}",
        )
