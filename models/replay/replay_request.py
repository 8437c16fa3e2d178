# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Replays ask for their approval where everything else does: same rules, same inbox, their own guarantees on top."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.preview_words import told
from ...engine.replay import OUTCOMES, POST, SEND
from ..control.change_request import OPEN_STATES

MAX_SHOWN = 20
# Only the holder of this object gives the replay's own approval without asking anybody.
_KEY = object()
# States into which a replay goes while nobody is asked any more.
_AWAY = frozenset({"draft", "planning", "cancelled"})


class IntegrationReplay(models.Model):
    _inherit = "integration.replay"

    request_id = fields.Many2one(
        "integration.change.request", compute="_compute_request_id", string="Approval asked for"
    )

    def _compute_request_id(self):
        for replay in self:
            replay.request_id = replay._open_request()

    def _open_request(self):
        self.ensure_one()
        domain = [
            ("res_model", "=", self._name),
            ("res_id", "=", self._origin.id),
            ("state", "in", OPEN_STATES),
        ]
        request = self.env["integration.change.request"].sudo().search(domain, limit=1)
        return request.with_env(self.env)

    @api.depends("state", "requested_by_id")
    @api.depends_context("uid")
    def _compute_may_approve(self):
        result = super()._compute_may_approve()
        for replay in self.filtered(lambda replay: replay.state == "waiting"):
            if request := replay._open_request():
                replay.may_approve = replay.may_approve and request.may_decide
        return result

    # -- asking ------------------------------------------------------------------------------------------------

    def action_request(self):
        result = super().action_request()
        self.env["integration.change.request"]._ask(
            self,
            self.env._("%(replay)s of %(count)s events", replay=self.display_name, count=self.line_count),
            {"state": "approved", "plan": self.plan_digest},
            self.reason,
            kind="replay",
            amount=self._at_stake(),
            barred=self.create_uid,
        )
        return result

    def _at_stake(self):
        """Return what would be booked or sent, in the currency of the company; None where nobody can say."""
        total = Decimal(0)
        for row in self.totals or ():
            if row["outcome"] not in (POST, SEND):
                continue
            if not row["amount"]:
                if row["outcome"] == POST:
                    return None
                continue
            currency = self.env["res.currency"].search([("name", "=", row["currency"])], limit=1)
            if not currency:
                return None
            rate = self.env["res.currency"]._get_conversion_rate(
                currency, self.company_id.currency_id, self.company_id, fields.Date.context_today(self)
            )
            total += abs(Decimal(row["amount"])) * Decimal(str(rate))
        return total

    def _approval_preview(self, _values):
        """Return the plan: counts and amounts per outcome, the journal entries it begins with, and its digest."""
        rows = [
            told(
                {"field": f"{row['outcome']} {row['mode']} {row['currency']}", "before": ""},
                label=f"replay_{row['outcome']}",
                after=(
                    "replay_counts",
                    {
                        "events": row["events"],
                        "amount": f"{row['amount']} {row['currency']}",
                        "lines": row["lines"],
                    },
                ),
            )
            for row in self.totals or ()
            if row["outcome"] in OUTCOMES
        ]
        lines = self.env["integration.replay.line"].search(
            [("replay_id", "=", self.id), ("outcome", "=", POST)], limit=MAX_SHOWN, order="message_id"
        )
        entries = [
            {
                "change": "added",
                "title": _title(entry),
                "lines": [_shown(item) for item in entry.get("lines") or []],
            }
            for line in lines
            for entry in line.entries or []
        ]
        unchanged = sum(row["events"] for row in self.totals or () if row["outcome"] == "duplicate")
        if unchanged:
            entries.append(told({"change": "unchanged"}, title=("replay_unchanged", {"events": unchanged})))
        return {
            "rows": rows,
            "entries": entries,
            "digest": self._digest_now(),
            "notes": [told({}, text="replay_note")],
        }

    # -- deciding ----------------------------------------------------------------------------------------------

    def action_approve(self):
        """Button: approve the plan as it stands, in the name of whoever is asked."""
        self.ensure_one()
        request = self._open_request()
        if not request or self.env.context.get("integration_replay_approval") is _KEY:
            return super().action_approve()
        self._check_approver()
        self._check_two_people()
        return request.action_approve()

    def action_open_refusal(self):
        """Button: open the dialog in which the plan is sent back, with the reason."""
        self.ensure_one()
        request = self._open_request()
        return request.action_open_refusal() if request else self.action_refuse()

    def action_refuse(self):
        request = self._open_request()
        if not request:
            return super().action_refuse()
        self._check_approver()
        return request.action_refuse(request._for_requester().env._("Sent back."))

    def _check_approver(self):
        """Who belongs to those whom a rule asks need not be an approver of the hub, such as a controller."""
        asked = self.env.context.get("integration_replay_approval") is _KEY
        return None if asked else super()._check_approver()

    def _carry_out(self, request):
        """Give the approval that the last one asked has agreed to; called by integration.change.request."""
        if not request._allows(self, "approved") or request.values.get("plan") != self.plan_digest:
            raise UserError(self.env._("This approval is not one of this plan."))
        self.with_context(integration_replay_approval=_KEY).action_approve()

    def _approval_ended(self, request):
        """The request was refused, withdrawn or has expired: the plan goes back to who planned it."""
        if self.state != "waiting":
            return
        note = request.answer
        if request.state == "refused":
            # Read by who planned it, whoever has refused it in whichever language.
            note = request._for_requester().env._(
                "%(user)s did not approve it: %(reason)s", user=request.approver_id.name, reason=note
            )
        self._set(state="planned", note=note, requested_by_id=False, requested_at=False)
        self._note_step("replay.refuse" if request.state == "refused" else "replay.not_approved", self.reason)

    def _set(self, **values):
        result = super()._set(**values)
        if values.get("state") in _AWAY:
            for replay in self:
                if request := replay._open_request().sudo():
                    said = request._for_requester().env._("The replay was changed or cancelled meanwhile.")
                    request._end("withdrawn", said)
        return result


def _title(entry):
    return " · ".join(str(entry[name]) for name in ("journal", "date", "ref", "partner") if entry.get(name))


def _shown(item):
    return {name: str(item.get(name) or "") for name in ("account", "label", "debit", "credit")}
