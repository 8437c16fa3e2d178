# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The sweep and what is held: what was not let go, and what has waited for too long. Bounded per run."""

from odoo import api, fields, models
from odoo.tools import SQL

SWEEP_LIMIT = 500


class IntegrationLane(models.Model):
    _inherit = "integration.lane"

    @api.model
    def _sweep_holds(self):
        """Let go what nobody has let go, ask people about what has waited for too long."""
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT lane_id FROM integration_message WHERE status = 'held' AND lane_id IS NOT NULL"
            )
        )
        lane_ids = [row[0] for row in self.env.cr.fetchall()]
        drain, registry = self.env["integration.drain"], self.env.registry
        for lane_id in lane_ids:
            drain._in_own_transaction(
                registry, lambda env, lane_id=lane_id: env["integration.message"]._release_held(lane_id)
            )
        drain._in_own_transaction(registry, lambda env: env["integration.message"]._give_up_waiting())
        drain._in_own_transaction(registry, lambda env: env["integration.sequence.gap"]._sweep())


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    @api.model
    def _give_up_waiting(self):
        """Stop events that have waited for what they belong to until their deadline; returns how many."""
        late = self.search(
            [
                ("status", "=", "held"),
                ("hold_reason", "=", "parent"),
                ("waits_until", "<=", fields.Datetime.now()),
            ],
            order="waits_until, id",
            limit=SWEEP_LIMIT,
        )
        for message in late:
            message._stop_waiting()
        self.env["integration.audit.leaf"]._record_messages(late, "message.waited_too_long")
        return len(late)

    def _stop_waiting(self):
        """Park one event that waits for what it belongs to, under the exception of all that wait for the same."""
        self.ensure_one()
        connection = self.connection_id
        params = {"kind": self.waits_kind, "value": self.waits_for, "source": connection.name}
        cause = "; ".join(f"{name}={value}" for name, value in sorted(params.items()))
        exception = self.env["integration.exception"]._raise_cause(
            connection, "parent_missing", params, cause, self.flow_id
        )
        self._advance(
            self.stage, "parked", exception_id=exception.id, error_text=exception._kept_text()[:500]
        )
