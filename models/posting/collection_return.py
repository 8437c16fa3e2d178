# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was collected for another company goes back: refunds, returned payments, refunds that came back, disputes.

Each is mirrored like the collection that it undoes: what the companies owe each other falls, and the customer's account
in the other company says so. Where an amount does not tell which part went back, a person decides.
"""

from odoo import api, models

from ...engine.collection import parts_to_return
from ..reconciliation.dispute import MONEY_TYPES
from .collection import Pair

# What a movement undoes, as what that is booked, and in which direction the debt between the companies goes.
BACK = {
    "refund": ("collected", "refunded", -1),
    "refund_return": ("refunded", "refund_returned", 1),
    "payment_return": ("collected", "taken_back", -1),
    "dispute": ("collected", "disputed", -1),
    "dispute_return": ("disputed", "dispute_returned", 1),
}


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    # -- what goes back --------------------------------------------------------------------------------------

    def _match_refund(self, work, movement, payment):
        """A refund of money that was collected for another company is mirrored there."""
        if not self._collected_with(payment, "collected"):
            return super()._match_refund(work, movement, payment)
        return self._mirror(work, movement, payment)

    def _apply_refund_returns(self, pairs):
        """A refund that came back is owed to the other company again."""
        rest = []
        for work, plan in pairs:
            refund = self._origin_of(plan["movement"])
            if self._collected_with(refund, "refunded"):
                self._mirror(work, plan["movement"], refund)
            else:
                rest.append((work, plan))
        return super()._apply_refund_returns(rest)

    def _apply_payment_returns(self, pairs):
        """A payment that was taken back opens the other company's invoice again."""
        rest = []
        for work, plan in pairs:
            payment = plan["related"] or plan["movement"].browse()
            if self._collected_with(payment, "collected"):
                self._mirror(work, plan["movement"], payment)
            else:
                rest.append((work, plan))
        return super()._apply_payment_returns(rest)

    def _explain(self, work, movement, payment):
        """A refund or return that came before its payment needs no customer here where that was collected."""
        if movement.type in BACK and self._collected_with(payment, BACK[movement.type][0]):
            return self._mirror(work, movement, payment)
        return super()._explain(work, movement, payment)

    def _origin_of(self, movement):
        """Return the movement that this one undoes: the payment of a refund or return, the refund that came back."""
        if movement.type == "refund_return":
            kind, key = "refund", movement.movement_id
        else:
            kind, key = "payment", movement.related_id
        known = self._movements_by_id(kind, [(None, key)], movement.connection_id)
        return known.get((movement.connection_id.id, key), movement.browse())

    def _collected_with(self, movement, kind):
        """Return what was collected (or sent back) with this money and stands, oldest first."""
        rows = movement.collection_ids.filtered(lambda row: row.kind == kind and row.rest > 0)
        return rows.sorted("id")

    def _parts_back(self, movement, origin, collected):
        """Return [(collection that is undone, amount)], None where the amount does not tell which part it is."""
        if origin.invoice_ids:  # a part of it has paid invoices of its own company
            return None
        if movement.type == "payment_return":
            whole = not movement.currency_id.compare_amounts(abs(movement.amount), abs(origin.amount))
            return [(row, row._exact_rest()) for row in collected] if whole else None
        lines = origin.counterpart_id
        if any(not line.currency_id.is_zero(line.amount_residual_currency) for line in lines):
            return None
        rests = [(row.id, row._exact_rest()) for row in collected]
        parts = parts_to_return(self._left_of(movement), rests)
        return parts and [(collected.browse(key), amount) for key, amount in parts]

    @api.model
    def _mirror(self, work, movement, origin, day=None):
        """Book in both companies what goes back; returns whether all of it is booked.

        :param origin: see ``_origin_of``.
        :param day: on which both are booked, where a person has decided so; else the day on which it happened.
        """
        undone, kind, sign = BACK[movement.type]
        collected = self._collected_with(origin, undone)
        parts, error = self._parts_back(movement, origin, collected), None
        for row, amount in parts or ():
            agreement = self._agreement_now(row)
            invoice = row.invoice_id.with_env(agreement._as_payee().env)
            on = day or max(movement.event_date, row.date)
            pair = Pair(movement, agreement, invoice, amount, on, kind, "origin", sign, undoes=row)
            if error := self._book_pair(pair):
                break
        if parts and not error:
            self._match_rest(movement, origin)
            if movement.counterpart_id.reconciled:
                self._settled(movement, "applied")
                return True
        self._ask_back(work, movement, collected, error)
        return False

    def _match_rest(self, movement, origin):
        """Match what was not collected of a payment with its return."""
        if movement.type != "payment_return":
            return
        lines = origin.counterpart_id | movement.counterpart_id
        open_ = lines.filtered(lambda line: not line.reconciled)
        if len(open_) == 2 and len(open_.account_id) == 1:
            self._reconcile([open_])
        origin.write({"subject_to_return": False})
        origin._refresh_application()

    def _day_back(self, movement, origin):
        """Return the day on which it went back, and agreements by which that is mirrored."""
        collected = self._collected_with(origin, BACK[movement.type][0])
        agreements = movement.env["integration.collection.agreement"]
        agreements = agreements.union(*(self._agreement_now(row) for row in collected))
        return max([movement.event_date, *collected.mapped("date")]), agreements

    def _ask_back(self, work, movement, collected, error):
        """Leave what could not be mirrored for a person; the money itself is booked."""
        facts = self._facts(movement) | {
            "number": ", ".join(collected.mapped("invoice_number")),
            "company": ", ".join(sorted(set(collected.agreement_id.payee_partner_id.mapped("name")))),
        }
        disputed = movement.type in MONEY_TYPES
        application = "open" if movement.partner_id or disputed else "unidentified"
        code = error.code if error else _unclear(disputed)
        self._wait(work, movement, application, code, facts | (dict(error.params) if error else {}))

    def _agreement_now(self, row):
        """Return the agreement by which a collection is undone: its own, or the one that has taken its place."""
        agreement = row.agreement_id
        if agreement.state == "active":
            return agreement
        now = agreement._of(agreement.company_id)
        return now.filtered(lambda one: one.payee_id.id == agreement.payee_id.id)[:1] or agreement

    # -- the other company's customer ------------------------------------------------------------------------

    def _match_customer(self, pair, invoice, item):
        """Match the customer's item with what it belongs to: the invoice, its credit note, or what is undone."""
        if pair.kind == "collected":
            return super()._match_customer(pair, invoice, item)
        undone = self._customer_item(pair.undoes.with_env(self.env), item.account_id)
        if pair.kind == "taken_back":
            undone.with_context(skip_invoice_sync=True).remove_move_reconcile()
            self._reconcile([undone | item])
            left = undone.filtered(lambda line: not line.reconciled)
            if left and (lines := self._open_lines(invoice, pair.invoice.currency_id)):
                self._reconcile([left | lines])
        elif pair.kind == "refund_returned":
            if open_ := undone.filtered(lambda line: not line.reconciled):
                self._reconcile([open_ | item])
            self._close_credit_note_asked(pair.undoes, self.env._("What was sent back came back."))
        else:
            self._match_credit_note(invoice, item)
            if not item.reconciled:
                self._ask_credit_note(pair, invoice, item)
        return None

    def _customer_item(self, row, account):
        return row.payee_move_id.line_ids.filtered(lambda line: line.account_id == account)

    def _match_credit_note(self, invoice, item):
        """Match what was sent back with the open credit note of the invoice, where that is certain."""
        notes = self.env["account.move"].search(
            [
                ("move_type", "=", "out_refund"),
                ("state", "=", "posted"),
                ("company_id", "=", invoice.company_id.id),
                ("reversed_entry_id", "=", invoice.id),
                ("currency_id", "=", invoice.currency_id.id),
                ("payment_state", "in", ("not_paid", "partial")),
            ]
        )
        lines = self._open_lines(notes, invoice.currency_id)
        open_amount = item.amount_residual_currency
        exact = lines.filtered(
            lambda line: not invoice.currency_id.compare_amounts(-line.amount_residual_currency, open_amount)
        )
        if target := exact[:1] or (lines if len(lines) == 1 else lines.browse()):
            self._reconcile([item | target])

    def _ask_credit_note(self, pair, invoice, item):
        """Tell the other company that revenue still stands of what was sent back."""
        amount = f"{pair.amount:.{invoice.currency_id.decimal_places}f} {invoice.currency_id.name}"
        params = {
            "amount": amount,
            "number": invoice._integration_number(),
            "company": pair.agreement._as_payee().collector_partner_id.name,
        }
        self.env["integration.exception"]._raise_company_cause(
            invoice.company_id, "collected_credit_missing", params, f"sent back {item.move_id.ref}"
        )

    @api.model
    def _credit_notes_of_collected(self, notes):
        """Credit notes came into these books: match what another company has sent back before, as its user here."""
        refunded = self.env["integration.collection"].search(
            [("kind", "=", "refunded"), ("invoice_id", "in", notes.reversed_entry_id.ids)]
        )
        for row in refunded:
            terms = row.invoice_id.line_ids.filtered(lambda line: line.display_type == "payment_term")
            item = self._customer_item(row, terms[:1].account_id).filtered(lambda line: not line.reconciled)
            if not item:
                continue
            self._match_credit_note(row.invoice_id, item)
            if item.reconciled:
                self._close_credit_note_asked(row, self.env._("The credit note was posted and matched."))

    def _close_credit_note_asked(self, row, resolution):
        """Close what asked the other company for a credit note; acts as its user."""
        row = row.with_env(self.env)
        self.env["integration.exception"]._settle_company_cause(
            row.payee_id, "collected_credit_missing", f"sent back {row.payee_move_id.ref}", resolution
        )

    # -- what the companies owe each other -------------------------------------------------------------------

    def _match_undone(self, pair, own, theirs):
        """Match what is owed between the two with what it undoes, in each company as its own user."""
        payee = pair.agreement._as_payee()
        sides = (
            (self, pair.undoes.move_id, own),
            (payee.env[self._name], pair.undoes.with_env(payee.env).payee_move_id, theirs),
        )
        for posting, entry, item in sides:
            target = entry.line_ids.filtered(
                lambda line, item=item: (
                    line.account_id == item.account_id
                    and line.partner_id == item.partner_id
                    and (line.amount_currency > 0) != (item.amount_currency > 0)
                    and not line.reconciled
                )
            )
            if target:
                posting._reconcile([target[:1] | item])


def _unclear(disputed):
    """Return the code of an amount that does not tell which part of what was collected it is."""
    return "collect_dispute_unclear" if disputed else "collect_refund_unclear"
