# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Asks Odoo to fetch, waits until it has worked everything off, and reads what the books then show."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

from .odoo_setup import MODULE, Odoo

FETCH_CRON = "cron_pull"
MAX_LINES = 50_000
POLL_SECONDS = 0.5


def fetch_now(odoo: Odoo) -> bool:
    """Run the hub's scheduled fetch at once, as the button "Run manually" does; False = there is none.

    :raises SetupError: Odoo refuses.
    """
    found = odoo.call(
        "ir.model.data",
        "search_read",
        [["module", "=", MODULE], ["name", "=", FETCH_CRON]],
        ["res_id"],
        limit=1,
    )
    if not found:
        return False
    odoo.call("ir.cron", "method_direct_trigger", [found[0]["res_id"]])
    return True


class Quiet:
    """Holds once ``count`` has grown beyond ``start`` and then stayed the same between two askings."""

    def __init__(self, count: Callable[[], int], start: int):
        self._count = count
        self._start = self._last = start

    def __call__(self) -> bool:
        """Return whether it has come to rest."""
        before, self._last = self._last, self._count()
        return self._last == before > self._start


def wait_for(condition: Callable[[], bool], timeout_seconds: int) -> bool:
    """Ask until ``condition`` holds; return whether it did within the time."""
    end = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def left_to_do(odoo: Odoo) -> int:
    """Return the number of received events that the hub has not worked off yet.

    :raises SetupError: Odoo refuses.
    """
    return odoo.call(
        "integration.message", "search_count", [["direction", "=", "in"], ["status", "=", "ready"]]
    )


def booked_balance(odoo: Odoo, connection_id: int, currency: str = "USD") -> Decimal | None:
    """Return the sum of a connection's statement lines in ``currency``, None where it has no journal for it.

    :raises SetupError: Odoo refuses.
    """
    accounts = odoo.call(
        "integration.balance.account",
        "search_read",
        [["connection_id", "=", connection_id], ["currency_id.name", "=", currency]],
        ["journal_id"],
        limit=1,
    )
    if not accounts:
        return None
    lines = odoo.call(
        "account.bank.statement.line",
        "search_read",
        [["journal_id", "=", accounts[0]["journal_id"][0]]],
        ["amount"],
        limit=MAX_LINES,
    )
    return sum((Decimal(line["amount"]) for line in lines), Decimal("0.00"))


def open_bank_account(odoo: Odoo, at_provider: int, at_bank: int, number: str) -> None:
    """Let one connection bring the lines of a bank account, in which the other one's payouts arrive.

    :param at_provider: id of the connection whose payouts arrive there.
    :param at_bank: id of the connection that brings the lines.
    :param number: of the account; its journal is made where there is none.
    :raises SetupError: Odoo refuses.
    """
    found = odoo.call("account.journal", "search", [["bank_acc_number", "=", number]], limit=1)
    journal = {"name": "Bank (simulated)", "code": "BSIM", "type": "bank", "bank_acc_number": number}
    [journal_id] = found or odoo.call("account.journal", "create", [journal])
    odoo.call("integration.connection", "write", [at_provider], {"payout_journal_ids": [[4, journal_id]]})
    odoo.call("integration.connection", "write", [at_bank], {"bank_journal_ids": [[4, journal_id]]})


def open_invoice(odoo: Odoo, connection_id: int) -> tuple[str, Decimal] | None:
    """Return number and amount of an invoice of a connection that nobody has paid, None where there is none.

    :raises SetupError: Odoo refuses.
    """
    found = odoo.call(
        "account.move",
        "search_read",
        [
            ["move_type", "=", "out_invoice"],
            ["state", "=", "posted"],
            ["payment_state", "=", "not_paid"],
            ["currency_id.name", "=", "USD"],
            ["integration_connection_id", "=", connection_id],
        ],
        ["ref", "name", "amount_residual"],
        limit=1,
        order="id",
    )
    if not found:
        return None
    return found[0]["ref"] or found[0]["name"], Decimal(str(found[0]["amount_residual"]))
