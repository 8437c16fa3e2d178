# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError


class IntegrationChangeRequest(models.Model):
    """Something that one person asks for and another one decides. What is asked for is done at the approval."""

    _name = "integration.change.request"
    _description = "Change that needs approval"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char(required=True, readonly=True, string="What is asked for")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True, string="Record")
    flow_id = fields.Many2one("integration.flow", readonly=True, ondelete="cascade", index="btree_not_null")
    values = fields.Json(readonly=True, help="What is carried out on approval.")
    reason = fields.Text(required=True, readonly=True)
    summary = fields.Text(readonly=True, help="What the requester saw when asking, such as the parallel run.")
    state = fields.Selection(
        [
            ("asked", "Waits for approval"),
            ("approved", "Approved and done"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
        default="asked",
        tracking=True,
    )
    requester_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="restrict")
    requested_at = fields.Datetime(required=True, readonly=True)
    approver_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Decided by")
    decided_at = fields.Datetime(readonly=True)
    is_own = fields.Boolean(compute="_compute_is_own")

    _two_people = models.Constraint(
        "CHECK (approver_id IS NULL OR approver_id <> requester_id)",
        "Nobody decides about an own request.",
    )
    _decided_by_somebody = models.Constraint(
        "CHECK (state NOT IN ('approved', 'refused') OR (approver_id IS NOT NULL AND decided_at IS NOT NULL))",
        "A decision has somebody who made it.",
    )
    _one_open = models.UniqueIndex("(res_model, res_id) WHERE state = 'asked'")

    @api.depends("requester_id")
    @api.depends_context("uid")
    def _compute_is_own(self):
        for request in self:
            request.is_own = request.requester_id == self.env.user

    @api.constrains("requester_id", "approver_id")
    def _check_two_people(self):
        for request in self:
            if request.approver_id and request.approver_id == request.requester_id:
                raise ValidationError(self.env._("Nobody decides about an own request."))

    @api.model
    def _ask(self, record, name, values, reason, summary=None):
        """Write down that the acting user asks for a change of ``record``; returns the request.

        :param values: JSON that ``record._carry_out(request)`` understands.
        :raises UserError: no reason is given, or a request for this record waits already.
        """
        record.ensure_one()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the approver decides on it."))
        requests = self.sudo()
        domain = [("res_model", "=", record._name), ("res_id", "=", record.id), ("state", "=", "asked")]
        if requests.search_count(domain, limit=1):
            raise UserError(self.env._("A change of %s waits for approval already.", record.display_name))
        request = requests.create(
            {
                "name": name,
                "company_id": record.company_id.id,
                "res_model": record._name,
                "res_id": record.id,
                "flow_id": record.id if record._name == "integration.flow" else False,
                "values": values,
                "reason": reason.strip(),
                "summary": summary,
                "requester_id": self.env.uid,
                "requested_at": fields.Datetime.now(),
            }
        )
        self.env["integration.audit.leaf"]._record_change(request, "change.ask", f"{name}: {reason.strip()}")
        return request

    def _allows(self, record, target):
        """Whether this is the approval of that record's change into the state ``target``."""
        self.ensure_one()
        return (
            self.state == "approved"
            and bool(self.approver_id)
            and self.approver_id != self.requester_id
            and (self.res_model, self.res_id) == (record._name, record.id)
            and (self.values or {}).get("state") == target
        )

    def _decide(self, state, action):
        """Let the acting user, an approver other than the requester, decide."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_approver"):
            raise AccessError(self.env._("Only an approver may decide about this."))
        request = self.sudo()
        if request.state != "asked":
            raise UserError(self.env._("This has been decided already."))
        if request.requester_id == self.env.user:
            raise UserError(self.env._("Nobody decides about an own request. Ask another approver."))
        request.write({"state": state, "approver_id": self.env.uid, "decided_at": fields.Datetime.now()})
        self.env["integration.audit.leaf"]._record_change(request, action, request.name)
        return request

    def action_approve(self):
        """Button: agree, and do what was asked for, in one transaction."""
        request = self._decide("approved", "change.approve")
        record = self.env[request.res_model].browse(request.res_id).exists()
        if not record:
            raise UserError(self.env._("What was to be changed is no longer there."))
        record.sudo()._carry_out(request)

    def action_refuse(self):
        """Button: do not agree; nothing changes."""
        self._decide("refused", "change.refuse")

    def action_withdraw(self):
        """Button: who asked takes it back."""
        self.ensure_one()
        request = self.sudo()
        if request.state != "asked" or request.requester_id != self.env.user:
            raise UserError(self.env._("Only who asked for it can withdraw it, while it waits."))
        request.state = "withdrawn"
        self.env["integration.audit.leaf"]._record_change(request, "change.withdraw", request.name)

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A request is decided with its buttons, never edited."))
        return super().write(vals)
