# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.canonical_json import document_digest
from ...engine.errors import IntegrationError
from ...engine.owned_columns import LAYOUTS
from .work import Effect, Told


class IntegrationPostingMaster(models.AbstractModel):
    """Base of the rules for master records: known by their outside id, found or created, then judged by ownership (M1).

    What is said of a record that is known lands only where ownership allows it; the rest is kept beside it.
    ``work.plan`` is a list of parts, one per document: document, binding, record (empty = to be created), version,
    values (by column, as ``field_source.current`` gives them).
    """

    _name = "integration.posting.master"
    _inherit = "integration.posting"
    _description = "Posting rules: master records"

    # The canonical kind, which is also the object of ownership, and the model of its records.
    _kind = ""
    _record_model = ""
    # Columns that come with a new record and that nobody owns.
    _only_new = frozenset()

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        bindings = self.env["integration.binding"]._find(
            connection,
            self._kind,
            [document.source.object_id for work in works for document in work.documents],
        )
        for work in works:
            try:
                parts = [
                    self._part(work, document, bindings.get(document.source.object_id))
                    for document in work.documents
                ]
            except IntegrationError as error:
                work.error = error
                continue
            work.plan = [part for part in parts if part]
            if not work.plan:
                work.outcome = "duplicate"
        self._look_up([work for work in works if work.open])

    def _part(self, work, document, binding):
        """Return what is planned for one document, None where exactly this was the last that the source said."""
        version = self._version(document)
        record = self._bound(binding)
        if (
            record
            and binding.outside_version == version
            and binding.content_digest == document_digest(document)
        ):
            return None
        return {
            "document": document,
            "binding": binding,
            "record": record or self._match(work.connection, document),
            "version": version,
            "values": self._values(work, document),
        }

    def _look_up(self, works):
        """Hook: decide about parts that need to know of one another; sets ``work.error``."""

    def _version(self, document):
        """Return the number that orders the versions of a record: the source's own, else its time."""
        if document.source.version is not None:
            return document.source.version
        return int(document.occurred_at.timestamp() * 1000)

    def _bound(self, binding):
        record = binding and self.env[self._record_model].browse(binding.res_id).exists()
        return record or None

    def _match(self, connection, document):
        """Return the one record that a document is about, or None to create it."""
        raise NotImplementedError

    def _known_record(self, work, document):
        """Return the record that a document is about, None where there is none; nothing is made."""
        return self._match(work.connection, document)

    def _values(self, work, document):
        """Return what the document says, by column; what it does not say is left out."""
        raise NotImplementedError

    @api.model
    def _apply(self, works):
        parts = [(work, part) for work in works for part in work.plan]
        new = [(work, part) for work, part in parts if not part["record"]]
        known = [(work, part) for work, part in parts if part["record"]]
        created = self.env[self._record_model].create([self._values_of_new(*one) for one in new])
        for (_work, part), record in zip(new, created, strict=True):
            part.update(record=record, is_new=True)
        if created:
            self.env["integration.duplicate"]._look_soon()
        if known:
            self._update(known)
        for work, part in parts:
            document = part["document"]
            key = f"{self._kind}:{document.source.object_id}:{work.message_id}"
            work.effects.append(Effect(key, self._record_model, part["record"].id))
        self._bind(works[0].connection, [part for _work, part in parts])
        for work, part in parts:
            self._apply_more(work, part)

    def _apply_more(self, work, part):
        """Hook: what a document says besides the columns of its record."""

    def _told(self, work, document):
        return Told(work.connection, document.occurred_at, work.message_id, document.source.actor)

    def _values_of_new(self, work, part):
        told = self._told(work, part["document"])
        sources = self.env["integration.ownership"]._sources_of_new(part["values"], told, self._kind)
        return {**self._written_new(part["values"]), "integration_sources": sources}

    def _written_new(self, values):
        """Return values by column in the form in which a new record takes them."""
        return values

    def _update(self, known):
        """Write what the source says, what differs, and what it owns; the rest is kept beside it for a person."""
        contested, settled, works = [], {}, {}
        Ownership = self.env["integration.ownership"]
        for work, part in known:
            works[work.message_id] = work
            record, binding = part["record"], part["binding"]
            wanted = {name: value for name, value in part["values"].items() if name not in self._only_new}
            values, against, agreed = Ownership._sort(
                record,
                wanted,
                self._told(work, part["document"]),
                self._kind,
                second_name=bool(binding and binding.is_second),
            )
            values |= self._always(record)
            if values:
                record._integration_write_values(values)
            stays_out = {row.field for row in against if not row.verdict.lands}
            told = set(LAYOUTS[self._kind].by_field(wanted))
            settled.setdefault(record.id, set()).update(agreed, told - stays_out)
            contested += against
        records = self.env[self._record_model].browse(settled)
        connection = known[0][0].connection
        for row, finding in self.env["integration.proposed.value"]._settle(
            connection, self._kind, records, contested, settled
        ):
            works[row.told.message_id].findings.append(finding)

    def _always(self, record):
        """Return values that are written whoever owns the record."""
        return {}

    def _bind(self, connection, parts):
        rows = []
        for part in parts:
            document, digest = part["document"], document_digest(part["document"])
            if part["binding"]:
                part["binding"].write({"outside_version": part["version"], "content_digest": digest})
            else:
                rows.append((document.source.object_id, part["record"], part["version"], digest))
        self.env["integration.binding"]._bind(connection, self._kind, rows)
