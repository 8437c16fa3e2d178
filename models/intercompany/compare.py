# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Once an hour: do the two companies of each agreement still say the same of what one owes the other?"""

from odoo import api, fields, models

from ..reports.intercompany import compared


class IntegrationCollectionAgreement(models.Model):
    _inherit = "integration.collection.agreement"

    @api.model
    def _compare_all(self):
        """Raise what differs in both companies of each agreement, and close what agrees again."""
        self.env.flush_all()
        seen = set()
        for row in self.sudo().search(
            [("state", "in", ("active", "ended")), ("collection_ids", "!=", False)]
        ):
            pair = frozenset((row.company_id.id, row.payee_id.id))
            if pair not in seen:
                seen.add(pair)
                row._compare()

    def _compare(self):
        """Compare both companies today; one exception per company and currency while they differ."""
        self.ensure_one()
        until = fields.Date.context_today(self)
        for company, other in ((self.company_id, self.payee_id), (self.payee_id, self.company_id)):
            for row in compared(self.env, company, other, until):
                if not row.reference:
                    self._tell_pair(company, other, row)

    def _tell_pair(self, company, other, row):
        """Raise or close the exception of one company about its balance with the other in one currency."""
        exceptions = self.env["integration.exception"].sudo()
        cause = f"company {other.id} {row.currency}"
        currency = (
            self.env["res.currency"].with_context(active_test=False).search([("name", "=", row.currency)])
        )
        if not row.difference:
            exceptions._settle_company_cause(
                company, "intercompany_differs", cause, self.env._("Both companies agree again.")
            )
            return
        figures = {
            name: f"{value:.{currency.decimal_places}f}"
            for name, value in (("ours", row.ours), ("theirs", -row.theirs), ("difference", row.difference))
        }
        params = {"company": other.name, "currency": row.currency, **figures}
        exception = exceptions._raise_company_cause(company, "intercompany_differs", params, cause)
        if exception.params != params:
            exception.params = params
