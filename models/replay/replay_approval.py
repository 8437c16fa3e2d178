# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.replay import plan_digest

APPROVAL_HOURS = 24
APPROVAL_HOURS_SETTING = "finance_integration.replay_approval_hours"
MAX_APPROVAL_HOURS = 24 * 14
APPROVER = "finance_integration.group_approver"


class IntegrationReplayApproval(models.Model):
    """A replay that concerns the books is approved by a second person, as it stands, for a limited time (X4, C7)."""

    _inherit = "integration.replay"

    def action_request(self):
        """Button: ask a second person to approve the plan as it stands."""
        self.check_access("write")
        self._lock("planned")
        if not self.needs_approval:
            raise UserError(self.env._("This replay does not concern the books: it needs no approval."))
        self._check_reason()
        self._set(state="waiting", requested_by_id=self.env.uid, requested_at=fields.Datetime.now())
        self._note_step("replay.request", self.reason)
        return True

    def action_approve(self):
        """Button: approve the plan as it stands; somebody else has planned it and asked for it."""
        self._check_approver()
        self._lock("waiting")
        self._check_two_people()
        if self._digest_now() != self.plan_digest:
            raise UserError(
                self.env._("The lines of this plan are not those that were computed. Plan it anew.")
            )
        now = fields.Datetime.now()
        self._set(
            state="approved",
            approved_by_id=self.env.uid,
            approved_at=now,
            approved_until=now + timedelta(hours=self._approval_hours()),
            approved_digest=self.plan_digest,
        )
        self._note_step("replay.approve", self.reason)
        return True

    def action_refuse(self):
        """Button: send the plan back."""
        self._check_approver()
        self._lock("waiting")
        name = self.env.user.name
        self._set(
            state="planned",
            note=self.env._("%s did not approve it.", name),
            requested_by_id=False,
            requested_at=False,
        )
        self._note_step("replay.refuse", self.reason)
        return True

    def _check_approver(self):
        self.check_access("write")
        if not self.env.user.has_group(APPROVER):
            raise AccessError(self.env._("Only an approver may do this."))

    def _check_two_people(self):
        if self.env.user in (self.requested_by_id | self.create_uid):
            raise UserError(self.env._("Who planned a replay or asked for its approval never approves it."))

    def _check_reason(self):
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why these events are processed again."))

    def _approval_hours(self):
        """Return for how many hours an approval holds, 1 to MAX_APPROVAL_HOURS."""
        text = self.env["ir.config_parameter"].sudo().get_param(APPROVAL_HOURS_SETTING, "")
        hours = int(text) if text.isdecimal() else APPROVAL_HOURS
        return min(max(hours, 1), MAX_APPROVAL_HOURS)

    def _digest_now(self):
        """Return the digest of the lines as they stand in the database."""
        rows = self._plan_rows()
        return plan_digest((message_id, mode, mark or "") for message_id, mode, _outcome, mark in rows)

    def _check_approval(self):
        """Refuse to run what nobody, or too long ago somebody, has approved, or what is not what was approved."""
        if self._digest_now() != self.plan_digest:
            raise UserError(
                self.env._("The lines of this plan are not those that were computed. Plan it anew.")
            )
        if not self.needs_approval:
            return
        if self.state != "approved" or self.approved_digest != self.plan_digest:
            raise UserError(
                self.env._("This replay concerns the books: it runs only as a second person has approved it.")
            )
        if self.approved_until < fields.Datetime.now():
            raise UserError(
                self.env._("The approval has expired. Press “Choose again”, plan it and ask again.")
            )
