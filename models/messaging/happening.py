# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A business event as rules and subscriptions see it: what it is about, in which company, how much, of whom."""

import dataclasses
from datetime import date
from decimal import Decimal

from ...engine.canonical import kind_of
from ...engine.event_catalogue import EVENTS

DAY_FIELDS = (
    "accounting_date",
    "date",
    "issue_date",
    "order_date",
    "period_end",
    "locked_until",
)
AMOUNT_FIELDS = ("total_gross", "amount", "closing")
NUMBER_FIELDS = (
    "legal_number",
    "invoice_number",
    "credit_note_number",
    "order_number",
    "entry_number",
    "movement_id",
    "title",
    "name",
    "rule",
    "label",
    "company",
)
INVOICE_FIELDS = ("invoice_id", "credit_note_id")


@dataclasses.dataclass
class Happening:
    """One event that was published. ``record`` is what it is about (may be empty), ``invoice`` the one it names."""

    kind: str
    company_id: int
    object_key: str
    correlation_id: str
    document: object
    record: object
    invoice: object
    partner: object
    journal: object
    day: date
    amount: Decimal | None
    currency: str

    @property
    def label(self):
        """What it is about, as a person would say it."""
        number = _first(self.document, NUMBER_FIELDS)
        return str(number or self.object_key)[:200]

    @property
    def target(self):
        """The record on which something is done about it: the invoice where one is named."""
        return self.invoice or self.record

    def keys(self, scope):
        """Return the keys of what this is about in the terms of a rule's scope; none = it has no such thing."""
        return getattr(self, f"_keys_{scope}")()

    def _keys_object(self):
        return [self.object_key]

    def _keys_invoice(self):
        invoice = self.invoice
        if not invoice and self.record._name == "account.move" and self.record.is_invoice():
            invoice = self.record
        return [f"invoice:{row_id}" for row_id in invoice.ids]

    def _keys_order(self):
        order = self.record if self.record._name == "sale.order" else None
        orders = order or self.invoice.invoice_line_ids.sale_line_ids.order_id
        return [f"order:{row_id}" for row_id in orders.ids]

    def _keys_partner(self):
        return [f"company:{self.company_id}:partner:{row_id}" for row_id in self.partner.ids]

    def _keys_correlation(self):
        return [f"correlation:{self.correlation_id}"] if self.correlation_id else []

    def _keys_day(self):
        return [f"company:{self.company_id}:{self.day.isoformat()}"]

    def _keys_month(self):
        return [f"company:{self.company_id}:{self.day:%Y-%m}"]

    def _keys_journal_month(self):
        return [f"journal:{row_id}:{self.day:%Y-%m}" for row_id in self.journal.ids]


def happenings(env, company, rows):
    """Return the happenings of one kind of event.

    :param env: an environment that may read everything.
    :param rows: list of (object key, correlation id or None, document), as they are published.
    """
    return [_happening(env, company, *row) for row in rows]


def _happening(env, company, object_key, correlation_id, document):
    kind = _kind_of(document)
    record = _record(env, document.source.object_id)
    invoice = env["account.move"]
    if number := _first(document, INVOICE_FIELDS):
        invoice = invoice.browse(int(number)) if str(number).isdigit() else invoice
    amount = _first(document, AMOUNT_FIELDS)
    return Happening(
        kind=kind,
        company_id=company.id,
        object_key=object_key,
        correlation_id=correlation_id or "",
        document=document,
        record=record,
        invoice=invoice,
        partner=_partner(env, record),
        journal=_journal(env, record),
        day=_first(document, DAY_FIELDS) or document.occurred_at.date(),
        amount=amount.value if amount else None,
        currency=amount.currency if amount else "",
    )


def _kind_of(document):
    kind = kind_of(document)[0]
    if kind not in EVENTS:
        raise ValueError(f"{kind} is no business event")
    return kind


def _first(document, names):
    return next((value for name in names if (value := getattr(document, name, None))), None)


def _record(env, object_id):
    model, _comma, record_id = object_id.partition(",")
    if model not in env or not record_id.isdigit():
        return env["res.partner"]
    return env[model].browse(int(record_id))


def _partner(env, record):
    if record._name == "res.partner":
        return record.commercial_partner_id
    if record and "partner_id" in record._fields:
        return record.partner_id.commercial_partner_id
    return env["res.partner"]


def _journal(env, record):
    if (
        record
        and "journal_id" in record._fields
        and record._fields["journal_id"].comodel_name == "account.journal"
    ):
        return record.journal_id
    return env["account.journal"]
