# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Documents of a system to which a company has not given them: stopped before anything is booked of them (M1)."""

from odoo import api, models

from ...engine.errors import MissingReferenceError
from ...engine.ownership import JUDGED_DOCUMENTS, judge_document

NOT_OWNED = "document_not_owned"
MAX_EXCEPTIONS = 1000


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _prepare_works(self, poster, works):
        """Keep out what by a rule of the company another system brings."""
        for work in works:
            work.error = self.env["integration.ownership"]._objection(work.connection, work.object_kind)
        owned = [work for work in works if work.open]
        return super()._prepare_works(poster, owned) if owned else None


class IntegrationOwnership(models.Model):
    _inherit = "integration.ownership"

    @api.model
    def _objection(self, connection, kind):
        """Return the error of a document that a connection does not own, None where it may bring it.

        :param kind: canonical kind of the document; of a cancellation, that of what it cancels.
        """
        if kind not in JUDGED_DOCUMENTS:
            return None
        object_type, field = JUDGED_DOCUMENTS[kind]
        rule, owners = self._owner_of(connection.company_id, object_type, field, connection)
        if judge_document(rule, f"connection:{connection.id}", owners).lands:
            return None
        return MissingReferenceError(
            "document_not_owned",
            f"{object_type}.{rule.field}: {', '.join(sorted(owners))}",
            params={"source": connection.name, "kind": kind, "owner": self._say_owners(owners)},
        )

    def _carry_out(self, request):
        """What waited for another owner is judged anew; what still belongs to somebody else stops again."""
        result = super()._carry_out(request)
        if self.object in {name for name, _field in JUDGED_DOCUMENTS.values()}:
            waiting = self.env["integration.exception"].sudo()
            found = waiting.search(
                [("company_id", "=", self.company_id.id), ("code", "=", NOT_OWNED), ("state", "=", "open")],
                limit=MAX_EXCEPTIONS,
            )
            found.message_ids_held._requeue("message.owner_changed")
        return result
