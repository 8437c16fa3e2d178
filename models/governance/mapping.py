# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.errors import MissingReferenceError

MAPPINGS = [
    ("account", "Account"),
    ("tax", "Tax"),
    ("product", "Product"),
    ("payment_term", "Payment terms"),
    ("journal", "Journal"),
    ("analytic", "Analytic account"),
]
TARGETS = {
    "account": "account.account",
    "tax": "account.tax",
    "product": "product.product",
    "payment_term": "account.payment.term",
    "journal": "account.journal",
    "analytic": "account.analytic.account",
}


class IntegrationMapping(models.Model):
    """What a value of an outside system means in Odoo."""

    _name = "integration.mapping"
    _description = "Mapping of an outside value"
    _inherit = ["mail.thread"]
    _order = "connection_id, mapping, outside_value"
    _rec_name = "outside_value"
    _check_company_auto = True

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    mapping = fields.Selection(MAPPINGS, required=True, string="What", tracking=True)
    outside_value = fields.Char(
        required=True,
        tracking=True,
        help="The value as the outside system writes it. * stands for: any other value.",
    )
    account_id = fields.Many2one("account.account", check_company=True, tracking=True)
    tax_id = fields.Many2one("account.tax", check_company=True, tracking=True)
    product_id = fields.Many2one("product.product", check_company=True, tracking=True)
    payment_term_id = fields.Many2one("account.payment.term", check_company=True, tracking=True)
    journal_id = fields.Many2one("account.journal", check_company=True, tracking=True)
    analytic_id = fields.Many2one("account.analytic.account", check_company=True, tracking=True)
    target = fields.Char(compute="_compute_target", string="Means")

    _value_unique = models.Constraint(
        "UNIQUE(connection_id, mapping, outside_value)",
        "This value is mapped already; change that mapping instead.",
    )

    @api.depends(
        "mapping", "account_id", "tax_id", "product_id", "payment_term_id", "journal_id", "analytic_id"
    )
    def _compute_target(self):
        for mapping in self:
            mapping.target = (mapping.mapping and mapping[f"{mapping.mapping}_id"].display_name) or False

    @api.constrains(
        "mapping", "account_id", "tax_id", "product_id", "payment_term_id", "journal_id", "analytic_id"
    )
    def _check_target(self):
        for mapping in self:
            if not mapping[f"{mapping.mapping}_id"]:
                raise ValidationError(self.env._("Choose what the value %s means.", mapping.outside_value))

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings._let_go()
        return mappings

    def write(self, vals):
        result = super().write(vals)
        self._let_go()
        return result

    def _let_go(self):
        """A mapping was given: let every event that waited for it go on."""
        for mapping in self:
            waiting = (
                self.env["integration.exception"]
                .sudo()
                .search(
                    [
                        ("connection_id", "=", mapping.connection_id.id),
                        ("code", "in", ("mapping_missing", "tax_missing")),
                        ("state", "=", "open"),
                    ]
                )
            )
            waiting = waiting.filtered(
                lambda row, mapping=mapping: mapping.outside_value in ("*", (row.params or {}).get("value"))
            )
            waiting.message_ids_held._requeue("message.mapping_given")

    @api.model
    def _resolver(self, connection):
        """Return a function (mapping, value) → record in ``connection``'s environment.

        The function raises MissingReferenceError ``mapping_missing`` when neither the value nor a default is mapped.
        """
        table = {
            (row.mapping, row.outside_value): row[f"{row.mapping}_id"].id
            for row in self.sudo().search([("connection_id", "=", connection.id)])
        }
        labels = dict(self._fields["mapping"]._description_selection(self.env))
        env = connection.env

        def resolve(mapping, value):
            record_id = table.get((mapping, value)) or table.get((mapping, "*"))
            if not record_id:
                raise MissingReferenceError(
                    "mapping_missing",
                    f"{mapping}: {value}",
                    params={"mapping": labels[mapping], "value": value, "code": mapping},
                )
            return env[TARGETS[mapping]].browse(record_id)

        return resolve
