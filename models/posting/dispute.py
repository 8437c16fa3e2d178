# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timedelta

from odoo import api, models
from odoo.fields import Command

from ..reconciliation.dispute import MONEY_TYPES
from .work import Effect


class IntegrationPosting(models.AbstractModel):
    _inherit = "integration.posting"

    @api.model
    def _effect(self, key, record):
        """Return what an event became; ``key`` happens once per connection."""
        return Effect(key[:255], record._name, record.id)


class IntegrationPostingDispute(models.AbstractModel):
    """A lost dispute leaves the disputed receivables (policy F17): as bad debt, after another person agreed."""

    _name = "integration.posting.dispute"
    _inherit = "integration.posting"
    _description = "Posting rules: lost disputes"

    @api.model
    def _book_loss(self, dispute):
        """Book what is open of a lost dispute as bad debt, on the day of the decision; returns the entry.

        :raises MissingReferenceError: there is no account for bad debt.
        """
        role = self.env["integration.role.account"]._resolver(dispute.connection_id)
        lines = self._open_items(dispute)
        rows = []
        for line in lines:
            rows += self._rows(
                dispute, line, role("BAD"), line.amount_residual_currency, line.amount_residual
            )
        entry = self._post_entry(dispute, rows, dispute.decided_on or dispute.opened_on)
        booked = entry.line_ids.filtered(lambda line: line.account_id in lines.account_id)
        self._match([lines | booked])
        return entry

    @api.model
    def _set_off(self, dispute, notes):
        """Set credit notes off against what is open of a lost dispute (policy table: concession); returns the entry.

        The customer's claim from the credit note is what the provider has paid out for us: nothing is paid again.

        :param notes: posted credit notes in the currency of the dispute, with something open.
        """
        line = self._open_items(dispute)[:1]
        claims = notes.line_ids.filtered(
            lambda item: item.display_type == "payment_term" and not item.reconciled
        )
        currency = line.currency_id
        amount = min(line.amount_residual_currency, -sum(claims.mapped("amount_residual_currency")))
        share = amount / line.amount_residual_currency
        balance = dispute.company_currency_id.round(line.amount_residual * share)
        rows = self._rows(dispute, line, claims.account_id[:1].id, currency.round(amount), balance)
        day = max([dispute.decided_on or dispute.opened_on, *notes.mapped("date")])
        entry = self._post_entry(dispute, rows, day)
        mine = entry.line_ids.filtered(lambda item: item.account_id == claims.account_id[:1])
        other = entry.line_ids - mine
        self._match([mine | claims, other | line])
        return entry

    def _open_items(self, dispute):
        items = dispute.movement_ids.filtered(lambda row: row.type in MONEY_TYPES).counterpart_id
        return items.filtered(lambda line: not line.reconciled)

    def _rows(self, dispute, line, account_id, amount, balance):
        """Return both items of taking an amount out of disputed receivables to another account."""
        common = {
            "name": self.env._("Dispute %s lost", dispute.dispute_id),
            "partner_id": dispute.partner_id.id,
            "currency_id": line.currency_id.id,
        }
        disputed = {"account_id": line.account_id.id, "balance": -balance, "amount_currency": -amount}
        return [
            Command.create(
                {**common, "account_id": account_id, "balance": balance, "amount_currency": amount}
            ),
            Command.create({**common, **disputed}),
        ]

    def _post_entry(self, dispute, rows, day):
        connection = dispute.connection_id
        journal = connection.entry_journal_id
        date = self._first_open_day(connection.company_id, journal, day)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": date,
                "ref": dispute.dispute_id,
                "integration_connection_id": connection.id,
                "integration_source_id": dispute.dispute_id,
                "integration_event_date": day,
                "line_ids": rows,
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: date})
        return entry

    def _match(self, plan):
        self.env["account.move.line"].with_context(skip_invoice_sync=True)._reconcile_plan(plan)

    @api.model
    def _book_allowance(self, journal, accounts, amount, day, connection=None):
        """Book the expected loss of open disputes and take it back on the next day; returns both entries.

        A locked day is not moved: an allowance belongs to its month or to none.

        :param accounts: ids of the accounts for the loss and for the allowance.
        :param connection: whose disputes they are; None = of money that another company has collected.
        :raises BusinessError: ``core_changed``: Odoo would book it on another day.
        """
        entries = []
        for date, sign in ((day, 1), (day + timedelta(days=1), -1)):
            common = {"name": self.env._("Allowance for open disputes, %s", day)}
            entry = self.env["account.move"].create(
                {
                    "move_type": "entry",
                    "journal_id": journal.id,
                    "date": date,
                    "ref": common["name"],
                    "reversed_entry_id": entries[0].id if entries else False,
                    "integration_connection_id": connection.id if connection else False,
                    "integration_event_date": day,
                    "line_ids": [
                        Command.create({**common, "account_id": account_id, "balance": side * sign * amount})
                        for account_id, side in zip(accounts, (1, -1), strict=True)
                    ],
                }
            )
            entry._post(soft=False)
            self._check_kept(entry, {entry.id: date})
            entries.append(entry)
        return tuple(entries)
