# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Applying parts of a payment, and writing off what is left (policy P4, P9). Decided elsewhere, booked here."""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...engine.limits import tolerance
from .work import Finding


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    # -- parts of a payment ----------------------------------------------------------------------------------

    @api.model
    def _apply_parts(self, movement, parts, date):
        """Apply a payment to invoices, so much to each; what is left stays an open credit of the customer.

        A part that is neither all that is open of the invoice nor all that is left of the money is carried by an entry
        on the receivable account: matching alone always takes as much as it can.

        :param parts: list of (invoice, amount in the payment's currency, positive).
        :raises UserError: more than there is, or more than is open, or an invoice of another customer or currency.
        """
        if movement.application == "unidentified":
            self._identify(movement, parts[0][0].commercial_partner_id, date)
        currency = movement.currency_id
        self._check_parts(movement, parts)
        carried = self.env["account.move"]
        whole = []
        left = abs(movement.counterpart_id.amount_residual_currency)
        for invoice, amount in parts:
            open_amount = abs(sum(self._open_lines(invoice, currency).mapped("amount_residual_currency")))
            if currency.compare_amounts(amount, min(open_amount, left)) >= 0:
                whole.append(invoice)
            else:
                self._carry(movement, invoice, amount, date)
                carried |= invoice
            left -= amount
        for invoice in whole:
            self._reconcile([movement.counterpart_id | self._open_lines(invoice, currency)])
        # What a reference names is answered by a person now.
        self._judge_payment(
            None, movement, self.env["account.move"].union(*(row for row, _amount in parts)), []
        )
        if carried:
            told = movement.invoice_ids
            movement.write({"invoice_ids": [Command.link(invoice.id) for invoice in carried]})
            self._publish(movement, carried - told)

    def _check_parts(self, movement, parts):
        currency, partner = movement.currency_id, movement.partner_id.commercial_partner_id
        total = sum(amount for _invoice, amount in parts)
        left = abs(movement.counterpart_id.amount_residual_currency)
        if currency.compare_amounts(total, left) > 0:
            raise UserError(self.env._("More would be applied than is left of the money."))
        for invoice, amount in parts:
            open_amount = abs(sum(self._open_lines(invoice, currency).mapped("amount_residual_currency")))
            if currency.compare_amounts(amount, 0) <= 0 or currency.compare_amounts(amount, open_amount) > 0:
                raise UserError(self.env._("Of %s not so much is open.", invoice._integration_number()))
            if partner and invoice.commercial_partner_id != partner:
                raise UserError(self.env._("%s belongs to another customer.", invoice._integration_number()))

    def _carry(self, movement, invoice, amount, date):
        """Move a part of the open credit to one invoice with an entry on the receivable account."""
        line = movement.counterpart_id
        share = amount / abs(line.amount_currency) if line.amount_currency else 0
        balance = movement.company_id.currency_id.round(abs(line.balance) * share)
        sign = 1 if line.balance < 0 else -1
        name = self.env._(
            "Part of %(money)s for %(invoice)s", money=movement.movement_id, invoice=invoice.name
        )
        receivable = self._open_lines(invoice, movement.currency_id)[:1].account_id
        entry = self._entry(
            movement,
            date,
            name,
            [
                (line.account_id, movement.partner_id, sign * balance, sign * amount),
                (receivable, movement.partner_id, -sign * balance, -sign * amount),
            ],
        )
        first, second = entry.line_ids.sorted("id")
        self._reconcile([line | first, second | self._open_lines(invoice, movement.currency_id)])

    def _entry(self, movement, date, name, lines):
        """Post an entry in the connection's journal for entries.

        :param lines: list of (account, partner, balance in company currency, amount in the movement's currency).
        """
        connection = movement.connection_id
        journal = connection.entry_journal_id
        if not journal:
            raise UserError(self.env._("Choose the journal for entries in the connection first."))
        date = self._first_open_day(connection.company_id, journal, date)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": date,
                "ref": name,
                "integration_connection_id": connection.id,
                "integration_source_id": movement.movement_id,
                "integration_event_date": movement.event_date,
                "integration_correlation_id": movement.message_id.correlation_id,
                "line_ids": [
                    Command.create(
                        {
                            "name": name,
                            "account_id": account.id,
                            "partner_id": partner.commercial_partner_id.id,
                            "currency_id": movement.currency_id.id,
                            "balance": balance,
                            "amount_currency": amount,
                        }
                    )
                    for account, partner, balance, amount in lines
                ],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: date})
        return entry

    # -- small rests -----------------------------------------------------------------------------------------

    @api.model
    def _write_off(self, movement, line, date):
        """Write off what is left of a receivable line against the account for small differences; returns the entry.

        :param line: an open line of the movement's customer: a rest to pay (debit) or a rest of money (credit).
        :raises MissingReferenceError: ``role_account_missing`` WO.
        """
        account_id = self.env["integration.role.account"]._resolver(movement.connection_id)("WO")
        account = self.env["account.account"].browse(account_id)
        name = self.env._("Small difference of %s", movement.movement_id)
        balance, amount = line.amount_residual, line.amount_residual_currency
        entry = self._entry(
            movement,
            date,
            name,
            [
                (line.account_id, line.partner_id, -balance, -amount),
                (account, line.partner_id, balance, amount),
            ],
        )
        own = entry.line_ids.filtered(lambda item: item.account_id == line.account_id)
        self._reconcile([line | own])
        if line == movement.counterpart_id:
            movement._refresh_application()
        return entry

    def _apply_payments(self, pairs):
        result = super()._apply_payments(pairs)
        self._tell_short(pairs)
        return result

    def _tell_short(self, pairs):
        """Tell of invoices on which a payment has left a rest so small that it was surely meant to pay all."""
        paid = [(work, plan["movement"]) for work, plan in pairs if plan["movement"].application == "applied"]
        invoices = self.env["account.move"].union(*(movement.invoice_ids for _work, movement in paid))
        short = invoices.filtered(lambda move: move.amount_residual > 0)
        if not short:
            return
        limits = self.env["integration.workbench.setting"]._limits_of(invoices.company_id[:1])
        for work, movement in paid:
            invoice = movement.invoice_ids & short
            if len(movement.invoice_ids) != 1 or not invoice or invoice.currency_id != movement.currency_id:
                continue
            # In the books' own currency: that is what the limits are in.
            line = self._open_lines(invoice, movement.currency_id)
            rest, total = abs(sum(line.mapped("amount_residual"))), abs(invoice.amount_total_signed)
            company_currency = movement.company_id.currency_id
            if company_currency.compare_amounts(rest, float(tolerance(limits, _exact(total)))) > 0:
                continue
            currency = invoice.currency_id
            params = self._facts(movement) | {
                "number": invoice._integration_number(),
                "rest": f"{invoice.amount_residual:.{currency.decimal_places}f} {currency.name}",
                "move_id": invoice.id,
                "movement_id": movement.id,
            }
            work.findings.append(Finding("payment_short", params, cause=f"invoice {invoice.id}"))


def _exact(amount):
    return Decimal(str(amount))
