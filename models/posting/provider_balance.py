# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.errors import IntegrationError, MissingReferenceError
from .work import Effect, Finding


class IntegrationPostingProviderBalance(models.AbstractModel):
    """What the provider says a balance was at the end of a day: compared with the books, never booked (R17)."""

    _name = "integration.posting.provider_balance"
    _inherit = "integration.posting"
    _description = "Posting rules: provider balances"

    @api.model
    def _prepare(self, works):
        accounts = {account.currency_id.name: account for account in works[0].connection.balance_account_ids}
        for work in works:
            try:
                work.plan = [self._account(accounts, document) for document in work.documents]
            except IntegrationError as error:
                work.error = error
                continue
            self._leave_out_known(work)

    def _account(self, accounts, document):
        code = document.closing.currency
        if code not in accounts:
            if not document.closing.value and not document.movement_count:
                return None  # a currency in which nothing is and nothing moved
            raise MissingReferenceError("balance_account_missing", code, params={"currency": code})
        return accounts[code]

    def _leave_out_known(self, work):
        """Leave out what a day's statement has heard already, from the same telling or from a later one."""
        told = work.row["replay_of_id"] or work.message_id
        known = []
        for index, (account, document) in enumerate(zip(work.plan, work.documents, strict=True)):
            statement = account and self.env["integration.processor.statement"].search(
                [("balance_account_id", "=", account.id), ("date", "=", document.date)], limit=1
            )
            heard = statement and statement.as_of and statement.message_id
            first = heard and (heard.replay_of_id or heard).id
            if first and first >= told:
                known.append("duplicate" if first == told else "superseded")
                work.plan[index] = None
        if known and not any(work.plan):
            work.outcome = "superseded" if "superseded" in known else "duplicate"

    @api.model
    def _apply(self, works):
        Statement = self.env["integration.processor.statement"]
        for work in works:
            for account, document in zip(work.plan, work.documents, strict=True):
                if not account:
                    continue
                statement = Statement._for_day(account, document.date)
                statement._hear_provider(document, work.message_id)
                work.effects.append(
                    Effect(f"balance:{document.account}:{account.currency_id.name}:{document.date}:{work.message_id}",
                           statement._name, statement.id)
                )  # fmt: skip
                if statement.state == "differs" and not statement._is_carried_over():
                    params = {
                        "date": str(document.date),
                        "stated": statement._exact_text(statement.provider_closing),
                        "computed": statement._exact_text(statement.closing),
                    }
                    work.findings.append(
                        Finding(
                            "balance_differs", params, cause=f"{account.currency_id.name} {document.date}"
                        )
                    )
