# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""S2: PayPal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from ...engine.canonical import BalanceMovement, Document
from ...engine.canonical.registry import validate
from ...engine.canonical_json import canonical_bytes
from ...engine.errors import ContractError
from ...engine.flow_life import FlowDefaults
from ...engine.formats.base import FileEvent, Limits, Trailer
from ...engine.money import parse_decimal
from ..base import (
    NO_SETTINGS,
    Connector,
    ConnectorSpec,
    Envelope,
    EventRule,
    HttpAnswer,
    HttpRequest,
    InboundEvent,
    PullPage,
)
from ..reading import read_as, schema_violation
from . import wire
from .balances import balance_documents, balances_from, balances_page, balances_request
from .client import (
    resource_event,
    resource_request,
    transactions_from,
    transactions_page,
    transactions_request,
)
from .const import (
    BALANCE,
    CAPTURE,
    DOCUMENTATION_URL,
    NEEDS,
    REFUND,
    REPORT_LINE,
    REVERSAL,
    SANDBOX_MARK,
    SENSITIVE_KEYS,
    TRANSACTION,
)
from .ledger import ledger_documents, read_line
from .report import read_report
from .shared import Context
from .transformers import READERS, REFETCHED

_CAPTURE = EventRule("movement", rank=40)
_BACK = EventRule("movement", rank=50)
_DISPUTE = EventRule(
    "movement",
    "A dispute moves money only when PayPal's ledger has its line; this tells the status only.",
    rank=50,
)
_LEDGER = EventRule("movement", rank=70)
_AUTHORISED = EventRule(None, "Only reserved with the payer's means of payment: no money moved.")
_ORDER = EventRule(None, "An order was approved or ended; the money is booked from its capture.")
_SALE = EventRule(None, "An event of PayPal's older API; its money is booked when the ledger has its line.")
_PAYOUT = EventRule(None, "Money sent to others is booked when PayPal's ledger has its line.")

EVENTS = {
    **dict.fromkeys(
        (
            "PAYMENT.CAPTURE.COMPLETED",
            "PAYMENT.CAPTURE.PENDING",
            "PAYMENT.CAPTURE.DENIED",
            "PAYMENT.CAPTURE.DECLINED",
            CAPTURE,
        ),
        _CAPTURE,
    ),
    **dict.fromkeys(("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", REFUND, REVERSAL), _BACK),
    **dict.fromkeys(
        ("CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED"), _DISPUTE
    ),
    **dict.fromkeys((TRANSACTION, REPORT_LINE), _LEDGER),
    BALANCE: EventRule("provider_balance", rank=90),
    **dict.fromkeys(("PAYMENT.AUTHORIZATION.CREATED", "PAYMENT.AUTHORIZATION.VOIDED"), _AUTHORISED),
    **dict.fromkeys(
        ("CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED"), _ORDER
    ),
    **dict.fromkeys(
        (
            "PAYMENT.SALE.COMPLETED",
            "PAYMENT.SALE.DENIED",
            "PAYMENT.SALE.PENDING",
            "PAYMENT.SALE.REFUNDED",
            "PAYMENT.SALE.REVERSED",
        ),
        _SALE,
    ),
    **dict.fromkeys(
        (
            "PAYMENT.PAYOUTSBATCH.PROCESSING",
            "PAYMENT.PAYOUTSBATCH.SUCCESS",
            "PAYMENT.PAYOUTSBATCH.DENIED",
            "PAYMENT.PAYOUTS-ITEM.SUCCEEDED",
            "PAYMENT.PAYOUTS-ITEM.FAILED",
            "PAYMENT.PAYOUTS-ITEM.RETURNED",
            "PAYMENT.PAYOUTS-ITEM.UNCLAIMED",
        ),
        _PAYOUT,
    ),
}


class PayPalConnector(Connector):
    """Webhooks of one PayPal account, its list of transactions and its settlement reports."""

    spec = ConnectorSpec(
        code="paypal",
        system_role="processor",
        name="PayPal",
        summary="Payments, refunds, disputes, fees, holds and withdrawals of one PayPal account.",
        documentation_url=DOCUMENTATION_URL,
        signature_schemes=("paypal",),
        # The signature covers a checksum of the body, no more: money is asked for at PayPal before it is booked.
        trust="refetch",
        envelope_headers=("paypal-cert-url",),
        events=EVENTS,
        sensitive_keys=SENSITIVE_KEYS,
        pulls=("transactions", "balances"),
        file_formats={"settlement_csv": "PayPal settlement report (STL)"},
        api_version="2",
        access_kinds=("oauth_client", "api_key"),
        outbound_rate_per_second=5,
        flow_defaults={
            "movement": FlowDefaults(criticality="critical", latency_target_seconds=300),
            "provider_balance": FlowDefaults(criticality="low", latency_target_seconds=3600),
        },
        needs=NEEDS,
        fetched_events=frozenset({CAPTURE, REFUND, REVERSAL, TRANSACTION, REPORT_LINE}),
        secret_hint="The webhook's id, as PayPal shows it beside the webhook.",  # noqa: S106
    )

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        """Return the envelope of a PayPal event, or of what the hub kept of PayPal's answers and reports.

        ``version`` is None: PayPal promises no order, and each event says a fact that is booked once by its identity.
        Whether it is live follows from whose certificate signed it.
        """
        told = body.get("object") if isinstance(body, Mapping) else None
        if told in (TRANSACTION, REPORT_LINE):
            line = read_line(body)
            marks = f"{line.id}:{told}"[:255]
            return Envelope(marks, told, f"transaction:{line.id}"[:255], occurred_at=line.at)
        if told == BALANCE:
            [balance] = balance_documents(Context.of({}), body)
            key = f"balance:{balance.account}:{balance.closing.currency}"[:255]
            return Envelope(f"{key}:{balance.date}"[:255], told, key, occurred_at=balance.occurred_at)
        if told in (CAPTURE, REFUND, REVERSAL):
            found = read_as(body, wire.Fetched)
            resource_id = _text(found.resource.get("id"), "$.resource.id")
            return Envelope(f"{told}:{resource_id}"[:255], told, f"transaction:{resource_id}"[:255])
        event = read_as(body, wire.Event)
        found = event.resource.get("id") or event.resource.get("dispute_id")
        named = found if isinstance(found, str) and found else event.resource_type or event.event_type
        return Envelope(
            event_id=event.id,
            event_type=event.event_type,
            object_key=f"transaction:{named}"[:255],
            occurred_at=wire.instant(event.create_time, "$.create_time"),
            live=_is_live(headers.get("paypal-cert-url", "")),
        )

    def transform(self, event: InboundEvent) -> list[Document]:
        context = Context.of(event.settings)
        event_type = event.envelope.event_type
        if event_type == BALANCE:
            documents: list[Document] = list(balance_documents(context, event.body))
        elif event_type in (TRANSACTION, REPORT_LINE):
            documents = list(ledger_documents(context, event.body))
        else:
            rule = self.spec.events.get(event_type)
            if rule is None:
                raise ContractError("unknown_event_type", params={"event_type": event_type[:100]})
            documents = []
            if rule.kind:
                shape = wire.Fetched if event_type in (CAPTURE, REFUND, REVERSAL) else wire.Event
                documents = READERS[event_type](context, read_as(event.body, shape).resource)
        return [validate(document) for document in documents]

    # -- what is asked again -------------------------------------------------------------------------------

    def refetch_request(
        self, event: InboundEvent, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest | None:
        event_type = event.envelope.event_type
        if event_type not in REFETCHED or self._is_trusted(event, settings):
            return None
        return resource_request(event_type, event.body, settings, secret)

    def _is_trusted(self, event: InboundEvent, settings: Mapping[str, Any]) -> bool:
        """Say whether all money of an event is below what the connection trusts without asking."""
        limit = settings.get("trusted_amount") or {}
        most = parse_decimal(limit.get("value") or 0)
        if most <= 0:
            return False
        amounts = [each.amount for each in self.transform(event) if isinstance(each, BalanceMovement)]
        return all(each.currency == limit.get("currency") and abs(each.value) <= most for each in amounts)

    def refetched(self, event: InboundEvent, answer: HttpAnswer) -> tuple[Envelope, Any]:
        return resource_event(event.envelope.event_type, event.body, answer)

    # -- lists and files -----------------------------------------------------------------------------------

    def pull_request(
        self, pull: str, cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        self._check_pull(pull)
        request = balances_request if pull == "balances" else transactions_request
        return request(cursor, settings, secret)

    def pull_page(
        self,
        pull: str,
        cursor: Mapping[str, Any],
        answer: HttpAnswer,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> PullPage:
        self._check_pull(pull)
        page = balances_page if pull == "balances" else transactions_page
        return page(cursor, answer, settings)

    def pull_cursor_from(self, pull: str, instant: datetime) -> Mapping[str, Any]:
        self._check_pull(pull)
        return balances_from(instant) if pull == "balances" else transactions_from(instant)

    def _check_pull(self, pull: str) -> None:
        if pull not in self.spec.pulls:
            raise ValueError(f"PayPal has no pull {pull!r}")

    def read_file(
        self,
        file_format: str,
        stream: BinaryIO,
        source: str,
        limits: Limits,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> Iterator[FileEvent | Trailer]:
        if file_format not in self.spec.file_formats:
            raise ValueError(f"PayPal has no files of the kind {file_format!r}")
        return read_report(stream, source, limits, settings)

    def render_receipt(self, facts: Mapping[str, Any]) -> bytes:
        return canonical_bytes({"type": "file.received", "schema_version": "1", **facts})

    def control_amounts(self, event_type: str, body: Any) -> Mapping[str, Decimal]:
        return {} if event_type == BALANCE else read_line(body).totals()


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise schema_violation(path, "Expected a text")
    return value


def _is_live(certificate_url: str) -> bool | None:
    """Return whether PayPal's live service signed; None for a sandbox of one's own, or where it was not sent."""
    if ".paypal.com/" not in certificate_url:
        return None
    return SANDBOX_MARK not in certificate_url


CONNECTOR = PayPalConnector()
