# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Pure rules of the hub: no Odoo, no I/O, no clock of its own."""
