# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where changes of Odoo's own lists become business events (O3, O15, O16)."""

from odoo import api, models


class IntegrationTold(models.AbstractModel):
    """An entry of a list of which other systems are told, each change once, as it stands when it is committed."""

    _name = "integration.told"
    _description = "Entry of a list that other systems are told of"

    # The step of integration.event that tells, its kind of event, and which fields are worth telling.
    _told_step = ""
    _told_kind = ""
    _told_fields = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._integration_tell()
        return records

    def write(self, vals):
        result = super().write(vals)
        if self._told_fields & vals.keys():
            self._integration_tell()
        return result

    def unlink(self):
        """Tell it while there is still something to tell of."""
        rows = self._integration_told_rows()
        self.env["integration.event"].sudo()._publish_listed(self._told_kind, rows.ids, "ended")
        return super().unlink()

    def _integration_tell(self):
        rows = self._integration_told_rows()
        if rows.ids and self.env["integration.event"].sudo()._listening(self._told_kind):
            self.env["integration.event"]._later(self._told_step, rows.ids)

    def _integration_told_rows(self):
        """Return those of which anything is told."""
        return self


class AccountAccount(models.Model):
    _name = "account.account"
    _inherit = ["account.account", "integration.told"]

    _told_step = "_publish_accounts_changed"
    _told_kind = "event.account_changed"
    _told_fields = frozenset(
        {
            "name",
            "code",
            "code_mapping_ids",
            "account_type",
            "currency_id",
            "reconcile",
            "active",
            "company_ids",
        }
    )


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["account.tax", "integration.told"]

    _told_step = "_publish_taxes_changed"
    _told_kind = "event.tax_changed"
    _told_fields = frozenset(
        {
            "name",
            "type_tax_use",
            "amount_type",
            "amount",
            "price_include_override",
            "active",
            "children_tax_ids",
        }
    )


class AccountPaymentTerm(models.Model):
    _name = "account.payment.term"
    _inherit = ["account.payment.term", "integration.told"]

    _told_step = "_publish_payment_terms_changed"
    _told_kind = "event.payment_term_changed"
    _told_fields = frozenset({"name", "active", "line_ids", "company_id"})


class AccountPaymentTermLine(models.Model):
    _inherit = "account.payment.term.line"

    def write(self, vals):
        result = super().write(vals)
        self.payment_id._integration_tell()
        return result


class ResCurrency(models.Model):
    _name = "res.currency"
    _inherit = ["res.currency", "integration.told"]

    _told_step = "_publish_currencies_changed"
    _told_kind = "event.currency_changed"
    _told_fields = frozenset({"name", "full_name", "active", "rounding"})


class AccountAnalyticAccount(models.Model):
    _name = "account.analytic.account"
    _inherit = ["account.analytic.account", "integration.told"]

    _told_step = "_publish_dimensions_changed"
    _told_kind = "event.dimension_changed"
    _told_fields = frozenset({"name", "code", "plan_id", "active", "company_id"})


PRODUCT_FIELDS = frozenset(
    {
        "name",
        "default_code",
        "barcode",
        "categ_id",
        "uom_id",
        "list_price",
        "lst_price",
        "taxes_id",
        "sale_ok",
        "active",
    }
)


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "integration.told"]

    _told_step = "_publish_products_changed"
    _told_kind = "event.product_changed"
    _told_fields = PRODUCT_FIELDS

    def _integration_told_rows(self):
        return self.filtered(
            lambda row: row.sale_ok or row in self.env.context.get("integration_was_sold", ())
        )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        variants = self.with_context(active_test=False).product_variant_ids
        sold = variants.filtered("sale_ok")  # told once more when it is not sold any more
        result = super().write(vals)
        if PRODUCT_FIELDS & vals.keys():
            variants.with_context(integration_was_sold=sold)._integration_tell()
        return result
