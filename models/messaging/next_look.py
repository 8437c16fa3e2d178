# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When the scheduler has to look next.

The sweep (``models/monitoring/sweep.py``) is the net below lost rings and killed processes. Looking every minute
whether or not something happened would be most of what an idle server does. So it comes every few minutes by itself,
and sooner where somebody says that there may be something to find: whoever stores an event, makes a job, or knows
when a deadline ends. Odoo's own triggers of scheduled actions keep what was said.
"""

import threading
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# The scheduler itself looks once a minute.
SOON_SECONDS = 60
SWEEP = "cron_sweep"
FETCH = "cron_pull"
# For what has waited since before anybody looked.
LONG_AGO = fields.Datetime.to_datetime("1970-01-01 00:00:00")
# What is said now may be committed some time later: only a look after this time is sure to see it.
SETTLED_SECONDS = 30
# Nothing is written where the scheduler comes between the two instants anyway. Used by the inbox connection, too.
EXPECT = """
    INSERT INTO ir_cron_trigger (cron_id, call_at)
    SELECT c.id, %(at)s
      FROM ir_cron c
      JOIN ir_model_data d ON d.model = 'ir.cron' AND d.res_id = c.id
     WHERE d.module = 'finance_integration' AND d.name = %(cron)s
       AND c.active AND c.nextcall NOT BETWEEN %(after)s AND %(at)s
       AND NOT EXISTS (SELECT FROM ir_cron_trigger t
                        WHERE t.cron_id = c.id AND t.call_at BETWEEN %(after)s AND %(at)s)
"""

_known = {}
_lock = threading.Lock()


class IntegrationNextLook(models.AbstractModel):
    _name = "integration.next.look"
    _description = "When the scheduler looks next"

    @api.model
    def _expect(self, at=None, cron=SWEEP):
        """Let a scheduled action run at ``at`` (naive UTC; default: in a minute), or before.

        It is kept with this transaction. What this process said before is remembered once it is committed, so that
        saying it again costs nothing.
        """
        now = fields.Datetime.now()
        after = now + timedelta(seconds=SETTLED_SECONDS)
        at = max(at or now, now + timedelta(seconds=SOON_SECONDS)).replace(microsecond=0)
        key = (self.env.cr.dbname, cron)
        if after <= _known.get(key, now) <= at:
            return
        self.env.cr.execute(SQL(EXPECT, after=after, at=at, cron=cron))

        @self.env.cr.postcommit.add
        def remember():
            with _lock:
                if not after <= _known.get(key, now) <= at:
                    _known[key] = at


class QueueJob(models.Model):
    _inherit = "queue.job"

    @api.model_create_multi
    def create(self, vals_list):
        """A job of the hub is looked after once it is due: its process may die, the runner may be missing."""
        jobs = super().create(vals_list)
        for job in jobs:
            if (job.channel or "").startswith("root.finance_integration"):
                due = (job.eta or fields.Datetime.now()) + timedelta(seconds=SOON_SECONDS)
                self.env["integration.next.look"]._expect(due)
        return jobs
