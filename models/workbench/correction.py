# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A corrected copy of an event beside its original (X5): who, when, why, what; only what policy F6 allows.

The original stays byte for byte. Each time the copy is processed it is compared with the original again: a copy that
differs in anything that is never corrected is refused, however it got there.
"""

import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.canonical import decode, kind_of
from ...engine.canonical.registry import encode
from ...engine.canonical_json import to_plain
from ...engine.correction import Edit, correct, editable_fields, needs_approval, verify
from ...engine.errors import BusinessError, ContractError, IntegrationError
from ...engine.json_guard import parse_json
from ..messaging.loose_many2one import LooseMany2one

# Only the holder of this object may make a correction.
_KEY = object()


class IntegrationCorrection(models.Model):
    """The corrected copy of one event. Never changed: another correction takes its place."""

    _name = "integration.correction"
    _description = "Correction of an event"
    _log_access = False
    _order = "id desc"
    _rec_name = "reason"

    message_id = fields.Many2one(
        "integration.message", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="message_id.company_id", store=True, index=True)
    level = fields.Selection(
        [("body", "What arrived"), ("document", "What it says")], required=True, readonly=True
    )
    kind = fields.Char(required=True, readonly=True)
    edits = fields.Json(readonly=True, help="Field, value before, value after.")
    edits_text = fields.Text(compute="_compute_edits_text", string="Corrected")
    corrected_text = fields.Text(readonly=True, help="The copy as it is processed.")
    original_digest = fields.Char(readonly=True, help="SHA-256 of the original that it was made from.")
    corrected_digest = fields.Char(readonly=True)
    reason = fields.Char(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict", string="Corrected by"
    )
    approver_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Approved by")
    corrected_at = fields.Datetime(required=True, readonly=True, string="On")

    _two_people = models.Constraint(
        "CHECK (approver_id IS NULL OR approver_id <> user_id)", "Nobody approves an own correction."
    )

    @api.depends("edits")
    def _compute_edits_text(self):
        for correction in self:
            correction.edits_text = "\n".join(
                f"{path}: {before if before is not None else '–'} → {after if after is not None else '–'}"
                for path, before, after in correction.edits or []
            )

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get("integration_correction") is not _KEY:
            raise UserError(self.env._("An event is corrected with its button."))
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("A correction is evidence: it is replaced by another one, never changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A correction is evidence and cannot be deleted."))


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    correction_id = LooseMany2one("integration.correction", readonly=True, string="Corrected copy")
    correction_ids = fields.One2many(
        "integration.correction", "message_id", readonly=True, string="Corrections"
    )
    corrected_text = fields.Text(
        compute="_compute_corrected_text",
        string="Corrected copy, as it is processed",
        groups="finance_integration.group_auditor",
    )

    @api.depends("correction_id")
    def _compute_corrected_text(self):
        view = self.env["integration.payload.view"]
        for message in self:
            correction = message.correction_id
            message.corrected_text = correction and view._show_copy(
                message, correction.corrected_text, correction.kind, correction.level
            )

    def action_correct(self):
        """Button: correct what does no harm, in a copy."""
        self.ensure_one()
        self.check_access("write")
        self._correctable()
        wizard = self.env["integration.correct.event"].create({"message_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct a copy"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _correctable(self):
        """Return (level, kind, document as JSON, whole body or None) of what can be corrected.

        :raises UserError: the event does not wait, or nothing of it can be corrected here.
        """
        self.ensure_one()
        if self.direction != "in" or self.status not in ("parked", "dead"):
            raise UserError(self.env._("Only an event that has stopped can be corrected."))
        payload = self.env["integration.payload"].sudo().search([("message_id", "=", self.id)], limit=1)
        raw = payload._raw_by_message(self.ids).get(self.id, b"")
        try:
            body = parse_json(raw)
        except IntegrationError as error:
            raise UserError(
                self.env._("What arrived cannot be read. Ask the source to send it again.")
            ) from error
        connector = get_connector(self.connection_id.connector)
        if part := connector.canonical_part(self.event_type, body):
            kind, place = part
            return "body", kind, to_plain(_at(body, place)), (body, place)
        documents = payload.documents or []
        if len(documents) == 1 and self.kind:
            return "document", self.kind, documents[0], None
        raise UserError(
            self.env._("Events of this source are corrected there. Ask the source to send it again.")
        )

    def _editable_fields(self):
        _level, kind, document, _whole = self._correctable()
        return editable_fields(kind, document)

    def _correct(self, edits, reason, user=None, approver=None):
        """Store a corrected copy and process it; the one way in which a copy comes into being.

        :param edits: list of [path, value].
        :raises UserError: no reason, or the event has gone on in the meantime.
        :raises BusinessError: ``field_not_editable``.
        """
        self.ensure_one()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept beside the original."))
        level, kind, document, whole = self._correctable()
        changes = [Edit(*edit) for edit in edits]
        if needs_approval(kind, [edit.path for edit in changes]) and not approver:
            raise UserError(self.env._("This correction needs the approval of a second person."))
        corrected = correct(kind, document, changes)
        text = json.dumps(_placed(*whole, corrected) if whole else corrected, ensure_ascii=False)
        before = dict(editable_fields(kind, document))
        correction = (
            self.env["integration.correction"]
            .sudo()
            .with_context(integration_correction=_KEY)
            .create(
                {
                    "message_id": self.id,
                    "level": level,
                    "kind": kind,
                    "edits": [[edit.path, before.get(edit.path), edit.value] for edit in changes],
                    "corrected_text": text,
                    "original_digest": self.body_digest,
                    "corrected_digest": hashlib.sha256(text.encode()).hexdigest(),
                    "reason": reason.strip()[:500],
                    "user_id": (user or self.env.user).id,
                    "approver_id": approver.id if approver else False,
                    "corrected_at": fields.Datetime.now(),
                }
            )
        )
        message = self.sudo()
        message.write({"correction_id": correction.id})
        detail = ", ".join(edit.path for edit in changes)
        self.env["integration.audit.leaf"].sudo()._record_messages(message, "message.correct", detail[:900])
        message._requeue("message.corrected")
        return correction


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _row_columns(self, behind=None):
        return SQL("%s, m.correction_id", super()._row_columns(behind))

    def _body_of(self, work):
        body = super()._body_of(work)
        correction = self._correction_of(work, "body")
        if not correction:
            return body
        corrected = parse_json(correction.corrected_text.encode())
        part = get_connector(work.connection.connector).canonical_part(work.envelope.event_type, body)
        if not part:
            raise BusinessError("field_not_editable", "no canonical part", params={"path": "?"})
        kind, place = part
        original, copied = to_plain(_at(body, place)), to_plain(_at(corrected, place))
        verify(kind, original, copied)
        # Around the document nothing may differ at all.
        if to_plain(_placed(body, place, {})) != to_plain(_placed(corrected, place, {})):
            raise BusinessError("field_not_editable", "around the document", params={"path": "?"})
        return corrected

    def _documents_of(self, work, connector, event):
        documents = super()._documents_of(work, connector, event)
        correction = self._correction_of(work, "document")
        if not correction:
            return documents
        if len(documents) != 1:
            raise BusinessError("field_not_editable", f"{len(documents)} documents", params={"path": "?"})
        kind, version = kind_of(documents[0])
        corrected = parse_json(correction.corrected_text.encode())
        verify(kind, encode(documents[0]), to_plain(corrected))
        return [decode(kind, version, corrected)]

    def _correction_of(self, work, level):
        """Return the corrected copy of an event, read as superuser: it is part of the event."""
        correction_id = work.row.get("correction_id")
        if not correction_id:
            return None
        correction = self.env["integration.correction"].sudo().browse(correction_id)
        if correction.level != level:
            return None
        if hashlib.sha256(correction.corrected_text.encode()).hexdigest() != correction.corrected_digest:
            raise BusinessError("field_not_editable", "the copy was changed", params={"path": "?"})
        return correction


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_correct(self):
        """Button: correct the first waiting event, in a copy."""
        self.ensure_one()
        self.check_access("write")
        message = self.message_ids_held.filtered(lambda row: row.status in ("parked", "dead"))[:1]
        if not message:
            raise UserError(self.env._("No event waits here."))
        return message.action_correct()

    def _say_correction(self, values):
        message = self._message_to_correct(values)
        _level, kind, document, _whole = message._correctable()
        edits = self._edits_of(values)
        try:
            correct(kind, document, edits)
        except (BusinessError, ContractError) as error:
            raise self._in_words(error) from error
        before = dict(editable_fields(kind, document))
        rows = [f"{edit.path}: {before.get(edit.path) or '–'} → {edit.value or '–'}" for edit in edits]
        return self.env._("Correct a copy of %s", message.display_name), "\n".join(rows)

    def _edits_of(self, values):
        """Return the edits of a step, whoever has put it together."""
        edits = values.get("edits") or []
        if not all(isinstance(edit, list) and len(edit) == 2 for edit in edits):
            raise UserError(self.env._("Nothing is corrected yet."))
        return [Edit(*edit) for edit in edits]

    def _rows_correction(self, values):
        message = self._message_to_correct(values)
        before = dict(message._editable_fields())
        return [
            {
                "field": edit.path,
                "label": edit.path,
                "before": before.get(edit.path) or "",
                "after": edit.value or "",
            }
            for edit in self._edits_of(values)
        ]

    def _do_correction(self, values, request):
        message = self._message_to_correct(values)
        message._correct(
            values.get("edits") or [], request.reason, user=request.requester_id, approver=request.approver_id
        )

    def _message_to_correct(self, values):
        message = self.sudo().message_ids_held.filtered(lambda row: row.id == values.get("message_id"))
        if not message:
            raise UserError(self.env._("This event no longer waits here."))
        return message


def _at(body, place):
    for key in place:
        body = body[key]
    return body


def _placed(body, place, part):
    """Return ``body`` with ``part`` at ``place``; nothing is changed in place."""
    plain = to_plain(body)
    if not place:
        return part
    return {**plain, place[0]: _placed(plain[place[0]], place[1:], part)}
