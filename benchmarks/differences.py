# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether two posted documents are the same in the books: every stored field that is not an identity.

Used by the tests of complete lines and by the gates of the benchmark. Takes Odoo records; imports no Odoo.
"""

from __future__ import annotations

from typing import Any

COLLECTIONS = ("one2many",)
# Identities, numbers and dates of writing: two documents never share them.
NOT_COMPARED = frozenset(
    {
        "id",
        "create_date",
        "create_uid",
        "write_date",
        "write_uid",
        "access_token",
        "name",
        "payment_reference",
    }
    | {
        "sequence_number",
        "sequence_prefix",
        "made_sequence_gap",
        "move_id",
        "move_name",
        "message_main_attachment_id",
    }
    # Who sold it says nothing about the books: the hub names the customer's own salesperson, never its service user.
    | {"invoice_user_id", "team_id"}
)
# The hub writes here where a document comes from.
OWN_PREFIX = "integration_"


def stored_values(record: Any, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the values of all stored fields of one record, in comparable form."""
    values = {}
    for name, field in sorted(record._fields.items()):
        if not field.store or field.type in COLLECTIONS or name in NOT_COMPARED or name in but:
            continue
        if name.startswith(OWN_PREFIX):
            continue
        value = record[name]
        values[name] = tuple(sorted(value.ids)) if field.relational else value
    return values


def stored_line_values(line: Any, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a line's stored values; its label too, except where Odoo builds it from the document's number."""
    values = stored_values(line, but)
    if line.display_type != "payment_term":
        values["name"] = line.name
    values["analytic_lines"] = sorted(
        (analytic.amount, analytic.unit_amount, analytic.general_account_id.id)
        for analytic in line.analytic_line_ids
    )
    return values


def first_difference(left: Any, right: Any, but: frozenset[str] = frozenset()) -> str:
    """Return the first difference between two documents in words, or an empty string.

    ``left`` and ``right`` are single account.move records; lines are compared in the order in which they are
    shown (Odoo's own order of the lines).
    """
    if found := _difference("document", stored_values(left, but), stored_values(right, but)):
        return found
    left_lines, right_lines = left.line_ids.sorted(), right.line_ids.sorted()
    if len(left_lines) != len(right_lines):
        return f"{len(left_lines)} lines and {len(right_lines)} lines"
    for number, (one, other) in enumerate(zip(left_lines, right_lines, strict=True), 1):
        where = f"line {number} ({one.display_type})"
        if found := _difference(where, stored_line_values(one, but), stored_line_values(other, but)):
            return found
    return ""


def _difference(where: str, left: dict[str, Any], right: dict[str, Any]) -> str:
    for name, value in left.items():
        if value != right[name]:
            return f"{where}: {name} is {value!r} and {right[name]!r}"
    return ""
