# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.errors import IntegrationError, MissingReferenceError
from .work import Effect


class IntegrationPostingSettlement(models.AbstractModel):
    """Of what a payout consists, as the provider tells: compared with the books, never booked (R2, O7)."""

    _name = "integration.posting.settlement"
    _inherit = "integration.posting"
    _description = "Posting rules: compositions of payouts"

    @api.model
    def _prepare(self, works):
        currencies = set(works[0].connection.balance_account_ids.currency_id.mapped("name"))
        for work in works:
            try:
                for document in work.documents:
                    if document.currency not in currencies:
                        raise MissingReferenceError(
                            "balance_account_missing",
                            document.currency,
                            params={"currency": document.currency},
                        )
                work.plan = self._since_the_books_begin(work)
            except IntegrationError as error:
                work.error = error
                continue
            if not work.plan:
                work.note = self.env._("Paid out before the books of this provider begin.")
            elif not any(self._is_news(work.connection, document) for document in work.plan):
                work.plan, work.outcome = [], "duplicate"

    def _since_the_books_begin(self, work):
        """Return the documents of payouts that the books know, or can know."""
        start = work.connection._books_begin()
        if not start:
            return list(work.documents)
        booked = self.env["integration.movement"].search(
            [
                ("connection_id", "=", work.connection.id),
                ("type", "in", ("payout", "payout_return")),
                ("movement_id", "in", [document.payout for document in work.documents]),
            ]
        )
        names = set(booked.mapped("movement_id"))
        return [
            document
            for document in work.documents
            if document.payout in names or self._event_date(work.connection, document.occurred_at) >= start
        ]

    def _is_news(self, connection, document):
        """Whether a part tells anything that is not known: lines, the day of arrival, the bank's reference."""
        payout = self.env["integration.payout"].search(
            [("connection_id", "=", connection.id), ("payout_id", "=", document.payout)], limit=1
        )
        facts = (document.told, document.arrival_date or False, document.bank_reference or False)
        if not payout or facts != (payout.told, payout.arrival_date, payout.bank_reference):
            return True
        known = set(payout.line_ids.mapped("ledger_id"))
        return any(line.ledger_id not in known for line in document.lines)

    @api.model
    def _apply(self, works):
        Payout = payouts = self.env["integration.payout"]
        for work in works:
            for document in work.plan:
                payout = Payout._hear(work.connection, document)
                payouts |= payout
                work.effects.append(
                    Effect(
                        f"settlement:{document.payout}:{document.part}:{work.message_id}"[:255],
                        payout._name,
                        payout.id,
                    )
                )
        payouts._compose()
        payouts._look_at_bank()
