# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError
from ...engine.mapping import circle_above
from ...engine.money import plain
from .work import Effect


class IntegrationPostingReferenceCode(models.AbstractModel):
    """Codes of the source's own lists (O16): kept as the source describes them, nothing is booked."""

    _name = "integration.posting.reference_code"
    _inherit = "integration.posting"
    _description = "Posting rules: codes of the source"

    @api.model
    def _prepare(self, works):
        Code = self.env["integration.outside.code"]
        connection = works[0].connection
        told = {self._key(work.documents[0]): work.documents[0] for work in works}
        known = {key: row.with_env(self.env) for key, row in Code._labels(connection, told).items()}
        above = self._above(connection, {kind for kind, _code in told})
        for work in works:
            document = work.documents[0]
            kind, code = self._key(document)
            if kind in above and (circle := circle_above(code, document.parent, above[kind])):
                work.error = BusinessError(
                    "code_circle", circle, params={"code": code, "parent": document.parent}
                )
                continue
            above.setdefault(kind, {})[code] = document.parent
            row = known.get((kind, code))
            if row and row.content_digest == document_digest(document):
                work.outcome = "duplicate"
                continue
            work.plan = {"row": row, "values": self._values(connection, document)}

    def _key(self, document):
        return document.catalogue, document.code

    def _above(self, connection, kinds):
        """Return {kind: {code: code above it}} of everything the source has told of these lists."""
        rows = self.env["integration.outside.code"].search_fetch(
            [
                ("connection_id", "=", connection.id),
                ("mapping", "in", list(kinds)),
                ("parent_code", "!=", False),
            ],
            ["mapping", "code", "parent_code"],
        )
        above = {kind: {} for kind in kinds}
        for row in rows:
            above[row.mapping][row.code] = row.parent_code
        return above

    def _values(self, connection, document):
        kind, code = self._key(document)
        return {
            "connection_id": connection.id,
            "mapping": kind,
            "code": code,
            "label": document.label,
            "parent_code": document.parent,
            "valid_from": document.valid_from,
            "valid_until": document.valid_until,
            "content_digest": document_digest(document),
            "told_at": document.occurred_at.replace(tzinfo=None),
            **self._more(connection, document),
        }

    def _more(self, _connection, document):
        rate = document.rate_percent
        return {"rate_percent": plain(rate) if rate is not None else False, "currency": document.currency}

    @api.model
    def _apply(self, works):
        Code = self.env["integration.outside.code"]
        new = [work for work in works if not work.plan["row"]]
        created = Code.create([work.plan["values"] | self._new(work) for work in new])
        for work, row in zip(new, created, strict=True):
            work.plan["row"] = row
        for work in works:
            row = work.plan["row"]
            if row not in created:
                row.write(work.plan["values"])
            work.effects.append(Effect(f"code:{row.mapping}:{row.code}:{work.message_id}", row._name, row.id))

    def _new(self, _work):
        return {}


class IntegrationPostingDimension(models.AbstractModel):
    """Values of analytic dimensions (O15): listed, and proposed as analytic accounts where the connection says so."""

    _name = "integration.posting.dimension"
    _inherit = "integration.posting.reference_code"
    _description = "Posting rules: analytic dimensions of the source"

    def _key(self, document):
        return "analytic", document.code

    def _more(self, _connection, document):
        return {"dimension": document.dimension}

    def _new(self, work):
        """A code that nobody has mapped is a proposal for a person, where the connection proposes."""
        connection, document = work.connection, work.documents[0]
        table = self.env["integration.mapping"]._resolver(connection).table
        known = table.look_up(
            "analytic", document.code, self._event_date(connection, document.occurred_at)
        ).version
        if connection.dimension_policy != "propose" or (known and known.value == document.code):
            return {}
        plan = self.env["integration.outside.code"]._plan_called(document.dimension)
        return {"proposal": "open", "plan_id": plan}
