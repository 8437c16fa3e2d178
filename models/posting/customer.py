# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.errors import MissingReferenceError
from .work import Told


class IntegrationPostingCustomer(models.AbstractModel):
    """Customers: found by binding, tax number or e-mail address, else created (O1).

    What is said of a customer that is known lands only where ownership allows it (M1).
    """

    _name = "integration.posting.customer"
    _inherit = "integration.posting.master"
    _description = "Posting rules: customers"

    _kind = "customer"
    _record_model = "res.partner"
    _only_new = frozenset({"company_id", "customer_rank"})
    # What of Odoo counts how often a contact was one, and holds its payment terms.
    _rank = "customer_rank"
    _term = "property_payment_term_id"

    def _match(self, connection, document):
        """Return the one partner that this customer is, or None to create it.

        :raises MissingReferenceError: ``partner_ambiguous`` when several partners match equally well.
        """
        for field, value, operator in (
            ("vat", document.tax_id, "="),
            ("ref", document.reference, "="),
            ("email", document.email, "=ilike"),
        ):
            if value and (partner := self._only_one(connection, field, value, operator)):
                return partner
        return None

    def _only_one(self, connection, field, value, operator):
        scope = [("company_id", "in", (False, connection.company_id.id)), ("parent_id", "=", False)]
        found = self.env["res.partner"].search([*scope, (field, operator, literal(value, operator))], limit=6)
        if len(found) > 1:
            raise MissingReferenceError(
                "partner_ambiguous", f"{field}: {found.ids}", params={"value": value, "count": len(found)}
            )
        return found

    @api.model
    def _match_party(self, connection, party):
        """Return the one partner that a document's party is, or None."""
        for field, value, operator in (("vat", party.tax_id, "="), ("email", party.email, "=ilike")):
            if value and (partner := self._only_one(connection, field, value, operator)):
                return partner
        return None

    @api.model
    def _create_from_party(self, connection, party):
        """Create a customer from what a document says of its party."""
        said = {"name": party.name, "email": party.email, "vat": party.tax_id}
        said = {name: value for name, value in said.items() if value}
        self.env["integration.duplicate"]._look_soon()
        return self.env["res.partner"].create(
            {
                **said,
                "customer_rank": 1,
                "company_id": connection.company_id.id,
                "integration_sources": self.env["integration.ownership"]._sources_of_new(
                    said, Told(connection)
                ),
            }
        )

    def _values(self, work, document):
        connection = work.connection
        day = self._event_date(connection, document.occurred_at)
        resolver = self.env["integration.mapping"]._resolver(connection)
        resolve = resolver.for_work(work, day)
        values = {
            "name": document.name,
            "is_company": document.is_company,
            "email": document.email,
            "phone": document.phone,
            "ref": document.reference,
            "vat": document.tax_id,
            "comment": document.note,
            self._rank: 1,
            "active": document.status == "active",
            "company_id": connection.company_id.id,
            "lang": self._language(document.language),
            **self._address(document.address, resolve if "country" in resolver.table.kinds else None),
        }
        if document.payment_term:
            values[self._term] = resolve("payment_term", document.payment_term).id
        return {name: value for name, value in values.items() if value is not None}

    def _address(self, address, resolve=None):
        """Return the fields of an address.

        :param resolve: what a country code means, for connections that map countries.
        """
        if not address:
            return {}
        country = address.country and self._country(address.country, resolve)
        state = (
            country
            and address.state
            and self.env["res.country.state"].search(
                [
                    ("country_id", "=", country.id),
                    "|",
                    ("code", "=", address.state),
                    ("name", "=ilike", address.state),
                ],
                limit=1,
            )
        )
        return {
            "street": address.street,
            "street2": address.street2,
            "city": address.city,
            "zip": address.zip,
            "country_id": country.id if country else None,
            "state_id": state.id if state else None,
        }

    def _country(self, code, resolve):
        if resolve:
            try:
                return resolve("country", code)
            except MissingReferenceError as error:
                if error.code != "mapping_missing":
                    raise
        return self.env["res.country"].search([("code", "=", code)], limit=1)

    def _language(self, code):
        if not code:
            return None
        language = self.env["res.lang"]._get_data(code=code.replace("-", "_"))
        return language.code if language else None

    def _always(self, record):
        return {} if record[self._rank] else {self._rank: 1}


def literal(value, operator):
    """Return ``value`` so that LIKE takes it to the letter."""
    if operator == "=":
        return value
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
