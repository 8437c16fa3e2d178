# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.error_catalogue import CODES

SEVERITIES = [("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical")]
# Statuses of events that are not finished: they count as waiting for their exception.
UNFINISHED = ("ready", "waiting", "held", "unknown", "parked", "dead")
# First half of an advisory lock key: the second half is the hash of a cause.
LOCK_SPACE = 0x4649_4558
# A cause that comes back within so many days opens its exception again instead of making another one.
RETURN_DAYS = 30
# Hours until somebody must have decided, by severity; a flow's own agreement goes before.
DUE_HOURS = {"critical": 4, "high": 24, "medium": 72, "low": 168}


class IntegrationException(models.Model):
    """Something that a person must decide: one row per cause, with everything that waits for it."""

    _name = "integration.exception"
    _description = "Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "severity_rank desc, deadline, id"
    _check_company_auto = True

    code = fields.Char(required=True, readonly=True)
    cause = fields.Char(
        required=True, readonly=True, help="What tells this exception from others of the same kind."
    )
    connection_id = fields.Many2one(
        "integration.connection",
        readonly=True,
        ondelete="restrict",
        help="Empty = it concerns a rule or the hub itself.",
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, readonly=False, precompute=True, index=True
    )
    flow_id = fields.Many2one("integration.flow", readonly=True, ondelete="set null")
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved")],
        required=True,
        default="open",
        readonly=True,
        tracking=True,
    )
    severity = fields.Selection(SEVERITIES, required=True, readonly=True, group_expand="_expand_severities")
    severity_rank = fields.Integer(compute="_compute_severity_rank", store=True)
    user_id = fields.Many2one("res.users", string="Owner", tracking=True, index=True)
    deadline = fields.Datetime(string="Act by", readonly=True)
    is_overdue = fields.Boolean(compute="_compute_is_overdue", search="_search_is_overdue")
    params = fields.Json(readonly=True, help="What fills the sentences; the words are the reader's.")
    detail = fields.Text(string="Detail for the engineer", readonly=True)
    resolved_at = fields.Datetime(readonly=True)
    resolved_by_id = fields.Many2one("res.users", readonly=True)
    resolution = fields.Char(readonly=True)
    returned_count = fields.Integer(
        readonly=True, string="Came back", help="How often it was resolved and came back."
    )
    message_ids_held = fields.One2many("integration.message", "exception_id", string="Waiting events")
    held_count = fields.Integer(compute="_compute_held_count", string="Events waiting")
    movement_ids = fields.One2many("integration.movement", "exception_id", string="Booked money to apply")

    _resolved_cause_idx = models.Index("(connection_id, code, cause) WHERE state = 'resolved'")
    _open_cause_unique = models.UniqueIndex("(connection_id, code, cause) WHERE state = 'open'")

    @api.model
    def _expand_severities(self, values, domain):
        """Let the columns of a board stand by urgency, the most urgent first; only those that hold something."""
        return [value for value, _label in reversed(SEVERITIES) if value in values]

    @api.depends("connection_id.company_id")
    def _compute_company_id(self):
        for exception in self:
            exception.company_id = exception.connection_id.company_id or exception.company_id

    @api.depends("severity")
    def _compute_severity_rank(self):
        ranks = {value: rank for rank, (value, _label) in enumerate(SEVERITIES)}
        for exception in self:
            exception.severity_rank = ranks.get(exception.severity, 0)

    @api.depends("deadline", "state")
    def _compute_is_overdue(self):
        now = fields.Datetime.now()
        for exception in self:
            exception.is_overdue = (
                exception.state == "open" and bool(exception.deadline) and exception.deadline < now
            )

    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("state", "=", "open"), ("deadline", "<", fields.Datetime.now())]

    def _compute_held_count(self):
        counts = dict(
            self.env["integration.message"]._read_group(
                [("exception_id", "in", self.ids), ("status", "in", UNFINISHED)],
                ["exception_id"],
                ["__count"],
            )
        )
        for exception in self:
            exception.held_count = counts.get(exception, 0)

    # -- raising and resolving -----------------------------------------------------------------------------

    def _open_cause(self, connection, code, cause):
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM integration_exception
                 WHERE connection_id = %s AND code = %s AND cause = %s AND state = 'open'
                """,
                connection.id,
                code,
                cause,
            )
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    @api.model
    def _raise_cause(self, connection, code, params, cause, flow=None, detail=None):
        """Return the open exception of this cause, making it where there is none.

        :param params: what fills the sentences of the catalogue.
        :param cause: text that is equal for everything with the same cause.
        """
        exceptions = self.sudo()
        cause = cause[:250]
        if found := self._open_cause(connection, code, cause):
            return exceptions.browse(found)
        # Two requests that are refused at the same moment raise one exception; the second one waits here.
        lock = f"{connection.id} {code} {cause}"
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", LOCK_SPACE, lock))
        if found := self._open_cause(connection, code, cause):
            return exceptions.browse(found)
        if returned := exceptions._open_again(connection, code, cause, params, flow, detail):
            return returned
        info = CODES[code]
        return exceptions.with_context(mail_create_nolog=True, mail_create_nosubscribe=True).create(
            {
                "code": code,
                "cause": cause,
                "connection_id": connection.id,
                "flow_id": flow.id if flow else False,
                "severity": info.severity,
                "user_id": flow.user_id.id if flow and flow.user_id else False,
                "deadline": self._due(connection.company_id, info.severity, flow, connection.time_zone),
                "params": {name: _plain(value) for name, value in params.items()},
                "detail": detail,
            }
        )

    def _open_again(self, connection, code, cause, params, flow, detail):
        """Open the exception of a cause that was resolved lately and has come back; an empty record where none was."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=RETURN_DAYS)
        domain = [
            ("connection_id", "=", connection.id),
            ("code", "=", code),
            ("cause", "=", cause),
            ("state", "=", "resolved"),
            ("resolved_at", ">=", since),
        ]
        exception = self.search(domain, order="id desc", limit=1)
        if exception:
            before = exception.resolution or ""
            exception.write(
                {
                    "state": "open",
                    "returned_count": exception.returned_count + 1,
                    "deadline": self._due(
                        connection.company_id, exception.severity, flow, connection.time_zone
                    ),
                    "params": {name: _plain(value) for name, value in params.items()},
                    "detail": detail,
                    "resolved_at": False,
                    "resolved_by_id": False,
                    "resolution": False,
                }
            )
            exception.message_post(body=self.env._("It has come back. It had been resolved: %s", before))
        return exception

    @api.model
    def _due(self, company, severity, flow=None, time_zone=None):
        """Return until when somebody must have decided (naive UTC): the flow's agreement, else by severity."""
        hours = (flow and flow.sla_hours) or DUE_HOURS[severity]
        return fields.Datetime.add(fields.Datetime.now(), hours=hours)

    def _resolve(self, resolution):
        """Close these exceptions; ``resolution`` says in plain words why."""
        for exception in self.sudo().filtered(lambda row: row.state == "open"):
            exception.write(
                {
                    "state": "resolved",
                    "resolved_at": fields.Datetime.now(),
                    "resolved_by_id": self.env.uid,
                    "resolution": resolution[:500],
                }
            )
            exception.activity_ids.unlink()
        self.env["integration.audit.leaf"]._record_change(self, "exception.resolve", resolution)

    @api.model
    def _settle_cause(self, connection, code, cause, resolution):
        """Close the open exceptions of one cause: what raised them has gone.

        :param code: of which kind they are; several, or None = whichever.
        :param resolution: says in plain words why.
        """
        domain = [("connection_id", "=", connection.id), ("cause", "=", cause[:250]), ("state", "=", "open")]
        if code is not None:
            domain.append(("code", "in", [code] if isinstance(code, str) else sorted(code)))
        if found := self.sudo().search(domain):
            found._resolve(resolution)

    def _resolve_if_empty(self):
        """Close those whose cause has gone: no event waits any more and no money waits to be applied."""
        for exception in self.sudo().filtered(lambda row: row.state == "open"):
            waiting = (
                self.env["integration.message"]
                .sudo()
                .search_count(
                    [
                        ("exception_id", "=", exception.id),
                        ("status", "in", ("parked", "dead", "waiting", "unknown")),
                    ],
                    limit=1,
                )
            )
            if not waiting and not exception.movement_ids:
                exception._resolve(self.env._("The cause has gone: nothing waits for it any more."))

    # -- buttons -------------------------------------------------------------------------------------------

    def _open_form(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def action_assign_to_me(self):
        self.check_access("write")
        self.write({"user_id": self.env.uid})

    def action_try_again(self):
        """Button: the cause is removed; everything that waits goes on by itself."""
        self.check_access("write")
        count = self._go_on("message.retry")
        if not count:
            raise UserError(self.env._("Nothing waits here that could be tried again."))
        return self._told(self.env._("%s events are in the queue again.", count))

    def _go_on(self, trigger):
        """Put what waits for these exceptions back into the queue; returns how many events."""
        return len(self.sudo().message_ids_held._requeue(trigger))

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(action, domain=[("exception_id", "=", self.id)], context={})

    def action_open_source(self):
        """Button: open the booked money, or else what the waiting events are about."""
        self.ensure_one()
        if self.movement_ids:
            return self.movement_ids._open_moves()
        return self.action_open_messages()

    def action_mark_resolved(self):
        """Button for exceptions that only inform: somebody has seen it and nothing waits."""
        self.check_access("write")
        for exception in self:
            if exception.held_count or exception.movement_ids:
                raise UserError(
                    self.env._(
                        "Something still waits for this exception. Use the button that fixes it; it then closes itself."
                    )
                )
        self._resolve(self.env._("Seen and settled by %s.", self.env.user.name))

    def _told(self, text):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": text,
                "type": "success",
                "sticky": False,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _note(self, text):
        for exception in self.sudo():
            exception.message_post(body=Markup("%s") % text, author_id=self.env.user.partner_id.id)


def _plain(value):
    """Return a parameter as JSON keeps it; dates and amounts become texts."""
    return value if isinstance(value, (str, int, list)) or value is None else str(value)
