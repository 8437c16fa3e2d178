# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What waits, for what, since when and until when: in words, with the button that helps."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..messaging.error_words import KINDS


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    waiting_text = fields.Char(compute="_compute_waiting_text", string="What it waits for")

    @api.depends("status", "hold_reason", "waits_kind", "waits_for", "waits_until")
    def _compute_waiting_text(self):
        for message in self:
            source = message.connection_id.name
            message.waiting_text = False
            if message.status != "held":
                continue
            if message.hold_reason == "parent":
                message.waiting_text = self.env._(
                    "It belongs to the %(kind)s “%(value)s”, which %(sender)s has not sent yet.",
                    kind=message._waits_kind_words(),
                    value=message.waits_for,
                    sender=source,
                )
            elif message.hold_reason == "number":
                message.waiting_text = self.env._(
                    "It is event number %(number)s of %(sender)s, and number %(missing)s has not arrived yet.",
                    number=message.sequence,
                    sender=source,
                    missing=message.waits_for,
                )
            elif blocker := message._held_by():
                message.waiting_text = self.env._(
                    "Another event of the same object comes first: %(event)s (%(state)s).",
                    event=blocker.display_name,
                    state=blocker.state_label,
                )
            else:
                message.waiting_text = self.env._("Its turn is next.")

    def _waits_kind_words(self):
        words = KINDS.get(self.waits_kind)
        return self.env._(words) if words else self.waits_kind

    @api.depends("hold_reason", "waits_for")
    def _compute_state_label(self):
        result = super()._compute_state_label()
        for message in self.filtered(lambda row: row.status == "held"):
            if message.hold_reason == "number":
                message.state_label = self.env._("Waiting for event number %s", message.waits_for)
            elif message.hold_reason == "parent":
                message.state_label = self.env._(
                    "Waiting for %(kind)s %(value)s",
                    kind=message._waits_kind_words(),
                    value=message.waits_for,
                )
        return result

    def _held_by(self):
        """Return the event of the same object that holds this one back; one that needs somebody goes first."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                """
                SELECT b.id FROM integration_message b
                 WHERE b.connection_id = %s AND b.object_key = %s AND b.direction = 'in' AND b.id <> %s
                   AND b.status IN ('waiting', 'held', 'parked', 'dead', 'unknown')
                 ORDER BY b.status NOT IN ('parked', 'dead'), b.status = 'held', b.id
                 LIMIT 1
                """,
                self.connection_id.id,
                self.object_key,
                self.id,
            )
        )
        row = self.env.cr.fetchone()
        return self.browse(row[0] if row else [])

    def action_open_blocker(self):
        """Button: open what is in the way."""
        self.ensure_one()
        blocker = self._held_by()
        if not blocker:
            raise UserError(self.env._("Nothing is in the way any more: its turn is next."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": blocker.id,
            "views": [(False, "form")],
        }

    def action_open_gaps(self):
        """Button: open the numbers that are missing."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_sequence_gap")
        return dict(
            action, domain=[("series_id", "=", self.series_id.id)], context={"search_default_open": 1}
        )

    def action_stop_waiting(self):
        """Button: do not wait until the deadline; a person decides now."""
        self.check_access("write")
        waiting = self.sudo().filtered(lambda row: row.status == "held" and row.hold_reason == "parent")
        if not waiting:
            raise UserError(self.env._("This event does not wait for something that it belongs to."))
        for message in waiting:
            message._stop_waiting()
        self.env["integration.audit.leaf"]._record_messages(waiting, "message.stop_waiting")
        return waiting[:1].action_open_exception()


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    held_count = fields.Integer(compute="_compute_held_count", string="Waiting for something")

    def _compute_held_count(self):
        counts = dict(
            self.env["integration.message"]._read_group(
                [("connection_id", "in", self.ids), ("status", "=", "held")], ["connection_id"], ["__count"]
            )
        )
        for connection in self:
            connection.held_count = counts.get(connection, 0)

    def action_open_held(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_waiting")
        return dict(action, domain=[("connection_id", "=", self.id), ("status", "=", "held")], context={})
