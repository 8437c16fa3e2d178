# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import time
from pathlib import Path

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_integration.models.audit import exporter

_spent = {"entries": 0.0}


class FinanceIntegrationBenchCost(models.Model):
    """The time of each batch of the drain, and what of it was spent on audit entries."""

    _name = "finance.integration.bench.cost"
    _description = "Cost of the audit trail"
    _log_access = False

    entry_seconds = fields.Float(digits=(16, 6))
    drain_seconds = fields.Float(digits=(16, 6))


class IntegrationAuditLeaf(models.Model):
    _inherit = "integration.audit.leaf"

    @api.model
    def _append(self, entries):
        begin = time.perf_counter()
        try:
            return super()._append(entries)
        finally:
            _spent["entries"] += time.perf_counter() - begin


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    @api.model
    def _work_off(self, lane_id, *arguments, **keywords):
        begin, before = time.perf_counter(), _spent["entries"]
        count = super()._work_off(lane_id, *arguments, **keywords)
        if count:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO finance_integration_bench_cost (entry_seconds, drain_seconds) VALUES (%s, %s)",
                    _spent["entries"] - before,
                    time.perf_counter() - begin,
                )
            )
        return count


class FinanceIntegrationBench(models.AbstractModel):
    _inherit = "finance.integration.bench"

    @api.model
    def make_trail(self, count, path):
        """Write ``count`` entries, seal and export them to ``path`` as the product does; returns how many are in it."""
        self = self.with_user(SUPERUSER_ID)  # noqa: PLW0642
        entry = {
            "action": "message.done",
            "company_id": self.env.company.id,
            "correlation_id": "3f6c5d4e7a8b49c0a1b2c3d4e5f60718",
            "subject_digest": "0" * 64,
        }
        for first in range(0, count, 2000):
            with self.env.registry.cursor() as cr:
                leaves = api.Environment(cr, SUPERUSER_ID, {})["integration.audit.leaf"]
                leaves._append(
                    [
                        {**entry, "detail": f"account.move,{first + number}"}
                        for number in range(min(2000, count))
                    ]
                )
        sealer = self.env["integration.audit.sealer"]
        while sealer._run():
            pass
        # The request's own transaction began before the entries were written.
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            plan = env["integration.audit.export"].create({"content": "whole", "form": "ndjson"})._plan()
        context = {"allowed_company_ids": self.env["res.company"].search([], limit=1000).ids}
        entries = 0
        with Path(path).open("wb") as file:
            for piece in exporter.lines(self.env.registry, SUPERUSER_ID, context, plan):
                file.write(piece)
                entries += piece.count(b'{"leaf":')
        return entries
