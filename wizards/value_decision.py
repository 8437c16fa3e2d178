# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models


class IntegrationValueDecision(models.TransientModel):
    """The dialog in which a person says whose value counts, for one value or for many."""

    _name = "integration.value.decision"
    _description = "Decision about values"

    proposal_ids = fields.Many2many("integration.proposed.value", required=True, readonly=True)
    choice = fields.Selection(
        [
            ("keep", "Keep what is in Odoo"),
            ("take", "Take the other value over"),
            ("owner", "Take it over, and make who says it the owner from now on"),
        ],
        required=True,
        default="keep",
    )
    reason = fields.Char(required=True, string="Why")
    count = fields.Integer(compute="_compute_counts")
    guarded_count = fields.Integer(compute="_compute_counts")
    needs_approval = fields.Boolean(compute="_compute_counts")

    @api.depends("proposal_ids", "choice")
    def _compute_counts(self):
        for decision in self:
            decision.count = len(decision.proposal_ids)
            decision.guarded_count = len(decision.proposal_ids.filtered("needs_approval"))
            decision.needs_approval = decision.choice == "owner" or (
                decision.choice == "take" and decision.guarded_count
            )

    def action_confirm(self):
        """Button: decide, or ask for what needs a second person."""
        self.ensure_one()
        proposals = self.proposal_ids
        if self.choice == "owner":
            return proposals._make_owner(self.reason)
        if self.choice == "take":
            proposals._take_theirs(self.reason)
        else:
            proposals._keep_ours(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
