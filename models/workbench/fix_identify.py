# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whose unidentified money is: said by one person up to a limit, above it decided by another one (policy F5)."""

from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ...engine.errors import IntegrationError


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_identify(self):
        """Button: the money belongs to this customer; at once within the limit, else by asking an approver."""
        self.ensure_one()
        self.check_access("write")
        partner = self.fix_partner_id
        if not partner or not self.movement_ids:
            return super().action_identify()  # says what is missing
        self._check_payer(partner)
        amount = self._unidentified_in_books()
        limits = self.env["integration.limit.use"]
        verdict = limits._judge_identification(self.company_id, amount, partner)
        if not verdict.at_once:
            return self._open_step("identify", {"partner_id": partner.id}, self._say_why(verdict))
        detail = self._identified_words(partner)
        try:
            result = super().action_identify()
        except IntegrationError as error:
            raise self._in_words(error) from error
        limits._record("identification", self, partner.commercial_partner_id, float(amount), detail)
        return result

    def _check_payer(self, partner):
        """Refuse whoever cannot be the payer of this money.

        :raises UserError: a contact of another company, or money of which first has to be said what it is.
        """
        partner.check_access("read")
        if partner.company_id and partner.company_id != self.company_id:
            raise UserError(self.env._("%s belongs to another company.", partner.display_name))
        if "suspense" in self.sudo().movement_ids.mapped("application"):
            raise UserError(self.env._("Say first what this money is."))

    def _unidentified_in_books(self):
        """Return how much money it is about, in the currency of the books, exact and positive."""
        return sum((self._in_books(movement) for movement in self.sudo().movement_ids), Decimal(0))

    def _identified_words(self, partner):
        return self.env._(
            "%(money)s belongs to %(customer)s",
            money=", ".join(self.sudo().movement_ids.mapped("movement_id")),
            customer=partner.display_name,
        )

    # -- a second person -------------------------------------------------------------------------------------

    def _payer_of_step(self, values):
        """Return the contact that a step names, whoever has put it together.

        :raises UserError: there is no such contact, or it cannot be the payer.
        """
        partner_id = values.get("partner_id")
        partner = self.env["res.partner"].browse(partner_id if type(partner_id) is int else []).exists()
        if not partner:
            raise UserError(self.env._("Choose the customer first."))
        self._check_payer(partner)
        return partner

    def _say_identify(self, values):
        partner, movements = self._payer_of_step(values), self.sudo().movement_ids
        if not movements:
            raise UserError(self.env._("The money of this exception has been applied in the meantime."))
        rows = [
            self.env._(
                "%(money)s of %(id)s: %(customer)s",
                money=formatLang(self.env, abs(row.amount), currency_obj=row.currency_id),
                id=row.movement_id,
                customer=partner.display_name,
            )
            for row in movements
        ]
        return rows[0], "\n".join([self.env._("The money belongs to this customer:"), *rows])

    def _rows_identify(self, values):
        partner = self._payer_of_step(values)
        return [
            {
                "field": movement.movement_id,
                "label": movement.movement_id,
                "before": f"{self._money_left(movement):.2f} {self._account_of(movement)}",
                "after": f"{partner.display_name} ({partner.id})",
                # What is compared stays as earlier versions wrote it; this is how it is read.
                "words": {
                    "before": [
                        "on_account",
                        {
                            "amount": f"{self._money_left(movement):.2f} {movement.currency_id.name}",
                            "account": self._account_of(movement),
                        },
                    ]
                },
            }
            for movement in self.movement_ids.sorted("id")
        ]

    def _account_of(self, movement):
        return movement.counterpart_id.account_id.code or ""

    def _do_identify(self, values, request):
        self._identify_now(self._payer_of_step(values))
