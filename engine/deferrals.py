# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which engine of a database defers revenue and cost, so that nothing is deferred twice (policy F13, D6).

The hub has no engine of its own. Odoo Community has none either. Odoo Enterprise, and addons that offer the same, make
deferral entries from the start and end dates of the lines of an invoice or bill: when it is posted, or when somebody
presses a button of a report. Known by the settings of the company, whose fields are named as Odoo Enterprise 17 to 19
names them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

# What a company is asked: revenue of customer invoices, cost of supplier bills.
KINDS = ("revenue", "expense")
ON_POSTING = "on_validation"
# Other addons that make deferral entries (OCA): technical name → what people call it.
ADDONS: dict[str, str] = {
    "account_spread_cost_revenue": "Cost-Revenue Spread (OCA)",
    "account_cutoff_start_end_dates": "Cut-off with start and end dates (OCA)",
}
# Kinds of documents that can hold revenue or cost of later periods.
CONCERNED = frozenset({"invoice", "entry", "order", "fulfilment"})


@dataclasses.dataclass(frozen=True)
class Own:
    """How Odoo itself defers one kind in a company.

    ``automatic``  as soon as a document is posted; else only when somebody presses the button of the report.
    ``lacks``      labels of settings without which it cannot book.
    """

    kind: str
    automatic: bool
    lacks: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What was confirmed of it: another setting is asked for anew."""
        return f"{self.kind} {'on posting' if self.automatic else 'by hand'}"


def read_own(
    fields: Collection[str], value: Callable[[str], object], label: Callable[[str], str]
) -> list[Own]:
    """Return how Odoo defers in a company; [] = this database has no such engine.

    :param fields: names of the fields that companies have.
    :param value: gives the value of such a field; ``label`` what people call it.
    """
    found = []
    for kind in KINDS:
        method = f"generate_deferred_{kind}_entries_method"
        if method not in fields:
            continue
        wanted = (f"deferred_{kind}_journal_id", f"deferred_{kind}_account_id")
        lacks = tuple(label(name) for name in wanted if name in fields and not value(name))
        found.append(Own(kind, value(method) == ON_POSTING, lacks))
    return found


def engines(own: Sequence[Own], installed: Collection[str]) -> list[str]:
    """Return the names of all engines, Odoo's own as ''.

    :param installed: technical names of the addons of the database.
    """
    return ([""] if own else []) + [name for addon, name in ADDONS.items() if addon in installed]
