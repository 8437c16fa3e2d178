# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The bank journals that mirror a provider's balances, carried by their codes (M5, M8)."""

from odoo import api, models


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    @api.model
    def _carry_balance_accounts(self, company, operation, record, environment, request):
        if operation["op"] == "remove":
            record.unlink()
        elif record:
            record.write(self._written(company, operation))
        else:
            name, currency = operation["key"]
            own = {
                "connection_id": self._connection_id(company, name),
                "currency_id": self._one(company, "currency", currency).id,
            }
            self.env["integration.balance.account"].create({**own, **self._written(company, operation)})

    @api.model
    def _balance_gaps(self, company, operation):
        """Return what keeps a balance from having its journal here; that the journal is there is asked elsewhere."""
        _ = self.env._
        name, currency = operation["key"]
        _record, problem = self._find("currency", currency, company)
        gaps = [self._gap_words(company, "currency", currency, problem)] if problem else []
        journal, problem = self._find("journal", operation["after"]["journal_id"], company)
        if problem:
            return gaps
        kept_in = (journal.currency_id or company.currency_id).name
        if journal.type != "bank" or kept_in != currency:
            gaps.append(
                (
                    _(
                        "%(journal)s is no bank journal kept in %(currency)s",
                        journal=journal.display_name,
                        currency=currency,
                    ),
                    _("Add a bank journal with this code and currency, or leave this record out."),
                )
            )
        used = self.env["integration.balance.account"].search([("journal_id", "=", journal.id)], limit=1)
        if used and (used.connection_id.name, used.currency_id.name) != (name, currency):
            gaps.append(
                (
                    _(
                        "%(journal)s mirrors another balance here: %(balance)s",
                        journal=journal.display_name,
                        balance=used.display_name,
                    ),
                    _("Give one of them a journal of its own, or leave this record out."),
                )
            )
        return gaps

    @api.model
    def _mirrored_reasons(self, record):
        """Return why the journal of a balance cannot be taken back: money of the provider stands in it."""
        lines = self.env["account.bank.statement.line"].search_count(
            [
                ("journal_id", "=", record.journal_id.id),
                ("integration_connection_id", "=", record.connection_id.id),
            ],
            limit=1,
        )
        if not lines:
            return []
        return [
            self.env._(
                "Money of %(balance)s is booked in %(journal)s already: it would stay there without its balance.",
                balance=record.display_name,
                journal=record.journal_id.display_name,
            )
        ]
