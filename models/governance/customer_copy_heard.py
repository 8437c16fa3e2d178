# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an outside system says of customers that were written there from here (ADR 0062)."""

from datetime import timezone

from odoo import api, models

from .customer_copy import LOOKED_BEFORE, trace


class IntegrationCustomerCopy(models.Model):
    _inherit = "integration.customer.copy"

    @api.model
    def _of_documents(self, connection, documents):
        """Return {outside id: row} of customers that were written from here, by our key or by their id."""
        if not connection._spec().writes_customers:
            return {}
        keys = {
            document.written_as: document.source.object_id for document in documents if document.written_as
        }
        rows = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                "|",
                ("key", "in", list(keys)),
                ("outside_id", "in", [document.source.object_id for document in documents]),
            ]
        )
        return {row.outside_id or keys.get(row.key): row for row in rows}

    def _hear(self, document):
        """Take in what the outside system says of a customer that was written from here; returns the echoed parts.

        Its id is remembered before the answer to what was sent is known, and a deletion is told to a person. Only of
        what was written the event is an echo: what else of the customer has changed there is news.
        """
        self.ensure_one()
        outside_id = document.source.object_id
        if document.status == "archived":
            if self.state in ("sent", "to_send", "unknown", "refused") and self.outside_id == outside_id:
                self._is_gone()
            return frozenset()
        if not self.outside_id:
            self.outside_id = outside_id
            self.flush_recordset()
        self._bind(outside_id)
        told = {
            "name": document.name,
            "email": document.email or "",
            "phone": document.phone or "",
            "language": document.language or "",
            "address": {name: value for name, value in _address(document).items() if value},
        }
        echoes = [
            known
            for known in self._may_be_told(document)
            if trace({part: told[part] for part in known["parts"]})["digest"] == known["digest"]
        ]
        whole = not self.number_there and "beside" not in (self.said or [{}])[-1]
        if echoes and whole and self.state == "unknown" and echoes[-1] == self.said[-1]:
            self._made(outside_id, self.version)  # what nobody knew the answer to has arrived
        return frozenset(part for known in echoes for part in known["parts"])

    def _may_be_told(self, document):
        """Return the digests of which an event may be the echo.

        While the newest content arrives, events tell older ones, too. What is told later than that, and is as it once
        was, somebody has changed back there: that is news.
        """
        said = self.said or []
        if self.state != "sent" or not self.written_at:
            return said
        written_at = self.written_at.replace(tzinfo=timezone.utc)
        return said if document.occurred_at <= written_at + LOOKED_BEFORE else said[-1:]


def _address(document):
    names = ("street", "street2", "city", "zip", "state", "country")
    return {name: getattr(document.address, name) for name in names} if document.address else {}
