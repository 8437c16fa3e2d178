# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields


class LooseMany2one(fields.Many2one):
    """A reference that PostgreSQL does not check.

    A foreign key locks the row it points at for each row that is written. Every event points at the same few rows
    (its connection, flow, lane, company, address): that made them hot and cost a third of storing an event. What is
    pointed at may not be deleted (see ``_unlink_except_used`` of the models), so nothing is lost. See ADR 0020.
    """

    def update_db_foreign_key(self, model, column):
        """Make no foreign key."""
