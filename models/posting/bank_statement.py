# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.errors import IntegrationError
from .work import Effect


class IntegrationPostingBankStatement(models.AbstractModel):
    """What the bank says an account stood at (O8): compared with the books, never booked."""

    _name = "integration.posting.bank_statement"
    _inherit = "integration.posting"
    _description = "Posting rules: bank statements"

    @api.model
    def _prepare(self, works):
        journals = works[0].connection._bank_journals()
        lines = self.env["integration.posting.bank_line"]
        for work in works:
            try:
                work.plan = [
                    (lines._journal(document.account_number, document.closing.currency, journals), document)
                    for document in work.documents
                ]
            except IntegrationError as error:
                work.error = error
                continue
            work.plan = [plan for plan in work.plan if self._is_news(work, *plan)]
            if not work.plan:
                work.outcome = "duplicate"

    def _is_news(self, work, journal, document):
        """Whether the bank has not told of this statement yet, or told of it in an earlier event than this one."""
        told = work.row["replay_of_id"] or work.message_id
        statement = self.env["integration.bank.statement"].search(
            [("journal_id", "=", journal.id), ("name", "=", document.statement_id)], limit=1
        )
        heard = statement.message_id.replay_of_id or statement.message_id
        return not heard or heard.id < told

    @api.model
    def _apply(self, works):
        for work in works:
            for journal, document in work.plan:
                statement = self.env["integration.bank.statement"]._named(
                    work.connection, journal, document.statement_id
                )
                statement._hear_bank(document, work.message_id)
                key = f"bank_statement:{journal.id}:{document.statement_id}:{work.message_id}"
                work.effects.append(Effect(key, statement._name, statement.id))
