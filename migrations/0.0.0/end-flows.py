# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""At each change of version: connections get the flows that their connectors have gained, as drafts.

At the end, when the addons that bring connectors of their own are loaded, too.
"""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    api.Environment(cr, SUPERUSER_ID, {})["integration.connection"]._gain_flows()
