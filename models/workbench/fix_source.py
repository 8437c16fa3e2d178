# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Asking the source, and comparing what was sent twice with what is in the books."""

from odoo import fields, models
from odoo.exceptions import UserError


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    source_contact_id = fields.Many2one(
        "res.partner",
        string="Contact at the source",
        help="Gets an e-mail when somebody here asks the source to send something again.",
    )


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    source_contact_id = fields.Many2one(related="connection_id.source_contact_id")

    def _write_to_source(self, what):
        """Send the question to the contact at the source, in their language: ids and reason, no amounts."""
        super()._write_to_source(what)
        contact = self.connection_id.sudo().source_contact_id
        if not contact.email:
            return
        theirs = self.with_context(lang=contact.lang or self.env.lang)
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=contact.ids,
            subject=theirs.env._("Please send again: %s", what[:100]),
            body=theirs.env._(
                "%(company)s could not process what you sent: %(why)s Please correct it and send it again, as a new "
                "event: %(what)s",
                company=self.company_id.name,
                why=theirs.what,
                what=what,
            ),
            author_id=self.env.user.partner_id.id,
        )

    def action_compare(self):
        """Button: show what is in the books and what came in now, side by side."""
        self.ensure_one()
        wizard = self.env["integration.compare"].create({"exception_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Compare both"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _twin(self):
        """Return the entry in the books that has the number of the waiting document."""
        number = (self.params or {}).get("number")
        move = self.env["account.move"].search(
            [
                ("company_id", "=", self.company_id.id),
                "|",
                ("ref", "=", number),
                ("name", "=", number),
            ],
            order="id",
            limit=1,
        )
        if not number or not move:
            raise UserError(
                self.env._("The books hold nothing with this number any more. Press “Try again”.")
            )
        return move

    def _twin_rows(self):
        """Return [(what, in the books, came in now)] of the facts by which people compare."""
        move, document = self._twin(), self._first_document()
        party = document.get("customer") or {}
        return [
            (self.env._("Number"), move.ref or move.name, document.get("number")),
            (
                self.env._("Id at the source"),
                move.integration_source_id,
                (document.get("source") or {}).get("object_id"),
            ),
            (
                self.env._("Date"),
                fields.Date.to_string(move.invoice_date or move.date),
                document.get("issue_date"),
            ),
            (self.env._("Customer"), move.partner_id.name, party.get("name") or party.get("outside_id")),
            (self.env._("Currency"), move.currency_id.name, document.get("currency")),
            (
                self.env._("Total"),
                f"{move.amount_total:.{move.currency_id.decimal_places}f}",
                document.get("total_gross"),
            ),
            (
                self.env._("Tax"),
                f"{move.amount_tax:.{move.currency_id.decimal_places}f}",
                document.get("total_tax"),
            ),
            (self.env._("Lines"), str(len(move.invoice_line_ids)), str(len(document.get("lines") or []))),
        ]

    def _is_twin(self):
        """Put the waiting events aside: a person has compared both, and it is the same document."""
        self.check_access("write")
        if self.code != "duplicate_number":
            raise UserError(self.env._("No duplicate is suspected here."))
        reason = self.env._("The same document as %s, compared by a person", self._twin().name)
        self.message_ids_held.action_discard(reason)
        self._resolve_if_empty()
