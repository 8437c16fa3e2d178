# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button "History": what the audit trail says about one record."""

from odoo import fields, models
from odoo.fields import Domain


class IntegrationHistory(models.AbstractModel):
    """Mix-in: a record whose audit entries are one click away."""

    _name = "integration.history"
    _description = "Record with a history"

    def _history_domain(self):
        """Return which audit entries are about this record."""
        self.ensure_one()
        return Domain("res_model", "=", self._name) & Domain("res_id", "=", self.id)

    def action_history(self):
        """Button: the audit entries about this record."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_audit_leaf")
        domain = list(self._history_domain())
        return dict(
            action,
            name=self.env._("History of %s", self.display_name),
            domain=domain,
            context={"integration_about": self.display_name, "integration_about_domain": domain},
        )


class IntegrationMessage(models.Model):
    _name = "integration.message"
    _inherit = ["integration.message", "integration.history"]

    def _history_domain(self):
        return super()._history_domain() | Domain("message_id", "=", self.id)


class IntegrationConnection(models.Model):
    _name = "integration.connection"
    _inherit = ["integration.connection", "integration.history"]

    def _history_domain(self):
        """Of the connection itself and its set-up; what became of its events is at the events."""
        return super()._history_domain() | (
            Domain("connection_id", "=", self.id) & Domain([("message_id", "=", False)])
        )


class IntegrationException(models.Model):
    _name = "integration.exception"
    _inherit = ["integration.exception", "integration.history"]

    def _history_domain(self):
        return super()._history_domain() | Domain("message_id", "in", self.message_ids_held.ids)


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "integration.history"]

    def _history_domain(self):
        return super()._history_domain() | Domain("message_id", "in", self._integration_messages().ids)


class IntegrationAuditLeaf(models.Model):
    _inherit = "integration.audit.leaf"

    seal_id = fields.Many2one("integration.audit.seal", compute="_compute_seal_id")

    def _compute_seal_id(self):
        seals = self.env["integration.audit.seal"].sudo()
        for leaf in self:
            leaf.seal_id = seals.search(
                [("first_id", "<=", leaf.id), ("last_id", ">=", leaf.id)], order="last_id", limit=1
            )

    def action_export_about(self):
        """Button: export what is shown, or what was ticked, with the proofs."""
        context = self.env.context
        about, domain = context.get("integration_about"), context.get("integration_about_domain")
        if self:
            about, domain = self.env._("%s chosen entries", len(self)), [("id", "in", self.ids)]
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_audit_export")
        defaults = {"default_content": "chosen" if domain else "whole"}
        if domain:
            defaults |= {"default_about": about, "default_about_domain": domain}
        return dict(action, context=defaults)
