# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One scheduled action finds what was left behind: the others that looked every minute go."""

from odoo import SUPERUSER_ID, api

GONE = ("cron_notice", "cron_watch")


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name in GONE:
        cron = env.ref(f"finance_integration.{name}", raise_if_not_found=False)
        if cron:
            cron.unlink()
    sweep = env.ref("finance_integration.cron_sweep", raise_if_not_found=False)
    if sweep:
        sweep.write(
            {
                "model_id": env["ir.model"]._get_id("integration.sweep"),
                "code": "model._cron_run()",
                "interval_number": 5,
                "interval_type": "minutes",
            }
        )
    fetch = env.ref("finance_integration.cron_pull", raise_if_not_found=False)
    if fetch:
        fetch.write({"interval_number": 30, "interval_type": "minutes"})
