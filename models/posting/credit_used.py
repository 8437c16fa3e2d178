# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Credits that an issuer keeps for its customer and sets off against a later invoice: matched, nothing is booked.

The issuer says of an invoice how much credit it used, and of a credit note how much stays with the customer (policy:
"credit applied to invoice: reconcile only"). Both amounts stand on the documents until they are matched, so either may
come first. Where an amount is neither all of a credit nor all that is open of the invoice, an entry on the receivable
account carries it: matching alone takes as much as it can.
"""

from odoo import api, models
from odoo.fields import Command

from .application import MAX_WAITING


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    @api.model
    def _documents_posted(self, moves):
        result = super()._documents_posted(moves)
        concerned = moves.filtered("integration_credit_left")
        if concerned:
            waiting = concerned.filtered(lambda move: move.move_type == "out_invoice")
            for note in concerned - waiting:
                waiting |= self._invoices_waiting(note)
            for invoice in waiting.sorted(lambda move: (move.invoice_date, move.id)):
                self._use_credits(invoice)
        return result

    def _invoices_waiting(self, note):
        return self.env["account.move"].search(
            [
                *self._same_credit(note),
                ("move_type", "=", "out_invoice"),
                ("payment_state", "in", ("not_paid", "partial")),
            ],
            limit=MAX_WAITING,
        )

    def _same_credit(self, move):
        """Return the domain of documents of the same issuer, customer and currency with an amount to be matched."""
        return [
            ("integration_credit_left", ">", 0),
            ("integration_connection_id", "=", move.integration_connection_id.id),
            ("company_id", "=", move.company_id.id),
            ("commercial_partner_id", "=", move.commercial_partner_id.id),
            ("currency_id", "=", move.currency_id.id),
            ("state", "=", "posted"),
        ]

    @api.model
    def _use_credits(self, invoice):
        """Match what the issuer set off of an invoice with the credits that it kept, the oldest first."""
        currency = invoice.currency_id
        notes = self.env["account.move"].search(
            [
                *self._same_credit(invoice),
                ("move_type", "=", "out_refund"),
                ("payment_state", "in", ("not_paid", "partial")),
            ],
            order="invoice_date, id",
            limit=MAX_WAITING,
        )
        for note in notes:
            there, line = self._open_lines(note, currency)[:1], self._open_lines(invoice, currency)[:1]
            wanted = invoice.integration_credit_left
            amount = min(
                wanted,
                note.integration_credit_left,
                abs(there.amount_residual_currency),
                abs(line.amount_residual_currency),
            )
            if currency.compare_amounts(amount, 0) <= 0:
                continue
            self._match_credit(note, there, invoice, line, amount)
            self._note_credit(note, note.integration_credit_left - amount)
            self._note_credit(invoice, wanted - amount)
        invoice._integration_judge_credit()

    def _note_credit(self, move, left):
        move.with_context(
            skip_invoice_sync=True, tracking_disable=True
        ).integration_credit_left = move.currency_id.round(left)

    def _match_credit(self, note, there, invoice, line, amount):
        currency = invoice.currency_id
        whole = min(abs(there.amount_residual_currency), abs(line.amount_residual_currency))
        if currency.compare_amounts(amount, whole) == 0:
            self._reconcile([there | line])
            return
        connection = invoice.integration_connection_id
        journal = connection.entry_journal_id
        date = self._first_open_day(connection.company_id, journal, max(note.date, invoice.date))
        share = amount / abs(there.amount_currency)
        balance = connection.company_id.currency_id.round(abs(there.balance) * share)
        name = self.env._(
            "Credit of %(note)s used by %(invoice)s",
            note=note._integration_number(),
            invoice=invoice._integration_number(),
        )
        common = {"name": name, "partner_id": invoice.commercial_partner_id.id, "currency_id": currency.id}
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": date,
                "ref": name,
                "integration_connection_id": connection.id,
                "integration_source_id": invoice.integration_source_id,
                "integration_event_date": invoice.invoice_date,
                "integration_correlation_id": invoice.integration_correlation_id,
                "line_ids": [
                    Command.create(
                        {
                            **common,
                            "account_id": account.id,
                            "balance": sign * balance,
                            "amount_currency": sign * amount,
                        }
                    )
                    for account, sign in ((there.account_id, 1), (line.account_id, -1))
                ],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: date})
        debit, credit = entry.line_ids.sorted("id")
        self._reconcile([there | debit, credit | line])

    @api.model
    def _give_back_credits(self, invoice):
        """An invoice is void: what it used of the customer's credits is open again, for the next one."""
        if invoice.move_type != "out_invoice" or not invoice.integration_credit_used:
            return
        lines = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
        for part in lines.matched_credit_ids:
            line = part.credit_move_id
            if self._is_credit_of(line, invoice):
                self._give_back(part)
            elif carried := self._carried_by(line.move_id, invoice):
                for each in carried:
                    self._give_back(each)
                part.with_context(skip_invoice_sync=True).unlink()
                self._take_back_carrier(line.move_id)
        self._note_credit(invoice, 0)
        invoice._integration_judge_credit()

    def _give_back(self, part):
        """Take a credit out of its matching: so much of it is there for the next invoice."""
        note = part.credit_move_id.move_id
        self._note_credit(note, note.integration_credit_left + part.credit_amount_currency)
        part.with_context(skip_invoice_sync=True).unlink()

    def _carried_by(self, entry, invoice):
        """Return the matchings by which an entry carries credits to this invoice; empty where it is another entry."""
        same = ("integration_connection_id", "integration_source_id")
        if entry.move_type != "entry" or any(entry[name] != invoice[name] for name in same):
            return entry.line_ids.matched_credit_ids.browse()
        return entry.line_ids.matched_credit_ids.filtered(
            lambda part: self._is_credit_of(part.credit_move_id, invoice)
        )

    def _take_back_carrier(self, entry):
        if plan := self._plan_reversal(entry, entry.name):
            self._reverse([plan], [{"integration_correlation_id": entry.integration_correlation_id}])

    def _is_credit_of(self, line, invoice):
        """Whether a matched item is a credit that the issuer kept, not one of this invoice itself."""
        return (
            line.move_id.move_type == "out_refund"
            and bool(line.move_id.integration_credit_used)
            and line.move_id.reversed_entry_id != invoice
        )


class IntegrationPostingCancellation(models.AbstractModel):
    _inherit = "integration.posting.cancellation"

    def _open_credited(self, note):
        result = super()._open_credited(note)
        self.env["integration.posting.application"]._give_back_credits(note)
        return result
