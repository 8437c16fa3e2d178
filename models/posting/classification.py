# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money in suspense or unidentified moves to where a person says that it belongs, and back (policy F1, P6).

What stands in the suspense of a statement line is replaced there, as Odoo itself does it, on its own date. Where that
is locked or hashed, and for what stands in the account for unidentified receipts, an entry moves it on the day on
which it was found out.
"""

from odoo import api, models
from odoo.exceptions import UserError

from ...engine.limits import BILLS, CUSTOMER, EXPENSE, FEE, INVOICES, OTHER, REFUND, TRANSFER

WITH_PARTNER = (CUSTOMER, INVOICES, REFUND, BILLS)


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    @api.model
    def _classify(self, movement, purpose, facts, date):
        """Book what money is; returns (entry that says so, whether the suspense was replaced in place).

        :param purpose: one of ``engine.limits.PURPOSES``.
        :param facts: dict with partner, invoices and account, empty records where they do not apply.
        :param date: of an entry, where one is needed; the first open day after it, where that is locked.
        :raises MissingReferenceError: ``role_account_missing``.
        """
        name = self.env._("Found out: %s", movement.movement_id)
        partner = facts["partner"].commercial_partner_id
        account = self._account_of_purpose(movement, purpose, facts)
        entry, replaced = self._place(
            movement, account, partner if purpose in WITH_PARTNER else partner.browse(), date, name
        )
        if purpose not in WITH_PARTNER:
            self._settled(movement, "applied")
            return entry, replaced
        movement.write({"partner_id": partner.id, "application": "open"})
        if purpose == INVOICES:
            self._apply_to(movement, facts["invoices"], max(date, entry.date), any_currency=True)
        elif purpose == BILLS:
            self._pay_bills(movement, facts["invoices"])
        elif purpose == REFUND:
            self._match_refund(None, movement, movement.browse())
        else:
            self._judge_again(movement)
        return entry, replaced

    def _pay_bills(self, movement, bills):
        """Match money that went out with the supplier bills that it pays, oldest first."""
        lines = bills.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        self._reconcile([movement.counterpart_id | lines])
        movement.write({"invoice_ids": [(6, 0, bills.ids)]})
        self._settled(movement, "applied")

    def _account_of_purpose(self, movement, purpose, facts):
        accounts = self.env["account.account"]
        if purpose in WITH_PARTNER:
            lines = facts["invoices"].line_ids.filtered(lambda line: line.display_type == "payment_term")
            return (
                lines[:1].account_id or facts["partner"].commercial_partner_id.property_account_receivable_id
            )
        if purpose in (OTHER, EXPENSE):
            return facts["account"]
        role = {FEE: "FEE", TRANSFER: "TRANSIT"}[purpose]
        if purpose == FEE and movement.connection_id.fee_mode == "vendor":
            role = "AP-PSP"
        return accounts.browse(self.env["integration.role.account"]._resolver(movement.connection_id)(role))

    def _place(self, movement, account, partner, date, name):
        """Move what the movement is set against to another account; returns (entry, whether replaced in place)."""
        line = movement.counterpart_id
        if self._may_replace(movement):
            line.write({"account_id": account.id, "partner_id": partner.id})
            return movement.move_id, True
        balance, amount = self._left_to_place(line)
        entry = self._entry(
            movement,
            date,
            name,
            [
                (line.account_id, line.partner_id, -balance, -amount),
                (account, partner, balance, amount),
            ],
        )
        own, target = entry.line_ids.sorted("id")
        self._meet(movement, line | own)
        movement.write({"counterpart_id": target.id})
        return entry, False

    def _may_replace(self, movement):
        """Whether the line stands in the suspense of its own statement line, and that may still be written."""
        line, move = movement.counterpart_id, movement.move_id
        return (
            line.move_id == move
            and line.account_id == move.journal_id.suspense_account_id
            and self._may_still_change(move)
        )

    def _may_still_change(self, move):
        open_day = self._first_open_day(move.company_id, move.journal_id, move.date)
        return not move.inalterable_hash and open_day == move.date

    @api.model
    def _declassify(self, movement, placed, date):
        """Take back what was said of money: it is in suspense, or unidentified, again; returns the entry or nothing.

        :param placed: record of integration.classification that stands.
        :raises UserError: it was reclassified by hand since.
        """
        line = movement.counterpart_id
        if line.move_id != placed.entry_id:
            raise UserError(self.env._("It was moved on since by hand. Correct it in the books."))
        line.with_context(skip_invoice_sync=True).remove_move_reconcile()
        entry = self.env["account.move"]
        if placed.replaced and self._may_still_change(movement.move_id):
            line.write({"account_id": placed.from_account_id.id, "partner_id": False})
        else:
            name = self.env._("Taken back: %s", movement.movement_id)
            entry = self._entry(
                movement,
                date,
                name,
                [
                    (line.account_id, line.partner_id, -line.balance, -line.amount_currency),
                    (
                        placed.from_account_id,
                        movement.partner_id.browse(),
                        line.balance,
                        line.amount_currency,
                    ),
                ],
            )
            own, target = entry.line_ids.sorted("id")
            if line.account_id.reconcile:
                self._reconcile([line | own])
            movement.write({"counterpart_id": self._stands_again(movement, placed, target).id})
        movement.write({"partner_id": placed.from_partner_id.id, "invoice_ids": [(5, 0, 0)]})
        self._ask_what_it_is(movement, placed.from_application)
        return entry

    def _suspense_question(self, movement):
        """Return (code, params) of the exception about money in suspense: a purchase has its own."""
        params = {"amount": self._facts(movement)["amount"], "provider_type": movement.description or "?"}
        if not movement.is_purchase:
            return "movement_unclassified", params
        named = ", ".join(movement.reference_ids.mapped("value")[:3])
        who = movement.customer_name or named or movement.description or movement.movement_id
        return "purchase_from_balance", params | {"who": who}

    def _ask_what_it_is(self, movement, application):
        params = self._facts(movement)
        if application == "suspense":
            code, params = self._suspense_question(movement)
        else:
            code = "refund_party_unknown" if movement.type == "refund" else "payment_party_unknown"
        self._wait(None, movement, application, code, params)
