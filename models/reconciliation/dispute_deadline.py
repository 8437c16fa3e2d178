# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The last days in which a dispute takes an answer: people are told in time, also while its connection is paused.

A paused connection keeps what it receives and sends nothing. Days of evidence go on meanwhile, so four things are
told: that nothing was handed in, that what was handed in is held up, that the last day has passed without an answer,
and that events of disputes lie unread.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from .dispute_evidence import ANSWERABLE

WARNED_HOURS = 72
MAX_SWEPT = 200
# A provider that has not decided so long after its last day is asked about by itself no more.
MISSED_DAYS = 60
HELD_UP = ("to_send", "unknown")


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    warned_at = fields.Datetime(
        readonly=True, copy=False, string="Reminded of the last day", help="The last days had begun then."
    )

    missed_at = fields.Datetime(
        readonly=True,
        copy=False,
        string="Last day found passed",
        help="The last day had passed then, and no answer was known to have reached the provider.",
    )

    def write(self, vals):
        if "evidence_due" in vals and "warned_at" not in vals:
            due = fields.Datetime.to_datetime(vals["evidence_due"]) or False
            moved = self.filtered(lambda row: (row.warned_at or row.missed_at) and row.evidence_due != due)
            super(IntegrationDispute, moved).write({"warned_at": False, "missed_at": False})
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
        missed = self._missed(now)
        missed.filtered(lambda row: not row.missed_at).write({"missed_at": now})
        for dispute in near | missed:
            dispute._judge()
        self._tell_unread()

    @api.model
    def _missed(self, now):
        """Return the disputes whose last day has passed lately without an answer."""
        return self.search(
            [
                ("state", "in", ANSWERABLE),
                ("evidence_given", "=", False),
                ("evidence_due", "<=", now),
                ("evidence_due", ">", fields.Datetime.subtract(now, days=MISSED_DAYS)),
            ],
            order="evidence_due desc, id desc",
            limit=MAX_SWEPT,
        )

    def _deadline_code(self):
        """Return the code of what the last days ask for, None where nothing is to be done."""
        if not (self.warned_at or self.missed_at) or self.state not in ANSWERABLE or self.evidence_given:
            return None
        # Also where an event is worked off: the connection's own user may not read what people prepare.
        answers = self.sudo()
        told = [*answers._evidence_now().mapped("state"), *answers.acceptance_ids.mapped("state")]
        if "sent" in told:
            return None
        if self.missed_at:
            return "evidence_missed"
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
                {"count": count, "since": f"{since:%Y-%m-%d %H:%M:%S} UTC", "connection": connection.name},
                "disputes of a paused connection",
            )
