# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The drain reads a source's own words: its status words, its codes for currencies, its names of legal entities."""

from odoo import api, models

from ...connectors.registry import get_connector
from ...engine.errors import ContractError, MissingReferenceError
from ...engine.instants import local_date, utc_now
from ...engine.mapping import Verdict
from ...engine.own_words import with_currencies, with_word
from .mapping_target import STATUSES

OURS = frozenset(status for status, _label in STATUSES)


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    @api.model
    def _in_our_words(self, work):
        """Return the body of an event with its status in our words, where the connection maps status words."""
        path = get_connector(work.connection.connector).spec.status_path
        resolver = path and self._words_of(work, "status")
        if not resolver:
            return work.body
        resolve = resolver.for_work(work, self._day_of(work, work.envelope.occurred_at))
        return with_word(
            work.body, path, lambda word: word if word in OURS else _or_itself(resolve, "status", word)
        )

    @api.model
    def _with_our_codes(self, work, document):
        """Return a document with the currencies as ISO 4217 calls them; refuse one of another legal entity.

        :raises ContractError: ``wrong_company``.
        :raises MissingReferenceError: a code is mapped, but not for this day; an entity is not mapped.
        """
        currencies, companies = self._words_of(work, "currency"), self._words_of(work, "company")
        if not currencies and not companies:
            return document
        day = self._day_of(work, document.occurred_at)
        if companies and document.source.entity and not self._is_routed(work):
            company = self._entity_of(work, companies, document.source.entity, day)
            if company != work.connection.company_id and not self._is_collected_for(
                work, document, company, day
            ):
                expected = work.connection.company_id.name
                raise ContractError(
                    "wrong_company",
                    f"company {company.id}",
                    params={"entity": document.source.entity, "expected": expected},
                )
        if not currencies:
            return document
        resolve = currencies.for_work(work, day)

        def iso_code(code):
            found = _or_itself(resolve, "currency", code)
            return found if isinstance(found, str) else found.name

        return with_currencies(document, iso_code)

    def _entity_of(self, work, companies, entity, day):
        """Return the company that a name of a legal entity means; a default never answers for a name.

        :raises MissingReferenceError: it is not mapped, or not for this day.
        """
        if companies.table.look_up("company", entity, day).verdict is Verdict.DEFAULT:
            label = self.env["integration.mapping"]._kind_labels()["company"]
            params = {"mapping": label, "value": entity, "code": "company"}
            raise MissingReferenceError("mapping_missing", f"company: {entity} on {day}", params=params)
        return companies.for_work(work, day)("company", entity)

    def _is_collected_for(self, work, document, company, day):
        """Whether this is money of another company that its own one collects by agreement."""
        return False

    def _is_routed(self, work):
        """Whether rules decide to which company it belongs, or have decided it."""
        return False

    def _words_of(self, work, kind):
        """Return the Resolver of the event's connection where it maps this kind at all, else None."""
        resolver = self.env["integration.mapping"]._resolver(work.connection)
        return resolver if kind in resolver.table.kinds else None

    def _day_of(self, work, instant):
        return local_date(instant or utc_now(), work.connection.time_zone)


def _or_itself(resolve, kind, code):
    """Return what a code means, or the code itself where nobody has mapped it."""
    try:
        return resolve(kind, code)
    except MissingReferenceError as error:
        if error.code != "mapping_missing":
            raise
        return code
