# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import base64
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.archive import Kept, pack, unpack
from ...engine.errors import BusinessError, ContractError, IntegrationError

MAX_MESSAGES = 2000
MAX_BYTES = 50_000_000


class IntegrationArchive(models.Model):
    """Contents of old events in one compressed file outside the event tables. The events themselves stay."""

    _name = "integration.archive"
    _description = "Archive of event contents"
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    first_received_at = fields.Datetime(required=True, readonly=True, string="First event")
    last_received_at = fields.Datetime(required=True, readonly=True, string="Last event")
    message_count = fields.Integer(required=True, readonly=True, string="Events")
    byte_count = fields.Integer(readonly=True, string="Size (bytes)")
    # Nobody reads it as it is: it holds what views mask.
    file = fields.Binary(attachment=True, readonly=True, groups=fields.NO_ACCESS)
    file_digest = fields.Char(
        required=True, readonly=True, help="SHA-256 of the file, also in the audit trail."
    )
    checked_at = fields.Datetime(readonly=True, string="Last checked")
    check_result = fields.Char(readonly=True, string="Found")
    message_ids = fields.One2many("integration.message", "archive_id")

    @api.depends("connection_id.name", "first_received_at", "last_received_at")
    def _compute_name(self):
        for archive in self:
            first, last = (
                fields.Date.to_string(fields.Date.to_date(value))
                for value in (archive.first_received_at, archive.last_received_at)
            )
            archive.name = f"{archive.connection_id.name} · {first} – {last}"

    def write(self, vals):
        if vals.keys() - {"checked_at", "check_result"}:
            raise UserError(self.env._("An archive is evidence and cannot be changed."))
        return super().write(vals)

    def _set_life(self, vals):
        """Write what the retention decides: the class of the contents, and that they were erased."""
        return super().write(vals)  # pylint: disable=super-method-mismatch

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An archive is evidence and cannot be deleted."))

    # -- putting away ------------------------------------------------------------------------------------

    @api.model
    def _put_away(self, messages):
        """Move the contents of these finished events of one connection into a new archive.

        Only as many as fit into one file are taken, the first ones; returns the archive.
        """
        taken = self._that_fit(messages)
        raw = taken._stored_by_message(taken.message_id.ids)
        documents = taken._stored_documents()
        archived = taken.message_id
        packed = pack(
            Kept(
                row.message_id.id,
                row.message_id.event_id,
                raw[row.message_id.id],
                row.headers,
                documents[row.id],
            )
            for row in taken
        )
        archive = self.create(
            {
                "connection_id": archived.connection_id.id,
                "first_received_at": min(archived.mapped("received_at")),
                "last_received_at": max(archived.mapped("received_at")),
                "message_count": len(archived),
                "byte_count": len(packed),
                "file": base64.b64encode(packed),
                "file_digest": hashlib.sha256(packed).hexdigest(),
            }
        )
        archived.write({"archive_id": archive.id})
        taken.unlink()
        self.env["integration.audit.leaf"]._append(
            [
                {
                    "action": "payload.archive",
                    "company_id": archive.company_id.id,
                    "connection_id": archive.connection_id.id,
                    "res_model": self._name,
                    "res_id": archive.id,
                    "subject_digest": archive.file_digest,
                    "detail": f"{archive.message_count} events, ids {min(archived.ids)} to {max(archived.ids)}",
                }
            ]
        )
        return archive

    def _that_fit(self, messages):
        """Return the first payloads of these events that together fit into one file, one at least.

        Their sizes are asked for before any content is read: what does not fit is never in memory.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM (SELECT id, message_id, row_number() OVER first_to_last AS place,
                                       sum(COALESCE(octet_length(raw), 0)) OVER first_to_last AS size
                                  FROM integration_payload WHERE message_id = ANY(%s)
                                WINDOW first_to_last AS (ORDER BY message_id)) AS sized
                 WHERE place = 1 OR size <= %s ORDER BY message_id
                """,
                messages.ids,
                MAX_BYTES,
            )
        )
        return self.env["integration.payload"].browse(row_id for (row_id,) in self.env.cr.fetchall())

    # -- getting back ------------------------------------------------------------------------------------

    def _contents(self):
        """Yield the contents of this archive, each one checked.

        :raises ContractError: ``archive_damaged``.
        """
        self.ensure_one()
        packed = base64.b64decode(self.sudo().with_context(bin_size=False).file or b"")
        if hashlib.sha256(packed).hexdigest() != self.file_digest:
            raise ContractError("archive_damaged", "the file has another digest")
        yield from unpack(packed)

    def _content_of(self, message_ids):
        """Return {message id: Kept} of these events of this archive."""
        wanted = set(message_ids)
        return {kept.message_id: kept for kept in self._contents() if kept.message_id in wanted}

    def action_check(self):
        """Button: read the file again and compare each content with the digest that its event carries."""
        self.check_access("read")
        for archive in self.sudo():
            archive.write({"checked_at": fields.Datetime.now(), "check_result": archive._check()})

    def _check(self):
        digests = {row["id"]: row["body_digest"] for row in self.message_ids.read(["body_digest"])}
        try:
            found, erased = self._found_digests()
        except IntegrationError as error:
            return self.env._("Damaged: %s", error.detail)
        if len(found) != self.message_count or found.keys() != digests.keys():
            return self.env._("Damaged: events are missing")
        changed = [
            key
            for key, digest in found.items()
            if key not in erased and digests[key] and digests[key] != digest
        ]
        if changed:
            return self.env._("Changed: event %s has another content than when it came in", min(changed))
        if erased:
            return self.env._(
                "All %(count)s events are there; %(erased)s were erased on request, the others are unchanged",
                count=len(found),
                erased=len(erased),
            )
        return self.env._("All %s events are there, unchanged", len(found))

    def _found_digests(self):
        """Return ({message id: digest of its content}, ids of those whose content was erased).

        :raises IntegrationError: the archive is damaged, or a content cannot be decrypted here.
        """
        payload = self.env["integration.payload"]
        shares = payload._shares_by_message(self.message_ids.ids)
        found, erased = {}, set()
        for kept in self._contents():
            try:
                content = payload._opened(kept.raw, shares.get(kept.message_id))
            except BusinessError:
                erased.add(kept.message_id)
                content = b""
            found[kept.message_id] = hashlib.sha256(content).hexdigest()
        return found, erased

    def action_open_messages(self):
        """Button: the events whose contents are kept here."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(action, domain=[("archive_id", "=", self.id)], context={})
