# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The default limits come into force where the addon is there already; a new database gets them at the installation."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    policies = env["integration.approval.policy"]
    if not policies.search_count([], limit=1):
        policies._install_defaults()
