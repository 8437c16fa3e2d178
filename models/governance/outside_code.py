# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .mapping_target import KINDS

# What a person may write of a code; everything else is the source's to say.
CHOSEN = frozenset({"plan_id"})


class IntegrationOutsideCode(models.Model):
    """A code that an outside system uses, as the system itself describes it (O15, O16)."""

    _name = "integration.outside.code"
    _description = "Code of an outside system"
    _order = "connection_id, mapping, code"
    _rec_name = "code"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    mapping = fields.Selection(KINDS, required=True, readonly=True, string="What")
    code = fields.Char(required=True, readonly=True)
    label = fields.Char(readonly=True, string="The source calls it")
    dimension = fields.Char(readonly=True, help="The axis to which an analytic code belongs at the source.")
    parent_code = fields.Char(readonly=True, string="Belongs to")
    rate_percent = fields.Char(readonly=True, string="Rate (%)")
    currency = fields.Char(readonly=True)
    valid_from = fields.Date(readonly=True, string="Used from")
    valid_until = fields.Date(readonly=True, string="until", help="The last day on which the source uses it.")
    content_digest = fields.Char(readonly=True)
    told_at = fields.Datetime(readonly=True, string="As of", help="When the source last said this.")
    is_ended = fields.Boolean(
        compute="_compute_is_ended", search="_search_is_ended", string="Ended at the source"
    )
    mapping_id = fields.Many2one("integration.mapping", compute="_compute_mapping_id")
    target = fields.Char(compute="_compute_mapping_id", string="Means today")
    is_mapped = fields.Boolean(compute="_compute_mapping_id", search="_search_is_mapped", string="Mapped")
    proposal = fields.Selection(
        [("open", "Waits for a person"), ("done", "Analytic account made"), ("declined", "Declined")],
        readonly=True,
        help="A new analytic code for which an analytic account is proposed.",
    )
    plan_id = fields.Many2one(
        "account.analytic.plan", string="Analytic plan", help="Where the analytic account would be made."
    )

    _code_unique = models.UniqueIndex("(connection_id, mapping, code)")
    _proposal_idx = models.Index("(company_id, id) WHERE proposal = 'open'")

    @api.depends("code", "label")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.code} – {row.label}" if row.label else row.code

    def _ended(self):
        return Domain("valid_until", "<", fields.Date.context_today(self))

    @api.depends("valid_until")
    def _compute_is_ended(self):
        today = fields.Date.context_today(self)
        for row in self:
            row.is_ended = bool(row.valid_until) and row.valid_until < today

    def _search_is_ended(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._ended()

    def _compute_mapping_id(self):
        Mapping = self.env["integration.mapping"]
        for connection, rows in self.grouped("connection_id").items():
            keys = Mapping._find_keys(connection, [(row.mapping, row.code) for row in rows])
            for row in rows:
                mapping = keys.get((row.mapping, row.code), Mapping).with_env(self.env)
                row.mapping_id = mapping
                row.target = mapping.target
                row.is_mapped = mapping.state in ("used", "later")

    def _search_is_mapped(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env["integration.mapping.version"].flush_model()
        return Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                """
                EXISTS (
                    SELECT 1 FROM integration_mapping m JOIN integration_mapping_version v ON v.mapping_id = m.id
                     WHERE m.connection_id = %(code)s.connection_id AND m.mapping = %(code)s.mapping
                       AND m.outside_value = %(code)s.code AND v.state = 'used'
                       AND COALESCE(v.valid_until, 'infinity') >= %(today)s)
                """,
                code=SQL.identifier(alias),
                today=fields.Date.context_today(self),
            )
        )

    @api.model
    def _labels(self, connection, pairs):
        """Return {(kind, code): record} of what the source says of these codes."""
        pairs = set(pairs)
        found = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                ("mapping", "in", list({kind for kind, _code in pairs})),
                ("code", "in", list({code for _kind, code in pairs})),
            ]
        )
        return {(row.mapping, row.code): row for row in found if (row.mapping, row.code) in pairs}

    @api.model
    def _plan_called(self, name):
        """Return the id of the one analytic plan of this name, or False."""
        plans = self.env["account.analytic.plan"].sudo().search([("name", "=ilike", _literal(name))], limit=2)
        return plans.id if len(plans) == 1 else False

    def write(self, vals):
        person = not self.env.su and not self.env.user.integration_service
        if person and not vals.keys() <= CHOSEN:
            raise UserError(
                self.env._("What a code is called is the source's to say. Map it, or choose its plan.")
            )
        return super().write(vals)

    # -- proposals -------------------------------------------------------------------------------------------

    def action_map(self):
        """Button: map the code, or propose another meaning."""
        self.ensure_one()
        return self.env["integration.mapping"]._open_for(self.connection_id, self.mapping, self.code)

    def _check_may_decide(self):
        self.check_access("write")
        if not self.env.user.has_group("finance_integration.group_operator"):
            raise AccessError(self.env._("Only an operator decides about proposed analytic accounts."))
        if any(row.proposal != "open" for row in self):
            raise UserError(self.env._("This has been decided already."))

    def action_make_analytic(self):
        """Button: make the proposed analytic account, as the acting person, and map the code to it."""
        self._check_may_decide()
        for row in self:
            if not row.plan_id:
                raise UserError(self.env._("Choose the analytic plan of %s first.", row.display_name))
            account = self.env["account.analytic.account"].create(
                {
                    "name": row.label or row.code,
                    "code": row.code,
                    "plan_id": row.plan_id.id,
                    "company_id": row.company_id.id,
                }
            )
            self.env["integration.mapping"].create(
                {
                    "connection_id": row.connection_id.id,
                    "mapping": row.mapping,
                    "outside_value": row.code,
                    "analytic_distribution": {str(account.id): 100},
                }
            )
            row.sudo().proposal = "done"
        self.env["integration.audit.leaf"]._record_change(self, "code.make_analytic")

    def action_decline(self):
        """Button: no analytic account is made; the code can still be mapped to another one."""
        self._check_may_decide()
        self.sudo().proposal = "declined"
        self.env["integration.audit.leaf"]._record_change(self, "code.decline")


def _literal(text):
    """Return ``text`` so that LIKE takes it to the letter."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    dimension_policy = fields.Selection(
        [("list", "List them"), ("propose", "List them and propose an analytic account")],
        string="New analytic codes",
        default="list",
        required=True,
        help="What becomes of an analytic code that the source announces and nobody has mapped. An analytic account is "
        "only ever made by a person who accepts the proposal.",
    )


class IntegrationMapping(models.Model):
    _inherit = "integration.mapping"

    outside_label = fields.Char(compute="_compute_outside_label", string="The source calls it")
    source_ended = fields.Boolean(
        compute="_compute_outside_label",
        search="_search_source_ended",
        help="The source does not use this code any more; the mapping still counts.",
    )

    @api.depends("connection_id", "mapping", "outside_value")
    def _compute_outside_label(self):
        for connection, mappings in self.grouped("connection_id").items():
            known = self.env["integration.outside.code"]._labels(
                connection, [(mapping.mapping, mapping.outside_value) for mapping in mappings]
            )
            for mapping in mappings:
                code = known.get((mapping.mapping, mapping.outside_value))
                mapping.outside_label = code.label if code else False
                mapping.source_ended = bool(code and code.is_ended and mapping.state == "used")

    def _search_source_ended(self, operator, value):
        if operator != "in":
            return NotImplemented
        ended = self.env["integration.outside.code"].search([("is_ended", "=", True)])
        by_kind = {
            (connection, kind): rows.mapped("code")
            for (connection, kind), rows in ended.grouped(
                lambda row: (row.connection_id.id, row.mapping)
            ).items()
        }
        matching = [
            Domain("connection_id", "=", connection)
            & Domain("mapping", "=", kind)
            & Domain("outside_value", "in", codes)
            for (connection, kind), codes in by_kind.items()
        ]
        return Domain.OR(matching) & Domain("state", "=", "used")


class IntegrationMappingChangeLine(models.Model):
    _inherit = "integration.mapping.change.line"

    outside_label = fields.Char(compute="_compute_outside_label", string="The source calls it")

    @api.depends("change_id.connection_id", "mapping", "outside_value")
    def _compute_outside_label(self):
        for connection, lines in self.grouped("connection_id").items():
            known = self.env["integration.outside.code"]._labels(
                connection, [(line.mapping, (line.outside_value or "").strip()) for line in lines]
            )
            for line in lines:
                code = known.get((line.mapping, (line.outside_value or "").strip()))
                line.outside_label = code.label if code else False
