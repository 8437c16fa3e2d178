# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Values that did not land, beside those that count: ours, theirs, whose it is, and what was decided (M1)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.instants import parse_instant, utc_now
from ...engine.ownership import GUARDED
from ..posting.work import Finding, Told
from .field_source import current, entry, source_key
from .ownership_words import FIELD_LABELS, open_form

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
    _one_open = models.UniqueIndex("(connection_id, origin, res_model, res_id, field) WHERE state = 'open'")

    @api.depends("field")
    def _compute_needs_approval(self):
        for proposal in self:
            proposal.needs_approval = proposal.field in GUARDED

    # -- keeping what did not land -------------------------------------------------------------------------

    @api.model
    def _settle(self, connection, partners, contested, agreed):
        """Keep what did not land, close what both sides now say alike; returns a list of (Contested, Finding).

        :param partners: the contacts of which the connection spoke.
        :param contested: list of engine-sorted Contested.
        :param agreed: {partner id: fields on which both agree now, be it that the connection has just written them}.
        """
        proposals = self.sudo()
        known = proposals.search(
            [
                ("connection_id", "=", connection.id),
                ("res_model", "=", "res.partner"),
                ("res_id", "in", partners.ids),
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
        known = by_key.get((row.partner.id, row.field))
        if known and known.their_values == row.theirs:
            known.times += 1
            return known if known.state == "open" else self.browse()
        values = self._values_of(row)
        if known and known.state == "open":
            known.write({**values, "times": known.times + 1})
            return known
        proposal = self.sudo().create(values)
        by_key[row.partner.id, row.field] = proposal
        return proposal

    def _values_of(self, row):
        told, partner = row.told, row.partner.sudo()
        known = (partner.integration_sources or {}).get(
            source_key(row.field, told.connection.company_id)
        ) or {}
        return {
            "company_id": told.connection.company_id.id,
            "connection_id": told.connection.id,
            "origin": "system",
            "why": row.verdict.why,
            "message_id": told.message_id,
            "actor": told.actor,
            "our_source": partner._integration_source_words(known),
            **self._sides(partner, row.field, row.ours, row.theirs, row.owners),
        }

    @api.model
    def _sides(self, partner, field, ours, theirs, owners):
        return {
            "res_model": partner._name,
            "res_id": partner.id,
            "record_name": partner.display_name,
            "field": field,
            "our_values": ours,
            "our_text": partner._integration_field_text(field, ours)[:MAX_TEXT_CHARS],
            "their_values": theirs,
            "their_text": partner._integration_field_text(field, theirs)[:MAX_TEXT_CHARS],
            "owner_text": self.env["integration.ownership"].sudo()._say_owners(owners),
            "proposed_at": fields.Datetime.now(),
        }

    def _finding(self, row, proposal):
        params = {
            "source": row.told.connection.name,
            "field": self._label(row.field),
            "owner": proposal.owner_text,
            "object": "customer",
            "name": row.field,
        }
        cause = f"customer.{row.field}"
        if row.verdict.action == "ask":
            return Finding("value_not_owned", params, cause, proposal)
        return Finding("value_kept_out", params, cause, proposal)

    @api.model
    def _label(self, field):
        return dict(self._fields["field"]._description_selection(self.env))[field]

    @api.model
    def _note_edits(self, edits):
        """Keep what a person changed although another system owns it; the change itself stands.

        :param edits: list of dicts partner, field, connection, ours (now), theirs (before), owners.
        """
        proposals, entries = self.sudo(), []
        for edit in edits:
            partner, connection = edit["partner"].sudo(), edit["connection"]
            sides = self._sides(partner, edit["field"], edit["ours"], edit["theirs"], edit["owners"])
            known = proposals.search(
                [
                    ("connection_id", "=", connection.id),
                    ("origin", "=", "person"),
                    ("res_model", "=", partner._name),
                    ("res_id", "=", partner.id),
                    ("field", "=", edit["field"]),
                    ("state", "=", "open"),
                ]
            )
            entries.append(partner)
            if known and known.their_values == edit["ours"]:
                known._close("agreed")  # changed back
                continue
            if known:
                # What the owner said is still what it said before the first change.
                for name in ("their_values", "their_text"):
                    sides.pop(name)
                known.write(sides | {"times": known.times + 1})
                continue
            by = self.env._("%(user)s in Odoo", user=self.env.user.name)
            proposal = proposals.create(
                {
                    **sides,
                    "company_id": connection.company_id.id,
                    "connection_id": connection.id,
                    "origin": "person",
                    "why": "edited",
                    "our_source": by,
                }
            )
            params = {"field": self._label(edit["field"]), "owner": connection.name}
            proposal.exception_id = self.env["integration.exception"]._raise_cause(
                connection, "owned_value_edited", params, f"customer.{edit['field']}.edited"
            )
        self.env["integration.audit.leaf"].sudo()._record_change(
            self.env["res.partner"].union(*entries), "partner.owned_value_edited"
        )

    # -- deciding ------------------------------------------------------------------------------------------

    def _close(self, state, reason=None, user=None):
        exceptions = self.exception_id
        if self:
            self.sudo().write(
                {
                    "state": state,
                    "decided_at": fields.Datetime.now(),
                    "decided_by_id": user.id if user else False,
                    "reason": reason,
                }
            )
            exceptions.sudo()._resolve_if_empty()

    def _check_open(self):
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_operator"):
            raise UserError(self.env._("Only an operator decides whose value counts."))
        if any(proposal.state != "open" for proposal in self):
            raise UserError(self.env._("Some of these are decided already. Choose only those to be decided."))

    def _keep_ours(self, reason):
        """Decide that what is in Odoo stays. The same value is not asked about again."""
        self._check_open()
        self._record("value.keep", reason)
        self._close("kept", reason, self.env.user)

    def _take_theirs(self, reason):
        """Take the other values over, or ask for it where that needs a second person."""
        self._check_open()
        guarded = self.filtered("needs_approval")
        for proposal in guarded:
            self.env["integration.change.request"]._ask(
                proposal,
                self.env._(
                    "%(field)s of %(record)s: %(value)s",
                    field=self._label(proposal.field),
                    record=proposal.record_name,
                    value=proposal.their_text or self.env._("nothing"),
                ),
                {"take": True},
                reason,
                self.env._(
                    "In Odoo: %(ours)s\nInstead: %(theirs)s",
                    ours=proposal.our_text or "–",
                    theirs=proposal.their_text or "–",
                ),
                kind="bank_detail" if proposal.field == "bank" else "partner",
            )
        guarded.sudo().write({"state": "asked"})
        (self - guarded)._write_theirs(reason, self.env.user)

    def _write_theirs(self, reason, user):
        """Write the other values, as the connection's service user, and note who decided it."""
        for proposal in self.sudo():
            connection = proposal.connection_id
            if not connection.service_user_id:
                raise UserError(self.env._("%s has no service user yet. Activate it first.", connection.name))
            service = connection._as_service()
            partner = service.env[proposal.res_model].browse(proposal.res_id).exists()
            if not partner:
                proposal._close("overtaken", self.env._("The contact is gone."))
                continue
            now = {column: current(partner, column) for column in proposal.their_values}
            if now not in (proposal.our_values, proposal.their_values):
                raise UserError(
                    self.env._(
                        "%(record)s has changed since this was shown. Look at it again.",
                        record=proposal.record_name,
                    )
                )
            told = Told(service, at=utc_now(), message_id=proposal.message_id.id, actor=proposal.actor)
            key = source_key(proposal.field, connection.company_id)
            sources = {**(partner.integration_sources or {}), key: entry(told, user.id)}
            values = {column: value or False for column, value in proposal.their_values.items()}
            partner.write({**values, "integration_sources": sources})
            partner.env.flush_all()
        self._record("value.take", reason)
        self.filtered(lambda row: row.state in LIVE)._close("taken", reason, user)

    def _approval_preview(self, values):
        """Return what an approver agrees to: the value that is there now, and the one instead."""
        partner = self.env[self.res_model].with_company(self.company_id).browse(self.res_id).exists()
        before = partner._integration_field_text(self.field) if partner else ""
        return {"rows": [{"label": self._label(self.field), "before": before, "after": self.their_text}]}

    def _carry_out(self, request):
        """Take the value over that a second person agreed to; called by integration.change.request."""
        self._write_theirs(request.reason, request.approver_id)

    def _approval_ended(self, request):
        self.filtered(lambda row: row.state == "asked").write({"state": "open"})

    def _make_owner(self, reason):
        """Ask for a rule that makes who said these values their owner; they are taken over with its approval."""
        self._check_open()
        subjects = {(row.company_id, row.connection_id, row.field, row.origin) for row in self}
        if len(subjects) > 1:
            raise UserError(
                self.env._(
                    "Choose values of one field and one source: the rule is about that field as a whole."
                )
            )
        company, connection, field, origin = subjects.pop()
        rule = (
            self.env["integration.ownership"]
            .sudo()  # an operator asks; what is asked for holds only when an approver agrees
            .create(
                {
                    "object": "customer",
                    "field": field,
                    "owner": "odoo" if origin == "person" else "connection",
                    "owner_connection_id": False if origin == "person" else connection.id,
                    "conflict": "ask",
                    "company_id": company.id,
                    "reason": reason,
                }
            )
        )
        request = rule.with_env(self.env)._ask_for_it(reason)
        self._record("value.make_owner", reason)
        return open_form(request)

    @api.model
    def _take_for(self, rule, request):
        """Settle what was open about a field, now that ``rule`` holds and says whose it is."""
        if rule.object != "customer":
            return
        domain = [("state", "=", "open"), ("company_id", "=", rule.company_id.id), ("field", "=", rule.field)]
        waiting = self.sudo().search(domain)
        if rule.owner == "connection":
            theirs = waiting.filtered(
                lambda row: row.origin == "system" and row.connection_id == rule.owner_connection_id
            )
            theirs._write_theirs(request.reason, request.approver_id)
        elif rule.owner == "odoo":
            waiting.filtered(lambda row: row.origin == "person")._close(
                "kept", request.reason, request.approver_id
            )

    def _record(self, action, reason):
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "company_id": row.company_id.id,
                    "connection_id": row.connection_id.id,
                    "message_id": row.message_id.id,
                    "res_model": row.res_model,
                    "res_id": row.res_id,
                    "user_id": self.env.uid,
                    "detail": f"{row.field}: {reason or ''}",
                }
                for row in self.sudo()
            ]
        )

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


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _integration_source_words(self, known):
        """Return a source in words: ``Partner platform, 2026-03-02 10:00``."""
        self.ensure_one()
        parts = [
            self._integration_source_name(known),
            self._integration_source_person(known),
            parse_instant(known["at"]).strftime("%Y-%m-%d %H:%M UTC") if known.get("at") else "",
        ]
        return ", ".join(part for part in parts if part)
