# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Numbered events: what has arrived of each series, and which numbers are missing (E3)."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.numbering import say_numbers
from .big_integer import BigInteger

NUMBER_STATES = [
    ("counted", "Counted"),
    ("repeated", "The number came before"),
    ("broken", "The numbering does not go on"),
    ("accepted", "Accepted by a person"),
]
MAX_OPEN_GAPS = 5000
SWEEP_LIMIT = 100


class IntegrationSeries(models.Model):
    """One numbering of a source. Written once per batch of a drain, not once per event."""

    _name = "integration.series"
    _description = "Numbering of events"
    _order = "connection_id, name"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict", index=True)
    flow_id = fields.Many2one("integration.flow", readonly=True, ondelete="set null")
    name = fields.Char(required=True, readonly=True, string="Series")
    lowest = BigInteger(readonly=True, string="First number")
    highest = BigInteger(readonly=True, string="Last number")
    restarted_after = fields.Integer(
        readonly=True, help="Events up to this one belong to an earlier numbering of the same name."
    )
    gap_ids = fields.One2many("integration.sequence.gap", "series_id", string="Missing numbers")

    _name_unique = models.UniqueIndex("(connection_id, name)")


class IntegrationSequenceGap(models.Model):
    """Numbers of a series that have not arrived."""

    _name = "integration.sequence.gap"
    _description = "Missing event numbers"
    _order = "state, deadline, id"

    series_id = fields.Many2one("integration.series", required=True, readonly=True, ondelete="cascade")
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict", index=True)
    flow_id = fields.Many2one("integration.flow", readonly=True, ondelete="set null")
    first_number = BigInteger(required=True, readonly=True, string="From")
    last_number = BigInteger(required=True, readonly=True, string="To")
    state = fields.Selection(
        [("open", "Missing"), ("filled", "Arrived"), ("waived", "Given up")],
        required=True,
        readonly=True,
        default="open",
    )
    found_at = fields.Datetime(required=True, readonly=True, string="Noticed")
    deadline = fields.Datetime(required=True, readonly=True, string="A person is asked at")
    settled_at = fields.Datetime(readonly=True, string="Arrived or given up")
    exception_id = fields.Many2one(
        "integration.exception", readonly=True, ondelete="set null", index="btree_not_null"
    )
    asked_at = fields.Datetime(readonly=True, string="Source asked at")
    asked_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Source asked by")
    waived_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Given up by")
    reason = fields.Char(readonly=True)

    _open_idx = models.Index("(series_id, first_number) WHERE state = 'open'")
    _deadline_idx = models.Index("(deadline) WHERE state = 'open' AND exception_id IS NULL")

    @api.depends("first_number", "last_number", "series_id.name")
    def _compute_display_name(self):
        for gap in self:
            gap.display_name = f"{gap.series_id.name}: {gap._say()}"

    def _say(self):
        """Return the missing numbers in words: ``41, 43 to 49``."""
        return say_numbers([(gap.first_number, gap.last_number) for gap in self.sorted("first_number")])

    def _settle(self, state, **values):
        """Close these gaps; what they held is let go, an exception about them closes with its last gap."""
        self.write({"state": state, "settled_at": fields.Datetime.now(), **values})
        self.flush_recordset()
        for exception in self.exception_id.filtered(lambda row: row.state == "open"):
            if not exception.gap_ids.filtered(lambda gap: gap.state == "open"):
                exception._resolve(
                    self.env._("The missing numbers have arrived.")
                    if state == "filled"
                    else self.env._("An approver went on without the missing numbers.")
                )
        self.env["integration.message"]._release_numbered(self.series_id.ids)

    @api.model
    def _sweep(self):
        """Make an exception of each gap whose time is over; returns how many."""
        gaps = self.search(
            [
                ("state", "=", "open"),
                ("exception_id", "=", False),
                ("deadline", "<=", fields.Datetime.now()),
            ],
            limit=SWEEP_LIMIT,
        )
        for gap in gaps:
            gap._raise_exception()
        return len(gaps)

    def _raise_exception(self):
        self.ensure_one()
        params = {"source": self.connection_id.name, "numbers": self._say(), "series": self.series_id.name}
        gap = self
        gap.exception_id = self.env["integration.exception"]._raise_cause(
            gap.connection_id,
            "sequence_gap",
            params,
            f"{gap.series_id.name} {gap.first_number} {gap.last_number}",
            gap.flow_id,
        )
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message SET exception_id = %s
                 WHERE id IN (SELECT id FROM integration_message
                               WHERE series_id = %s AND status = 'held' AND hold_reason = 'number'
                                 AND sequence > %s AND exception_id IS NULL
                               ORDER BY sequence LIMIT %s)
                """,
                gap.exception_id.id,
                gap.series_id.id,
                gap.first_number,
                MAX_OPEN_GAPS,
            )
        )
        self.env["integration.message"].invalidate_model(["exception_id"], flush=False)


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    series_id = fields.Many2one(
        "integration.series", readonly=True, ondelete="set null", string="Numbered in"
    )
    sequence = BigInteger(readonly=True, string="Event number", help="The number that the source gave it.")
    number_state = fields.Selection(NUMBER_STATES, readonly=True, string="Its number")

    _series_idx = models.Index("(series_id, sequence) WHERE series_id IS NOT NULL")

    @api.model
    def _release_numbered(self, series_ids):
        """Let go what waited for numbers of these series that are not missing any more."""
        self.env.cr.execute(
            SQL(
                """
                SELECT m.id, m.stage, m.status, m.attempt_count, m.lane_id, m.exception_id
                  FROM integration_message m
                 WHERE m.series_id = ANY (%s) AND m.status = 'held' AND m.hold_reason = 'number' AND NOT %s
                 ORDER BY m.id LIMIT %s
                """,
                list(series_ids),
                self._number_missing_part(),
                MAX_OPEN_GAPS,
            )
        )
        lanes = self._let_go(self.env.cr.dictfetchall())
        if lanes:
            self.env["integration.lane"]._ring_after_commit(lanes)

    @api.model
    def _mark_numbers(self, marks):
        """Write down the numbers of events that have just been counted, in one statement."""
        if not marks:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message m
                   SET series_id = v.series_id, sequence = v.number, number_state = v.state
                  FROM (VALUES %s) AS v(id, series_id, number, state) WHERE m.id = v.id
                """,
                SQL(", ").join(
                    SQL("(%s, %s, %s::bigint, %s)", mark.row["id"], mark.series_id, mark.number, mark.state)
                    for mark in marks
                ),
            )
        )
        self.browse(mark.row["id"] for mark in marks).invalidate_recordset(flush=False)

    @api.model
    def _numbers_taken(self, pairs):
        """Return {(series id, number): [message ids]} of numbers that came before."""
        if not pairs:
            return {}
        self.env.cr.execute(
            SQL(
                """
                SELECT m.series_id, m.sequence, m.id FROM integration_message m
                  JOIN integration_series s ON s.id = m.series_id AND m.id > COALESCE(s.restarted_after, 0)
                 WHERE (m.series_id, m.sequence) IN (%s) AND m.number_state IN ('counted', 'accepted')
                """,
                SQL(", ").join(SQL("(%s, %s::bigint)", *pair) for pair in sorted(pairs)),
            )
        )
        taken = defaultdict(list)
        for series_id, number, message_id in self.env.cr.fetchall():
            taken[series_id, number].append(message_id)
        return taken
