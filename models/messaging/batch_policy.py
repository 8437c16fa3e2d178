# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is booked of a batch that is not complete: each record at once, or nothing until all of it is there."""

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.batch import FINAL_STATES, STATES

POLICIES = [("at_once", "Each record at once"), ("when_complete", "When all of it is there")]
# Money that moved is booked at once; what only makes sense as a whole (a payroll run) waits for the whole.
HELD_KINDS = frozenset({"entry"})
WAITING_STATES = [state for state in STATES if state not in FINAL_STATES]


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    batch_policy = fields.Selection(
        POLICIES,
        string="Book a file or list",
        compute="_compute_batch_policy",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="What is booked of a file or list that is not complete: each record as soon as it is read, or nothing "
        "until its control totals agree or an approver accepts it as it is.",
    )

    @api.depends("kind")
    def _compute_batch_policy(self):
        for flow in self:
            flow.batch_policy = "when_complete" if flow.kind in HELD_KINDS else "at_once"


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _ready_part(self, lane_id):
        """Leave out what waits for the whole of its batch, and later events of the same objects."""
        part = super()._ready_part(lane_id)
        waiting = self._waiting_batches(lane_id)
        if not waiting:
            return part
        return SQL(
            """
            %s
            AND NOT (COALESCE(f.batch_policy, 'at_once') = 'when_complete'
                     AND COALESCE(m.batch_id = ANY(%s), FALSE))
            AND NOT EXISTS (SELECT FROM integration_message bw
                              JOIN integration_flow bf ON bf.id = bw.flow_id AND bf.batch_policy = 'when_complete'
                             WHERE bw.connection_id = m.connection_id AND bw.object_key = m.object_key
                               AND bw.direction = 'in' AND bw.id < m.id AND bw.status = 'ready'
                               AND bw.batch_id = ANY(%s))
            """,
            part,
            waiting,
            waiting,
        )

    def _waiting_batches(self, lane_id):
        """Return ids of the batches that are not complete and from which events of this lane may wait."""
        self.env.cr.execute(
            SQL(
                """
                SELECT b.id FROM integration_batch b
                 WHERE b.state = ANY(%s)
                   AND EXISTS (SELECT FROM integration_flow f
                                WHERE f.connection_id = b.connection_id AND f.lane_id = %s
                                  AND f.direction = 'in' AND f.batch_policy = 'when_complete')
                """,
                WAITING_STATES,
                lane_id,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]
