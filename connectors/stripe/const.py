# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Stripe's words mean, as tables. Every table names the page it was read from."""

from __future__ import annotations

import re

from ..base import Need

# https://docs.stripe.com/api/versioning · https://docs.stripe.com/changelog
# Requests are pinned to API_VERSION; webhook endpoints are created with the same version. The fields that
# this connector reads are the same from FIRST_RELEASE on; a release with a new *name* may break them.
API_VERSION = "2025-09-30.clover"
FIRST_RELEASE = "2022-11-15"
KNOWN_RELEASE_NAMES = frozenset({"", "acacia", "basil", "clover"})
API_VERSION_PATTERN = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})(?:\.(?P<name>[a-z]+))?")

ENDPOINT_NAME = "Finance integration"
API_BASE_URL = "https://api.stripe.com"
DOCUMENTATION_URL = "https://docs.stripe.com/webhooks"

# https://docs.stripe.com/webhooks · https://docs.stripe.com/keys
NEEDS = (
    Need("account", "Account id, acct_…", "Stripe: Settings, Account details, at the top right."),
    Need(
        "address",
        "Endpoint URL of a webhook",
        "Stripe: Developers, Webhooks, Add destination; API version 2025-09-30.clover; events: page 3 of the set-up.",
    ),
    Need(
        "inbound_signature", "Signing secret, whsec_…", "Stripe: Developers, Webhooks, the endpoint, Reveal."
    ),
    Need(
        "api",
        "Restricted key, rk_live_… or rk_test_…",
        "Stripe: Developers, API keys, Create restricted key; read rights on Balance, Charges and Refunds, Payouts, "
        "Disputes, Customers; with Stripe Billing on Invoices and Credit notes, too; write rights on what is done "
        "from here.",
    ),
)

# https://docs.stripe.com/api/pagination: 1 to 100 objects in a page.
PAGE_SIZE = 100
# Stripe lists newest first and a transaction can appear a little later than it is dated, so every sweep
# reads the last hour again; what is known already is recognised by its event id.
OVERLAP_SECONDS = 3600

# A balance can move while it is read; it is then read again, this often before it waits for the next run.
MAX_BALANCE_READINGS = 10
MAX_BALANCE_DAYS = 400
# The ids of a day's lines are told with its balance, of the last days and up to so many: then a difference names
# them.
NAMED_DAYS = 3
MAX_NAMED_LINES = 2000

# Pulled objects are no Stripe events; these are the types under which the hub stores them. A webhook cannot
# use them: what it brings is read as an event.
TRANSACTION_EVENT = "balance_transaction"
DAILY_BALANCE_EVENT = "daily_balance"
COMPOSITION_EVENT = "payout_composition"

BILLING_INVOICE_EVENT = "billing_invoice"
BILLING_PAYMENT_EVENT = "billing_payment"
BILLING_NOTE_EVENT = "billing_credit_note"
# What the list of events is asked for (https://docs.stripe.com/api/events/list: at most twenty types).
BILLING_EVENTS_LISTED = (
    "invoice.finalized",
    "invoice.updated",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice.payment_failed",
    "invoice_payment.paid",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
)

# https://docs.stripe.com/api/charges/object#charge_object-status
CHARGE_STATUSES = {"succeeded": "succeeded", "pending": "pending", "failed": "failed"}

# https://docs.stripe.com/api/refunds/object#refund_object-status
REFUND_STATUSES = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}

# https://docs.stripe.com/api/payouts/object#payout_object-status
PAYOUT_STATUSES = {
    "pending": "pending",
    "in_transit": "pending",
    "paid": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}

# https://docs.stripe.com/disputes/how-disputes-work#inquiries: the bank asks first, and no money moves. In all
# other states (https://docs.stripe.com/api/disputes/object#dispute_object-status) the ledger has lines of the dispute.
INQUIRY_STATUSES = {
    "warning_needs_response": "pending",
    "warning_under_review": "pending",
    "warning_closed": "cancelled",
}

# https://docs.stripe.com/api/disputes/object#dispute_object-status
DISPUTE_STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "needs_response": "needs_response",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
    "prevented": "closed",
}

# https://docs.stripe.com/reports/balance-transaction-types
# ``None`` = the sign decides, see SIGNED_TYPES. What is not in a table is booked as 'unknown'.
TRANSACTION_TYPES = {
    "charge": "payment",
    "payment": "payment",
    "payment_failure_refund": "payment_return",
    "refund_failure": "refund_return",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "fee",
}

# https://docs.stripe.com/reports/reporting-categories: the finer word for refunds and adjustments.
REPORTING_CATEGORIES = {
    "dispute": "dispute",
    "dispute_reversal": "dispute_return",
    "charge_failure": "payment_return",
    "refund_failure": "refund_return",
    "fee": "fee",
}
PARTIAL_CAPTURE_REVERSAL = "partial_capture_reversal"
CATEGORISED_TYPES = frozenset({"adjustment", "refund", "payment_refund"})

# Money out of the balance is the first word, money back into it the second.
SIGNED_TYPES = {
    # Money from the bank (a failed or negative payout, a top-up) is a payout_return.
    "payout": ("payout", "payout_return"),
    "payout_cancel": ("payout", "payout_return"),
    "payout_failure": ("payout", "payout_return"),
    "topup": ("payout", "payout_return"),
    "topup_reversal": ("payout", "payout_return"),
    "refund": ("refund", "refund_return"),
    "payment_refund": ("refund", "refund_return"),
    "reserve_transaction": ("reserve", "reserve_release"),
    "reserved_funds": ("reserve", "reserve_release"),
    "reserve_hold": ("reserve", "reserve_release"),
    "reserve_release": ("reserve", "reserve_release"),
    "payment_network_reserve_hold": ("reserve", "reserve_release"),
    "payment_network_reserve_release": ("reserve", "reserve_release"),
    "payout_minimum_balance_hold": ("reserve", "reserve_release"),
    "payout_minimum_balance_release": ("reserve", "reserve_release"),
}

# The sign that each movement must have in the balance; a transaction that contradicts it is 'unknown'.
# A fee may go either way: it can be given back.
EXPECTED_SIGNS = {
    "payment": 1,
    "payment_return": -1,
    "refund": -1,
    "refund_return": 1,
    "dispute": -1,
    "dispute_return": 1,
}

# Other balances than the payments balance (https://docs.stripe.com/api/balance) are not in GET /v1/balance's
# ``available`` and ``pending``, so their lines must not be in our statement of it either.
PAYMENTS_BALANCE = "payments"

# Metadata keys in which a shop writes our document numbers, and what they point at.
DEFAULT_REFERENCE_KEYS = ("invoice_number", "invoice", "order_id", "order", "reference")

# Keys whose values no view or log may show: card and bank details, secrets, personal data.
SENSITIVE_KEYS = frozenset(
    {
        "account_number",
        "address",
        "bank_account",
        "billing_details",
        "card",
        "client_secret",
        "destination_details",
        "email",
        "fingerprint",
        "iban",
        "instructions_email",
        "last4",
        "name",
        "payment_method_details",
        "phone",
        "receipt_email",
        "receipt_url",
        "routing_number",
        "shipping",
        "sources",
        "statement_descriptor",
        "tax_ids",
    }
)
