# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from decimal import Decimal

from odoo import api, models
from odoo.fields import Command

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError, IntegrationError, MissingReferenceError
from .work import Effect, Finding


class IntegrationPostingEntry(models.AbstractModel):
    """Journal entries that another system computed (O10)."""

    _name = "integration.posting.entry"
    _inherit = "integration.posting"
    _description = "Posting rules: journal entries"

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        bound = self.env["integration.binding"]._find(
            connection, "entry", [work.documents[0].source.object_id for work in works]
        )
        resolver = self.env["integration.mapping"]._resolver(connection)
        for work in works:
            try:
                self._plan(work, work.documents[0], bound, resolver)
            except IntegrationError as error:
                work.error = error

    def _plan(self, work, document, bound, resolver):
        if binding := bound.get(document.source.object_id):
            if binding.content_digest != document_digest(document):
                raise BusinessError(
                    "document_changed", f"move {binding.res_id}", params={"number": document.reference}
                )
            work.outcome = "duplicate"
            return
        connection = work.connection
        resolve = resolver.for_work(work, document.date)
        journal = resolve("journal", document.journal) if document.journal else connection.entry_journal_id
        if not journal:
            raise MissingReferenceError("journal_missing", params={"purpose": self.env._("journal entries")})
        currency = self.env["res.currency"]._by_code(document.currency)
        if not currency.active:
            raise MissingReferenceError(
                "currency_inactive", document.currency, params={"currency": document.currency}
            )
        date = self._first_open_day(connection.company_id, journal, document.date)
        self._check_late(work, document.date, date)
        work.plan = {
            "journal": journal,
            "date": date,
            "lines": self._lines(work, document, currency, resolver, resolve),
        }

    def _lines(self, work, document, currency, resolver, resolve):
        """Return balanced line values; what rounding leaves in company currency goes to the largest line."""
        company = work.connection.company_id
        values = []
        for line in document.lines:
            amount = float((line.debit or Decimal(0)) - (line.credit or Decimal(0)))
            values.append(
                {
                    "name": line.label or document.description or document.reference,
                    "account_id": resolve("account", line.account).id,
                    "partner_id": self._partner(work, line).id,
                    "currency_id": currency.id,
                    "amount_currency": amount,
                    "balance": currency._convert(amount, company.currency_id, company, document.date),
                    "analytic_distribution": resolver.distribution(line.analytic, resolve),
                }
            )
        rest = company.currency_id.round(sum(line["balance"] for line in values))
        if rest:
            largest = max(values, key=lambda line: abs(line["balance"]))
            largest["balance"] = company.currency_id.round(largest["balance"] - rest)
        return values

    def _partner(self, work, line):
        Partner = self.env["res.partner"]
        if not line.party:
            return Partner
        binding = (
            self.env["integration.binding"]
            ._find(work.connection, "customer", [line.party.outside_id])
            .get(line.party.outside_id)
        )
        partner = Partner.browse(binding.res_id).exists() if binding else Partner
        partner = partner or self.env["integration.posting.customer"]._match_party(
            work.connection, line.party
        )
        if not partner:
            self._wait_for_customer(work, line.party, document_names_it=False)
            value = line.party.outside_id or line.party.name or ""
            raise MissingReferenceError("partner_unknown", value, params={"value": value})
        return partner

    @api.model
    def _apply(self, works):
        Move = self.env["account.move"].with_context(validate_analytic=True)
        # A draft has no analytic items yet; core would look for them line by line. They are made when it is posted.
        moves = Move.with_context(skip_analytic_sync=True).create(
            [self._entry_values(work) for work in works]
        )
        moves = moves.with_env(Move.env)
        moves._with_shared_numbers()._post(soft=False)
        self._check_kept(moves, {move.id: work.plan["date"] for work, move in zip(works, moves, strict=True)})
        for work, move in zip(works, moves, strict=True):
            document = work.documents[0]
            work.effects.append(Effect(self._effect_key(work), "account.move", move.id))
            if move.date != document.date:
                work.findings.append(
                    Finding(
                        "late_document",
                        {
                            "number": document.reference,
                            "date": str(document.date),
                            "booked_on": str(move.date),
                        },
                        cause=f"entry {document.source.object_id}",
                    )
                )
        self._bind_entries(list(zip(works, moves, strict=True)))

    def _entry_values(self, work):
        document = work.documents[0]
        return {
            "move_type": "entry",
            "journal_id": work.plan["journal"].id,
            "date": work.plan["date"],
            "ref": document.reference,
            "narration": document.description or False,
            "line_ids": [Command.create(line) for line in work.plan["lines"]],
            "integration_connection_id": work.connection.id,
            "integration_source_id": document.source.object_id,
            "integration_event_date": document.date,
            "integration_correlation_id": work.row["correlation_id"],
        }

    def _effect_key(self, work):
        return f"entry:{work.documents[0].source.object_id}"

    def _bind_entries(self, pairs):
        """Bind documents to their entries; ``pairs`` = list of (work, move)."""
        if pairs:
            self.env["integration.binding"]._bind(
                pairs[0][0].connection,
                "entry",
                [
                    (
                        work.documents[0].source.object_id,
                        move,
                        work.documents[0].source.version,
                        document_digest(work.documents[0]),
                    )
                    for work, move in pairs
                ],
            )
