# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Remind of access reviews where a connection works already; new databases do so when the first one is activated."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Switch the daily reminder on in a database that has been at work before there were access reviews."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    if env["integration.connection"].search_count([("state", "!=", "draft")], limit=1):
        env.ref("finance_integration.cron_access_review").active = True
