# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ...engine.approval import MAX_DELEGATION_DAYS, Delegation, delegation_fault

_KEY = object()
MAX_ROWS = 10_000


class IntegrationApprovalDelegation(models.Model):
    """Somebody stands in for an approver from one day to another.

    Given by the approver it holds at once. Given by somebody else, because the approver is away, it needs an approval.
    """

    _name = "integration.approval.delegation"
    _description = "Standing in for an approver"
    _inherit = ["mail.thread"]
    _order = "last_day desc, id desc"

    delegator_id = fields.Many2one(
        "res.users",
        required=True,
        ondelete="restrict",
        index=True,
        string="Instead of",
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    delegate_id = fields.Many2one(
        "res.users",
        required=True,
        ondelete="restrict",
        index=True,
        string="Decides",
        domain="[('share', '=', False)]",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="restrict", index=True
    )
    first_day = fields.Date(required=True, default=fields.Date.context_today, string="From")
    last_day = fields.Date(required=True, string="To")
    reason = fields.Char(required=True, string="Why")
    state = fields.Selection(
        [("asked", "Waits for approval"), ("active", "Holds"), ("ended", "Ended")],
        readonly=True,
        required=True,
        default="active",
        tracking=True,
    )
    holds_today = fields.Boolean(compute="_compute_holds_today", search="_search_holds_today")
    decision_count = fields.Integer(compute="_compute_decision_count", string="Decisions taken")

    @api.depends("state", "first_day", "last_day")
    def _compute_holds_today(self):
        today = fields.Date.context_today(self)
        for row in self:
            row.holds_today = row.state == "active" and row.first_day <= today <= row.last_day

    @api.model
    def _search_holds_today(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        return [("state", "=", "active"), ("first_day", "<=", today), ("last_day", ">=", today)]

    def _compute_decision_count(self):
        Decision = self.env["integration.approval.decision"].sudo()
        for row in self:
            row.decision_count = Decision.search_count(row._decisions_domain())

    def _decisions_domain(self):
        return [
            ("user_id", "=", self.delegate_id.id),
            ("behalf_id", "=", self.delegator_id.id),
            ("company_id", "=", self.company_id.id),
        ]

    @api.depends("delegate_id", "delegator_id")
    def _compute_display_name(self):
        for row in self:
            if not row.delegate_id:
                row.display_name = self.env._("Standing in")
                continue
            row.display_name = self.env._(
                "%(delegate)s instead of %(delegator)s",
                delegate=row.delegate_id.name,
                delegator=row.delegator_id.name,
            )

    @api.constrains("delegator_id", "delegate_id", "first_day", "last_day", "company_id")
    def _check_possible(self):
        faults = {
            "self": self.env._("Nobody stands in for oneself."),
            "dates": self.env._("It ends before it begins."),
            "too_long": self.env._("Somebody stands in for at most %s days.", MAX_DELEGATION_DAYS),
            "circle": self.env._("These people would stand in for each other at the same time."),
        }
        for row in self:
            others = self.sudo().search(
                [("id", "!=", row.id), ("company_id", "=", row.company_id.id), ("state", "!=", "ended")],
                limit=MAX_ROWS,
            )
            fault = delegation_fault(row._as_engine(), [other._as_engine() for other in others])
            if fault:
                raise ValidationError(faults[fault])
            delegate = row.delegate_id.sudo()
            sees = self.env["integration.change.request"].with_user(delegate).has_access("read")
            if delegate.integration_service or not sees:
                raise ValidationError(
                    self.env._("%s cannot see what is asked for and cannot decide.", delegate.name)
                )
            if row.company_id not in delegate.company_ids:
                raise ValidationError(self.env._("%s does not work for this company.", delegate.name))

    def _as_engine(self):
        return Delegation(self.delegator_id.id, self.delegate_id.id, self.first_day, self.last_day)

    @api.model
    def _delegators_of(self, user, company):
        """Return the users who have delegated to ``user`` in ``company`` today."""
        today = fields.Date.context_today(self)
        rows = self.sudo().search(
            [
                ("delegate_id", "=", user.id),
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("first_day", "<=", today),
                ("last_day", ">=", today),
            ]
        )
        return rows.delegator_id.filtered("active")

    # -- life ------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals.pop("state", None)
            own = vals.get("delegator_id", self.env.uid) == self.env.uid
            vals["state"] = "active" if own else "asked"
        rows = super().create(vals_list)
        for row in rows:
            self.env["integration.audit.leaf"].sudo()._record_change(
                row, "delegation.give", f"{row.display_name}: {row.reason}"
            )
            if row.state == "asked":
                self.env["integration.change.request"]._ask(
                    row, row.display_name, {"state": "active"}, row.reason, kind="delegation",
                    barred=row.delegate_id,
                )  # fmt: skip
        return rows

    def write(self, vals):
        if self.env.context.get("integration_approval_delegation") is not _KEY and not vals.keys() <= {
            "message_follower_ids",
            "message_main_attachment_id",
        }:
            raise ValidationError(self.env._("Who stands in for whom is not edited: end it and begin anew."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Who stood in for whom is evidence: it can be ended, never deleted."))

    def action_end(self):
        """Button: from now on nobody stands in any more."""
        for row in self:
            row.check_access("read")
            people = row.delegator_id | row.delegate_id | row.create_uid
            if self.env.user not in people and not self.env.user.has_group(
                "finance_integration.group_approver"
            ):
                raise AccessError(self.env._("Only those concerned or an approver end this."))
            row.sudo().with_context(integration_approval_delegation=_KEY).write({"state": "ended"})
            self.env["integration.audit.leaf"].sudo()._record_change(row, "delegation.end", row.display_name)

    def _approval_preview(self, _values):
        return {
            "rows": [
                {"field": "delegator_id", "before": "", "after": self.delegator_id.name},
                {"field": "delegate_id", "before": "", "after": self.delegate_id.name},
                {"field": "first_day", "before": "", "after": str(self.first_day)},
                {"field": "last_day", "before": "", "after": str(self.last_day)},
            ],
            "digest": f"{self.delegator_id.id},{self.delegate_id.id},{self.state}",
        }

    def _carry_out(self, request):
        """Do what an approved request asks for; called by integration.change.request."""
        if request._allows(self, "active") and self.state == "asked":
            self.with_context(integration_approval_delegation=_KEY).write({"state": "active"})

    def _approval_ended(self, _request):
        waiting = self.filtered(lambda row: row.state == "asked")
        waiting.with_context(integration_approval_delegation=_KEY).write({"state": "ended"})

    def action_open_decisions(self):
        """Button: open the decisions that were taken in the name of the person who is away."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_approval_decision")
        return dict(action, domain=self._decisions_domain(), context={})
