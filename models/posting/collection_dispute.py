# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A customer disputes what was collected for another company: that company bears the risk (F17, F19, ADR 0061).

The collecting company A books on its disputed receivables, at once as always, what the provider has withdrawn.
In the same moment in both companies: A owes the other company B as much less, and what the customer disputes stands in
B's disputed receivables. B's invoice stays paid. Money that is given back undoes both. Fees of the dispute stay with A.
"""

from odoo import api, models
from odoo.fields import Command

from ...engine.errors import BusinessError
from ..reconciliation.dispute import MONEY_TYPES
from ..reconciliation.movement import WAITING
from .collection_return import BACK

KINDS = ("disputed", "dispute_returned")


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    # -- when ------------------------------------------------------------------------------------------------

    def _judge_payment(self, work, movement, invoices, unknown):
        """What is collected after it was disputed is disputed there at once."""
        result = super()._judge_payment(work, movement, invoices, unknown)
        if movement.collection_ids:
            self.env["integration.dispute"].search([("payment_id", "=", movement.id)])._tie()
        return result

    @api.model
    def _mirror_dispute(self, movement):
        """Book in both companies what was withdrawn or given back of collected money, as far as it is open here."""
        if movement.counterpart_id.reconciled:
            if movement.application in WAITING:
                self._settled(movement, "applied")
            return
        origin = self._origin_of(movement)
        if self._collected_with(origin, BACK[movement.type][0]):
            self._mirror(None, movement, origin)

    def _origin_of(self, movement):
        """What is withdrawn undoes its payment, what is given back undoes what was withdrawn of the same dispute."""
        if movement.type not in MONEY_TYPES:
            return super()._origin_of(movement)
        dispute = movement.dispute_record_id
        if movement.type == "dispute":
            return dispute.payment_id
        return dispute.movement_ids.filtered(lambda row: row.type == "dispute")

    # -- the other company's side ------------------------------------------------------------------------------

    def _customer_account(self, pair, invoice):
        """What is disputed leaves the invoice paid: it stands in disputed receivables, and is taken back from there."""
        if pair.kind == "disputed":
            return self._own_account(pair, invoice.company_id, "AR-DISP")
        if pair.kind == "dispute_returned":
            return self._disputed_item(pair.undoes).account_id
        return super()._customer_account(pair, invoice)

    def _own_account(self, pair, company, role):
        """Return the account that plays a role in a whole company, which need not have a connection.

        :raises BusinessError: ``collect_refused``: nobody has chosen one.
        """
        roles = self.env["integration.role.account"]
        account = roles._account_of_company(company, role)
        if not account:
            label = dict(roles._fields["role"]._description_selection(self.env))[role]
            reason = self.env._(
                "%(company)s has no account for “%(role)s”: choose one under Accounts of roles, for all connections",
                company=company.name,
                role=label,
            )
            params = self._pair_words(pair) | {"reason": reason}
            raise BusinessError("collect_refused", f"{role} of company {company.id}", params=params)
        return account

    def _disputed_item(self, row):
        """Return the item of the other company on which a disputed amount stands; acts as that company's user."""
        return row.with_env(self.env).payee_move_id.line_ids.sorted("id")[1:2]

    def _match_customer(self, pair, invoice, item):
        """Match what is given back with what was disputed; what is disputed matches nothing and stays open."""
        if pair.kind not in KINDS:
            return super()._match_customer(pair, invoice, item)
        if pair.kind == "dispute_returned":
            undone = self._disputed_item(pair.undoes).filtered(lambda line: not line.reconciled)
            if undone:
                self._reconcile([undone | item])
        return None

    # -- what becomes of a lost one ------------------------------------------------------------------------------

    @api.model
    def _leave_disputed(self, row, account, partner, amount, day):
        """Take an amount out of the other company's disputed receivables; acts as its user. Returns the entry.

        :param row: the collection of kind 'disputed'.
        :param account: where it goes, with ``partner``.
        :param amount: in the currency of the document, positive, at most what is open.
        """
        item = self._disputed_item(row)
        currency, books = item.currency_id, item.company_id.currency_id
        whole = not currency.compare_amounts(amount, item.amount_residual_currency)
        balance = item.amount_residual
        if not whole:
            balance = books.round(item.amount_residual * amount / item.amount_residual_currency)
        journal = row.payee_move_id.journal_id
        date = self._first_open_day(item.company_id, journal, day)
        common = {"name": self.env._("Dispute lost: %s", row.invoice_number), "currency_id": currency.id}
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": date,
                "ref": row.reference,
                "integration_event_date": day,
                "line_ids": [
                    Command.create(
                        {
                            **common,
                            "account_id": side.id,
                            "partner_id": whose.id,
                            "balance": sign * balance,
                            "amount_currency": sign * amount,
                        }
                    )
                    for side, whose, sign in ((account, partner, 1), (item.account_id, item.partner_id, -1))
                ],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: date})
        self._reconcile([item | entry.line_ids.sorted("id")[1:2]])
        return entry
