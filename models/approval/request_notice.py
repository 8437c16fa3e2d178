# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who is told what: approvers that something waits, the requester what was decided, others that it waits too long."""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.tools import SQL

from ..messaging.error_words import instant_words

ACTIVITY = "mail.mail_activity_data_todo"
MAX_TOLD = 20
PORTION = 200


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    escalated_at = fields.Datetime(readonly=True, string="Passed on")
    overdue = fields.Boolean(compute="_compute_overdue", search="_search_overdue", string="Waits too long")

    @api.depends("state", "requested_at", "remind_hours")
    def _compute_overdue(self):
        now = fields.Datetime.now()
        for request in self:
            request.overdue = (
                request.state == "asked"
                and request.requested_at + timedelta(hours=request.remind_hours or 0) < now
            )

    @api.model
    def _search_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        waiting = self.search([("state", "=", "asked")], limit=5_000)
        return [("id", "in" if True in value else "not in", waiting.filtered("overdue").ids)]

    # -- what is told -------------------------------------------------------------------------------------------------

    def _after_asking(self):
        result = super()._after_asking()
        self._keep_evidence()
        self._tell_approvers()
        self._switch_on_cron()
        return result

    def _after_decision(self, verdict, reason):
        result = super()._after_decision(verdict, reason)
        request = self.sudo()
        request._forget_activities()
        if request.state == "asked":
            request._tell_approvers()
        else:
            request._tell_requester(reason)
        if request.state == "refused":
            request._tell_record()
        return result

    def _after_end(self):
        result = super()._after_end()
        self.sudo()._forget_activities()
        if self.state == "expired":
            self.sudo()._tell_requester(self.answer)
        self._tell_record()
        return result

    def _for_reader(self, user):
        """Return this request in language and time zone of somebody who is told; a job has none of its own."""
        reader = user.sudo()
        return self.with_context(
            lang=reader.lang or self.env.lang, tz=reader.tz or self.env.context.get("tz")
        )

    def _for_requester(self):
        return self._for_reader(self.sudo().requester_id)

    def _late_note(self, user):
        said = self._for_reader(user).env
        since = instant_words(said, self.requested_at.replace(tzinfo=timezone.utc))
        return said._("This waits since %s and nobody has decided.", since)

    def _tell_record(self):
        """Let the record know that nothing comes of the request, where it wants to."""
        record = self._record()
        if record and hasattr(record, "_approval_ended"):
            record.sudo().with_company(self.company_id)._approval_ended(self.sudo())

    def _keep_evidence(self):
        """Attach what was uploaded to the request: whoever sees it sees the evidence, and nobody else removes it.

        What belongs to another record stays there; if it is changed or removed, the request cannot be approved.
        """
        uploaded = self.sudo().attachment_ids.filtered(lambda attachment: not attachment.res_id)
        uploaded.write({"res_model": self._name, "res_id": self.id})

    def _tell_approvers(self, late=False):
        """Give everybody whose turn it is an activity, each in their language.

        :param late: say that it has waited too long, instead of why it was asked for.
        """
        request = self.sudo().with_context(mail_activity_quick_update=True)
        day = min(
            request.expires_at or fields.Datetime.now(), fields.Datetime.now() + timedelta(days=1)
        ).date()
        for user in self._asked_people(MAX_TOLD):
            said = self._for_reader(user).env
            request.activity_schedule(
                ACTIVITY,
                date_deadline=day,
                summary=said._("Decide: %s", request.name)[:200],
                note=self._late_note(user) if late else request.reason,
                user_id=user.id,
            )

    def _forget_activities(self):
        self.activity_unlink([ACTIVITY])

    def _tell_requester(self, reason):
        """Tell who asked what became of it; the system and service users read no mail."""
        requester = self.requester_id
        if requester.integration_service or requester._is_superuser() or not requester.active:
            return
        words = dict(self._fields["state"]._description_selection(self._for_requester().env))
        body = f"{self.name}: {words[self.state]}"
        if reason:
            body = f"{body} – {reason}"
        self.message_post(body=body, partner_ids=requester.partner_id.ids, message_type="notification")

    # -- time ---------------------------------------------------------------------------------------------------------

    @api.model
    def _switch_on_cron(self):
        """Let the hourly look begin; it rests until something has been asked for."""
        cron = self.env.ref("finance_integration.cron_approvals", raise_if_not_found=False)
        if cron and not cron.sudo().active:
            cron.sudo().active = True

    @api.model
    def _cron_look(self):
        """Hourly: end what nobody decided or did in time, and pass on what waits too long; returns how many of both."""
        now = fields.Datetime.now()
        late = self._portion(SQL("state = 'asked' AND expires_at < %s", now))
        for request in late:
            request._end("expired", request._for_requester().env._("Nobody decided in time."))
        unused = self._portion(SQL("state = 'agreed' AND valid_until < %s", now))
        for request in unused:
            request._end("expired", request._for_requester().env._("It was approved and not done in time."))
        waiting = self._portion(
            SQL(
                "state = 'asked' AND escalated_at IS NULL AND requested_at < %s - remind_hours * interval '1 hour'",
                now,
            )
        )
        for request in waiting:
            request._escalate()
        return len(late) + len(unused), len(waiting)

    @api.model
    def _portion(self, condition):
        """Return requests that nobody is deciding about this very moment, locked until the transaction ends."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM integration_change_request WHERE %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
                """,
                condition,
                PORTION,
            )
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _escalate(self):
        """Tell those to whom the rule passes it on; without any, everybody who may decide is told once more."""
        self.ensure_one()
        self._set(escalated_at=fields.Datetime.now())
        people = self.policy_id.escalate_to_ids - self.requester_id
        if not people:
            self._forget_activities()
            self._tell_approvers(late=True)
        for user in people[:MAX_TOLD]:
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                ACTIVITY,
                summary=self._for_reader(user).env._("Waits too long: %s", self.name)[:200],
                note=self._late_note(user),
                user_id=user.id,
            )
        self.env["integration.audit.leaf"]._record_change(self, "change.escalate", self.name)
