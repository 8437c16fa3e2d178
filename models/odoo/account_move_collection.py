# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Entries of money that one company collected for another: each leads to the other, and neither goes alone (C5)."""

from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    integration_collection_ids = fields.Many2many(
        "integration.collection",
        compute="_compute_integration_collection_ids",
        string="Collected for another company",
    )
    integration_mirror_text = fields.Char(
        compute="_compute_integration_mirror_text", string="Mirrored in the other company"
    )

    def _compute_integration_collection_ids(self):
        ids = self._origin.ids
        found = self.env["integration.collection"].search(
            ["|", "|", ("move_id", "in", ids), ("payee_move_id", "in", ids), ("invoice_id", "in", ids)]
        )
        for move in self:
            own = move._origin
            move.integration_collection_ids = found.filtered(
                lambda row, own=own: (
                    own in row.sudo().move_id | row.sudo().payee_move_id | row.sudo().invoice_id
                )
            )

    def _compute_integration_mirror_text(self):
        for move in self:
            row = move._integration_mirrored()
            move.integration_mirror_text = False
            if row:
                _own, other, entry = row._side_of(move._origin)
                move.integration_mirror_text = self.env._(
                    "%(entry)s of %(company)s", entry=entry.name, company=other.name
                )

    def _integration_mirrored(self):
        """Return the collection of which this is one of the two entries, empty where it is none; whoever asks."""
        self.ensure_one()
        ids = self._origin.ids
        rows = self.env["integration.collection"].sudo()
        return rows.search(["|", ("move_id", "in", ids), ("payee_move_id", "in", ids)], limit=1)

    def action_open_integration_mirror(self):
        """Button: open the entry of the other company."""
        self.ensure_one()
        row = self._integration_mirrored()
        if not row:
            raise UserError(self.env._("No entry of another company belongs to this one."))
        _own, other, entry = row._side_of(self)
        return row.sudo(flag=False)._open_entry(other, entry)

    def action_open_integration_collections(self):
        """Button: what other companies have collected, or were paid, for this document."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_collection")
        return dict(action, domain=[("id", "in", self.integration_collection_ids.ids)], context={})

    def button_draft(self):
        """One of the two entries does not change alone."""
        for move in self:
            if row := move._integration_mirrored():
                raise UserError(
                    self.env._(
                        "%(entry)s has its mirror in %(company)s (%(agreement)s): both stand or fall together. Reverse "
                        "it in both companies, on the same day.",
                        entry=move.name,
                        company=row._side_of(move)[1].name,
                        agreement=row.agreement_id.display_name,
                    )
                )
        return super().button_draft()
