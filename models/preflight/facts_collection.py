# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Facts for the preflight about money that one company collects for another."""

from odoo import models

from ...engine.preflight import Fact


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _fact_collections(self, _flows):
        """Whether what companies owe each other can be booked, for each other company that this account serves."""
        if not self.balance_account_ids or "movement" not in self._inbound_kinds():
            return Fact(needed=False)
        agreements = self.env["integration.collection.agreement"]._of(self.company_id)
        problems = [f"{row.display_name}: {fault}" for row in agreements for fault in row._faults()]
        missing = self._served_companies() - agreements.payee_id
        to_know = {
            f"company {company.id}": self.env._(
                "No agreement for %s: money that pays its invoices would stay open here.", company.name
            )
            for company in missing
        }
        return Fact(needed=bool(agreements or missing), problems=problems, to_know=to_know)

    def _served_companies(self):
        """Return the other companies whose events this account brings: by connections or by rules of legal entities."""
        rules = self.env["integration.mapping"].search(
            [("connection_id", "=", self.id), ("mapping", "=", "company")], limit=1000
        )
        return (self.routed_to_ids.company_id | rules.legal_entity_id) - self.company_id
