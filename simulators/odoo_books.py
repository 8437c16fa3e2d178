# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Asks Odoo to fetch, waits until it has worked everything off, and reads what the books then show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from .money import to_major
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


def put_into_bank(odoo: Odoo, connection_id: int, payouts: Iterable[Mapping[str, Any]]) -> int:
    """Let arrived payouts stand in the statement of the company's bank; return how many lines were written.

    ``payouts`` are Stripe's objects. The bank account is named on the connection, so that its lines are matched by
    themselves. A payout whose line is there already gets none.

    :raises SetupError: Odoo refuses.
    """
    mirrored = odoo.call("integration.balance.account", "search_read", [], ["journal_id"], limit=MAX_LINES)
    own = [row["journal_id"][0] for row in mirrored]
    banks = odoo.call(
        "account.journal", "search_read", [["type", "=", "bank"], ["id", "not in", own]], ["id"], limit=1
    )
    if not banks:
        return 0
    journal_id = banks[0]["id"]
    odoo.call("integration.connection", "write", [connection_id], {"payout_journal_ids": [[4, journal_id]]})
    written = 0
    for payout in payouts:
        text = f"STRIPE TRANSFER {payout['id']}"
        if odoo.call("account.bank.statement.line", "search_count", [["payment_ref", "=", text]]):
            continue
        day = datetime.fromtimestamp(payout["arrival_date"], timezone.utc).date()
        values = {
            "journal_id": journal_id,
            "date": day.isoformat(),
            "payment_ref": text,
            "amount": str(to_major(payout["amount"], payout["currency"])),
        }
        odoo.call("account.bank.statement.line", "create", [values])
        written += 1
    return written
