# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.replay import OUTCOMES

MAX_EVENTS = 10_000
STATES = [
    ("draft", "Being chosen"),
    ("planning", "Plan is being computed"),
    ("planned", "Planned"),
    ("waiting", "Waits for approval"),
    ("approved", "Approved"),
    ("running", "Running"),
    ("done", "Done"),
    ("partly", "Done, some events stopped"),
    ("cancelled", "Cancelled"),
]
OUTCOME_LABELS = {
    "post": "Would be booked",
    "send": "Would be sent again",
    "nothing": "Nothing to book",
    "duplicate": "Already booked",
    "superseded": "Overtaken by a newer version",
    "refused": "Would be refused",
    "on_its_way": "On its way already",
}
# What a person may write, and only while the events are being chosen.
CHOSEN = frozenset(
    {
        "scope", "event_ids", "connection_ids", "flow_ids", "direction", "kind", "error_code", "with_dead",
        "with_parked", "with_waiting", "with_done", "with_superseded", "with_discarded", "amount_from", "amount_to",
        "currency_id", "window_field", "window_from", "window_to", "reason", "company_id",
    }
)  # fmt: skip
# What mail and activities write themselves.
_MAIL = frozenset({"message_follower_ids", "activity_ids", "message_main_attachment_id"})
# Only the holder of this object may move a replay on.
_KEY = object()


class IntegrationReplay(models.Model):
    """A plan to process events again: what is chosen, what it would do, who approved it, what came of it (E6, X4)."""

    _name = "integration.replay"
    _description = "Replay"
    _inherit = ["mail.thread", "mail.activity.mixin", "integration.doorbell"]
    _order = "id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="restrict", index=True
    )
    state = fields.Selection(STATES, required=True, default="draft", readonly=True, tracking=True, copy=False)
    reason = fields.Char(
        help="Why these events are processed again. It is kept with the audit trail.", tracking=True
    )
    note = fields.Char(readonly=True, copy=False, string="What to know")
    line_ids = fields.One2many("integration.replay.line", "replay_id", readonly=True, copy=False)

    # -- the frozen plan -------------------------------------------------------------------------------------
    plan_digest = fields.Char(
        readonly=True, copy=False, help="SHA-256 over all lines: freezes what is approved."
    )
    planned_at = fields.Datetime(readonly=True, copy=False)
    needs_approval = fields.Boolean(
        readonly=True,
        copy=False,
        help="At least one event would be booked, or was finished before and is processed again.",
    )
    totals = fields.Json(readonly=True, copy=False)

    # -- approval --------------------------------------------------------------------------------------------
    requested_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    requested_at = fields.Datetime(readonly=True, copy=False)
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict", tracking=True
    )
    approved_at = fields.Datetime(readonly=True, copy=False)
    approved_until = fields.Datetime(readonly=True, copy=False, help="The run must start before this.")
    approved_digest = fields.Char(readonly=True, copy=False)

    # -- the run ---------------------------------------------------------------------------------------------
    run_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    started_at = fields.Datetime(readonly=True, copy=False)
    checked_at = fields.Datetime(
        readonly=True, copy=False, help="The plan was computed again and had not changed."
    )
    finished_at = fields.Datetime(readonly=True, copy=False)

    line_count = fields.Integer(compute="_compute_progress", string="Events")
    planned_count = fields.Integer(compute="_compute_progress", string="Planned")
    done_count = fields.Integer(compute="_compute_progress", string="Put into the queue")
    progress = fields.Float(compute="_compute_progress", string="Progress (%)")
    may_approve = fields.Boolean(compute="_compute_may_approve")

    _reason_given = models.Constraint(
        "CHECK (state NOT IN ('waiting', 'approved') OR length(trim(COALESCE(reason, ''))) > 0)",
        "Say why these events are processed again.",
    )
    _two_people = models.Constraint(
        "CHECK (approved_by_id IS NULL OR (requested_by_id IS NOT NULL AND approved_by_id <> requested_by_id"
        " AND approved_by_id <> create_uid))",
        "Who planned a replay or asked for its approval never approves it.",
    )
    _approved_as_planned = models.Constraint(
        "CHECK (state NOT IN ('running', 'done', 'partly') OR NOT needs_approval OR (approved_by_id IS NOT NULL"
        " AND approved_digest IS NOT DISTINCT FROM plan_digest))",
        "This replay concerns the books: it runs only as a second person has approved it.",
    )

    def init(self):
        """Let the database itself refuse a run that was not approved, and a change of what was approved."""
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION integration_replay_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.state = 'running' AND OLD.state <> 'running' THEN
                        IF NOT COALESCE(NEW.needs_approval, false) AND EXISTS (
                            SELECT FROM integration_replay_line l
                             WHERE l.replay_id = NEW.id
                               AND (l.mode = 'new' OR (l.mode = 'resume' AND l.outcome = 'post'))
                        ) THEN
                            RAISE EXCEPTION 'this replay concerns the books and needs an approval'
                                USING ERRCODE = 'check_violation';
                        END IF;
                        IF NEW.needs_approval
                           AND COALESCE(NEW.approved_until, '-infinity') < now() AT TIME ZONE 'UTC' THEN
                            RAISE EXCEPTION 'the approval of this replay has expired'
                                USING ERRCODE = 'check_violation';
                        END IF;
                    END IF;
                    RETURN NEW;
                END $$;
                DROP TRIGGER IF EXISTS integration_replay_run ON integration_replay;
                CREATE TRIGGER integration_replay_run BEFORE UPDATE ON integration_replay
                    FOR EACH ROW EXECUTE FUNCTION integration_replay_guard();
                """
            )
        )

    # -- guard -----------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.keys() - CHOSEN - _MAIL:
                raise UserError(self.env._("A replay begins with the choice of events and nothing else."))
        return super().create(vals_list)

    def write(self, vals):
        if self.env.context.get("integration_replay") is not _KEY and not vals.keys() <= _MAIL:
            if vals.keys() - CHOSEN - _MAIL:
                raise UserError(self.env._("The state of a replay follows from what is done with it."))
            if any(replay.state not in ("draft", "planned") for replay in self):
                raise UserError(
                    self.env._("What is being approved or run cannot be changed. Cancel it and plan anew.")
                )
            if vals.keys() - {"reason"} - _MAIL and any(replay.state == "planned" for replay in self):
                raise UserError(self.env._("Press “Choose again” to change which events are meant."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A replay is evidence: it can be cancelled, never deleted."))

    def _set(self, **values):
        """Write what only the steps of a replay may write."""
        self.sudo().with_context(integration_replay=_KEY).write(values)
        self.flush_recordset()

    def _lock(self, *states):
        """Let nobody else move this replay on until the transaction ends; it must be in one of ``states``.

        :raises UserError: it is in another state.
        """
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(SQL("SELECT state FROM integration_replay WHERE id = %s FOR UPDATE", self.id))
        [state] = self.env.cr.fetchone()
        self.invalidate_recordset()
        if state not in states:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(self.env._("This cannot be done now: the replay is “%s”.", labels[state]))

    def _note_step(self, action, detail=None):
        """Leave an audit entry for a step of this replay, in the name of whoever took it."""
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "company_id": self.company_id.id,
                    "res_model": self._name,
                    "res_id": self.id,
                    "user_id": self.env.uid,
                    "subject_digest": self.plan_digest or None,
                    "detail": detail,
                }
            ]
        )

    # -- display ---------------------------------------------------------------------------------------------

    @api.depends("create_date")
    def _compute_display_name(self):
        for replay in self:
            replay.display_name = (
                self.env._("Replay %s", replay.id) if replay.id else self.env._("New replay")
            )

    @api.depends("line_ids.outcome", "line_ids.became_id", "state")
    def _compute_progress(self):
        counts = {}
        if self.ids:
            self.env["integration.replay.line"].flush_model()
            self.env.cr.execute(
                SQL(
                    """
                    SELECT replay_id, count(*), count(outcome),
                           count(*) FILTER (WHERE became_id IS NOT NULL OR mode = 'skip')
                      FROM integration_replay_line WHERE replay_id = ANY(%s) GROUP BY replay_id
                    """,
                    self.ids,
                )
            )
            counts = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for replay in self:
            total, planned, done = counts.get(replay.id, (0, 0, 0))
            replay.line_count, replay.planned_count, replay.done_count = total, planned, done
            reached = planned if replay.state in ("draft", "planning") else done
            replay.progress = 100.0 * reached / total if total else 0.0

    @api.depends("state", "requested_by_id")
    @api.depends_context("uid")
    def _compute_may_approve(self):
        approver = self.env.user.has_group("finance_integration.group_approver")
        for replay in self:
            own = self.env.user in (replay.requested_by_id | replay.create_uid)
            replay.may_approve = replay.state == "waiting" and approver and not own

    def _open_form(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def action_open_lines(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_replay_line")
        return dict(action, domain=[("replay_id", "=", self.id)], context={})

    @api.model
    def _outcome_labels(self):
        return {outcome: OUTCOME_LABELS[outcome] for outcome in OUTCOMES}
