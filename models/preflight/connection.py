# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.preflight import ACTIVATE, State, in_the_way, judge

OPENED = {
    "journals": ("account.journal", lambda connection: connection._used_journals().ids),
    "roles": ("integration.role.account", None),
    "mappings": ("integration.mapping", None),
    "statements": ("integration.processor.statement", None),
    "shadow": ("integration.shadow.result", None),
    "agreements": ("integration.collection.agreement", None),
}


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    preflight_ids = fields.One2many("integration.preflight.point", "connection_id", string="Set-up")
    preflight_open = fields.Integer(compute="_compute_preflight", string="Points open")
    preflight_at = fields.Datetime(compute="_compute_preflight", string="Looked at")
    needs_text = fields.Text(
        compute="_compute_needs_text",
        string="What you need",
        help="What is taken from the outside system or entered there, and where it stands in its screens.",
    )

    def _compute_preflight(self):
        for connection in self:
            points = connection.preflight_ids
            connection.preflight_open = len(
                points.filtered(lambda row: row.state in (State.RED.value, State.TO_CONFIRM.value))
            )
            connection.preflight_at = max(points.mapped("checked_at"), default=False)

    @api.depends("connector")
    @api.depends_context("lang")
    def _compute_needs_text(self):
        _ = self.env._
        for connection in self:
            needs = connection._spec().needs if connection.connector else ()
            connection.needs_text = "\n".join(f"• {_(need.what)}: {_(need.where)}" for need in needs) or False

    def _run_preflight(self, flows=None):
        """Look at the set-up anew, write down what was found, and return the verdicts.

        :param flows: the flows that are to book; by default all that come in and do not book yet.
        """
        self.ensure_one()
        if flows is None:
            flows = self.flow_ids.filtered(
                lambda flow: flow.direction == "in" and flow.state in ("draft", "shadow")
            )
        confirmed = {row.code: row.confirmed or () for row in self.preflight_ids}
        verdicts = judge(self._preflight_facts(flows), confirmed)
        self.env["integration.preflight.point"]._keep(self, verdicts)
        self.invalidate_recordset(["preflight_ids"])
        return verdicts

    def _check_preflight(self, step, flows=None):
        """Refuse a step of a connection in production while a point of the set-up is not in order.

        :raises UserError: names each point.
        """
        for connection in self.filtered(lambda row: row.environment == "production"):
            if blocking := in_the_way(connection._run_preflight(flows), step):
                raise UserError(connection._preflight_sentence(blocking))

    def _preflight_sentence(self, blocking):
        _ = self.env._
        lines = []
        for verdict in blocking:
            lines.append(f"• {_(verdict.point.label)}")
            lines += [f"    {text}" for text in verdict.details or (_("It could not be found out."),)]
        return _(
            "%(name)s is not set up for production yet. Open “Set-up” on its form and press “Look at the set-up”:"
            "\n%(points)s",
            name=self.name,
            points="\n".join(lines),
        )

    def action_activate(self):
        """What keeps a connection from receiving is told before it is switched on."""
        for connection in self:
            if not connection._missing_points():  # else that is told, in its own words
                connection._check_preflight(ACTIVATE)
        return super().action_activate()

    def action_preflight(self):
        """Button: look at the set-up anew."""
        for connection in self:
            connection.check_access("read")
            verdicts = connection._run_preflight()
            open_ = [verdict.point.code for verdict in verdicts if not verdict.holds]
            self.env["integration.audit.leaf"]._record_change(
                connection, "connection.preflight", ", ".join(open_) or "all in order"
            )

    def _preflight_fix(self, fix):
        """Return the action that mends or opens what a point is about."""
        self.ensure_one()
        if fix == "propose":
            self.action_propose_accounting()
            self.action_preflight()
            return True
        if fix == "settings":
            return self.env["ir.actions.actions"]._for_xml_id("account.action_account_config")
        if fix == "service_user":
            self._sync_service_user()
            self.action_preflight()
            return True
        if fix == "providers":
            return self.env["ir.actions.actions"]._for_xml_id("payment.action_payment_provider")
        model, ids = OPENED[fix]
        if ids:
            domain = [("id", "in", ids(self))]
        elif fix == "roles":
            domain = [("company_id", "=", self.company_id.id), ("connection_id", "in", (False, self.id))]
        elif fix == "agreements":
            domain = [("company_id", "=", self.company_id.id)]
        elif fix == "shadow":
            domain = [("flow_id.connection_id", "=", self.id)]
        else:
            domain = [("connection_id", "=", self.id)]
        return {
            "type": "ir.actions.act_window",
            "name": self.env[model]._description,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": domain,
        }
