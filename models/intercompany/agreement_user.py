# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who books the two sides: each company's own service user, confined to the journal that the agreement names.

Company A's side is booked by the connection that the money came through. Company B need not have a connection at all:
the agreement has a user of its own there. Both are confined by the global record rules of ADR 0005.
"""

from odoo import api, models


class IntegrationCollectionAgreement(models.Model):
    _inherit = "integration.collection.agreement"

    def _ensure_payee_user(self):
        """Create the user as whom the other company's side is booked: no password, one company, one journal."""
        self.ensure_one()
        agreement = (
            self.sudo()
        )  # an integration administrator may not create users; this one can never log in
        company = agreement.payee_id
        if agreement.payee_user_id:
            return
        zones = agreement.env["integration.connection"].search([("company_id", "=", company.id)], limit=1)
        agreement.payee_user_id = (
            agreement.env["res.users"]
            .with_context(no_reset_password=True, mail_create_nolog=True)
            .create(
                {
                    "name": self.env._("Integration: %s", self.display_name),
                    "login": f"collects-{self.id}@service.invalid",
                    "company_id": company.id,
                    "company_ids": [(6, 0, company.ids)],
                    "group_ids": [(6, 0, self.env.ref("finance_integration.group_service").ids)],
                    "tz": zones.time_zone or company.partner_id.tz or self.env.user.tz or "UTC",
                    "lang": self.env.lang or "en_US",
                    "notification_type": "email",
                    "integration_service": True,
                }
            )
        )
        self.env["integration.audit.leaf"]._record_change(self, "agreement.service_user")

    def _payee_journals(self):
        """Return the journals in which the other company's side is booked."""
        companies = self.payee_id
        return (
            self.payee_journal_id
            # Matching in another currency or of cash-basis taxes makes core write entries here.
            | companies.currency_exchange_journal_id
            | companies.tax_cash_basis_journal_id
        )


class ResUsers(models.Model):
    _inherit = "res.users"

    def _integration_agreements(self):
        """Return the agreements in force as whose user in the other company this one books."""
        return (
            self.env["integration.collection.agreement"]
            .sudo()
            .search([("payee_user_id", "in", self.ids), ("state", "=", "active")])
        )

    def _integration_journal_ids(self):
        journals = self._integration_agreements()._payee_journals()
        return super()._integration_journal_ids() + journals.ids


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.depends("carries_money")
    def _compute_journal_ids(self):
        """The collecting company's side is booked by the connection that the money came through."""
        result = super()._compute_journal_ids()
        for connection in self.filtered("carries_money"):
            agreements = self.env["integration.collection.agreement"].sudo()._of(connection.company_id)
            connection.journal_ids |= agreements.journal_id
        return result
