# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import calendar
from datetime import date

from odoo import fields, models

from ...engine.canonical import Source
from ...engine.canonical.business_events import CloseReady, RuleFulfilled
from ...engine.errors import BusinessError
from ...engine.event_catalogue import EVENTS
from ...engine.instants import utc_now


class IntegrationRuleAction(models.Model):
    _inherit = "integration.rule.action"

    def _do(self, wait, facts):
        """Do this follow-up for a fulfilled wait; returns what was done, in plain words.

        :param facts: what has happened, oldest first.
        :raises BusinessError: ``rule_target_missing``: what it acts on is not there.
        """
        self.ensure_one()
        return getattr(self, f"_do_{self.action}")(wait, facts)

    # -- persons -------------------------------------------------------------------------------------------

    def _do_activity(self, wait, facts):
        person, target = self._person(wait, facts), self._target(wait, facts)
        target.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=fields.Date.add(fields.Date.context_today(self), days=self.within_days),
            summary=self.summary,
            note=self.env._("Rule “%(rule)s”: %(what)s", rule=wait.rule_id.name, what=wait.held_text or ""),
            user_id=person.id,
        )
        return self.env._("Activity for %(who)s on %(what)s", who=person.name, what=target.display_name)

    def _do_notify(self, wait, facts):
        person, target = self._person(wait, facts), self._target(wait, facts)
        target.message_notify(
            partner_ids=person.partner_id.ids,
            subject=wait.rule_id.name,
            body=self.env._("%(what)s (%(subject)s)", what=self.summary, subject=wait.name or wait.key),
        )
        return self.env._("%s notified", person.name)

    def _person(self, wait, facts):
        owner = wait.rule_id.user_id
        if self.role == "user":
            return self.user_id
        if self.role == "salesperson":
            record = self._record(facts)
            names = ("invoice_user_id", "user_id")
            found = next(
                (record[name] for name in names if record and name in record._fields), owner.browse()
            )
            return found or facts.partner_id[:1].user_id or owner
        if self.role == "flow_owner":
            return self.flow_id.user_id or owner
        return owner

    def _record(self, facts):
        """Return the record that the events are about: the last one that is still there."""
        for fact in reversed(facts):
            known = fact.res_model and fact.res_model in self.env
            if known and (record := self.env[fact.res_model].browse(fact.res_id).exists()):
                return record
        return None

    def _target(self, wait, facts):
        """Return the record on which a person finds it: what it is about, else the wait itself."""
        record = self._record(facts)
        return record if record is not None and "activity_ids" in record._fields else wait

    # -- events --------------------------------------------------------------------------------------------

    def _do_publish(self, wait, facts):
        company = wait.company_id
        if not company:
            raise BusinessError("rule_target_missing", params={"what": self.env._("A company")})
        facts_of_all = {
            "source": Source(system="odoo", object_id=f"integration.rule.wait,{wait.id}"),
            "occurred_at": utc_now(),
            "company": company.name,
        }
        if self.publish_kind == "event.close_ready":
            first, last = _month_of(max(fact.day or fact.happened_at.date() for fact in facts))
            document = CloseReady(
                **facts_of_all, period_start=first, period_end=last, stated_by=wait.rule_id.name
            )
        else:
            document = RuleFulfilled(
                **facts_of_all,
                rule=wait.rule_id.name,
                subject=wait.key,
                fulfilled_by=tuple(dict.fromkeys(EVENTS[fact.kind].wire_name for fact in facts)),
            )
        # What others wait for is what this was about, not the wait.
        self.env["integration.event"]._publish(
            company, [(wait.key[:255], facts[-1].correlation_id or None, document)]
        )
        return self.env._("Published: %s", dict(self._selection_publish())[self.publish_kind])

    def _do_exception(self, wait, facts):
        params = {"rule": wait.rule_id.name, "subject": wait.name or wait.key, "reason": self.summary}
        exception = self.env["integration.exception"]._raise_company_cause(
            wait.company_id, "rule_says", params, f"rule {wait.rule_id.id} {wait.key}"
        )
        return self.env._("Exception raised: %s", exception.display_name)

    # -- customers, flows, connections ---------------------------------------------------------------------

    def _do_hold_set(self, wait, facts):
        changed = self._partner(wait, facts)._integration_set_credit_hold(self.summary)
        return self._told_hold(
            changed, self.env._("Put on credit hold: %s"), self.env._("Was on credit hold already")
        )

    def _do_hold_clear(self, wait, facts):
        changed = self._partner(wait, facts)._integration_clear_credit_hold()
        return self._told_hold(
            changed, self.env._("Credit hold cleared: %s"), self.env._("Was not on credit hold")
        )

    def _told_hold(self, changed, text, nothing):
        return text % changed.display_name if changed else nothing

    def _partner(self, wait, facts):
        partner = facts.partner_id[:1]
        if not partner:
            raise BusinessError("rule_target_missing", params={"what": self.env._("A customer")})
        return partner.with_company(wait.company_id)

    def _do_release_flow(self, wait, facts):
        flow = self.flow_id
        if flow.state != "paused":
            return self.env._("%s was not paused", flow.display_name)
        flow._change_state("live", self.env._("Rule “%s” is fulfilled", wait.rule_id.name))
        return self.env._("%s goes on", flow.display_name)

    def _do_pull(self, wait, facts):
        self.connection_id._pull_now()
        return self.env._("Fetching from %s asked for", self.connection_id.display_name)


def _month_of(day):
    return day.replace(day=1), date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])
