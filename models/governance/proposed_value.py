# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Values that did not land, beside those that count: ours, theirs, whose it is, and what became of them (M1)."""

from odoo import api, fields, models

from ...engine.owned_columns import LAYOUTS
from ...engine.ownership import GUARDED
from ..posting.work import Finding
from .ownership_words import FIELD_LABELS, OBJECTS, open_form

MAX_TEXT_CHARS = 1000
LIVE = ("open", "asked")


class IntegrationProposedValue(models.Model):
    """One value of one record that differs from what is there, by whom, and what became of it."""

    _name = "integration.proposed.value"
    _description = "Value said by another system"
    _order = "id desc"
    _rec_name = "record_name"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", index=True, string="Who"
    )
    origin = fields.Selection(
        [("system", "Sent by another system"), ("person", "Changed in Odoo")],
        required=True,
        readonly=True,
        default="system",
    )
    object = fields.Selection(
        OBJECTS,
        required=True,
        readonly=True,
        default="customer",
        string="As",
        help="As what it was spoken of.",
    )
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True, string="Record")
    record_name = fields.Char(readonly=True, string="Of")
    field = fields.Selection(FIELD_LABELS, required=True, readonly=True)
    our_text = fields.Char(readonly=True, string="In Odoo")
    our_values = fields.Json(readonly=True)
    our_source = fields.Char(
        readonly=True, string="Known from", help="Who said what is in Odoo, and since when."
    )
    their_text = fields.Char(readonly=True, string="They say")
    their_values = fields.Json(readonly=True)
    owner_text = fields.Char(readonly=True, string="Owner")
    why = fields.Selection(
        [
            ("owner_wins", "The owner's value counts"),
            ("older", "It is older than what is there"),
            ("ask", "The rule says: ask"),
            ("second_name", "Said under a second id of the same record"),
            ("shared", "It would change every variant of the product"),
            ("other_role", "The contact is something else, too, and there it belongs to another system"),
            ("newest", "The newest value counts: it was taken over"),
            ("owner", "The owner has spoken: it was taken over"),
            ("edited", "Changed by a person in Odoo"),
        ],
        readonly=True,
        string="Because",
    )
    message_id = fields.Many2one(
        "integration.message", readonly=True, ondelete="set null", index="btree_not_null", string="Event"
    )
    actor = fields.Char(readonly=True, string="Said by")
    proposed_at = fields.Datetime(required=True, readonly=True, string="Since")
    times = fields.Integer(readonly=True, default=1, help="How often it was said.")
    state = fields.Selection(
        [
            ("open", "To be decided"),
            ("asked", "Waits for approval"),
            ("kept", "Kept ours"),
            ("taken", "Taken over"),
            ("landed", "Was taken over by rule"),
            ("overtaken", "Overtaken"),
            ("agreed", "Both say the same now"),
        ],
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    reason = fields.Char(readonly=True, string="Why")
    exception_id = fields.Many2one(
        "integration.exception", readonly=True, ondelete="set null", index="btree_not_null"
    )
    needs_approval = fields.Boolean(compute="_compute_needs_approval")

    _record_idx = models.Index("(res_model, res_id, state)")
    _one_open = models.UniqueIndex(
        "(connection_id, origin, res_model, res_id, object, field) WHERE state = 'open'"
    )

    @api.depends("field")
    def _compute_needs_approval(self):
        for proposal in self:
            proposal.needs_approval = proposal.field in GUARDED

    # -- keeping what did not land -------------------------------------------------------------------------

    @api.model
    def _settle(self, connection, object_type, records, contested, agreed):
        """Keep what did not land, close what both sides now say alike; returns a list of (Contested, Finding).

        :param object_type: key of LAYOUTS: as what the connection spoke of the records.
        :param records: the contacts or products of which the connection spoke.
        :param contested: list of engine-sorted Contested.
        :param agreed: {record id: fields on which both agree now, be it that the connection has just written them}.
        """
        proposals = self.sudo()
        known = proposals.search(
            [
                ("connection_id", "=", connection.id),
                ("object", "=", object_type),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "in", ("open", "kept", "asked")),
            ]
        )
        closed = known.filtered(lambda row: row.state in LIVE and row.field in agreed.get(row.res_id, ()))
        edits = closed.filtered(lambda row: row.origin == "person")
        edits._close("overtaken")
        (closed - edits)._close("agreed")
        rest = (known - closed).filtered(lambda row: row.origin == "system")
        by_key = {(row.res_id, row.field): row for row in rest.sorted("id")}
        findings, landed = [], []
        for row in contested:
            if row.verdict.lands:
                landed.append(self._values_of(row) | {"state": "landed"})
                continue
            proposal = self._keep(row, by_key)
            if proposal:
                findings.append((row, self._finding(row, proposal)))
        proposals.create(landed)
        return findings

    def _keep(self, row, by_key):
        """Return the proposal that a person has to decide about; an empty one where that was decided before."""
        known = by_key.get((row.record.id, row.field))
        if known and known.their_values == row.theirs:
            known.times += 1
            return known if known.state == "open" else self.browse()
        values = self._values_of(row)
        if known and known.state == "open":
            known.write({**values, "times": known.times + 1})
            return known
        proposal = self.sudo().create(values)
        by_key[row.record.id, row.field] = proposal
        return proposal

    def _values_of(self, row):
        told, record = row.told, row.record.sudo()
        key = LAYOUTS[row.object].source_key(row.field, told.connection.company_id.id)
        known = (record.integration_sources or {}).get(key) or {}
        return {
            "company_id": told.connection.company_id.id,
            "connection_id": told.connection.id,
            "origin": "system",
            "why": row.verdict.why,
            "message_id": told.message_id,
            "actor": told.actor,
            "our_source": record._integration_source_words(known),
            **self._sides(record, row.object, row.field, row.ours, row.theirs, row.owners),
        }

    @api.model
    def _sides(self, record, object_type, field, ours, theirs, owners):
        return {
            "object": object_type,
            "res_model": record._name,
            "res_id": record.id,
            "record_name": record.display_name,
            "field": field,
            "our_values": ours,
            "our_text": record._integration_values_text(ours)[:MAX_TEXT_CHARS],
            "their_values": theirs,
            "their_text": record._integration_values_text(theirs)[:MAX_TEXT_CHARS],
            "owner_text": self.env["integration.ownership"].sudo()._say_owners(owners),
            "proposed_at": fields.Datetime.now(),
        }

    def _finding(self, row, proposal):
        params = {
            "source": row.told.connection.name,
            "field": self._label(row.field),
            "owner": proposal.owner_text,
            "object": row.object,
            "name": row.field,
        }
        cause = f"{row.object}.{row.field}"
        if row.verdict.action == "ask":
            return Finding("value_not_owned", params, cause, proposal)
        return Finding("value_kept_out", params, cause, proposal)

    @api.model
    def _label(self, field):
        return dict(self._fields["field"]._description_selection(self.env))[field]

    # -- buttons -------------------------------------------------------------------------------------------

    def action_decide(self):
        """Button: decide about these values, one or many."""
        self._check_open()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Whose value counts?"),
            "res_model": "integration.value.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_proposal_ids": [(6, 0, self.ids)]},
        }

    def action_open_contact(self):
        """Button: open the record that it is about."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    def action_open_event(self):
        """Button: open the event that said it."""
        self.ensure_one()
        return open_form(self.message_id) if self.message_id else False
