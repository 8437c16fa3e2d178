# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What has changed at the source: fields that are new, that stay away, that come as something else (M4).

Looked at are the first event of each kind in a batch and every tenth after it, against what this process remembers.
A statement is needed only where something differs, and while a kind of event is still being learned.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...engine.canonical import kind_of
from ...engine.shape import LEARN_SAMPLES, Known, Memory, observe, shape_of
from ..posting.work import Finding

EVERY = 10
MAX_REMEMBERED = 2_000
# (database, connection id, event type) → what is known and committed. Another process has its own; what it has found
# out meanwhile is read before anything is written.
_MEMORY: dict[tuple[str, int, str], Memory] = {}


def forget():
    """Forget what this process remembers."""
    _MEMORY.clear()


class IntegrationSourceShape(models.Model):
    """One kind of event of one connection, and the fields that it has been seen with."""

    _name = "integration.source.shape"
    _description = "Form of a source's events"
    _order = "connection_id, event_type"
    _rec_name = "event_type"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    event_type = fields.Char(required=True, readonly=True, string="Kind of event")
    samples = fields.Integer(readonly=True, help="How many events were looked at while learning.")
    is_learned = fields.Boolean(compute="_compute_is_learned", string="Known well enough")
    field_ids = fields.One2many("integration.source.field", "shape_id", readonly=True)
    open_count = fields.Integer(compute="_compute_open_count", string="To be seen")

    _type_unique = models.UniqueIndex("(connection_id, event_type)")

    @api.depends("samples")
    def _compute_is_learned(self):
        for shape in self:
            shape.is_learned = shape.samples >= LEARN_SAMPLES

    @api.depends("field_ids.state")
    def _compute_open_count(self):
        for shape in self:
            shape.open_count = len(shape.field_ids.filtered(lambda field: field.state != "known"))

    # -- looking -------------------------------------------------------------------------------------------

    @api.model
    def _look_at(self, works):
        """Look at a sample of a batch's events; returns nothing, and never stops an event."""
        groups = {}
        for work in works:
            if work.kind and work.body is not None:
                groups.setdefault((work.connection.id, work.envelope.event_type), []).append(work)
        for (connection_id, event_type), group in groups.items():
            key = (self.env.cr.dbname, connection_id, event_type)
            memory, shape = _MEMORY.get(key), None
            if memory is None:
                shape, memory = self._load(connection_id, event_type)
                self._remember(key, memory)
            for work in group[::EVERY]:
                self._take_in(key, memory, work, shape)

    def _remember(self, key, memory):
        """Let this process remember, once that from which it knows is committed."""

        def keep():
            if len(_MEMORY) >= MAX_REMEMBERED:
                _MEMORY.clear()
            _MEMORY[key] = memory

        self.env.cr.postcommit.add(keep)

    def _take_in(self, key, memory, work, shape):
        form = shape_of(work.body)
        learning = memory.learning
        differences = observe(memory, form)
        if not differences and not learning:
            return
        # Something differs: what counts is what is stored, not what this process remembers.
        self.env.cr.postrollback.add(lambda: _MEMORY.pop(key, None))
        shape, stored = self._load(key[1], key[2])
        if not learning and not stored.learning:
            for difference in differences:
                if difference.kind == "gone" and difference.path in stored.fields:
                    stored.fields[difference.path].missing = memory.fields[difference.path].missing - 1
        differences = observe(stored, form)
        memory.samples, memory.fields = stored.samples, stored.fields
        if not shape:
            shape = self.create({"connection_id": key[1], "event_type": key[2]})
        if learning:
            shape.samples = min(stored.samples, LEARN_SAMPLES)
        self._store(shape, stored, differences, work)

    @api.model
    def _load(self, connection_id, event_type):
        """Return (record or an empty one, Memory) of what is stored."""
        shape = self.search([("connection_id", "=", connection_id), ("event_type", "=", event_type)], limit=1)
        known = {
            row.path: Known(set((row.types or "").split("|")), steady=row.is_steady, gone=row.state == "gone")
            for row in shape.field_ids
        }
        return shape, Memory(shape.samples, known)

    def _store(self, shape, memory, differences, work):
        rows = {row.path: row for row in shape.field_ids}
        told = self.env["integration.source.field"]
        for difference in differences:
            known = memory.fields[difference.path]
            values = {"types": "|".join(sorted(known.types)), "is_steady": known.steady}
            if difference.kind in ("new", "changed", "gone"):
                values |= {
                    "state": difference.kind,
                    "before": difference.before,
                    "found_at": fields.Datetime.now(),
                    "message_id": work.message_id,
                }
            elif difference.kind == "back":
                values |= {"state": "known", "before": False}
            row = rows.get(difference.path)
            if row:
                row.write(values)
            else:
                row = told.create({"shape_id": shape.id, "path": difference.path, **values})
            if difference.kind in ("new", "changed", "gone"):
                told |= row
        if told:
            told._tell(work)
        shape.field_ids.exception_id.filtered(lambda row: row.state == "open")._resolve_if_empty()

    @api.model
    def _compare_versions(self, works):
        """Note documents of another version than their flow has agreed on; they are booked all the same."""
        Flow = self.env["integration.flow"]
        for work in works:
            if work.error or not work.documents or not work.row["flow_id"]:
                continue
            agreed = Flow._agreed_version(work.row["flow_id"])
            kind, version = kind_of(work.documents[0])
            if agreed and agreed != version:
                params = {
                    "source": work.connection.name,
                    "kind": kind,
                    "version": version,
                    "agreed": agreed,
                }
                work.findings.append(Finding("contract_not_agreed", params, f"{kind} v{version}"))


class IntegrationSourceField(models.Model):
    """One field of a source's events, and what of it has changed."""

    _name = "integration.source.field"
    _description = "Field at the source"
    _order = "found_at desc nulls last, path, id"
    _rec_name = "path"

    shape_id = fields.Many2one(
        "integration.source.shape", required=True, readonly=True, ondelete="cascade", index=True
    )
    connection_id = fields.Many2one(related="shape_id.connection_id", store=True, index=True)
    company_id = fields.Many2one(related="shape_id.company_id", store=True, index=True)
    event_type = fields.Char(related="shape_id.event_type", store=True, string="Kind of event")
    path = fields.Char(required=True, readonly=True, string="Field")
    types = fields.Char(readonly=True, string="Comes as")
    before = fields.Char(readonly=True, string="Came as")
    is_steady = fields.Boolean(readonly=True, string="Was in every event")
    state = fields.Selection(
        [
            ("known", "Known"),
            ("new", "New"),
            ("changed", "Comes as something else"),
            ("gone", "No longer comes"),
        ],
        required=True,
        readonly=True,
        default="known",
        index=True,
        string="What has changed",
    )
    found_at = fields.Datetime(readonly=True, string="Noticed")
    message_id = fields.Many2one(
        "integration.message", readonly=True, ondelete="set null", string="Noticed at"
    )
    accepted_by_id = fields.Many2one("res.users", readonly=True, string="Seen by")
    accepted_at = fields.Datetime(readonly=True, string="Seen on")
    exception_id = fields.Many2one(
        "integration.exception", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _path_unique = models.UniqueIndex("(shape_id, path)")

    def _tell(self, work):
        """Raise one exception per kind of event, however much of it has changed."""
        first = self[0]
        params = {
            "source": work.connection.name,
            "event": first.event_type,
            "field": first.path,
        }
        flow = self.env["integration.flow"].browse(work.row["flow_id"] or [])
        self.exception_id = self.env["integration.exception"]._raise_cause(
            work.connection.with_env(self.env), "source_changed", params, first.event_type, flow
        )

    def action_accept(self):
        """Button: seen; this is how the source sends it from now on."""
        if not self.env.user.has_group("finance_integration.group_operator") and not self.env.user.has_group(
            "finance_integration.group_administrator"
        ):
            raise AccessError(self.env._("Only an operator or an administrator says that this was seen."))
        self.check_access("read")
        rows = self.sudo().filtered(lambda row: row.state != "known")
        exceptions = rows.exception_id
        for row in rows:
            # What stays away is from now on something that may be missing.
            row.write(
                {
                    "state": "known",
                    "is_steady": row.is_steady and row.state != "gone",
                    "accepted_by_id": self.env.uid,
                    "accepted_at": fields.Datetime.now(),
                }
            )
        self.env.cr.postcommit.add(forget)
        self.env["integration.audit.leaf"].sudo()._record_change(rows, "source.accept")
        exceptions._resolve_if_empty()

    def action_open_event(self):
        """Button: open the event in which it was noticed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.message",
            "res_id": self.message_id.id,
            "views": [(False, "form")],
        }
