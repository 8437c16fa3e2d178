# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money whose event names another legal entity stays where the money is, and is collected for that one (ADR 0051)."""

from odoo import models

from ...engine.canonical.registry import kind_of
from ...engine.routing import currency_of

# Key of the drain's row under which the posting rules find the company that an event names.
COLLECTS_FOR = "collects_for"


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _is_collected_for(self, work, document, company, day):
        """A movement of money that names another company, for which this one collects, is booked here."""
        if kind_of(document)[0] != "movement" or not self._collects_for(work, company, day):
            return super()._is_collected_for(work, document, company, day)
        work.row[COLLECTS_FOR] = company.id
        return True

    def _stays_here(self, work, decision, target):
        """Money that the other company has no balance account for is here, whatever entity it names."""
        connection = work.connection
        company = self.env["res.company"].browse(decision.company_id)
        documents = work.documents
        if company == connection.company_id or any(kind_of(each)[0] != "movement" for each in documents):
            return super()._stays_here(work, decision, target)
        codes = {currency_of(each) for each in documents}
        theirs = set(target.sudo().balance_account_ids.currency_id.mapped("name"))
        ours = set(connection.sudo().balance_account_ids.currency_id.mapped("name"))
        day = self._day_of(work, documents[0].occurred_at)
        if codes & theirs or not codes <= ours or not self._collects_for(work, company, day):
            return super()._stays_here(work, decision, target)
        work.row[COLLECTS_FOR] = company.id
        return True

    def _collects_for(self, work, company, day):
        agreements = self.env["integration.collection.agreement"].sudo()._of(work.connection.company_id, day)
        return company in agreements.payee_id
