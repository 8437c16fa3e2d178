# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""After a fix everything that waited goes on by itself: how far it has got, and what came of it."""

from odoo import fields, models
from odoo.tools import SQL

from ..messaging.loose_many2one import LooseMany2one

UNDER_WAY = ("ready", "waiting", "held", "unknown")
STOPPED = ("parked", "dead")
# More than this is put back portion by portion, so that no statement grows without bound.
PORTION = 1000


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    fixed_exception_id = LooseMany2one(
        "integration.exception",
        readonly=True,
        string="Went on after",
        help="The exception whose fix let it go on.",
    )

    _fixed_idx = models.Index("(fixed_exception_id) WHERE fixed_exception_id IS NOT NULL")

    def _requeue(self, trigger):
        """Remember after which fix events went on, so that its progress can be shown."""
        by_exception = {}
        for message in self.filtered(lambda row: row.exception_id and row.status in (*STOPPED, "waiting")):
            by_exception.setdefault(message.exception_id, []).append(message.id)
        stopped = super()._requeue(trigger)
        for exception, message_ids in by_exception.items():
            exception._begin_run(message_ids)
        return stopped


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    run_started_at = fields.Datetime(readonly=True, copy=False, string="Went on")
    run_user_id = fields.Many2one("res.users", readonly=True, copy=False, string="Let go on by")
    run_total = fields.Integer(compute="_compute_run", string="Events that went on")
    run_done = fields.Integer(compute="_compute_run", string="Finished")
    run_stopped = fields.Integer(compute="_compute_run", string="Stopped again")
    run_progress = fields.Float(compute="_compute_run", string="Progress (%)")
    run_text = fields.Char(compute="_compute_run", string="What came of it")
    run_busy = fields.Boolean(compute="_compute_run")

    def _begin_run(self, message_ids):
        """Note that these events go on because this exception was fixed."""
        self.ensure_one()
        Message = self.env["integration.message"]
        Message.flush_model(["fixed_exception_id"])
        self.env.cr.execute(
            SQL(
                "UPDATE integration_message SET fixed_exception_id = %s WHERE id = ANY(%s)",
                self.id,
                list(message_ids),
            )
        )
        Message.browse(message_ids).invalidate_recordset(["fixed_exception_id"], flush=False)
        self.sudo().write({"run_started_at": fields.Datetime.now(), "run_user_id": self.env.uid})

    def _compute_run(self):
        groups = (
            self.env["integration.message"]
            .sudo()
            ._read_group(
                [("fixed_exception_id", "in", self.ids)], ["fixed_exception_id", "status"], ["__count"]
            )
        )
        counts = {}
        for exception, status, count in groups:
            counts.setdefault(exception.id, {})[status] = count
        for exception in self:
            by_status = counts.get(exception.id, {})
            total = sum(by_status.values())
            stopped = sum(by_status.get(status, 0) for status in STOPPED)
            under_way = sum(by_status.get(status, 0) for status in UNDER_WAY)
            exception.run_total, exception.run_stopped = total, stopped
            exception.run_done = total - stopped - under_way
            exception.run_progress = 100 * (total - under_way) / total if total else 0
            exception.run_busy = bool(under_way)
            exception.run_text = exception._say_run(total, exception.run_done, stopped, under_way)

    def _say_run(self, total, done, stopped, under_way):
        if not total:
            return False
        text = self.env._("%(done)s of %(total)s finished", done=done, total=total)
        if under_way:
            text += self.env._(", %s under way", under_way)
        if stopped:
            text += self.env._(", %s stopped again", stopped)
        return text

    def action_open_run(self):
        """Button: the events that went on after the fix."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(
            action,
            name=self.env._("Went on after: %s", self.display_name),
            domain=[("fixed_exception_id", "=", self.id)],
            context={},
        )

    def action_open_run_stopped(self):
        """Button: those that stopped again, for another reason or the same."""
        action = self.action_open_run()
        return dict(action, domain=[*action["domain"], ("status", "in", STOPPED)])

    def _go_on(self, trigger):
        """Put what waits back into the queue portion by portion."""
        count = 0
        for exception in self.sudo():
            messages = exception.message_ids_held
            for start in range(0, len(messages), PORTION):
                count += len(messages[start : start + PORTION]._requeue(trigger))
        return count
