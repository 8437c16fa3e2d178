# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's files in the demo: a payroll run that is complete, and one of which half is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ..odoo_setup import Connection, Odoo
from . import files

ROOT, FOLDER = "demo", "partner"
NAME = "Payroll files of the partner"
HEAD = "reference,date,currency,account,debit,credit,label"
# What the partner calls an account, and what kind of account it is in Odoo.
ACCOUNTS = {"WAGES": "expense", "NETWAGES": "liability_current"}


def payroll_csv(month: date, staff: int, *, sent: int | None = None) -> bytes:
    """Return a payroll run of ``staff`` people, of which only the first ``sent`` (default: all) are in the file."""
    day = month.replace(day=28).isoformat()
    rows = []
    for person in range(1, staff + 1):
        head = f"PAY-{month:%Y-%m}-{staff}-{person},{day},USD"
        rows.append((f"{head},WAGES,1000.00,,Gross wages", f"{head},NETWAGES,,1000.00,Net wages"))
    lines = [
        HEAD,
        *(row for pair in rows[:sent] for row in pair),
        f"TRAILER,{2 * staff},USD={staff * 1000}.00",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def drop_files(odoo: Odoo, at_partner: Connection, folder: Path, month: date) -> list[str]:
    """Set the folder up in Odoo where it is missing, put two files into it, and ask Odoo to look; returns their names.

    :raises SetupError: Odoo refuses.
    """
    content = {
        f"payroll-{month:%Y-%m}.csv": payroll_csv(month, 4),
        f"payroll-{month:%Y-%m}-sales.csv": payroll_csv(month, 6, sent=3),
    }
    inbox = folder / FOLDER
    inbox.mkdir(parents=True, exist_ok=True)
    for value, kind in ACCOUNTS.items():
        _map_account(odoo, at_partner, value, kind)
    drop_id = _folder(odoo, at_partner)
    for name, text in content.items():
        files.put(inbox, name, text)
    odoo.call("integration.drop", "action_look_now", [drop_id])
    return sorted(content)


def _map_account(odoo: Odoo, at_partner: Connection, value: str, kind: str) -> None:
    known = [
        ["connection_id", "=", at_partner.id],
        ["mapping", "=", "account"],
        ["outside_value", "=", value],
    ]
    if odoo.call("integration.mapping", "search", known):
        return
    [account_id] = odoo.call("account.account", "search", [["account_type", "=", kind]], limit=1)
    values = {
        "connection_id": at_partner.id,
        "mapping": "account",
        "outside_value": value,
        "account_id": account_id,
    }
    odoo.call("integration.mapping", "create", [values])


def _folder(odoo: Odoo, at_partner: Connection) -> int:
    found = odoo.call("integration.drop", "search", [["name", "=", NAME]])
    if found:
        return found[0]
    values = {
        "name": NAME,
        "connection_id": at_partner.id,
        "protocol": "local",
        "root": ROOT,
        "folder": FOLDER,
        "name_pattern": "*.csv",
        "file_format": "entries_csv",
        "stable_seconds": 1,
        "writes_receipts": True,
    }
    [drop_id] = odoo.call("integration.drop", "create", [values])
    return drop_id
