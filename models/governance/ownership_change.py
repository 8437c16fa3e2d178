# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How ownership changes: a draft, a second person, and the rule before stays as evidence (M1)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.registry import get_connector
from .ownership_words import ROLE_LABELS, open_form

# Only the holder of this object changes a rule that holds: it goes through an approval.
_KEY = object()


class IntegrationOwnership(models.Model):
    _inherit = "integration.ownership"

    def _with_key(self):
        return self.with_context(integration_ownership=_KEY, tracking_disable=True)

    def _may_write(self):
        return self.env.context.get("integration_ownership") is _KEY

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_write():
            for vals in vals_list:
                # What a person makes is a draft, whatever the request says.
                for name in ("state", "is_default", "approved_by_id", "valid_from", "valid_until"):
                    vals.pop(name, None)
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        return rules

    def write(self, vals):
        if not self._may_write() and (
            {"state", "is_default", "approved_by_id", "valid_from", "valid_until"} & vals.keys()
            or any(rule.state != "draft" for rule in self)
        ):
            raise UserError(
                self.env._(
                    "A rule that holds is changed with “Change this rule”: a second person has to agree."
                )
            )
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if any(rule.state != "draft" for rule in self):
            raise UserError(
                self.env._("What has held once is evidence and stays. Replace it by another rule.")
            )

    def action_change(self):
        """Button: make a draft that would take the place of this rule, for this company."""
        self.ensure_one()
        draft = self.copy({"company_id": self.company_id.id or self.env.company.id, "reason": False})
        return open_form(draft)

    def action_ask(self):
        """Button: ask a second person to let this rule hold."""
        self.ensure_one()
        self.check_access("write")
        return open_form(self._ask_for_it(self.reason))

    def _ask_for_it(self, reason):
        """Ask for approval of this draft; returns the change request.

        :raises ValidationError: it contradicts what holds already.
        """
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("Only a draft is asked for."))
        self._check_together(self.company_id, self)
        request = self.env["integration.change.request"]._ask(
            self,
            self.env._("Ownership: %s", self.display_name),
            {"activate": True},
            reason,
            self._summary(),
            kind="ownership",
        )
        self._with_key().sudo().write({"state": "asked"})
        return request

    def _summary(self):
        before = self._holding()
        return self.env._(
            "Before: %(before)s\nAfter: %(after)s",
            before=before.display_name or self.env._("the rule that comes with the hub"),
            after=self.display_name,
        )

    def _approval_preview(self, values):
        """Return what an approver agrees to: the rule before, and this one."""
        return {
            "rows": [{"field": "owner", "before": self._holding().display_name, "after": self.display_name}]
        }

    def _holding(self):
        """Return the rule that holds for exactly the same."""
        self.ensure_one()
        return self.sudo().search(
            [
                ("state", "=", "active"),
                ("object", "=", self.object),
                ("field", "=", self.field),
                ("company_id", "=", self.company_id.id),
                ("connection_id", "=", self.connection_id.id),
            ]
        )

    def _carry_out(self, request):
        """Let this rule hold in place of the one before; called by integration.change.request."""
        self.ensure_one()
        if self.state not in ("draft", "asked"):
            raise UserError(self.env._("This rule has been decided already."))
        self._check_together(self.company_id, self)
        now = fields.Datetime.now()
        self._holding()._with_key().write({"state": "retired", "valid_until": now})
        self.env.flush_all()  # the index allows one that holds
        self._with_key().write(
            {"state": "active", "valid_from": now, "approved_by_id": request.approver_id.id}
        )
        self.env["integration.audit.leaf"]._record_change(self, "ownership.change", self.display_name)
        self.env["integration.proposed.value"]._take_for(self, request)

    def _approval_ended(self, request):
        """The approver did not agree, or who asked took it back: it is a draft again."""
        self.filtered(lambda rule: rule.state == "asked")._with_key().write({"state": "draft"})

    def action_open_requests(self):
        """Button: open what was asked about this rule, and who decided."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_change_request")
        return dict(action, domain=[("res_model", "=", self._name), ("res_id", "=", self.id)], context={})


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    system_role = fields.Selection(
        ROLE_LABELS,
        string="Is our",
        tracking=True,
        help="What this system is to the company. The rules of ownership speak of roles: the CRM owns the names.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Begin with the role that the connector's system usually plays."""
        for vals in vals_list:
            if vals.get("connector") and "system_role" not in vals:
                vals["system_role"] = get_connector(vals["connector"]).spec.system_role or False
        return super().create(vals_list)

    @api.constrains("system_role", "company_id")
    def _check_ownership(self):
        """Roles that move may close a circle."""
        self.env.registry.clear_cache()
        for company in self.company_id:
            self.env["integration.ownership"]._check_together(company, self.env["integration.ownership"])
