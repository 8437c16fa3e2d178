# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Why an event is looked at: kept from the moment of the decision until the try that it caused is written down."""

from odoo import SUPERUSER_ID, fields, models

from .attempt import TRIGGERS

# What put an event back into the queue, by the action in the audit trail; anything else removed its cause.
_BY_ACTION = {"message.retry": "person", "message.book_anew": "person", "message.replay": "replay"}


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    next_trigger = fields.Selection(
        TRIGGERS, readonly=True, copy=False, help="What will have caused the next try; empty = its turn."
    )
    trigger_user_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    tries_before = fields.Integer(
        readonly=True,
        help="Tries made before a person let the event go on: from there the retry policy counts anew.",
    )

    def _requeue(self, trigger):
        """Keep what let the events go on, and who did it; their retry policy begins anew."""
        stopped = super()._requeue(trigger)
        person = self.env.uid if self.env.uid != SUPERUSER_ID else False
        for message in stopped:
            message.write(
                {
                    "next_trigger": _BY_ACTION.get(trigger, "fix"),
                    "trigger_user_id": person,
                    "tries_before": message.attempt_count,
                }
            )
        stopped.flush_recordset()  # the queue is read with plain SQL
        return stopped

    def _take_trigger(self):
        """Return trigger and person for the try that is being written down, and forget them."""
        self.ensure_one()
        told = self.next_trigger or ("retry" if self.attempt_count > 1 else "queue")
        taken = {"trigger": told, "user_id": self.trigger_user_id.id}
        if self.next_trigger:
            self.write({"next_trigger": False, "trigger_user_id": False})
        return taken


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _carried_context(self):
        """Return what a transaction of the drain's own takes over from its caller: why it was called."""
        caller = self.env.context.get("integration_trigger")
        return {"integration_trigger": caller} if caller else {}

    def _trigger(self, row):
        """Return (trigger, id of the person or None) of the try at this event."""
        if row["next_trigger"]:
            return row["next_trigger"], row["trigger_user_id"]
        if row["status"] == "waiting":
            return "retry", None
        return self.env.context.get("integration_trigger", "queue"), None
