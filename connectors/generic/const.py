# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Event types of the generic webhook and the canonical kinds behind them; the README is the contract."""

from __future__ import annotations

from ...engine.event_catalogue import EVENTS
from ..base import Need

DOCUMENTATION_URL = "https://www.standardwebhooks.com"
NEEDS = (
    Need(
        "address", "Our address", "Enter it where the system sends its events; whoever runs it knows where."
    ),
    Need(
        "inbound_signature",
        "Shared secret whsec_… or the sender's key whpk_…",
        "Made by the system when our address is entered there, or agreed with whoever runs it.",
    ),
    Need(
        "outbound_signature",
        "Secret for what we send, whsec_…",
        "Needed only where the system takes events: made by whoever receives them, with the address to send to.",
    ),
)
ID_HEADER = "webhook-id"

# event type → (canonical kind, fields whose value the type itself states)
INBOUND: dict[str, tuple[str, dict[str, str]]] = {
    "customer.updated": ("customer", {}),
    "supplier.updated": ("supplier", {}),
    "product.updated": ("product", {}),
    "invoice.issued": ("invoice", {"issuer": "source", "document_type": "invoice"}),
    "invoice.requested": ("invoice", {"issuer": "odoo", "document_type": "invoice"}),
    "credit_note.issued": ("invoice", {"issuer": "source", "document_type": "credit_note"}),
    "movement.reported": ("movement", {}),
    "entry.reported": ("entry", {}),
    "entry.cancelled": ("cancellation", {"cancels": "entry"}),
    "invoice.cancelled": ("cancellation", {"cancels": "invoice"}),
    "balance.reported": ("provider_balance", {}),
    "bank_line.booked": ("bank_line", {}),
    "bank_statement.closed": ("bank_statement", {}),
    "dimension.updated": ("dimension", {}),
    "reference.updated": ("reference_code", {}),
}

# canonical kind of our own event → event type on the wire
OUTBOUND: dict[str, str] = {kind: info.wire_name for kind, info in EVENTS.items()}

# What a partner may ask and is answered at once.
QUERIES = ("query.credit", "query.invoice", "query.payment")

# Values of canonical documents that views and logs do not show to everybody.
SENSITIVE_KEYS = frozenset(
    {
        "account_number",
        "actor",
        "address",
        "approver",
        "bic",
        "clearing_number",
        "email",
        "holder",
        "iban",
        "party_account",
        "phone",
        "tax_id",
    }
)

# code → name of the files that the generic connector reads; the README is the contract.
FILE_FORMATS: dict[str, str] = {
    "ndjson": "Documents, one JSON object per line",
    "movements_csv": "Balance movements, CSV",
    "entries_csv": "Journal entries, CSV",
    "bank_lines_csv": "Bank lines, CSV",
}
MOVEMENT_COLUMNS = ("movement_id", "type", "occurred_at", "amount", "currency")
MOVEMENT_OPTIONAL_COLUMNS = (
    "version",
    "status",
    "changes_balance",
    "settled_amount",
    "settled_currency",
    "balance_transaction",
    "related",
    "customer_id",
    "customer_name",
    "customer_email",
    "invoice",
    "order",
    "method",
    "description",
)
ENTRY_COLUMNS = ("reference", "date", "currency", "account", "debit", "credit")
ENTRY_OPTIONAL_COLUMNS = (
    "version",
    "occurred_at",
    "journal",
    "label",
    "analytic",
    "party_id",
    "party_name",
    "approver",
    "approved_at",
    "description",
)
BANK_LINE_COLUMNS = ("account_number", "line_id", "booking_date", "amount", "currency")
BANK_LINE_OPTIONAL_COLUMNS = (
    "version",
    "value_date",
    "original_amount",
    "original_currency",
    "text",
    "party_name",
    "party_account",
    "end_to_end_id",
    "bank_code",
    "invoice",
    "returns",
    "statement",
)
