# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who a customer of the source is: candidates with reasons, or a new contact from what the source says (X2)."""

from odoo import api, models
from odoo.exceptions import UserError

from ...engine.errors import IntegrationError
from ...engine.party_candidates import Party, candidates, name_words

MAX_CONTACTS = 200
MAX_SHOWN = 20


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_show_candidates(self):
        """Button: who it could be, with the reasons; choose there, or make a new customer."""
        self.ensure_one()
        self.check_access("write")
        if self.fix not in ("customer", "identify"):
            raise UserError(self.env._("No customer is looked for here."))
        wizard = self.env["integration.choose.party"].create({"exception_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who is it?"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _wanted_party(self):
        """Return what the source says of the customer that is looked for."""
        movement = self.sudo().movement_ids[:1]
        if movement:
            return Party(name=movement.customer_name or "", email=_email_in(movement.customer_name))
        document = self._first_document()
        party = document.get("customer", document) or {}
        return Party(
            name=party.get("name") or "",
            email=party.get("email") or "",
            tax_id=party.get("tax_id") or "",
            reference=party.get("reference") or "",
        )

    def _first_document(self):
        """Return the first canonical document of the waiting events as JSON, or {}."""
        payloads = (
            self.env["integration.payload"]
            .sudo()
            .search([("message_id", "in", self.sudo().message_ids_held.ids)], limit=1)
        )
        return (payloads.documents or [{}])[0]

    def _party_candidates(self):
        """Return [(contact, candidate)], best first, bounded."""
        wanted = self._wanted_party()
        Partner = self.env["res.partner"]
        scope = [("company_id", "in", (False, self.company_id.id)), ("parent_id", "=", False)]
        tests = []
        if wanted.tax_id:
            tests.append([("vat", "=ilike", wanted.tax_id)])
        if wanted.reference:
            tests.append([("ref", "=", wanted.reference)])
        if "@" in wanted.email:
            tests.append([("email", "ilike", wanted.email.rpartition("@")[2])])
        tests += [
            [("name", "ilike", word)] for word in sorted(name_words(wanted.name), key=len, reverse=True)[:3]
        ]
        found = Partner
        for test in tests:
            found |= Partner.search([*scope, *test], limit=MAX_CONTACTS)
        contacts = {partner.id: partner for partner in found[:MAX_CONTACTS]}
        rows = candidates(
            wanted,
            [
                Party(row.id, row.name or "", row.email or "", row.vat or "", row.ref or "")
                for row in contacts.values()
            ],
        )
        return [(contacts[row.id], row) for row in rows[:MAX_SHOWN]]

    def _choose_party(self, partner):
        """Say that this is the customer: of the waiting events, or of the money that is not identified."""
        self.ensure_one()
        self.check_access("write")
        partner.check_access("read")
        if partner.company_id and partner.company_id != self.company_id:
            raise UserError(self.env._("%s belongs to another company.", partner.display_name))
        self.fix_partner_id = partner
        if self.fix == "identify":
            return self.action_identify()
        try:
            return self.action_choose_customer()
        except IntegrationError as error:
            raise self._in_words(error) from error

    def _create_party(self):
        """Make a new customer from what the source says, in the name of the connection's service user."""
        self.ensure_one()
        self.check_access("write")
        wanted = self._wanted_party()
        if not wanted.name:
            raise UserError(
                self.env._("The source gives no name. Create the contact by hand, then choose it.")
            )
        service = self.connection_id.sudo()._as_service()
        partner = service.env["integration.posting.customer"]._create_from_party(service, wanted)
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.create_customer", f"res.partner,{partner.id}"
        )
        return self.env["res.partner"].browse(partner.id)

    @api.model
    def _say_party_reasons(self, reasons):
        words = {
            "tax_id": self.env._("same tax number"),
            "reference": self.env._("same reference"),
            "email": self.env._("same e-mail address"),
            "name": self.env._("same name"),
            "similar_name": self.env._("similar name"),
            "domain": self.env._("e-mail address at the same company"),
        }
        return ", ".join(words[reason] for reason in reasons)


def _email_in(name):
    return name if name and "@" in name and " " not in name else ""
