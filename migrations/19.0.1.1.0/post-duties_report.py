# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Report on duties each month where a connection works already; new databases do so when the first one is activated."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Switch the monthly report on in a database that has been at work before there was one."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    if env["integration.connection"].search_count([("state", "!=", "draft")], limit=1):
        env.ref("finance_integration.cron_duties_report").active = True
