# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When the work rests: closed windows of flows and pauses of companies. What came in stays, and goes on in order."""

from datetime import timezone

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ...engine.instants import utc_now
from ...engine.windows import is_open, next_opening
from .drain import BATCH_SIZE
from .lane import CHANNEL

# A lane whose windows open later than this is left to the sweep, which comes every minute.
MAX_WAKE_SECONDS = 7 * 24 * 3600


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    @api.model
    @tools.ormcache()
    def _windows(self):
        """Return ((flow id, lane id, name, engine.windows.Window, time zone), …) of all flows that have one."""
        flows = self.sudo().search(
            ["|", ("has_processing_window", "=", True), ("has_posting_window", "=", True)]
        )
        return tuple(
            (flow.id, flow.lane_id.id, name, window, flow.connection_id.time_zone)
            for flow in flows
            for name in ("processing", "posting")
            if (window := flow._window(name))
        )

    @api.model
    def _closed_now(self, name):
        """Return {flow id: moment (UTC) at which its window ``name`` opens} of the flows where it is closed now."""
        now = utc_now()
        return {
            flow_id: next_opening(window, now, time_zone)
            for flow_id, _lane_id, window_name, window, time_zone in self._windows()
            if window_name == name and not is_open(window, now, time_zone)
        }

    @api.model
    @tools.ormcache("lane_id")
    def _lane_facts(self, lane_id):
        """Return (smallest batch size, whether some flow works as events arrive, whether some flow rests at times)."""
        flows = self.sudo().search([("lane_id", "=", lane_id), ("direction", "=", "in")])
        working = flows.filtered(lambda flow: flow.state in ("live", "shadow"))
        rests = bool(
            flows.filtered(lambda flow: flow.state in ("draft", "paused") or flow.has_processing_window)
        )
        at_once = not working or "event" in working.mapped("mode")
        return min(working.mapped("batch_size"), default=BATCH_SIZE), at_once, rests


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _resting_part(self):
        """Leave out companies that are paused and flows whose processing window is closed."""
        closed = list(self.env["integration.flow"]._closed_now("processing"))
        return SQL(
            "%s %s AND NOT EXISTS (SELECT FROM res_company k WHERE k.id = m.company_id AND k.integration_paused)",
            super()._resting_part(),
            SQL("AND COALESCE(m.flow_id, 0) <> ALL(%s)", closed) if closed else SQL(""),
        )

    @api.model
    def _work_off(self, lane_id, limit=BATCH_SIZE, left=None):
        """Take no larger batches than the lane's flows allow."""
        batch_size = self.env["integration.flow"]._lane_facts(lane_id)[0]
        return super()._work_off(lane_id, limit=min(limit, batch_size), left=left)

    @api.model
    def _run(self, lane_id, *args, **kwargs):
        """Come back when a window opens, where something waits for it."""
        total = super()._run(lane_id, *args, **kwargs)
        if self.env["integration.flow"]._closed_now("processing"):
            with self.env.registry.cursor() as cr:
                self.env["integration.lane"].with_env(api.Environment(cr, self.env.uid, {})).browse(
                    lane_id
                )._wake_when_open()
        return total


class IntegrationLane(models.Model):
    _inherit = "integration.lane"

    def _hear_ring(self):
        """Something has arrived in these lanes: ring where a flow works at once and nothing is closed.

        Flows that work within a minute are the sweep's; a flow whose window is closed is woken when it opens.
        """
        flows, drain = self.env["integration.flow"], self.env["integration.drain"]
        at_once = self.filtered(lambda lane: flows._lane_facts(lane.id)[1])
        if self - at_once:
            self.env["integration.next.look"]._expect()
        resting = at_once.filtered(
            lambda lane: (
                (flows._lane_facts(lane.id)[2] or lane.company_id.integration_paused)
                and not drain._is_work_left(self.env.registry, lane.id)
            )
        )
        resting._wake_when_open()
        (at_once - resting)._ring()

    def _wake_when_open(self):
        """Queue one drain per lane for the moment at which the next of its closed windows opens."""
        closed = self.env["integration.flow"]._closed_now("processing")
        for lane in self._without_job("open"):
            openings = [closed[row[0]] for row in self.env["integration.flow"]._windows() if row[0] in closed
                        and row[1] == lane.id and row[2] == "processing"]  # fmt: skip
            opening = min(openings, default=None)
            if not opening or (opening - utc_now()).total_seconds() > MAX_WAKE_SECONDS:
                continue
            if not lane._has_waiting(list(closed)):
                continue
            lane.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.open.{lane.id}",
                eta=opening.astimezone(timezone.utc).replace(tzinfo=None),
                max_retries=0,
                priority=lane._priority(),
            )._drain()

    def _has_waiting(self, flow_ids):
        """Whether events of these flows wait in this lane."""
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (SELECT FROM integration_message
                                WHERE lane_id = %s AND direction = 'in' AND status IN ('ready', 'waiting')
                                  AND flow_id = ANY(%s))
                """,
                self.id,
                flow_ids,
            )
        )
        return self.env.cr.fetchone()[0]


class IntegrationDelivery(models.AbstractModel):
    _inherit = "integration.delivery"

    def _sendable_part(self, connection_id):
        """Send nothing of companies that are paused and of flows whose processing window is closed."""
        return SQL(
            "%s %s", super()._sendable_part(connection_id), self.env["integration.drain"]._resting_part()
        )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    company_paused = fields.Boolean(related="company_id.integration_paused")
    company_pause_reason = fields.Char(related="company_id.integration_pause_reason")
