# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class IntegrationBalanceAccount(models.Model):
    """A balance held at a provider in one currency, with the bank-type journal that mirrors it."""

    _name = "integration.balance.account"
    _description = "Balance account at a provider"
    _order = "connection_id, currency_id"
    _check_company_auto = True

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        check_company=True,
        domain="[('type', '=', 'bank')]",
        help="Every movement of the balance becomes one bank statement line in this journal.",
    )

    _currency_unique = models.Constraint(
        "UNIQUE(connection_id, currency_id)", "A connection has one balance account per currency."
    )
    _journal_unique = models.Constraint("UNIQUE(journal_id)", "A journal mirrors one balance account only.")

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()  # record rules and the waiting money's look-up read these
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _mirrors(self, company):
        """Return the journals of a company that mirror a balance at a provider."""
        return self.sudo().search([("company_id", "=", company.id)]).journal_id

    @api.constrains("journal_id", "currency_id")
    def _check_currency(self):
        for account in self:
            currency = account.journal_id.currency_id or account.company_id.currency_id
            if currency != account.currency_id:
                raise ValidationError(
                    self.env._(
                        "Journal %(journal)s is kept in %(has)s, but the balance account is in %(wants)s.",
                        journal=account.journal_id.display_name,
                        has=currency.name,
                        wants=account.currency_id.name,
                    )
                )

    @api.depends("connection_id.name", "currency_id.name")
    def _compute_display_name(self):
        for account in self:
            account.display_name = f"{account.connection_id.name} {account.currency_id.name or ''}"
