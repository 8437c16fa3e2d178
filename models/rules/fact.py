# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What has happened that rules wait for: written in the transaction of the change, judged after it is committed.

Two transactions that commit at the same moment do not see each other, so neither can know that it completes a rule.
Facts are only added, never changed by a business transaction: they conflict with nothing. Whoever judges runs alone
(a lock of its own), sees committed facts only, and looks once more after giving the lock back: the fact that is
committed last is judged by somebody, and the follow-up is done once.
"""

import logging
import secrets
import time

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..messaging import isolation
from ..messaging.doorbell import comes_back
from ..messaging.lane import CHANNEL, exclusive

_logger = logging.getLogger(__name__)

LOCK_KEY = 2_000_000_000  # apart from the locks of lanes, deliveries and fetches
BATCH_SIZE = 200
BUDGET_SECONDS = 20
# A follow-up may publish an event for which another rule waits; beyond this depth rules feed each other.
MAX_DEPTH = 5
JOB_KEY = "finance_integration.rules"


class IntegrationRuleFact(models.Model):
    """That one prerequisite of a rule has happened for one subject."""

    _name = "integration.rule.fact"
    _description = "Event that a rule waits for, and that has happened"
    _inherit = ["integration.doorbell"]
    _order = "id"
    _log_access = False

    rule_id = fields.Many2one("integration.rule", required=True, readonly=True, ondelete="cascade")
    prerequisite_id = fields.Many2one(
        "integration.rule.prerequisite", readonly=True, ondelete="set null", string="What happened"
    )
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")
    wait_id = fields.Many2one(
        "integration.rule.wait", readonly=True, ondelete="set null", index="btree_not_null"
    )
    key = fields.Char(required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    name = fields.Char(readonly=True, string="About")
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="set null")
    day = fields.Date(readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    correlation_id = fields.Char(readonly=True)
    depth = fields.Integer(
        readonly=True, help="How many rules stand between a change in the books and this fact."
    )
    happened_at = fields.Datetime(required=True, readonly=True)
    settled_at = fields.Datetime(readonly=True, help="When the rule was judged with it.")

    _due_idx = models.Index("(id) WHERE settled_at IS NULL")
    _key_idx = models.Index("(rule_id, key)")

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What has happened is evidence and stays."))

    # -- in the transaction of the change --------------------------------------------------------------------

    @api.model
    def _note(self, happened):
        """Write down which prerequisites of which rules these happenings (all of one kind and company) meet."""
        if not happened:
            return
        env = self.sudo().env
        depth = self.env.context.get("integration_rule_depth", 0)
        rows = []
        parts = env["integration.rule"]._parts_for(happened[0].company_id, happened[0].kind)
        for part in env["integration.rule.prerequisite"].browse(parts):
            for one in part._matches(happened):
                rows += self._rows(part, one, depth)
        if not rows:
            return
        if depth > MAX_DEPTH:
            _logger.warning("rules feed each other: %s is not looked at any more", happened[0].kind)
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_rule_fact
                       (rule_id, prerequisite_id, company_id, key, kind, name, partner_id, day, res_model, res_id,
                        correlation_id, depth, happened_at)
                VALUES %s
                """,
                SQL(", ").join(rows),
            )
        )
        self._ring_after_commit()

    def _rows(self, part, one, depth):
        rule, target = part.rule_id, one.target
        keys = one.keys(rule.scope)
        if rule.each_time:
            keys = [f"{key}#{secrets.token_hex(6)}" for key in (keys or [one.object_key])[:1]]
        return [
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')",
                rule.id,
                part.id,
                one.company_id or None,
                key[:255],
                one.kind,
                one.label,
                one.partner.id or None,
                one.day,
                target._name if target else None,
                target.id or None,
                one.correlation_id or None,
                depth,
            )
            for key in keys
        ]

    @api.model
    def _ring_after_commit(self):
        """Ask for the facts of this transaction to be judged once they are committed."""
        registry, postcommit = self.env.registry, self.env.cr.postcommit
        if postcommit.data.get("integration.rule"):
            return
        postcommit.data["integration.rule"] = True

        @postcommit.add
        def ring():
            try:
                with registry.cursor() as cr:
                    api.Environment(cr, SUPERUSER_ID, {})["integration.rule.fact"]._ring()
            except psycopg2.Error as error:  # the facts are committed: the sweep makes up for the ring
                _logger.warning("rules could not be rung: %s", type(error).__name__)

    # -- after it ----------------------------------------------------------------------------------------------

    @api.model
    def _ring(self):
        self.env.cr.execute(
            SQL(
                "SELECT EXISTS (SELECT FROM queue_job WHERE identity_key = %s AND state IN ('pending', 'enqueued'))",
                JOB_KEY,
            )
        )
        if not self.env.cr.fetchone()[0]:
            self.with_delay(channel=CHANNEL, identity_key=JOB_KEY, max_retries=0, priority=9)._settle()

    @api.model
    @comes_back
    def _settle(self, budget_seconds=BUDGET_SECONDS):
        """Job: judge what has happened, on own cursors; returns how many facts were settled.

        Does nothing when somebody else is at it; that one looks once more after giving the lock back.
        """
        registry, dbname = self.env.registry, self.env.cr.dbname
        deadline = time.monotonic() + budget_seconds
        total, free = 0, True
        drain = self.env["integration.drain"]
        while free and time.monotonic() < deadline:
            with exclusive(dbname, LOCK_KEY) as free:
                while free and time.monotonic() < deadline:
                    count = drain._in_own_transaction(
                        registry, lambda env: env["integration.rule.fact"]._settle_batch()
                    )
                    total += count
                    if not count:
                        drain._in_own_transaction(
                            registry, lambda env: env["integration.rule.wait"]._look_again()
                        )
                        break
            if not self._is_due(registry):
                return total
        if free:
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["integration.rule.fact"]._ring()
        return total

    @api.model
    def _is_due(self, registry):
        """Whether a fresh look finds facts that nobody has judged."""
        with registry.cursor() as cr:
            cr.execute(SQL("SELECT EXISTS (SELECT FROM integration_rule_fact WHERE settled_at IS NULL)"))
            return cr.fetchone()[0]

    @api.model
    def _settle_batch(self, limit=BATCH_SIZE):
        """Judge the oldest facts that nobody has judged, in the current transaction; returns how many."""
        due = self.search([("settled_at", "=", False)], order="id", limit=limit)
        if not due:
            return 0
        subjects = {(fact.rule_id, fact.key): None for fact in due}
        for rule, key in subjects:
            facts = self.search([("rule_id", "=", rule.id), ("key", "=", key)], order="id")
            depth = max(facts.mapped("depth"))
            waits = self.env["integration.rule.wait"].with_context(integration_rule_depth=depth + 1)
            wait = waits
            if rule.active:
                with isolation.one_event() as errors, self.env.cr.savepoint():
                    wait = waits._settle_pair(rule, key, facts)
                if errors:
                    wait = waits
                    _logger.error("rule %s could not be judged: %s", rule.id, errors[0].detail)
            facts.filtered(lambda fact: not fact.settled_at).write(
                {"settled_at": fields.Datetime.now(), "wait_id": wait.id}
            )
        return len(due)

    @api.model
    def _cron_sweep(self):
        """Ring for facts that were left behind, and look again at deadlines and conditions."""
        if self._is_due(self.env.registry):
            self._ring()
        drain = self.env["integration.drain"]
        with exclusive(self.env.cr.dbname, LOCK_KEY) as free:
            if free:
                drain._in_own_transaction(
                    self.env.registry, lambda env: env["integration.rule.wait"]._look_again()
                )


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _resolve(self, resolution):
        """Rules that wait until no exception is open are looked at again once one is resolved."""
        result = super()._resolve(resolution)
        if self.env["integration.rule.wait"].sudo().search_count([("is_blocked", "=", True)], limit=1):
            self.env["integration.rule.fact"]._ring_after_commit()
        return result
