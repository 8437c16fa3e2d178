# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bank lines that Odoo did not let be matched when they came: *Match now*, and closing what is matched (O8)."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .fix_match import BANK_LINE


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _match_what_waits(self):
        if self.code != BANK_LINE:
            return super()._match_what_waits()
        line = self._bank_line_to_match()
        if not line.is_reconciled:
            invoices, returned = self._what_the_line_is()
            self._match_as_service(
                lambda env: env["integration.posting.bank_receipt"]._match_again(
                    line.with_env(env), invoices.with_env(env), returned.with_env(env)
                )
            )
            if not line.is_reconciled:
                raise UserError(
                    self.env._(
                        "It is not certain any more what this line is: the documents have changed meanwhile. Match it "
                        "by hand in the bank journal."
                    )
                )
        return line

    def _bank_line_to_match(self):
        """Return the line; it may be gone where a person deleted it.

        :raises UserError: it is not in the books any more.
        """
        line = self.env["account.bank.statement.line"].sudo().browse(self._kept_id("line_id")).exists()
        if not line:
            raise UserError(self.env._("This line is not in the books any more."))
        return line

    def _what_the_line_is(self):
        kept = (self.params or {}).get("invoice_ids") or []
        ids = [each for each in kept if type(each) is int]
        lines = self.env["account.bank.statement.line"].sudo()
        return (
            self.env["account.move"].sudo().browse(ids).exists(),
            lines.browse(self._kept_id("returned_id")).exists(),
        )

    def _kept_id(self, name):
        value = (self.params or {}).get(name)
        return value if type(value) is int else []

    def _selects_of_matched(self):
        """Add lines that were matched with Odoo's own tools."""
        return [
            *super()._selects_of_matched(),
            SQL(
                """
                SELECT x.id
                  FROM integration_exception x
                  JOIN account_bank_statement_line l ON 'bank line ' || l.id = x.cause
                 WHERE x.code = %s AND x.state = 'open' AND l.is_reconciled
                """,
                BANK_LINE,
            ),
        ]
