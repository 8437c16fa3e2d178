# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An inquiry that becomes a dispute keeps its id and begins anew: it waits for an answer of its own (R18).

Stripe and Shopify say so by the status or type alone. Shopify dates it by the days of the inquiry, so that it would be
older than what was said of the inquiry.
"""

from msgspec.structs import replace

from odoo import api, fields, models


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    past_inquiry = fields.Boolean(
        readonly=True,
        string="More than an inquiry",
        help="The provider has said that its ledger has, or will have, lines of this dispute.",
    )

    @api.model
    def _is_news(self, known, document):
        """From an inquiry to a dispute there is one way: what is said of the dispute is later, whatever its day."""
        past = document.dispute.in_ledger
        if known and known.told_at and known.past_inquiry != past:
            return past
        return super()._is_news(known, document)

    @api.model
    def _hear(self, connection, document):
        facts = document.dispute
        if facts.state == "needs_response" and facts.evidence_given:
            # Who waits for an answer has none yet: what was handed in was for the inquiry.
            document = replace(document, dispute=replace(facts, evidence_given=False))
        known = self._known(connection, [document.movement_id]).get(document.movement_id, self.browse())
        if known.told_at and facts.in_ledger and not known.past_inquiry:
            known.sudo().evidence_ids.filtered(lambda row: row.state == "sent").for_inquiry = True
        dispute = super()._hear(connection, document)
        if facts.in_ledger and not dispute.past_inquiry:
            dispute.past_inquiry = True
        return dispute
