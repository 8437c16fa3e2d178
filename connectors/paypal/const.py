# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal's words as tables, each with the page that it was read from."""

from __future__ import annotations

from ..base import Need

# https://developer.paypal.com/api/rest/webhooks/event-names/
DOCUMENTATION_URL = "https://developer.paypal.com/api/rest/webhooks/event-names/"
API_BASE_URL = "https://api-m.paypal.com"
SANDBOX_MARK = "sandbox"

NEEDS = (
    Need(
        "api",
        "Client id and secret of a REST app",
        "PayPal Developer Dashboard: Apps & Credentials, live or sandbox, the app; Transaction search switched on.",
    ),
    Need(
        "address",
        "URL of a webhook",
        "PayPal Developer Dashboard: the app, Webhooks, Add webhook; events: page 3 of the set-up.",
    ),
    Need(
        "inbound_signature",
        "Webhook id",
        "PayPal Developer Dashboard: the app, Webhooks: shown beside the webhook.",
    ),
    Need("account", "Merchant id", "PayPal: Account settings, Business information."),
    Need(
        "other",
        "Settlement report, if it shall be read",
        "PayPal: Reports, Settlement; access to the SFTP server is asked for there, too.",
    ),
)

SENSITIVE_KEYS = frozenset(
    {
        "email",
        "email_address",
        "payer_email",
        "payer_name",
        "phone",
        "phone_number",
        "shipping_info",
        "shipping_address",
        "address",
        "given_name",
        "surname",
        "alternate_full_name",
        "birth_date",
        "tax_info",
        "consumer id",
        "account_number",
        "last_digits",
        "messages",
    }
)

# Bodies that the hub makes of what it fetched or read from a report; their ``object`` is their event type.
CAPTURE, REFUND, REVERSAL = "resource.capture", "resource.refund", "resource.reversal"
TRANSACTION, REPORT_LINE, BALANCE = "ledger.transaction", "ledger.report_line", "ledger.balance"

# https://developer.paypal.com/docs/api/payments/v2/#captures_get (capture_status)
CAPTURE_STATUSES = {
    "COMPLETED": "succeeded",
    "PARTIALLY_REFUNDED": "succeeded",
    "REFUNDED": "succeeded",
    "PENDING": "pending",
    "DECLINED": "failed",
    "FAILED": "failed",
}
# https://developer.paypal.com/docs/api/payments/v2/#refunds_get (refund_status)
REFUND_STATUSES = {
    "COMPLETED": "succeeded",
    "PENDING": "pending",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
# https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_get (status, outcome_code)
DISPUTE_OPEN = frozenset(
    {"OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW", "OTHER"}
)
DISPUTE_OUR_TURN = frozenset({"OPEN", "WAITING_FOR_SELLER_RESPONSE"})
DISPUTE_RESOLVED = "RESOLVED"
DISPUTE_LOST = frozenset({"RESOLVED_BUYER_FAVOUR", "ACCEPTED"})

# https://developer.paypal.com/docs/transaction-search/ (transaction_status). V = it succeeded and was reversed later:
# the reversal is a line of its own.
LINE_STATUSES = {"S": "succeeded", "V": "succeeded", "F": "succeeded", "P": "pending", "D": "failed"}

# https://developer.paypal.com/docs/transaction-search/transaction-event-codes/: the two digits after the T name the
# group. Per group or code: what a credit is, what a debit is. What is in neither table goes to suspense. None = the
# line moves nothing: an authorisation.
GROUPS: dict[str, tuple[str, str] | None] = {
    "00": ("payment", "unknown"),
    "01": ("fee", "fee"),
    "02": ("conversion", "conversion"),
    "03": ("payout_return", "unknown"),
    "04": ("payout_return", "payout"),
    "12": ("dispute_return", "dispute"),
    "13": None,
    "15": ("reserve_release", "reserve"),
    "21": ("reserve_release", "reserve"),
}
# Payments between accounts, of which a debit is something that we paid for.
PURCHASES = frozenset({"00"})
CODES: dict[str, tuple[str, str]] = {
    "T1105": ("reserve_release", "reserve"),
    "T1106": ("dispute_return", "dispute"),
    "T1107": ("unknown", "refund"),
    "T1108": ("fee", "fee"),
    "T1109": ("fee", "fee"),
    "T1110": ("reserve_release", "reserve"),
    "T1111": ("reserve_release", "reserve"),
}

# PayPal knows no decimals of these, ISO 4217 does, and the report's specification does not say which one it counts by:
# an amount of them in a report is refused, never guessed. (https://developer.paypal.com/reference/currency-codes/)
AMBIGUOUS_IN_REPORTS = frozenset({"HUF", "TWD"})

# https://developer.paypal.com/docs/transaction-search/: 31 days in a query, up to three hours late, three years back.
MAX_DAYS = 31
OVERLAP_SECONDS = 4 * 3600
# The balance of a day is asked for when the ledger has caught up with it; so many days back at most.
LEDGER_LATE_SECONDS = 4 * 3600
MAX_BALANCE_DAYS = 400
PAGE_SIZE = 500
