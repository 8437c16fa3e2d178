# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""S1: Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ...engine.canonical import Amount, Document
from ...engine.canonical.registry import validate
from ...engine.errors import ContractError
from ...engine.flow_life import FlowDefaults
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
    WebhookFound,
)
from ..reading import read_answer, read_as, schema_violation
from . import billing, billing_pull, customers, disputes, endpoints, evidence, refunds, tax_numbers, wire
from .balances import balances_page, balances_request, daily_balance_documents
from .client import transactions_from, transactions_page, transactions_request
from .const import (
    API_VERSION,
    BILLING_INVOICE_EVENT,
    BILLING_NOTE_EVENT,
    BILLING_PAYMENT_EVENT,
    COMPOSITION_EVENT,
    DAILY_BALANCE_EVENT,
    DOCUMENTATION_URL,
    NEEDS,
    SENSITIVE_KEYS,
    TRANSACTION_EVENT,
)
from .payouts import composition_documents, payouts_from, payouts_page, payouts_request
from .shared import Context, instant
from .transactions import transaction_documents
from .transformers import event_documents

_CUSTOMER = EventRule("customer", rank=10)
_TAX_NUMBER = EventRule(
    None, "A tax number of a customer at Stripe is read from its invoices; here it changes nothing."
)
_CHARGE = EventRule("movement", rank=40)
_REFUND = EventRule("movement", rank=50)
_PAYOUT = EventRule("movement", rank=60)
_LEDGER = EventRule("movement", rank=70)
_INTENT = EventRule(
    None, "The charge of this payment carries the money; the payment intent only links to it."
)
_DISPUTE = EventRule(
    "movement",
    "Disputed money is booked when Stripe's ledger has its line; this tells how the dispute stands.",
    rank=50,
)
_DISPUTED_MONEY = EventRule(
    None, "Disputed money is booked when Stripe's ledger has its line; this tells the status only."
)
_CHECKOUT = EventRule(None, "Says that something was paid; the money itself is booked from the charge.")
_INVOICE = EventRule("invoice", rank=30)
_CREDIT_NOTE = EventRule("invoice", rank=35)
# A cancellation goes the way of what it cancels.
_CANCELLED = EventRule("invoice", rank=37)
# Links and informs: the money of an invoice is booked from its charge, which finds the link if that comes first.
_INVOICE_STATUS = EventRule("invoice_status", rank=38)
_DRAFT = EventRule(None, "A draft of an invoice is no document yet; it is booked when Stripe finalises it.")
_SUBSCRIPTION = EventRule(
    None, "Recorded for reference: a subscription is booked by its invoices, which name it."
)
_PAYOUT_STATUS = EventRule(None, "The payout was booked when it was created; nothing moved since.")

EVENTS = {
    **dict.fromkeys(("customer.created", "customer.updated", "customer.deleted"), _CUSTOMER),
    **dict.fromkeys(
        ("customer.tax_id.created", "customer.tax_id.updated", "customer.tax_id.deleted"), _TAX_NUMBER
    ),
    **dict.fromkeys(
        ("charge.succeeded", "charge.captured", "charge.pending", "charge.updated", "charge.failed"), _CHARGE
    ),
    "charge.expired": EventRule(None, "An authorisation ended without capture: no money moved."),
    "charge.refunded": EventRule(None, "The refund itself is sent as its own event and booked from that."),
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"), _REFUND),
    **dict.fromkeys(("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"), _DISPUTE),
    **dict.fromkeys(("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"), _DISPUTED_MONEY),
    **dict.fromkeys(
        (
            "payment_intent.created",
            "payment_intent.processing",
            "payment_intent.requires_action",
            "payment_intent.amount_capturable_updated",
            "payment_intent.partially_funded",
            "payment_intent.succeeded",
            "payment_intent.payment_failed",
            "payment_intent.canceled",
        ),
        _INTENT,
    ),
    **dict.fromkeys(("payout.created", "payout.paid", "payout.failed", "payout.canceled"), _PAYOUT),
    **dict.fromkeys(("payout.updated", "payout.reconciliation_completed"), _PAYOUT_STATUS),
    "balance.available": EventRule(None, "Money became available for payout; the balance did not change."),
    "checkout.session.completed": _CHECKOUT,
    **dict.fromkeys(("invoice.finalized", "invoice.updated"), _INVOICE),
    "invoice.voided": _CANCELLED,
    **dict.fromkeys(
        (
            "invoice.paid",
            "invoice.payment_succeeded",
            "invoice.payment_failed",
            "invoice.marked_uncollectible",
            "invoice_payment.paid",
        ),
        _INVOICE_STATUS,
    ),
    **dict.fromkeys(
        (
            "invoice.created",
            "invoice.deleted",
            "invoice.upcoming",
            "invoice.sent",
            "invoice.payment_action_required",
            "invoice.finalization_failed",
            "invoice.overdue",
            "invoice.will_be_due",
            "invoice.overpaid",
            "invoiceitem.created",
            "invoiceitem.deleted",
        ),
        _DRAFT,
    ),
    **dict.fromkeys(("credit_note.created", "credit_note.updated"), _CREDIT_NOTE),
    "credit_note.voided": _CANCELLED,
    **dict.fromkeys(
        (
            "customer.subscription.created",
            "customer.subscription.updated",
            "customer.subscription.deleted",
            "customer.subscription.paused",
            "customer.subscription.resumed",
            "customer.subscription.trial_will_end",
            "customer.subscription.pending_update_applied",
            "customer.subscription.pending_update_expired",
        ),
        _SUBSCRIPTION,
    ),
    BILLING_INVOICE_EVENT: _INVOICE,
    BILLING_PAYMENT_EVENT: _INVOICE_STATUS,
    BILLING_NOTE_EVENT: _CREDIT_NOTE,
    TRANSACTION_EVENT: _LEDGER,
    DAILY_BALANCE_EVENT: EventRule("provider_balance", rank=90),
    COMPOSITION_EVENT: EventRule("settlement", rank=80),
}

# Listed objects of Billing: how each is read.
FETCHED_BILLING = {
    BILLING_INVOICE_EVENT: billing.invoice_documents,
    BILLING_PAYMENT_EVENT: billing.payment_documents,
    BILLING_NOTE_EVENT: billing.credit_note_documents,
}


# The events of an endpoint that we register: those that become documents. What is fetched has no event at Stripe.
# Subscriptions are recorded although they book nothing: their lifetime is to be seen.
WANTED_EVENTS = tuple(
    sorted(name for name, rule in EVENTS.items() if (rule.kind or rule is _SUBSCRIPTION) and "." in name)
)


class StripeConnector(Connector):
    """Webhooks of one Stripe account, its ledger lines and its balance per day."""

    spec = ConnectorSpec(
        code="stripe",
        system_role="processor",
        name="Stripe",
        summary="Customers, invoices, payments, refunds, payouts and fees, and the balance of each day.",
        documentation_url=DOCUMENTATION_URL,
        signature_schemes=("stripe",),
        events=EVENTS,
        sensitive_keys=SENSITIVE_KEYS,
        pulls=("balance_transactions", "balances", "payouts", *billing_pull.PULLS),
        # The number of deliveries still to make: another one on each attempt, and no part of what happened.
        volatile_keys=frozenset({"pending_webhooks"}),
        api_version=API_VERSION,
        # https://docs.stripe.com/rate-limits: 100 a second in live mode, of which others need their share.
        outbound_rate_per_second=20,
        flow_defaults={
            "movement": FlowDefaults(criticality="critical", latency_target_seconds=120),
            "customer": FlowDefaults(latency_target_seconds=900),
            "provider_balance": FlowDefaults(criticality="low", latency_target_seconds=3600),
            "settlement": FlowDefaults(criticality="low", latency_target_seconds=3600),
        },
        registers_webhook=True,
        sends_refunds=True,
        needs=NEEDS,
        fetched_events=frozenset({TRANSACTION_EVENT, DAILY_BALANCE_EVENT, *FETCHED_BILLING}),
        partial_events=frozenset(
            {"invoice.finalized", "invoice.updated", "credit_note.created", *FETCHED_BILLING}
        ),
        bills=True,
        takes_evidence=True,
        accepts_disputes=True,
        writes_customers=True,
        secret_hint="The endpoint's signing secret, whsec_… (Stripe: Developers, Webhooks).",  # noqa: S106
    )

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        """Return the envelope of a Stripe event.

        ``version`` is None: Stripe does not promise any order, and ``created`` has whole seconds only
        (https://docs.stripe.com/webhooks#event-ordering). What an event says is therefore never "older data":
        each movement is booked once by its identity, whatever arrives first.
        """
        event = read_as(body, wire.Event)
        if event.object != "event":
            raise schema_violation("$.object", "Expected “event”")
        told = event.data.object
        return Envelope(
            event_id=event.id,
            event_type=event.type,
            object_key=wire.id_of(told) or str(told.get("object", ""))[:64] or event.type,
            occurred_at=instant(event.created),
            account=event.account,
            live=event.livemode,
        )

    def transform(self, event: InboundEvent) -> list[Document]:
        context = Context.of(event.settings)
        event_type = event.envelope.event_type
        if event_type == TRANSACTION_EVENT:
            documents: list[Document] = list(transaction_documents(context, event.body))
        elif event_type == DAILY_BALANCE_EVENT:
            documents = list(daily_balance_documents(context, event.body))
        elif event_type == COMPOSITION_EVENT:
            documents = list(composition_documents(context, event.body))
        elif event_type in FETCHED_BILLING:
            # A listed object is dated by its creation.
            told_at = event.envelope.occurred_at
            documents = FETCHED_BILLING[event_type](context, told_at, event.body)
        else:
            rule = self.spec.events.get(event_type)
            if rule is None:
                raise ContractError("unknown_event_type", params={"event_type": event_type[:100]})
            documents = event_documents(context, event.body) if rule.kind else []
        return [validate(document) for document in documents]

    def refetch_request(
        self, event: InboundEvent, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest | None:
        """Return the question for what an event of Billing leaves out; None where it has all of it."""
        if event.envelope.event_type not in self.spec.partial_events:
            return None
        return billing_pull.missing_request(event, settings, secret)

    def refetched(self, event: InboundEvent, answer: HttpAnswer) -> tuple[Envelope, Any]:
        return billing_pull.completed(event, answer)

    def pull_request(
        self, pull: str, cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        if pull in billing_pull.PULLS:
            return billing_pull.list_request(pull, cursor, settings, secret)
        return self._pull(pull)[0](cursor, settings, secret)

    def pull_page(
        self,
        pull: str,
        cursor: Mapping[str, Any],
        answer: HttpAnswer,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> PullPage:
        if pull in billing_pull.PULLS:
            return billing_pull.list_page(pull, cursor, answer, settings)
        return self._pull(pull)[1](cursor, answer, settings)

    def pull_cursor_from(self, pull: str, instant: datetime) -> Mapping[str, Any]:
        """Return the cursor for a second reading; the balances are told again per finished day of UTC."""
        if pull == "balances":
            return {"next_day": instant.astimezone(timezone.utc).date().isoformat()}
        if pull == "payouts":
            return payouts_from(instant)
        if pull in billing_pull.PULLS:
            return billing_pull.from_moment(instant)
        return transactions_from(instant)

    # -- our endpoint there ----------------------------------------------------------------------------------

    def webhook_find(self, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return endpoints.find_request(settings, secret)

    def webhooks_found(self, answer: HttpAnswer, settings: Mapping[str, Any]) -> list[WebhookFound]:
        return endpoints.found(answer, settings, WANTED_EVENTS)

    def webhook_register(self, settings: Mapping[str, Any], secret: str, key: str) -> HttpRequest:
        return endpoints.register_request(settings, secret, WANTED_EVENTS, key)

    def webhook_registered(self, answer: HttpAnswer) -> tuple[str, str]:
        return endpoints.registered(answer)

    def webhook_repair(
        self, webhook_id: str, settings: Mapping[str, Any], secret: str, key: str
    ) -> HttpRequest:
        return endpoints.repair_request(webhook_id, settings, secret, WANTED_EVENTS, key)

    def webhooks_repaired(self, answer: HttpAnswer) -> None:
        read_answer(answer)

    def webhook_remove(self, webhook_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return endpoints.remove_request(webhook_id, settings, secret)

    def webhook_removed(self, answer: HttpAnswer) -> None:
        if answer.status not in (404, 410):
            read_answer(answer)

    # -- refunds that are started here -----------------------------------------------------------------------

    def refund_send(
        self, payment: str, amount: Amount, key: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return refunds.send_request(payment, amount, key, settings, secret)

    def refund_sent(self, answer: HttpAnswer) -> str:
        return refunds.sent(answer)

    def refund_find(self, payment: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return refunds.find_request(payment, settings, secret)

    def refund_found(self, answer: HttpAnswer, key: str) -> str | None:
        return refunds.found(answer, key)

    # -- evidence for disputes -------------------------------------------------------------------------------

    def evidence_upload(
        self, name: str, media_type: str, content: bytes, key: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return evidence.upload_request(name, media_type, content, key, settings, secret)

    def evidence_uploaded(self, answer: HttpAnswer) -> str:
        return evidence.uploaded(answer)

    def evidence_submit(
        self,
        dispute: str,
        texts: Mapping[str, str],
        files: Mapping[str, str],
        key: str,
        settings: Mapping[str, Any],
        secret: str,
    ) -> HttpRequest:
        return evidence.submit_request(dispute, texts, files, key, settings, secret)

    def evidence_find(self, dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return evidence.find_request(dispute, settings, secret)

    def evidence_submitted(self, answer: HttpAnswer, key: str) -> bool:
        return evidence.submitted(answer, key)

    # -- accepting disputes ----------------------------------------------------------------------------------

    def dispute_close(self, dispute: str, key: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return disputes.close_request(dispute, key, settings, secret)

    def dispute_find(self, dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return evidence.find_request(dispute, settings, secret)

    def dispute_closed(self, answer: HttpAnswer) -> bool:
        return disputes.closed(answer)

    # -- customers that are written there --------------------------------------------------------------------

    def customer_content(self, customer: Mapping[str, Any]) -> Mapping[str, Any]:
        return customers.content(customer)

    def customer_write(
        self,
        outside_id: str | None,
        content: Mapping[str, Any],
        key: str,
        once: str,
        settings: Mapping[str, Any],
        secret: str,
    ) -> HttpRequest:
        return customers.write_request(outside_id, content, key, once, settings, secret)

    def customer_written(self, answer: HttpAnswer) -> str | None:
        return customers.written(answer)

    def customer_find(
        self, since: datetime, after: str | None, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return customers.find_request(since, after, settings, secret)

    def customer_found(self, answer: HttpAnswer, key: str) -> tuple[str | None, str | None]:
        return customers.found(answer, key)

    def customer_number_find(self, outside_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return tax_numbers.find_request(outside_id, settings, secret)

    def customer_number_found(
        self, answer: HttpAnswer, number: Mapping[str, str], ours: str | None
    ) -> tuple[str | None, list[str]]:
        return tax_numbers.found(answer, number, ours)

    def customer_number_write(
        self, outside_id: str, number: Mapping[str, str], once: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return tax_numbers.write_request(outside_id, number, once, settings, secret)

    def customer_number_written(self, answer: HttpAnswer) -> str:
        return tax_numbers.written(answer)

    def customer_number_remove(
        self, outside_id: str, number_id: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return tax_numbers.remove_request(outside_id, number_id, settings, secret)

    def customer_number_removed(self, answer: HttpAnswer) -> None:
        tax_numbers.removed(answer)

    @staticmethod
    def _pull(pull: str):
        steps = {
            "balance_transactions": (transactions_request, transactions_page),
            "balances": (balances_request, balances_page),
            "payouts": (payouts_request, payouts_page),
        }
        if pull not in steps:
            raise ValueError(f"Stripe has no pull {pull!r}")
        return steps[pull]


CONNECTOR = StripeConnector()
