# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, sql

from ...engine.audit_leaf import leaf_digest, leaf_digests
from ...engine.instants import format_instant
from ..messaging.append_only import make_append_only
from ..messaging.loose_many2one import LooseMany2one

# What the digest of an entry covers besides the time at which it was recorded.
LEAF_COLUMNS = {
    "company_id": "int", "user_id": "int", "action": "text", "connection_id": "int", "message_id": "int",
    "res_model": "text", "res_id": "int", "correlation_id": "text", "subject_digest": "text", "detail": "text",
    "request_id": "int",
}  # fmt: skip
LEAF_FIELDS = tuple(LEAF_COLUMNS)
# Fields that came later: an entry in which they are empty has the digest that it always had.
LATER_FIELDS = frozenset({"request_id"})
# The first entry of which it is known whether it was written while something approved was carried out; entries before
# that of an older version do not say so.
LINKED_FROM = "finance_integration.audit_linked_from"
# One array per column instead of one parameter per value: a batch of thousands is parsed and planned once.
INSERT = f"""
    INSERT INTO integration_audit_leaf ({", ".join(LEAF_COLUMNS)}, digest, recorded_at)
    SELECT *, %s::timestamp FROM unnest({", ".join(f"%s::{kind}[]" for kind in LEAF_COLUMNS.values())}, %s::text[])
"""  # noqa: S608 - names of columns from above
MAX_DETAIL_CHARS = 1000


def hashed(fields):
    """Return those of an entry's fields of which its digest is made."""
    return {name: value for name, value in fields.items() if value is not None or name not in LATER_FIELDS}


class CarriedOut:
    """Says in a context which request is being carried out. An object: no context that comes from outside holds one."""

    def __init__(self, request_id):
        self.request_id = request_id


class IntegrationAuditLeaf(models.Model):
    """One entry of the audit log. The database refuses to change or delete it."""

    _name = "integration.audit.leaf"
    _description = "Audit entry"
    _order = "id desc"
    _log_access = False
    _rec_name = "action"

    # No index: nearly all entries of a database belong to few companies.
    company_id = fields.Many2one("res.company", readonly=True, ondelete="restrict")
    recorded_at = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="By")
    action = fields.Char(required=True, readonly=True)
    # No foreign key: what is recorded about the set-up of a connection does not keep a draft from being deleted.
    connection_id = LooseMany2one("integration.connection", readonly=True, ondelete="restrict")
    message_id = fields.Many2one("integration.message", readonly=True, ondelete="restrict")
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    correlation_id = fields.Char(readonly=True)
    subject_digest = fields.Char(
        readonly=True, help="SHA-256 of what was acted on; no personal data is kept here."
    )
    detail = fields.Char(readonly=True)
    request_id = LooseMany2one(
        "integration.change.request",
        readonly=True,
        ondelete="restrict",
        string="Carried out for",
        help="The approved request while whose carrying out this was written: what was done is what its requester "
        "asked for, and no further act of the person who approved.",
    )
    digest = fields.Char(required=True, readonly=True, help="SHA-256 over all other fields of this entry.")

    _message_idx = models.Index("(message_id) WHERE message_id IS NOT NULL")
    _record_idx = models.Index("(res_model, res_id) WHERE res_model IS NOT NULL")

    def _auto_init(self):
        cr = self.env.cr
        older = sql.table_exists(cr, self._table) and not sql.column_exists(cr, self._table, "request_id")
        result = super()._auto_init()
        if older:
            cr.execute(
                SQL(
                    """
                    INSERT INTO ir_config_parameter (key, value)
                    SELECT %s, (COALESCE(max(id), 0) + 1)::text FROM integration_audit_leaf
                        ON CONFLICT (key) DO NOTHING
                    """,
                    LINKED_FROM,
                )
            )
        make_append_only(self.env.cr, self._table, "integration_audit", "the audit log is append-only")
        return result

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The audit log is append-only."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The audit log is append-only."))

    @api.model
    def _append(self, entries):
        """Append entries in one statement.

        :param entries: list of dicts with action and, where they apply, company_id, connection_id, message_id,
            res_model, res_id, correlation_id, subject_digest, detail, user_id (default: the acting user). The request
            that is being carried out is added.
        """
        if not entries:
            return
        recorded_at = fields.Datetime.now()
        stamp = format_instant(recorded_at.replace(tzinfo=timezone.utc))
        rows = []
        for entry in entries:
            full = {name: entry.get(name) or None for name in LEAF_FIELDS}
            full["user_id"] = full["user_id"] or self.env.uid
            full["detail"] = full["detail"] and full["detail"][:MAX_DETAIL_CHARS]
            full["request_id"] = self._carried_out()
            digest = leaf_digest(hashed({**full, "recorded_at": stamp}))
            rows.append((*(full[name] for name in LEAF_FIELDS), digest))
        columns = [list(column) for column in zip(*rows, strict=True)]
        self.env.cr.execute(SQL(INSERT, recorded_at, *columns))  # pylint: disable=sql-injection

    @api.model
    def _append_alike(self, shared, columns):
        """Append entries that have all but a few fields in common, in one statement.

        :param shared: dict with action and other fields that are the same in all of them.
        :param columns: dict of field → list of its values, one for each entry.
        """
        recorded_at = fields.Datetime.now()
        stamp = format_instant(recorded_at.replace(tzinfo=timezone.utc))
        columns = {name: [value or None for value in values] for name, values in columns.items()}
        full = {name: shared.get(name) or None for name in LEAF_FIELDS if name not in columns}
        full["user_id"] = full["user_id"] or self.env.uid
        full["request_id"] = self._carried_out()
        digests = leaf_digests(hashed({**full, "recorded_at": stamp}), columns)
        self.env.cr.execute(
            SQL(
                "INSERT INTO integration_audit_leaf (%s, recorded_at, %s, digest) SELECT %s, %s, * FROM unnest(%s)",
                SQL(", ").join(SQL.identifier(name) for name in full),
                SQL(", ").join(SQL.identifier(name) for name in columns),
                SQL(", ").join(SQL(f"%s::{LEAF_COLUMNS[name]}", full[name]) for name in full),
                recorded_at,
                SQL(", ").join(
                    [
                        *(SQL(f"%s::{LEAF_COLUMNS[name]}[]", values) for name, values in columns.items()),
                        SQL("%s::text[]", digests),
                    ]
                ),
            )
        )

    def _carried_out(self):
        """Return the id of the request that is being carried out, None where nothing is."""
        carried = self.env.context.get("integration_carried_out")
        return carried.request_id if isinstance(carried, CarriedOut) else None

    @api.model
    def _record_change(self, records, action, detail=None):
        """Append one entry per record for a change of configuration or a decision of a person."""
        self._append(
            [
                {
                    "action": action,
                    "company_id": record.company_id.id if "company_id" in record._fields else None,
                    "connection_id": record.id if record._name == "integration.connection" else None,
                    "res_model": record._name,
                    "res_id": record.id,
                    "detail": detail,
                }
                for record in records
            ]
        )

    @api.model
    def _record_messages(self, messages, action, detail=None):
        """Append one entry per message."""
        self._append(
            [
                {
                    "action": action,
                    "company_id": message.company_id.id,
                    "connection_id": message.connection_id.id,
                    "message_id": message.id,
                    "correlation_id": message.correlation_id,
                    "subject_digest": message.body_digest,
                    "detail": detail,
                }
                for message in messages
            ]
        )

    def _is_genuine(self):
        """Whether this entry still has the digest that was computed when it was appended."""
        self.ensure_one()
        full = {
            name: (self[name].id if self._fields[name].type == "many2one" else self[name]) or None
            for name in LEAF_FIELDS
        }
        stamp = format_instant(self.recorded_at.replace(tzinfo=timezone.utc))
        return leaf_digest(hashed({**full, "recorded_at": stamp})) == self.digest

    def action_open_record(self):
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }
