# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What one Stripe account does: a model without I/O.

Every method does what Stripe would do at the clock's instant, records the events Stripe would send
and returns the object as it then is. Amounts go in as integers in the currency's smallest unit.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from . import shapes
from .billing import Billing
from .customers import Customers
from .evidence import Evidence
from .holdings import DAY_SECONDS, RefusedError
from .ledger import LedgerLine
from .shapes import Shape
from .tax_ids import TaxIds

CARD_DAYS = 2
DEBIT_DAYS = 4


class StripeAccount(Billing, Evidence, Customers, TaxIds):
    """The account's life: payments, refunds, disputes, payouts, fees; its invoices are those of Billing."""

    # -- cards -------------------------------------------------------------------------------------

    def charge(self, amount: int, currency: str, *, settled: bool = False, **facts) -> Shape:
        """Take a card payment at once.

        As with Stripe's default ``automatic_async`` capture the ledger line is not known yet when
        ``charge.succeeded`` goes out; ``settle`` writes it. With ``settled`` it is there at once.
        ``facts``: customer_id, name, email, description, metadata.
        """
        made = self._new_charge(amount, currency, "card", facts)
        self._succeed(made, captured=amount)
        if settled:
            self._settle_card(made)
        self._tell("charge.succeeded", made)
        return copy.deepcopy(made)

    def settle(self, charge_id: str) -> Shape:
        """Write the ledger line of a captured card payment and tell its id with ``charge.updated``."""
        held = self._held(self.charges, charge_id)
        if not held["captured"] or held["balance_transaction"]:
            raise RefusedError(f"{charge_id} has nothing to settle")
        self._settle_card(held)
        self._tell("charge.updated", held, {"balance_transaction": None})
        return copy.deepcopy(held)

    def authorize(self, amount: int, currency: str, **facts) -> Shape:
        """Reserve an amount on a card; nothing moves until ``capture``."""
        made = self._new_charge(amount, currency, "card", facts)
        self._succeed(made, captured=0)
        self._tell("charge.succeeded", made)
        return copy.deepcopy(made)

    def capture(self, charge_id: str, amount: int | None = None) -> Shape:
        """Take an authorised payment, all or a part of it; the rest is given up."""
        held = self._held(self.charges, charge_id)
        wanted = held["amount"] if amount is None else amount
        if held["captured"] or not held["paid"] or not 0 < wanted <= held["amount"]:
            raise RefusedError(f"{wanted} of {charge_id} cannot be captured")
        held.update(captured=True, amount_captured=wanted, amount_refunded=held["amount"] - wanted)
        self._tell("charge.captured", held, {"captured": False, "amount_captured": 0})
        return copy.deepcopy(held)

    def failed_charge(
        self, amount: int, currency: str, *, code: str = "card_declined", message: str = "", **facts
    ) -> Shape:
        """Let a card payment be declined."""
        made = self._new_charge(amount, currency, "card", facts)
        made.update(status="failed", failure_code=code, failure_message=message or "Your card was declined.")
        self._tell("charge.failed", made)
        return copy.deepcopy(made)

    # -- bank debits (ACH) -------------------------------------------------------------------------

    def start_debit(self, amount: int, currency: str, **facts) -> Shape:
        """Submit a bank debit: pending, but with its ledger line already.

        Source: https://support.stripe.com/questions/changes-to-balance-transaction-behavior-for-debit-payment-methods
        """
        made = self._new_charge(amount, currency, "us_bank_account", facts)
        target, _rate = self._settlement(currency)
        fee = self.fees.debit(self._convert(amount, currency), target)
        line = self._write(
            "payment",
            amount,
            currency,
            made["id"],
            fee=fee,
            fee_text="Stripe processing fees",
            days=DEBIT_DAYS,
            text=made["description"],
        )
        made["balance_transaction"] = line.id
        self._tell("charge.pending", made)
        return copy.deepcopy(made)

    def complete_debit(self, charge_id: str) -> Shape:
        """Let the bank accept a pending debit."""
        held = self._held(self.charges, charge_id)
        if held["status"] != "pending":
            raise RefusedError(f"{charge_id} is not pending")
        self._succeed(held, captured=held["amount"])
        self._tell("charge.succeeded", held, {"status": "pending"})
        return copy.deepcopy(held)

    def fail_debit(self, charge_id: str, code: str = "insufficient_funds") -> Shape:
        """Let the bank refuse a pending debit, or take back one that had succeeded.

        The balance loses the gross amount and the fee for a failed debit; the first fee is kept.
        """
        held = self._held(self.charges, charge_id)
        if held["payment_method_details"]["type"] == "card" or held["status"] == "failed":
            raise RefusedError(f"{charge_id} is no bank debit that could fail")
        if held["amount_refunded"]:
            raise RefusedError(f"{charge_id} has been refunded")
        previous = {"status": held["status"], "paid": held["paid"], "failure_balance_transaction": None}
        line = self._write(
            "payment_failure_refund",
            -held["amount"],
            held["currency"],
            held["id"],
            fee=self.fees.debit_failure,
            fee_text="Failed debit fee",
            text=f"Payment failure refund ({held['id']})",
        )
        held.update(
            status="failed",
            paid=False,
            captured=False,
            amount_captured=0,
            failure_balance_transaction=line.id,
            failure_code=code,
            failure_message="The bank returned the debit: " + code.replace("_", " ") + ".",
        )
        self._tell("charge.failed", held, previous)
        return copy.deepcopy(held)

    # -- refunds -----------------------------------------------------------------------------------

    def refund(
        self,
        charge_id: str,
        amount: int | None = None,
        reason: str | None = "requested_by_customer",
        metadata: Mapping[str, str] | None = None,
    ) -> Shape:
        """Give back all or a part of a payment; the fee is not given back."""
        held = self._held(self.charges, charge_id)
        left = held["amount"] - held["amount_refunded"]
        wanted = left if amount is None else amount
        if not held["paid"] or not held["balance_transaction"] or not 0 < wanted <= left:
            raise RefusedError(f"{wanted} of {charge_id} cannot be refunded")
        refund_id = self.ids.next("re")
        card = held["payment_method_details"]["type"] == "card"
        line = self._write(
            "refund" if card else "payment_refund",
            -wanted,
            held["currency"],
            refund_id,
            text=f"REFUND FOR CHARGE ({held['description']})",
        )
        made = shapes.refund(
            refund_id,
            self.clock.timestamp,
            wanted,
            held,
            balance_transaction=line.id,
            reason=reason,
            metadata=metadata or {},
        )
        self._keep(self.refunds, made)
        previous = {"amount_refunded": held["amount_refunded"], "refunded": held["refunded"]}
        held["amount_refunded"] += wanted
        held["refunded"] = held["amount_refunded"] == held["amount"]
        self._tell("refund.created", made)
        self._tell("charge.refunded", held, previous)
        return copy.deepcopy(made)

    def fail_refund(self, refund_id: str, reason: str = "expired_or_canceled_card") -> Shape:
        """Let a refund come back: its money returns to the balance. Stripe tells it twice."""
        held = self._held(self.refunds, refund_id)
        if held["status"] != "succeeded":
            raise RefusedError(f"{refund_id} cannot fail any more")
        sent = self.ledger.get(held["balance_transaction"])
        line = self._write(
            "refund_failure",
            held["amount"],
            held["currency"],
            refund_id,
            settled=-sent.amount,
            text=f"REFUND FAILURE FOR ({refund_id})",
        )
        held.update(status="failed", failure_reason=reason, failure_balance_transaction=line.id)
        charged = self.charges[held["charge"]]
        charged["amount_refunded"] -= held["amount"]
        charged["refunded"] = False
        self._tell("refund.updated", held, {"status": "succeeded"})
        self._tell("refund.failed", held)
        return copy.deepcopy(held)

    # -- disputes ----------------------------------------------------------------------------------

    def open_dispute(self, charge_id: str, amount: int | None = None) -> Shape:
        """Let a cardholder dispute a payment: the amount and a fee are withdrawn at once."""
        held = self._held(self.charges, charge_id)
        wanted = held["amount"] - held["amount_refunded"] if amount is None else amount
        if not held["balance_transaction"] or not 0 < wanted <= held["amount"]:
            raise RefusedError(f"{wanted} of {charge_id} cannot be disputed")
        made = shapes.dispute(self.ids.next("dp"), self.clock.timestamp, held, wanted, self.livemode)
        self._keep(self.disputes, made)
        held["disputed"] = True
        self._tell("charge.dispute.created", made)
        self._withdraw(made)
        return copy.deepcopy(made)

    def _withdraw(self, dispute: Shape) -> None:
        line = self._write(
            "adjustment",
            -dispute["amount"],
            dispute["currency"],
            dispute["id"],
            category="dispute",
            fee=self.fees.dispute,
            fee_text="Dispute fee",
            text=f"Chargeback withdrawal for {dispute['charge']}",
        )
        dispute["balance_transactions"].append(shapes.balance_transaction(line, self.clock.timestamp))
        self._tell("charge.dispute.funds_withdrawn", dispute)

    def open_inquiry(self, charge_id: str) -> Shape:
        """Let the cardholder's bank ask about a payment; no money moves."""
        held = self._held(self.charges, charge_id)
        made = shapes.dispute(self.ids.next("dp"), self.clock.timestamp, held, held["amount"], self.livemode)
        made["status"] = "warning_needs_response"
        made["is_charge_refundable"] = True
        self._keep(self.disputes, made)
        self._tell("charge.dispute.created", made)
        return copy.deepcopy(made)

    def close_inquiry(self, dispute_id: str) -> Shape:
        """Let an inquiry end without a dispute."""
        held = self._held(self.disputes, dispute_id)
        before, held["status"] = held["status"], "warning_closed"
        self._tell("charge.dispute.closed", held, {"status": before})
        return copy.deepcopy(held)

    def escalate(self, dispute_id: str) -> Shape:
        """Let an inquiry become a dispute: the amount and a fee are withdrawn."""
        held = self._held(self.disputes, dispute_id)
        if not held["status"].startswith("warning_"):
            raise RefusedError(f"{dispute_id} is no inquiry")
        before, held["status"] = held["status"], "needs_response"
        held["is_charge_refundable"] = False
        self._tell("charge.dispute.updated", held, {"status": before})
        self._withdraw(held)
        return copy.deepcopy(held)

    def accept_dispute(self, dispute_id: str) -> Shape:
        """Give a dispute up: it is lost. Stripe takes that while it waits for evidence."""
        if self._held(self.disputes, dispute_id)["status"] != "needs_response":
            raise RefusedError(f"{dispute_id} cannot be accepted any more")
        return self.close_dispute(dispute_id, won=False)

    def close_dispute(self, dispute_id: str, won: bool) -> Shape:
        """Decide a dispute; when it is won the amount comes back, the fee does not."""
        held = self._held(self.disputes, dispute_id)
        before = held["status"]
        if before not in ("needs_response", "under_review"):
            raise RefusedError(f"{dispute_id} is closed")
        held["status"] = "won" if won else "lost"
        self._tell("charge.dispute.closed", held, {"status": before})
        if won:
            line = self._write(
                "adjustment",
                held["amount"],
                held["currency"],
                dispute_id,
                category="dispute_reversal",
                text=f"Chargeback reversal for {held['charge']}",
            )
            held["balance_transactions"].append(shapes.balance_transaction(line, self.clock.timestamp))
            self._tell("charge.dispute.funds_reinstated", held)
        return copy.deepcopy(held)

    # -- payouts and fees --------------------------------------------------------------------------

    def pay_out(self, currency: str, amount: int | None = None) -> Shape:
        """Send money to the bank: everything that is available (automatic payout), or ``amount``."""
        available = self.ledger.available(currency, self.clock.timestamp)
        wanted = available if amount is None else amount
        if not 0 < wanted <= available:
            raise RefusedError(f"{wanted} {currency} cannot be paid out, {available} are available")
        payout_id = self.ids.next("po")
        parts = self._parts(currency) if amount is None else ()
        line = self._write("payout", -wanted, currency, payout_id, text="STRIPE PAYOUT")
        made = shapes.payout(
            payout_id,
            self.clock.timestamp,
            (self.clock.timestamp // DAY_SECONDS + 1) * DAY_SECONDS,
            wanted,
            currency,
            balance_transaction=line.id,
            automatic=amount is None,
            livemode=self.livemode,
        )
        self._keep(self.payouts, made)
        if amount is None:
            self.composition[payout_id] = (*parts, line.id)
            self._paid_out.update(self.composition[payout_id])
        self._tell("payout.created", made)
        return copy.deepcopy(made)

    def complete_payout(self, payout_id: str) -> Shape:
        """Let a payout arrive at the bank."""
        held = self._held(self.payouts, payout_id)
        if held["status"] != "in_transit":
            raise RefusedError(f"{payout_id} is not on its way")
        held.update(status="paid", trace_id={"status": "supported", "value": payout_id[-12:]})
        if held["automatic"]:
            held["reconciliation_status"] = "completed"
        self._tell("payout.paid", held, {"status": "in_transit"})
        return copy.deepcopy(held)

    def fail_payout(self, payout_id: str, code: str = "account_closed") -> Shape:
        """Let a payout come back from the bank, also days after it seemed paid."""
        held = self._held(self.payouts, payout_id)
        if held["status"] == "failed":
            raise RefusedError(f"{payout_id} has failed already")
        previous = {"status": held["status"], "failure_balance_transaction": None}
        line = self._write(
            "payout_failure", held["amount"], held["currency"], payout_id, text="STRIPE PAYOUT FAILURE"
        )
        held.update(
            status="failed",
            failure_balance_transaction=line.id,
            failure_code=code,
            failure_message="The bank returned the payout: " + code.replace("_", " ") + ".",
        )
        self._tell("payout.failed", held, previous)
        return copy.deepcopy(held)

    def account_fee(self, amount: int, currency: str, description: str) -> LedgerLine:
        """Let Stripe take a fee that belongs to no payment. There is no event: only the ledger shows it."""
        if amount <= 0:
            raise RefusedError("a fee is positive")
        return self._write("stripe_fee", -amount, currency, None, text=description)

    def strange(self, amount: int, currency: str, text: str = "Something new") -> LedgerLine:
        """Let money move for a reason that nobody outside Stripe knows; only the ledger shows it."""
        return self._write("something_new", amount, currency, None, category="something_new", text=text)

    def announce(self, event_type: str, thing: Shape) -> Shape:
        """Record an event of any type about any object and return it."""
        return self._tell(event_type, thing)

    # -- inside -----------------------------------------------------------------------------------

    @staticmethod
    def _succeed(held: Shape, captured: int) -> None:
        held.update(status="succeeded", paid=True, captured=bool(captured), amount_captured=captured)
        held["outcome"] = {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }

    def _settle_card(self, held: Shape) -> None:
        """Write the line of a card payment, and the line that reverses what was not captured."""
        currency, _rate = self._settlement(held["currency"])
        text = "Stripe processing fees"
        full = self._convert(held["amount"], held["currency"])
        taken = self._convert(held["amount_captured"], held["currency"])
        line = self._write(
            "charge",
            held["amount"],
            held["currency"],
            held["id"],
            fee=self.fees.card(full, currency),
            fee_text=text,
            days=CARD_DAYS,
            text=held["description"],
        )
        if taken != full:
            self._write(
                "refund",
                -(held["amount"] - held["amount_captured"]),
                held["currency"],
                held["id"],
                category="partial_capture_reversal",
                settled=taken - full,
                fee=self.fees.card(taken, currency) - self.fees.card(full, currency),
                fee_text=text,
                days=CARD_DAYS,
                text=f"Reversal of the uncaptured part of {held['id']}",
            )
        held["balance_transaction"] = line.id
