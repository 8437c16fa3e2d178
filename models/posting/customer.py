# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.canonical_json import document_digest
from ...engine.errors import MissingReferenceError
from .work import Effect, Told


class IntegrationPostingCustomer(models.AbstractModel):
    """Customers: found by binding, tax number or e-mail address, else created (O1).

    What is said of a customer that is known lands only where ownership allows it (M1).
    """

    _name = "integration.posting.customer"
    _inherit = "integration.posting"
    _description = "Posting rules: customers"

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        bindings = self.env["integration.binding"]._find(
            connection, "customer", [work.documents[0].source.object_id for work in works]
        )
        for work in works:
            document = work.documents[0]
            binding = bindings.get(document.source.object_id)
            version = self._version(document)
            if self._is_applied(binding, document, version):
                work.outcome = "duplicate"
                continue
            try:
                partner = self._bound_partner(binding) or self._match(connection, document)
                values = self._values(work, document)
            except MissingReferenceError as error:
                work.error = error
                continue
            work.plan = {"binding": binding, "partner": partner, "version": version, "values": values}

    @api.model
    def _apply(self, works):
        Partner = self.env["res.partner"]
        new = [work for work in works if not work.plan["partner"]]
        known = [work for work in works if work.plan["partner"]]
        created = Partner.create([self._values_of_new(work) for work in new])
        for work, partner in zip(new, created, strict=True):
            work.plan["partner"] = partner
        if created:
            self.env["integration.duplicate"]._look_soon()
        if known:
            self._update(known)
        self._remember(works)
        self._bind(works)

    def _version(self, document):
        """Return the number that orders the versions of a customer: the source's own, else its time."""
        if document.source.version is not None:
            return document.source.version
        return int(document.occurred_at.timestamp() * 1000)

    def _is_applied(self, binding, document, version):
        """Whether exactly this was the last that the source said, and the contact is still there."""
        return bool(
            binding
            and binding.outside_version == version
            and binding.content_digest == document_digest(document)
            and self._bound_partner(binding)
        )

    def _bound_partner(self, binding):
        partner = binding and self.env["res.partner"].browse(binding.res_id).exists()
        return partner or None

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
        found = self.env["res.partner"].search(
            [*scope, (field, operator, _literal(value, operator))], limit=6
        )
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
            "customer_rank": 1,
            "active": document.status == "active",
            "company_id": connection.company_id.id,
            "lang": self._language(document.language),
            **self._address(document.address, resolve if "country" in resolver.table.kinds else None),
        }
        if document.payment_term:
            values["property_payment_term_id"] = resolve("payment_term", document.payment_term).id
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

    def _told(self, work):
        document = work.documents[0]
        return Told(work.connection, document.occurred_at, work.message_id, document.source.actor)

    def _values_of_new(self, work):
        values = work.plan["values"]
        sources = self.env["integration.ownership"]._sources_of_new(values, self._told(work))
        return {**values, "integration_sources": sources}

    def _update(self, works):
        """Write what the source says, what differs, and what it owns; the rest is kept beside it for a person."""
        contested, settled = [], {}
        for work in works:
            partner, binding = work.plan["partner"], work.plan["binding"]
            wanted = {
                name: value
                for name, value in work.plan["values"].items()
                if name not in ("company_id", "customer_rank")
            }
            values, against, agreed = self.env["integration.ownership"]._sort(
                partner, wanted, self._told(work), second_name=bool(binding and binding.is_second)
            )
            if not partner.customer_rank:
                values["customer_rank"] = 1
            if values:
                partner.write(values)
            stays_out = {row.field for row in against if not row.verdict.lands}
            settled.setdefault(partner.id, set()).update(agreed, self._fields_in(wanted) - stays_out)
            contested += against
        self._keep_beside(works, contested, settled)

    def _fields_in(self, wanted):
        return set(self.env["integration.ownership"]._by_field(wanted))

    def _keep_beside(self, works, contested, settled):
        partners = self.env["res.partner"].browse(settled)
        by_message = {work.message_id: work for work in works}
        for row, finding in self.env["integration.proposed.value"]._settle(
            works[0].connection, partners, contested, settled
        ):
            by_message[row.told.message_id].findings.append(finding)

    def _remember(self, works):
        for work in works:
            document = work.documents[0]
            work.effects.append(
                Effect(
                    key=f"customer:{document.source.object_id}:{work.message_id}",
                    model="res.partner",
                    record_id=work.plan["partner"].id,
                )
            )

    def _bind(self, works):
        rows = []
        for work in works:
            document, plan = work.documents[0], work.plan
            digest = document_digest(document)
            if plan["binding"]:
                plan["binding"].write({"outside_version": plan["version"], "content_digest": digest})
            else:
                rows.append((document.source.object_id, plan["partner"], plan["version"], digest))
        self.env["integration.binding"]._bind(works[0].connection, "customer", rows)


def _literal(value, operator):
    """Return ``value`` so that LIKE takes it to the letter."""
    if operator == "=":
        return value
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
