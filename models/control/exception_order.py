# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The buttons of exceptions about order: missing numbers, numbers that came twice, a numbering that began anew."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.error_catalogue import CODES

# What the source can put right by sending again: what is missing, and what is not as agreed.
RESEND_CODES = frozenset(
    code
    for code, info in CODES.items()
    if info.fix in ("ask_resend", "correct", "compare", "accept_difference")
)
MAX_NAMED = 20


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    gap_ids = fields.One2many("integration.sequence.gap", "exception_id", string="Missing numbers")
    missing_numbers = fields.Char(compute="_compute_missing_numbers", string="Still missing")
    may_ask_resend = fields.Boolean(compute="_compute_may_ask_resend")
    decision_reason = fields.Char(
        string="Reason", help="Why it is right to go on. It is kept in the audit trail."
    )

    @api.depends("gap_ids.state", "gap_ids.first_number", "gap_ids.last_number")
    def _compute_missing_numbers(self):
        for exception in self:
            gaps = exception.sudo().gap_ids.filtered(lambda gap: gap.state == "open")
            exception.missing_numbers = gaps._say() or False

    @api.depends("code", "state")
    def _compute_may_ask_resend(self):
        for exception in self:
            exception.may_ask_resend = exception.state == "open" and exception.code in RESEND_CODES

    def _resolve_if_empty(self):
        """Missing numbers are asked about as long as they are missing, whether or not something waits for them."""
        done = self.sudo().filtered(lambda row: row.code != "sequence_gap" or not row.missing_numbers)
        return super(IntegrationException, done)._resolve_if_empty()

    def action_mark_resolved(self):
        if any(exception.missing_numbers for exception in self):
            raise UserError(
                self.env._("Numbers are still missing. They arrive, or an approver goes on without them.")
            )
        return super().action_mark_resolved()

    def action_ask_resend(self):
        """Button: the source was asked to send again what is missing; says so to everybody concerned.

        What the hub can fetch itself it fetches. A webhook has no way back: the text for the source is in the notes.
        """
        self.check_access("write")
        for exception in self.sudo():
            if exception.code not in RESEND_CODES or exception.state != "open":
                raise UserError(self.env._("There is nothing that could be sent again."))
            what = exception._what_to_resend()
            gaps = exception.gap_ids.filtered(lambda gap: gap.state == "open")
            gaps.write({"asked_at": fields.Datetime.now(), "asked_by_id": self.env.uid})
            self.env["integration.audit.leaf"]._record_change(exception, "exception.ask_resend", what)
            exception.message_post(
                body=self.env._(
                    "%(user)s asks %(sender)s to send again: %(what)s",
                    user=self.env.user.name,
                    sender=exception.connection_id.name,
                    what=what,
                ),
                author_id=self.env.user.partner_id.id,
                partner_ids=(exception.user_id | exception.flow_id.user_id).partner_id.ids,
            )
            exception._write_to_source(what)
            exception.write({"asked_source_at": fields.Datetime.now()})
            if exception.connection_id._spec().pulls:
                exception.connection_id._pull_now()
        return self._told(self.env._("It is noted, and the owner of the flow is told."))

    def _write_to_source(self, what):
        """Hook: send the question to the contact at the source, where there is one."""

    def _what_to_resend(self):
        self.ensure_one()
        if self.code == "parent_missing":
            params = self.params or {}
            return f"{params.get('kind')} {params.get('value')}"
        if self.code != "sequence_gap":
            return self._say_waiting_events()
        return self.env._(
            "the events with the numbers %(numbers)s (%(series)s)",
            numbers=self.missing_numbers,
            series=", ".join(self.gap_ids.series_id.mapped("name")),
        )

    def _say_waiting_events(self):
        """Return what the source has to send again, as it calls it itself; bounded."""
        messages = self.message_ids_held[:MAX_NAMED]
        names = ", ".join(f"{row.object_key} ({row.event_id})" for row in messages)
        more = len(self.message_ids_held) - len(messages)
        if more:
            names += self.env._(" and %s more", more)
        return names or self.cause

    def _decide(self, action):
        """Check and write down an approver's decision; returns its reason."""
        self.ensure_one()
        if not self.env.user.has_group("finance_integration.group_approver"):
            raise AccessError(self.env._("Only an approver may decide this."))
        self.check_access("write")
        reason = (self.decision_reason or "").strip()
        if not reason:
            raise UserError(self.env._("Write down the reason first: it is kept in the audit trail."))
        self.env["integration.audit.leaf"].sudo()._record_change(self, action, reason)
        self._note(
            self.env._("%(user)s decided to go on: %(reason)s", user=self.env.user.name, reason=reason)
        )
        return reason

    def action_go_without(self):
        """Button of an approver: the missing numbers are given up; what they held goes on. One that comes is booked."""
        self.ensure_one()
        gaps = self.sudo().gap_ids.filtered(lambda gap: gap.state == "open")
        if self.code != "sequence_gap" or not gaps:
            raise UserError(self.env._("No number is missing any more."))
        reason = self._decide("exception.go_without")
        gaps._settle("waived", waived_by_id=self.env.uid, reason=reason)
        return self._told(self.env._("What waited for these numbers goes on."))

    def action_book_repeated(self):
        """Button of an approver: the number came twice by mistake, the event is a new one and is booked."""
        self.ensure_one()
        messages = self.sudo().message_ids_held.filtered(lambda row: row.number_state == "repeated")
        if self.code != "sequence_repeated" or not messages:
            raise UserError(self.env._("No event waits here."))
        self._decide("exception.book_repeated")
        messages.write({"number_state": "accepted"})
        messages._requeue("message.retry")
        return self._told(self.env._("%s events are in the queue again.", len(messages)))
