# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Products keep where their values come from, whether people change the variant or its template (M1)."""

from odoo import api, fields, models

from ...engine.owned_columns import watched

MAX_EXCEPTIONS = 1000
# Says in a context that somebody notes this write already. An object: no context that comes from outside holds it.
_NOTING = object()


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "integration.sourced"]

    def write(self, vals):
        # A write of a variant goes on to its template and the other way round: the outer one of the two notes it.
        nested = self.env.context.get("integration_noting") is _NOTING
        before = {} if nested else self._integration_before(vals)
        records = self.with_context(integration_noting=_NOTING) if before else self
        result = super(ProductProduct, records).write(vals)
        if before:
            self.browse(before)._integration_note_edits(before)
        if vals.get("active"):
            self._integration_let_events_go()
        return result

    def _integration_is_shared(self):
        """Several variants have name, kind, price, unit, taxes and accounts in common."""
        variants = self.sudo().with_context(active_test=False).product_tmpl_id.product_variant_ids
        return len(variants) > 1

    def _integration_write_values(self, values):
        """Archiving a product, or taking it back, concerns its template as well where it is the only variant."""
        values = dict(values)
        active = values.pop("active", None)
        result = self.write(values) if values else True
        if active is True:
            self.action_unarchive()
        elif active is False:
            self.action_archive()
        return result

    def _integration_let_events_go(self):
        """Let the events go on that waited for these products to be in use again."""
        waiting = (
            self.env["integration.exception"]
            .sudo()
            .search([("code", "=", "product_archived"), ("state", "=", "open")], limit=MAX_EXCEPTIONS)
        )
        ids = {str(product.id) for product in self}
        meant = waiting.filtered(lambda row: str((row.params or {}).get("product_id")) in ids)
        meant.message_ids_held._requeue("message.product_ready")


class ProductTemplate(models.Model):
    """What the form of a product shows is that of its variant, where it has only one."""

    _inherit = "product.template"

    integration_source_table = fields.Html(
        compute="_compute_integration_of_variant", sanitize=False, string="Source of fields"
    )
    integration_owned_text = fields.Char(compute="_compute_integration_of_variant")
    integration_proposed_count = fields.Integer(
        compute="_compute_integration_of_variant", string="Other values"
    )

    @api.depends_context("uid", "company", "lang", "tz")
    def _compute_integration_of_variant(self):
        for template in self:
            variant = template.product_variant_ids
            variant = variant if len(variant) == 1 else variant.browse()
            template.integration_source_table = variant.integration_source_table
            template.integration_owned_text = variant.integration_owned_text
            template.integration_proposed_count = variant.integration_proposed_count

    def write(self, vals):
        variants = self.env["product.product"]
        touched = watched(variants._name).keys() & vals.keys()
        if touched and self.env.context.get("integration_noting") is not _NOTING:
            variants = self.with_context(active_test=False).product_variant_ids
        before = variants._integration_before(vals)
        templates = self.with_context(integration_noting=_NOTING) if before else self
        result = super(ProductTemplate, templates).write(vals)
        if before:
            variants.browse(before)._integration_note_edits(before)
        return result

    def action_open_integration_proposed(self):
        """Button: open the values that other systems propose for this product."""
        self.ensure_one()
        variants = self.with_context(active_test=False).product_variant_ids
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_proposed_value")
        return dict(
            action,
            domain=[("res_model", "=", variants._name), ("res_id", "in", variants.ids)],
            context={"search_default_open": 1},
        )
