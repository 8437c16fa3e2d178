# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The last days in which a dispute takes an answer: people are told in time, also while its connection is paused.

A paused connection keeps what it receives and sends nothing. Days of evidence go on meanwhile, so three things are
told: that nothing was handed in, that what was handed in is held up, and that events of disputes lie unread.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from .dispute_evidence import ANSWERABLE

WARNED_HOURS = 72
MAX_SWEPT = 200
HELD_UP = ("to_send", "unknown")
DEADLINE_CODES = ("evidence_deadline", "evidence_held_up")


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    warned_at = fields.Datetime(
        readonly=True, copy=False, string="Reminded of the last day", help="The last days had begun then."
    )

    def write(self, vals):
        if "evidence_due" in vals and "warned_at" not in vals:
            due = fields.Datetime.to_datetime(vals["evidence_due"]) or False
            moved = self.filtered(lambda row: row.warned_at and row.evidence_due != due)
            super(IntegrationDispute, moved).write({"warned_at": False})
        return super().write(vals)

    @api.model
    def _sweep_deadlines(self):
        """Judge anew what takes an answer for its last days only, and tell what paused connections have not read."""
        now = fields.Datetime.now()
        near = self.search(
            [
                ("state", "in", ANSWERABLE),
                ("evidence_given", "=", False),
                ("evidence_due", ">", now),
                ("evidence_due", "<=", fields.Datetime.add(now, hours=WARNED_HOURS)),
            ],
            order="evidence_due, id",
            limit=MAX_SWEPT,
        )
        near.filtered(lambda row: not row.warned_at).write({"warned_at": now})
        for dispute in near:
            dispute._judge()
        self._tell_unread()

    def _deadline_code(self):
        """Return the code of what the last days ask for, None where nothing is to be done."""
        if not self.warned_at or self.state not in ANSWERABLE or self.evidence_given:
            return None
        told = [*self.evidence_ids.mapped("state"), *self.acceptance_ids.mapped("state")]
        if "sent" in told:
            return None
        if not any(state in HELD_UP for state in told):
            return "evidence_deadline"
        # While its connection is active it is being sent; what does not arrive is told by itself.
        return "evidence_held_up" if self.connection_id.state != "active" else None

    def _wanted_codes(self):
        return super()._wanted_codes() | {self._deadline_code()} - {None}

    # -- what nobody has read ------------------------------------------------------------------------------

    @api.model
    def _tell_unread(self):
        """Raise, or close, that events about disputes wait in the inbox of a paused connection."""
        self.env.cr.execute(
            SQL(
                """
                SELECT m.connection_id, count(*), min(m.received_at)
                  FROM integration_message m
                  JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'paused'
                 WHERE m.direction = 'in' AND m.status IN ('ready', 'waiting') AND m.event_type ILIKE %s
                 GROUP BY m.connection_id
                """,
                "%dispute%",
            )
        )
        unread = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        exceptions = self.env["integration.exception"].sudo()
        open_now = exceptions.search(
            [("code", "=", "dispute_unread"), ("state", "=", "open")], limit=MAX_SWEPT
        )
        open_now.filtered(lambda row: row.connection_id.id not in unread)._resolve(
            self.env._("The events of disputes are read.")
        )
        for connection in self.env["integration.connection"].browse(unread):
            count, since = unread[connection.id]
            exceptions._raise_cause(
                connection,
                "dispute_unread",
                {"count": count, "since": str(since)[:16], "connection": connection.name},
                "disputes of a paused connection",
            )
