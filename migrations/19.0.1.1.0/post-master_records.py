# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a connection is active already, duplicates and missing numbers are looked for, too."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    cron = env.ref("finance_integration.cron_duplicates", raise_if_not_found=False)
    active = env["integration.connection"].search_count([("state", "=", "active")], limit=1)
    if cron and active:
        cron.active = True
    for connection in (
        env["integration.connection"]
        .with_context(active_test=False)
        .search([("system_role", "=", False)], limit=1000)
    ):
        connection.system_role = connection._spec().system_role or False
