# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..messaging.message import STATUS_LABELS

STOPPED = ("dead", "parked")
AGES = [
    ("1_day", "Since today"),
    ("2_week", "Up to a week"),
    ("3_month", "Up to a month"),
    ("4_older", "Longer than a month"),
]


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    assigned_user_id = fields.Many2one(
        "res.users", string="Looked after by", readonly=True, ondelete="restrict", copy=False
    )
    discard_reason = fields.Char(string="Put aside because", readonly=True, copy=False)
    reason_id = fields.Many2one(
        "integration.error.resolution", compute="_compute_reason_id", string="What this means"
    )

    _stopped_idx = models.Index("(company_id, id) WHERE status IN ('dead', 'parked')")

    @api.depends("error_code")
    def _compute_reason_id(self):
        known = self.env["integration.error.resolution"].search([("code", "in", self.mapped("error_code"))])
        by_code = {resolution.code: resolution for resolution in known}
        for message in self:
            message.reason_id = by_code.get(message.error_code, False)

    def action_discard(self, reason=None):
        """Button: put these events aside for good. Without ``reason`` the question for it is returned."""
        self.check_access("write")
        if not reason:
            return self._ask("integration.put.aside", self.env._("Put aside"))
        if not reason.strip():
            raise UserError(
                self.env._("Say why: whoever reads it later must understand it without asking you.")
            )
        stopped = self.filtered(lambda message: message.status in STOPPED)
        super().action_discard()
        stopped.sudo().write({"discard_reason": reason.strip()})
        self.env["integration.audit.leaf"].sudo()._record_messages(
            stopped, "message.discard_reason", reason.strip()
        )
        return True

    def action_assign(self, user=None):
        """Button: say who looks after these events. Without ``user`` the question for it is returned.

        :raises UserError: the person may not work on events.
        """
        self.check_access("write")
        if user is None:
            return self._ask("integration.assign.events", self.env._("Assign"))
        if user and not user.has_group("finance_integration.group_operator"):
            raise UserError(
                self.env._("%s may not work on events: the right of an operator is missing.", user.name)
            )
        self.sudo().write({"assigned_user_id": user.id if user else False})
        name = user.name if user else self.env._("nobody")
        self.env["integration.audit.leaf"].sudo()._record_messages(self, "message.assign", name)
        return True

    def _ask(self, model, title):
        """Return the action that asks a question about these events."""
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_message_ids": self.ids},
        }


class IntegrationStoppedEvent(models.Model):
    """Events with which nothing happens until a person acts: by reason, age and amount at stake."""

    _name = "integration.stopped.event"
    _description = "Stopped event"
    _auto = False
    _log_access = False
    _order = "stopped_at, id"
    _rec_name = "event_id"

    message_id = fields.Many2one("integration.message", readonly=True, string="Stopped event")
    company_id = fields.Many2one("res.company", readonly=True)
    connection_id = fields.Many2one("integration.connection", readonly=True)
    flow_id = fields.Many2one("integration.flow", readonly=True, string="About")
    direction = fields.Selection([("in", "In"), ("out", "Out")], readonly=True)
    event_id = fields.Char(readonly=True)
    event_type = fields.Char(readonly=True, string="Said by the source")
    object_key = fields.Char(readonly=True, string="Outside object")
    status = fields.Selection([(status, STATUS_LABELS[status]) for status in STOPPED], readonly=True)
    reason_id = fields.Many2one("integration.error.resolution", readonly=True)
    error_code = fields.Char(readonly=True)
    error_class = fields.Selection(
        selection=lambda self: self.env["integration.error.resolution"]._selection_error_class(),
        readonly=True,
        string="Class",
    )
    error_text = fields.Char(readonly=True, string="What happened (as it is kept)")
    next_step = fields.Char(related="reason_id.next_step", string="What to do")
    amount = fields.Monetary(readonly=True, string="At stake")
    currency_id = fields.Many2one("res.currency", readonly=True)
    occurred_at = fields.Datetime(readonly=True, string="Happened")
    received_at = fields.Datetime(readonly=True, string="Received")
    stopped_at = fields.Datetime(readonly=True, string="Stopped")
    age = fields.Selection(AGES, readonly=True)
    attempt_count = fields.Integer(readonly=True, string="Tries", aggregator=None)
    exception_id = fields.Many2one("integration.exception", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, string="Looked after by")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT m.id, m.id AS message_id, m.company_id, m.connection_id, m.flow_id, m.direction, m.event_id,
                   m.event_type, m.object_key, m.status, r.id AS reason_id, m.error_code, r.error_class, m.error_text,
                   m.amount, m.currency_id, m.occurred_at, m.received_at, m.attempt_count, m.exception_id,
                   m.assigned_user_id AS user_id, s.stopped_at,
                   CASE WHEN s.stopped_at > now() AT TIME ZONE 'UTC' - interval '1 day' THEN '1_day'
                        WHEN s.stopped_at > now() AT TIME ZONE 'UTC' - interval '7 days' THEN '2_week'
                        WHEN s.stopped_at > now() AT TIME ZONE 'UTC' - interval '30 days' THEN '3_month'
                        ELSE '4_older' END AS age
              FROM integration_message m
              LEFT JOIN integration_error_resolution r ON r.code = m.error_code
              CROSS JOIN LATERAL (
                   SELECT COALESCE((SELECT a.started_at FROM integration_attempt a WHERE a.message_id = m.id
                                     ORDER BY a.id DESC LIMIT 1), m.received_at) AS stopped_at) s
             WHERE m.status IN ('dead', 'parked')
            """
        )

    @api.depends("event_type", "event_id")
    def _compute_display_name(self):
        for stopped in self:
            stopped.display_name = f"{stopped.event_type} · {stopped.event_id}"

    def action_try_again(self):
        return self.message_id.action_try_again()

    def action_discard(self):
        return self.message_id.action_discard()

    def action_plan_replay(self):
        return self.message_id.action_plan_replay()

    def action_assign(self):
        return self.message_id.action_assign()

    def action_assign_to_me(self):
        return self.message_id.action_assign(self.env.user)

    def action_open_event(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.message",
            "res_id": self.message_id.id,
            "views": [(False, "form")],
        }


class IntegrationPutAside(models.TransientModel):
    _name = "integration.put.aside"
    _description = "Put events aside"

    message_ids = fields.Many2many("integration.message", readonly=True, string="Events")
    reason = fields.Char(
        required=True, help="Why these events must never be booked or sent. It is kept as evidence."
    )
    event_count = fields.Integer(compute="_compute_event_count")

    @api.depends("message_ids")
    def _compute_event_count(self):
        for question in self:
            question.event_count = len(
                question.message_ids.filtered(lambda message: message.status in STOPPED)
            )

    def action_put_aside(self):
        self.ensure_one()
        self.message_ids.action_discard(self.reason or " ")
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class IntegrationAssignEvents(models.TransientModel):
    _name = "integration.assign.events"
    _description = "Assign events"

    message_ids = fields.Many2many("integration.message", readonly=True, string="Events")
    user_id = fields.Many2one(
        "res.users",
        string="Looked after by",
        help="Empty = nobody.",
        domain=lambda self: [("all_group_ids", "in", self.env.ref("finance_integration.group_operator").ids)],
    )

    def action_assign(self):
        self.ensure_one()
        self.message_ids.action_assign(self.user_id or False)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
