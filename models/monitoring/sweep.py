# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The sweep: one scheduled action that finds what was left behind, by one question to the database.

Each area answers since (or from) when it has something to look at. What is due is looked at now; for what comes later,
and for what is still being done, the scheduler is asked to come again in time. Where nothing is to be found the
question is all that happens.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.flow_life import WORKING_STATES
from ...engine.watchdog import FINDINGS

# Each area, and the earliest instant (UTC) at which it needs a look, as an SQL expression.
AREAS = {
    "waiting_for_something": """
        SELECT min(waits_until) FROM integration_message WHERE status = 'held' AND waits_until IS NOT NULL""",
    "missing_numbers": """
        SELECT min(deadline) FROM integration_sequence_gap WHERE state = 'open' AND exception_id IS NULL""",
    "inbox": """
        SELECT min(COALESCE(m.due_at, m.received_at))
          FROM integration_message m
          JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
          LEFT JOIN integration_flow f ON f.id = m.flow_id
         WHERE m.direction = 'in' AND m.status IN ('ready', 'waiting')
           AND COALESCE(f.state, 'live') = ANY(%(working)s)""",
    "replays": "SELECT min(write_date) FROM integration_replay WHERE state = 'running'",
    "outbox": """
        SELECT min(GREATEST(COALESCE(m.due_at, m.received_at), k.pause_until,
                            CASE WHEN k.state <> 'closed' THEN k.retry_at END))
          FROM integration_message m
          LEFT JOIN integration_circuit k ON k.connection_id = m.connection_id AND k.direction = 'out'
         WHERE m.direction = 'out' AND m.status IN ('ready', 'waiting', 'unknown') AND k.paused_at IS NULL""",
    "rules": """
        SELECT LEAST((SELECT min(happened_at) FROM integration_rule_fact WHERE settled_at IS NULL),
                     (SELECT min(deadline_at) FROM integration_rule_wait WHERE state = 'waiting'))""",
    "jobs": """
        SELECT min(COALESCE(eta, date_created))
          FROM queue_job
         WHERE state IN ('pending', 'enqueued', 'started') AND channel LIKE 'root.finance_integration%%'""",
    # What takes an answer for its last three days only, or takes none any more, and nobody was told yet.
    "deadlines": """
        SELECT min(CASE WHEN warned_at IS NULL AND evidence_due > now() AT TIME ZONE 'UTC'
                        THEN evidence_due - interval '72 hours' ELSE evidence_due END)
          FROM integration_dispute
         WHERE state IN ('inquiry', 'needs_response') AND evidence_given IS NOT TRUE AND missed_at IS NULL
           AND evidence_due > now() AT TIME ZONE 'UTC' - interval '60 days'""",
    "findings": """
        SELECT min(create_date) FROM integration_exception
         WHERE state = 'open' AND connection_id IS NULL AND code = ANY(%(findings)s)""",
}
# Looked at whenever the sweep comes: what is held without a deadline, and rules that wait for an exception to close.
ALSO = {
    "held": "SELECT EXISTS (SELECT FROM integration_message WHERE status = 'held')",
    "blocked": """SELECT EXISTS (SELECT FROM integration_rule_wait
                           WHERE state IN ('waiting', 'overdue') AND is_blocked)""",
    "refunds": """
        SELECT EXISTS (SELECT FROM integration_refund_order
                        WHERE state IN ('to_send', 'unknown')
                          AND (due_at IS NULL OR due_at <= now() AT TIME ZONE 'UTC'))""",
    "evidence": """
        SELECT EXISTS (SELECT FROM integration_dispute_evidence
                        WHERE state IN ('to_send', 'unknown')
                          AND (due_at IS NULL OR due_at <= now() AT TIME ZONE 'UTC'))""",
    "acceptances": """
        SELECT EXISTS (SELECT FROM integration_dispute_acceptance
                        WHERE state IN ('to_send', 'unknown')
                          AND (due_at IS NULL OR due_at <= now() AT TIME ZONE 'UTC'))""",
    "customers": """
        SELECT EXISTS (SELECT FROM integration_customer_copy
                        WHERE state IN ('to_send', 'unknown')
                          AND (due_at IS NULL OR due_at <= now() AT TIME ZONE 'UTC'))""",
    # Told already: whether it is answered, or held up by a pause, changes by what people do.
    "last_days": """
        SELECT EXISTS (SELECT FROM integration_dispute
                        WHERE state IN ('inquiry', 'needs_response') AND evidence_given IS NOT TRUE
                          AND warned_at IS NOT NULL AND evidence_due > now() AT TIME ZONE 'UTC')
            OR EXISTS (SELECT FROM integration_exception WHERE code = 'dispute_unread' AND state = 'open')
            OR EXISTS (SELECT FROM integration_message m
                         JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'paused'
                        WHERE m.direction = 'in' AND m.status IN ('ready', 'waiting')
                          AND m.event_type ILIKE '%%dispute%%')""",
    "shop_writings": """
        SELECT EXISTS (SELECT FROM integration_shop_writing
                        WHERE state IN ('to_send', 'unknown')
                          AND (due_at IS NULL OR due_at <= now() AT TIME ZONE 'UTC'))
            OR EXISTS (SELECT FROM integration_shop_writing w
                         JOIN integration_connection c ON c.id = w.connection_id AND c.shop_writes = 'on'
                        WHERE w.state = 'shown')""",
    "conversions": """
        SELECT EXISTS (SELECT FROM integration_movement WHERE type = 'conversion' AND application = 'suspense')""",
    "payouts": """
        SELECT EXISTS (SELECT FROM integration_payout p
                         LEFT JOIN integration_movement v ON v.id = p.movement_id
                         LEFT JOIN account_move_line l ON l.id = v.counterpart_id
                        WHERE p.bank_state NOT IN ('matched', 'returned')
                           OR p.bank_state = 'matched' AND l.reconciled IS NOT TRUE)""",
    "differing": """
        SELECT EXISTS (SELECT FROM integration_processor_statement
                        WHERE state = 'differs' AND date >= (now() AT TIME ZONE 'UTC')::date - 14)""",
}


class IntegrationSweep(models.AbstractModel):
    _name = "integration.sweep"
    _description = "Finds what was left behind"

    @api.model
    def _cron_run(self):
        """Look where there is something to look at, and ask to be called again in time."""
        seen, now = self._ask_once(), fields.Datetime.now()
        due = {area for area in AREAS if seen[area] and seen[area] <= now}
        if due & {"waiting_for_something", "missing_numbers"} or seen["held"]:
            self.env["integration.lane"]._sweep_holds()
        if "inbox" in due:
            self.env["integration.lane"]._cron_sweep()
        if "replays" in due:
            self.env["integration.replay"]._sweep()
        if "outbox" in due:
            self.env["integration.delivery"]._cron_sweep()
        if "rules" in due or seen["blocked"]:
            self.env["integration.rule.fact"]._cron_sweep()
        if due & {"inbox", "outbox", "jobs", "findings"}:
            self.env["integration.watchdog"]._cron_watch()
        if "jobs" in due:
            self.env["integration.fallback"]._cron_run()
        self.env["integration.waiting"]._sweep()
        self.env["integration.waiting"]._cron_notice()
        self._sweep_money(seen)
        if "deadlines" in due or seen["last_days"]:
            self.env["integration.dispute"]._sweep_deadlines()
        later = [seen[area] for area in AREAS if seen[area]]
        if later:
            self.env["integration.next.look"]._expect(min(later))

    def _sweep_money(self, seen):
        """Look at refunds, conversions and payouts on their way, and at days that differ."""
        if seen["refunds"]:
            self.env["integration.refund.order"]._sweep()
        if seen["evidence"]:
            self.env["integration.dispute.evidence"]._sweep()
        if seen["customers"]:
            self.env["integration.customer.copy"]._sweep()
        if seen["acceptances"]:
            self.env["integration.dispute.acceptance"]._sweep()
        if seen["shop_writings"]:
            self.env["integration.shop.writing"]._sweep()
        if seen["conversions"]:
            self.env["integration.posting.application"]._join_again()
        if seen["payouts"]:
            self.env["integration.payout.look"]._sweep()
        if seen["differing"]:
            self.env["integration.processor.statement"]._sweep_missing()

    def _ask_once(self):
        """Return {area: instant or None} and {name: bool} of ``ALSO``, by one statement."""
        asked = AREAS | ALSO
        query = "SELECT " + ", ".join(f"({expression}) AS {name}" for name, expression in asked.items())
        self.env.cr.execute(SQL(query, working=list(WORKING_STATES), findings=list(FINDINGS)))
        return self.env.cr.dictfetchone()
