# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a person may write about an exception. Everything else follows from what is done, whichever way it is called."""

from odoo import models
from odoo.exceptions import UserError

# Owner, watchers, and what a person fills in before pressing a button.
BY_HAND = frozenset(
    {
        "user_id",
        "fix_partner_id",
        "fix_product_id",
        "fix_invoice_ids",
        "decision_reason",
        "activity_ids",
        "message_follower_ids",
        "message_partner_ids",
        "message_ids",
        "message_main_attachment_id",
    }
)


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def write(self, vals):
        if not self.env.su and (forged := set(vals) - BY_HAND):
            raise UserError(
                self.env._(
                    "An exception changes by its buttons and by what happens to its events: %s cannot be written.",
                    ", ".join(sorted(forged)),
                )
            )
        return super().write(vals)
