# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""New scheduled actions rest until a connection is activated; where one is active, they are needed now."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    connections = api.Environment(cr, SUPERUSER_ID, {})["integration.connection"]
    if connections.search_count([("state", "=", "active")], limit=1):
        connections._switch_on_crons()
