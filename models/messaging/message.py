# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.lifecycle import STAGES, STATUSES, accountant_label, check_transition
from .big_integer import BigInteger
from .loose_many2one import LooseMany2one

STAGE_LABELS = {
    "received": "Received",
    "validated": "Checked",
    "transformed": "Understood",
    "posted": "Posted",
    "acknowledged": "Acknowledged",
    "reconciled": "Reconciled",
}
STATUS_LABELS = {
    "ready": "In the queue",
    "waiting": "Will be tried again",
    "held": "Waiting for an earlier event",
    "unknown": "Sent, answer unknown",
    "parked": "Stopped: needs a person",
    "dead": "Stopped after all tries",
    "done": "Done",
    "superseded": "Overtaken by a newer version",
    "discarded": "Put aside by a person",
}
# Only the holder of this object may write the two axes: they change through _advance alone.
_KEY = object()
OPEN_BLOCKERS = ("waiting", "held", "parked", "dead", "unknown")


class IntegrationMessage(models.Model):
    """The durable unit in the inbox and in the outbox."""

    _name = "integration.message"
    _description = "Integration event"
    _order = "id desc"
    _log_access = False
    _rec_name = "event_id"

    direction = fields.Selection([("in", "In"), ("out", "Out")], required=True, readonly=True)
    company_id = LooseMany2one("res.company", required=True, readonly=True, ondelete="restrict")
    connection_id = LooseMany2one("integration.connection", required=True, readonly=True, ondelete="restrict")
    endpoint_id = LooseMany2one("integration.endpoint", readonly=True, ondelete="set null")
    flow_id = LooseMany2one("integration.flow", readonly=True, ondelete="set null")
    lane_id = LooseMany2one("integration.lane", readonly=True, ondelete="restrict")
    origin = fields.Selection(
        [
            ("push", "Sent to us"),
            ("pull", "Fetched by us"),
            ("odoo", "Made in Odoo"),
            ("replay", "Processed again"),
        ],
        readonly=True,
        default="push",
    )
    event_id = fields.Char(required=True, readonly=True, help="The sender's id of this event.")
    event_type = fields.Char(required=True, readonly=True)
    object_key = fields.Char(
        required=True, readonly=True, help="The outside object: its events are applied one after the other."
    )
    version = BigInteger(readonly=True)
    kind = fields.Char(readonly=True, help="What the event is about, in the hub's own terms.")
    occurred_at = fields.Datetime(readonly=True, help="When it happened at the source.")
    amount = fields.Monetary(readonly=True, help="Gross amount of the document or movement.")
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="restrict")
    economic_date = fields.Date(
        readonly=True, string="Accounting day", help="The day to which the document or movement belongs."
    )
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    finished_at = fields.Datetime(readonly=True)
    stage = fields.Selection(
        [(stage, STAGE_LABELS[stage]) for stage in STAGES], required=True, readonly=True, default="received"
    )
    status = fields.Selection(
        [(status, STATUS_LABELS[status]) for status in STATUSES],
        required=True,
        readonly=True,
        default="ready",
    )
    state_label = fields.Char(string="State", compute="_compute_state_label")
    due_at = fields.Datetime(string="Next try", readonly=True)
    attempt_count = fields.Integer(string="Tries", readonly=True)
    error_code = fields.Char(readonly=True)
    error_text = fields.Char(string="What happened (as it is kept)", readonly=True)
    error_detail = fields.Text(string="Detail for the engineer", readonly=True)
    body_digest = fields.Char(readonly=True, help="SHA-256 of the bytes as they came in.")
    correlation_id = fields.Char(readonly=True, help="One id through all systems that this event touches.")
    exception_id = fields.Many2one("integration.exception", readonly=True, ondelete="set null")
    attempt_ids = fields.One2many("integration.attempt", "message_id")
    effect_ids = fields.One2many("integration.effect", "message_id", string="Became")
    leaf_ids = fields.One2many("integration.audit.leaf", "message_id", string="History")
    payload_text = fields.Text(compute="_compute_payload", string="Payload")
    headers_text = fields.Text(compute="_compute_payload", string="Headers")
    documents_text = fields.Text(compute="_compute_payload", string="As understood")
    effect_summary = fields.Char(compute="_compute_effect_summary", string="What it became")
    move_count = fields.Integer(compute="_compute_effect_summary")

    _event_unique = models.UniqueIndex("(connection_id, event_id) WHERE direction = 'in'")
    _outbox_unique = models.UniqueIndex("(connection_id, event_id) WHERE direction = 'out'")
    _ready_idx = models.Index("(lane_id, id) WHERE direction = 'in' AND status IN ('ready', 'waiting')")
    _blocker_idx = models.Index(
        "(connection_id, object_key, id) WHERE status IN ('waiting', 'held', 'parked', 'dead', 'unknown')"
    )
    _outbox_idx = models.Index(
        "(connection_id, id) WHERE direction = 'out' AND status IN ('ready', 'waiting', 'unknown')"
    )
    _exception_idx = models.Index("(exception_id) WHERE exception_id IS NOT NULL")
    _object_idx = models.Index("(connection_id, object_key, id)")
    _correlation_idx = models.Index("(correlation_id) WHERE correlation_id IS NOT NULL")

    # -- display -----------------------------------------------------------------------------------------

    @api.depends("direction", "stage", "status")
    def _compute_state_label(self):
        for message in self:
            message.state_label = self.env._(
                accountant_label(message.direction, message.stage, message.status)
            )

    @api.depends("event_type", "event_id")
    def _compute_display_name(self):
        for message in self:
            message.display_name = f"{message.event_type} · {message.event_id}"

    @api.depends_context("uid")
    def _compute_payload(self):
        view = self.env["integration.payload.view"]
        may_see = self.env["integration.payload"].has_access("read")
        for message in self:
            shown = (
                view._show(message) if may_see else dict.fromkeys(("payload", "headers", "documents"), False)
            )
            message.payload_text = shown["payload"]
            message.headers_text = shown["headers"]
            message.documents_text = shown["documents"]

    @api.depends("effect_ids")
    def _compute_effect_summary(self):
        for message in self:
            effects = message.effect_ids
            message.effect_summary = ", ".join(effects.mapped("display_name"))[:500] or False
            message.move_count = len(effects.filtered(lambda effect: effect.res_model == "account.move"))

    @api.model
    def _last_received_at(self, connection_id):
        """Return when the connection's newest event came in (naive UTC), or False."""
        self.env.cr.execute(
            SQL(
                "SELECT received_at FROM integration_message WHERE connection_id = %s ORDER BY id DESC LIMIT 1",
                connection_id,
            )
        )
        row = self.env.cr.fetchone()
        return row[0] if row else False

    # -- the two axes ------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._guard_axes(vals, creating=True)
        return super().create(vals_list)

    def write(self, vals):
        self._guard_axes(vals)
        return super().write(vals)

    def _guard_axes(self, vals, creating=False):
        if {"stage", "status"} & vals.keys() and self.env.context.get("integration_axes") is not _KEY:
            if (
                creating
                and vals.get("stage", "received") == "received"
                and vals.get("status", "ready") == "ready"
            ):
                return
            raise UserError(
                self.env._("The state of an event follows from what is done with it; it cannot be written.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An event is evidence: it can be put aside, never deleted."))

    def _advance(self, stage, status, **values):
        """Move these messages to ``stage`` and ``status``; the one way in which the two axes change.

        :raises IllegalTransition: the transition table does not know the step.
        """
        for message in self:
            check_transition(message.direction, message.stage, message.status, stage, status)
        self.with_context(integration_axes=_KEY).write({"stage": stage, "status": status, **values})
        self.flush_recordset()  # the queue is read with plain SQL

    @api.model
    def _advance_many(self, outcomes):
        """Write many outcomes in one statement.

        :param outcomes: list of dicts with id, direction, from_stage, from_status, stage, status, attempts (tries so
            far) and, where they apply, kind, error_code, error_text, error_detail, due_at (naive UTC),
            exception_id, amount, currency_id, economic_date.
        :raises IllegalTransition: the transition table does not know a step.
        """
        if not outcomes:
            return
        for row in outcomes:
            check_transition(
                row["direction"], row["from_stage"], row["from_status"], row["stage"], row["status"]
            )
        columns = (
            "stage",
            "status",
            "kind",
            "error_code",
            "error_text",
            "error_detail",
            "due_at",
            "exception_id",
            "amount",
            "currency_id",
            "economic_date",
        )
        rows = [
            (
                row["id"],
                *(row.get(column) for column in columns),
                row["attempts"],
                row["status"] in ("done", "superseded", "discarded"),
            )
            for row in outcomes
        ]
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message AS m
                   SET stage = v.stage, status = v.status, kind = COALESCE(v.kind, m.kind), error_code = v.error_code,
                       error_text = v.error_text, error_detail = v.error_detail, due_at = v.due_at,
                       exception_id = v.exception_id, attempt_count = v.attempts,
                       next_trigger = CASE WHEN v.status = 'held' THEN m.next_trigger END,
                       trigger_user_id = CASE WHEN v.status = 'held' THEN m.trigger_user_id END,
                       amount = COALESCE(v.amount, m.amount), currency_id = COALESCE(v.currency_id, m.currency_id),
                       economic_date = COALESCE(v.economic_date, m.economic_date),
                       finished_at = CASE WHEN v.finished THEN now() AT TIME ZONE 'UTC' END
                  FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                              %s::timestamp[], %s::int[], %s::numeric[], %s::int[], %s::date[], %s::int[], %s::bool[])
                       AS v(id, stage, status, kind, error_code, error_text, error_detail, due_at,
                            exception_id, amount, currency_id, economic_date, attempts, finished)
                 WHERE m.id = v.id
                """,
                *(list(column) for column in zip(*rows, strict=True)),
            )
        )
        self.browse(row["id"] for row in outcomes).invalidate_recordset(flush=False)

    @api.model
    def _finish_alike(self, ids, from_stage, from_status, stage, note):
        """Let incoming events that have had no try yet be done, all in the same way, in one statement.

        :param note: what is told of them, or an empty text.
        :raises IllegalTransition: the transition table does not know the step.
        """
        check_transition("in", from_stage, from_status, stage, "done")
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message
                   SET stage = %s, status = 'done', attempt_count = 1, error_text = %s, due_at = NULL,
                       finished_at = now() AT TIME ZONE 'UTC'
                 WHERE id = ANY(%s)
                """,
                stage,
                note[:500] or None,
                ids,
            )
        )
        self.browse(ids).invalidate_recordset(flush=False)

    @api.model
    def _release_successors(self, pairs):
        """Put events that waited for one of these (connection id, object key) pairs back into the queue.

        An event that is done may also be the answer for which an earlier one was to be tried again later.
        """
        by_connection = defaultdict(set)
        for connection_id, object_key in pairs:
            by_connection[connection_id].add(object_key)
        for connection_id, keys in by_connection.items():
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE integration_message
                       SET status = CASE status WHEN 'held' THEN 'ready' ELSE status END,
                           due_at = CASE status WHEN 'waiting' THEN now() AT TIME ZONE 'UTC' END
                     WHERE connection_id = %s AND object_key = ANY(%s) AND direction = 'in'
                       AND ((status = 'held' AND COALESCE(hold_reason, 'order') = 'order')
                            OR (status = 'waiting' AND error_code = ANY(%s)))
                    """,
                    connection_id,
                    list(keys),
                    ["settlement_amount_unknown"],
                )
            )
        self.invalidate_model(["status", "due_at"], flush=False)

    # -- actions of people -------------------------------------------------------------------------------

    def _requeue(self, trigger):
        """Put stopped events back into the queue, because ``trigger`` (an audit action) removed the cause."""
        stopped = self.filtered(lambda message: message.status in ("parked", "dead", "waiting"))
        onward = defaultdict(self.browse)
        for message in stopped:
            onward[message.stage if message.direction == "out" else "received"] |= message
        for stage, messages in onward.items():
            messages._advance(stage, "ready", due_at=False)
        self.env["integration.audit.leaf"]._record_messages(stopped, trigger)
        inbound = stopped.filtered(lambda message: message.direction == "in")
        self.env["integration.lane"]._ring_after_commit(inbound.lane_id.ids)
        self.env["integration.delivery"]._ring_after_commit((stopped - inbound).connection_id.ids)
        return stopped

    def action_try_again(self):
        """Button: the cause is removed, try these events again."""
        self.check_access("write")
        done = self.sudo()._requeue("message.retry")
        if not done:
            raise UserError(
                self.env._("Only an event that needs a person, or has been stopped, can be tried again.")
            )

    def action_discard(self):
        """Button: put these events aside for good; they stay as evidence and release what waited for them."""
        self.check_access("write")
        stopped = self.sudo().filtered(lambda message: message.status in ("parked", "dead"))
        if not stopped:
            raise UserError(
                self.env._("Only an event that needs a person, or has been stopped, can be put aside.")
            )
        for message in stopped:
            message._advance(message.stage, "discarded", finished_at=fields.Datetime.now())
        self.env["integration.audit.leaf"]._record_messages(stopped, "message.discard")
        self._release_successors({(message.connection_id.id, message.object_key) for message in stopped})
        stopped.exception_id._resolve_if_empty()
        self.env["integration.lane"]._ring_after_commit(stopped.lane_id.ids)

    def action_open_effect(self):
        """Button: open what this event became."""
        self.ensure_one()
        return self.effect_ids._open_records()

    def action_open_exception(self):
        self.ensure_one()
        return self.exception_id._open_form()

    def action_open_related(self):
        """Button: all events of the same outside object and the same correlation."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        domain = [("connection_id", "=", self.connection_id.id), ("object_key", "=", self.object_key)]
        if self.correlation_id:
            domain = ["|", ("correlation_id", "=", self.correlation_id), "&", *domain]
        return dict(action, domain=domain, context={}, name=self.env._("Timeline of %s", self.object_key))
