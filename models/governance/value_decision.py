# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Deciding whose value counts, and noting what people change of what another system owns (M1)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.instants import utc_now
from ...engine.owned_columns import LAYOUTS
from ..posting.work import Told
from .field_source import current, entry, writable
from .ownership_words import open_form
from .proposed_value import LIVE


class IntegrationProposedValue(models.Model):
    _inherit = "integration.proposed.value"

    # -- a person changed what another system owns ---------------------------------------------------------

    @api.model
    def _note_edits(self, edits):
        """Keep what a person changed although another system owns it; the change itself stands.

        :param edits: list of dicts record, object, field, connection, ours (now), theirs (before), owners.
        """
        if not edits:
            return
        proposals, records = self.sudo(), edits[0]["record"].browse()
        for edit in edits:
            record, connection = edit["record"].sudo(), edit["connection"]
            records |= record
            sides = self._sides(
                record, edit["object"], edit["field"], edit["ours"], edit["theirs"], edit["owners"]
            )
            known = proposals.search(
                [
                    ("connection_id", "=", connection.id),
                    ("origin", "=", "person"),
                    ("object", "=", edit["object"]),
                    ("res_model", "=", record._name),
                    ("res_id", "=", record.id),
                    ("field", "=", edit["field"]),
                    ("state", "=", "open"),
                ]
            )
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
                connection, "owned_value_edited", params, f"{edit['object']}.{edit['field']}.edited"
            )
        about = "partner" if records._name == "res.partner" else "product"
        self.env["integration.audit.leaf"].sudo()._record_change(records, f"{about}.owned_value_edited")

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
            record = service.env[proposal.res_model].browse(proposal.res_id).exists()
            if not record:
                proposal._close("overtaken", self.env._("It is no longer there."))
                continue
            now = {column: current(record, column) for column in proposal.their_values}
            if now not in (proposal.our_values, proposal.their_values):
                raise UserError(
                    self.env._(
                        "%(record)s has changed since this was shown. Look at it again.",
                        record=proposal.record_name,
                    )
                )
            told = Told(service, at=utc_now(), message_id=proposal.message_id.id, actor=proposal.actor)
            key = LAYOUTS[proposal.object].source_key(proposal.field, connection.company_id.id)
            sources = {**(record.integration_sources or {}), key: entry(told, user.id)}
            values = writable(record, proposal.their_values)
            record._integration_write_values({**values, "integration_sources": sources})
            record.env.flush_all()
        self._record("value.take", reason)
        self.filtered(lambda row: row.state in LIVE)._close("taken", reason, user)

    def _approval_preview(self, values):
        """Return what an approver agrees to: the value that is there now, and the one instead."""
        record = self.env[self.res_model].with_company(self.company_id).browse(self.res_id).exists()
        before = ""
        if record:
            before = record._integration_values_text(
                {column: current(record, column) for column in self.their_values or ()}
            )
        return {"rows": [{"label": self._label(self.field), "before": before, "after": self.their_text}]}

    def _carry_out(self, request):
        """Take the value over that a second person agreed to; called by integration.change.request."""
        self._write_theirs(request.reason, request.approver_id)

    def _approval_ended(self, request):
        self.filtered(lambda row: row.state == "asked").write({"state": "open"})

    def _make_owner(self, reason):
        """Ask for a rule that makes who said these values their owner; they are taken over with its approval."""
        self._check_open()
        subjects = {(row.company_id, row.connection_id, row.object, row.field, row.origin) for row in self}
        if len(subjects) > 1:
            raise UserError(
                self.env._(
                    "Choose values of one field and one source: the rule is about that field as a whole."
                )
            )
        company, connection, object_type, field, origin = subjects.pop()
        rule = (
            self.env["integration.ownership"]
            .sudo()  # an operator asks; what is asked for holds only when an approver agrees
            .create(
                {
                    "object": object_type,
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
        if rule.object not in LAYOUTS:
            return
        waiting = self.sudo().search(
            [
                ("state", "=", "open"),
                ("company_id", "=", rule.company_id.id),
                ("object", "=", rule.object),
                ("field", "=", rule.field),
            ]
        )
        if rule.owner == "connection":
            theirs = waiting.filtered(
                lambda row: row.origin == "system" and row.connection_id == rule.owner_connection_id
            )
            # What stays a question whoever owns the field is still asked.
            theirs.filtered(lambda row: row.why not in ("shared", "other_role", "second_name"))._write_theirs(
                request.reason, request.approver_id
            )
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
