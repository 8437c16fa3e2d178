# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who decides about a request: the rule that holds for it, frozen when it is asked for, and whose turn it is."""

from datetime import timezone
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.approval import (
    Decision,
    NotEntitled,
    Person,
    Subject,
    choose_for_all,
    deadline,
    decides_as,
    is_agreed,
    open_tier,
)
from .policy import APPROVER, engine_tier

MAX_OPEN = 5_000
# Without any rule that fits, one approver has to agree.
DEFAULT_ASK_HOURS, DEFAULT_VALID_HOURS, DEFAULT_REMIND_HOURS = 168, 72, 24


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    policy_id = fields.Many2one(
        "integration.approval.policy", readonly=True, ondelete="restrict", string="Approval rule"
    )
    tiers = fields.Json(readonly=True, help="Who has to agree, as the rule said when it was asked for.")
    approvals_needed = fields.Integer(readonly=True, default=1, string="Approvals needed")
    valid_hours = fields.Integer(readonly=True, default=DEFAULT_VALID_HOURS)
    remind_hours = fields.Integer(readonly=True, default=DEFAULT_REMIND_HOURS)
    barred_ids = fields.Many2many(
        "res.users",
        "integration_change_request_barred_rel",
        "request_id",
        "user_id",
        readonly=True,
        string="Never decide about it",
        help="Who asked for it, and who prepared what it is about.",
    )
    decision_ids = fields.One2many("integration.approval.decision", "request_id", readonly=True)
    approval_count = fields.Integer(readonly=True, string="Approvals given")
    may_decide = fields.Boolean(
        compute="_compute_may_decide", search="_search_may_decide", string="Waits for me"
    )
    waits_for = fields.Char(compute="_compute_may_decide", string="Waits for")
    decides_for = fields.Char(compute="_compute_may_decide", string="You decide in the right of")
    why_not = fields.Char(compute="_compute_may_decide", string="Why you do not decide")

    # -- when it is asked for ---------------------------------------------------------------------------------

    def _policy_facts(self, facts, amount, currency, company):
        kind = facts["kind"]
        # What holds several kinds of changes at once is no way around what each of them asks for.
        kinds = [kind, *((facts["values"] or {}).get("kinds", ()) if kind == "bundle" else ())]
        policies = self.env["integration.approval.policy"].sudo()  # who asks need not see the rules
        rules = policies.union(*(policies._of_company(one, company) for one in kinds))
        engine_rules = [rule._as_engine(company.currency_id) for rule in rules]
        amounts = (
            None if amount is None else self._amounts(Decimal(str(amount)), currency, company, engine_rules)
        )
        subjects = [Subject(one, company.id, amounts) for one in kinds]
        chosen = choose_for_all(engine_rules, subjects)
        rule = rules.browse(chosen.id if chosen else ())
        tiers = rule._tiers() if rule else self._default_tiers()
        now = fields.Datetime.now()
        until = deadline(now.replace(tzinfo=timezone.utc), rule.ask_hours if rule else DEFAULT_ASK_HOURS)
        return {
            "policy_id": rule.id,
            "tiers": tiers,
            "approvals_needed": sum(tier["count"] for tier in tiers),
            "expires_at": until.replace(tzinfo=None),
            "valid_hours": rule.valid_hours if rule else DEFAULT_VALID_HOURS,
            "remind_hours": rule.remind_hours if rule else DEFAULT_REMIND_HOURS,
        }

    def _amounts(self, amount, currency, company, rules):
        """Return what is at stake in each currency of the rules, at today's rates; one without rate is left out."""
        today = fields.Date.context_today(self)
        amounts = {}
        for code in {rule.currency for rule in rules if rule.amount_from}:
            wanted = (
                self.env["res.currency"]
                .with_context(active_test=False)
                .search([("name", "=", code)], limit=1)
            )
            if wanted == currency:
                amounts[code] = amount
            elif self._has_rate(currency, company) and self._has_rate(wanted, company):
                rate = self.env["res.currency"]._get_conversion_rate(currency, wanted, company, today)
                amounts[code] = amount * Decimal(str(rate))
        return amounts

    def _has_rate(self, currency, company):
        rates = self.env["res.currency.rate"].sudo()
        domain = [("currency_id", "=", currency.id), ("company_id", "in", (False, company.root_id.id))]
        return currency == company.currency_id or bool(rates.search_count(domain, limit=1))

    def _default_tiers(self):
        group = self.env.ref(APPROVER)
        return [{"name": group.sudo().display_name, "group": group.id, "people": [], "count": 1}]

    # -- whose turn it is ---------------------------------------------------------------------------------------

    def _engine_tiers(self):
        return [engine_tier(tier) for tier in self.tiers or self._default_tiers()]

    def _engine_decisions(self):
        return [
            Decision(row.user_id.id, row.behalf_id.id, row.verdict) for row in self.decision_ids.sorted("id")
        ]

    def _is_agreed(self):
        self.invalidate_recordset(["decision_ids"])
        self._set(approval_count=len(self.decision_ids.filtered(lambda row: row.verdict == "approve")))
        return is_agreed(self._engine_tiers(), self._engine_decisions())

    @api.model
    def _person(self, user):
        return Person(user.id, frozenset(user.sudo().all_group_ids.ids))

    def _right_of(self, user):
        """Return in whose right ``user`` decides about this request now.

        :raises NotEntitled: with the reason.
        """
        request = self.sudo()
        delegators = self.env["integration.approval.delegation"]._delegators_of(user, request.company_id)
        behalf = decides_as(
            request._engine_tiers(),
            request._engine_decisions(),
            {request.requester_id.id, *request.barred_ids.ids},
            self._person(user),
            [self._person(delegator) for delegator in delegators],
        )
        return self.env["res.users"].browse(behalf)

    def _check_person(self):
        """Refuse what is no person: the system itself and the users as whom connections post."""
        user = self.env.user
        if user.integration_service or user._is_superuser() or user.share or not user.active:
            raise AccessError(self.env._("Only a person decides about this."))

    def _deciding_for(self):
        """Return in whose right the acting user decides.

        :raises AccessError: belongs to nobody who is asked.
        :raises UserError: asked for it, prepared it, or has decided already.
        """
        try:
            return self._right_of(self.env.user)
        except NotEntitled as refused:
            text = self._refusal(refused.reason)
            raise (AccessError if refused.reason == "not_entitled" else UserError)(text) from refused

    def _refusal(self, reason):
        """Return why somebody does not decide about this, in plain words."""
        own = self.sudo().requester_id == self.env.user
        _ = self.env._
        return {
            "barred": _("Nobody decides about an own request. Ask another approver.")
            if own
            else _("You have prepared what this is about, so another approver decides about it."),
            "twice": _("You have decided about this already; another person has to agree, too."),
            "delegated_by_barred": _(
                "The approver for whom you stand in has asked for this or prepared it. Ask another approver."
            ),
            "delegated_twice": _(
                "The approver for whom you stand in has decided about this already. Ask another approver."
            ),
            "not_entitled": _(
                "It is not yours to decide. It waits for: %s", self.sudo()._open_tier_name() or ""
            ),
            "decided": _("This has been decided already."),
        }[reason]

    def _open_tier_name(self):
        tiers = self.tiers or self._default_tiers()
        index = open_tier(self._engine_tiers(), self._engine_decisions())
        return tiers[index]["name"] if index is not None else ""

    @api.depends("state", "decision_ids", "requester_id")
    @api.depends_context("uid")
    def _compute_may_decide(self):
        for request in self:
            request.may_decide = request.why_not = request.waits_for = request.decides_for = False
            if request.state != "asked":
                continue
            request.waits_for = request.sudo()._open_tier_name()
            try:
                behalf = request._right_of(self.env.user)
                request.may_decide = True
                request.decides_for = behalf != self.env.user and behalf.sudo().name
            except NotEntitled as refused:
                request.why_not = request._refusal(refused.reason)

    @api.model
    def _search_may_decide(self, operator, value):
        if operator != "in":
            return NotImplemented
        waiting = self.search([("state", "=", "asked")], limit=MAX_OPEN)
        mine = waiting.filtered("may_decide")
        return [("id", "in" if True in value else "not in", mine.ids)]

    def _asked_people(self, limit=50):
        """Return the people whose turn it is: active, of the company, neither barred nor done."""
        self.ensure_one()
        request = self.sudo()
        index = open_tier(request._engine_tiers(), request._engine_decisions())
        if index is None:
            return self.env["res.users"]
        tier = (request.tiers or request._default_tiers())[index]
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("share", "=", False),
                    ("integration_service", "=", False),
                    ("company_ids", "in", request.company_id.ids),
                    "|",
                    ("id", "in", tier["people"]),
                    ("all_group_ids", "in", [tier["group"] or 0]),
                ],
                limit=limit,
            )
        )
        done = request.decision_ids.user_id | request.decision_ids.behalf_id
        users -= request.barred_ids | done
        today = fields.Date.context_today(self)
        delegations = (
            self.env["integration.approval.delegation"]
            .sudo()
            .search(
                [
                    ("delegator_id", "in", users.ids),
                    ("company_id", "=", request.company_id.id),
                    ("state", "=", "active"),
                    ("first_day", "<=", today),
                    ("last_day", ">=", today),
                ],
                limit=limit,
            )
        )
        people = users | (delegations.delegate_id - request.barred_ids - done)
        seen = self.with_context(allowed_company_ids=request.company_id.ids)
        # Who has lost the right to see requests since the rule was made is not told, and asked no more.
        return people.filtered(lambda user: seen.with_user(user).has_access("read"))

    def _write_decision(self, verdict, behalf, reason):
        self.env["integration.approval.decision"]._write_down(self, verdict, behalf, reason)
        self.invalidate_recordset(["decision_ids"])

    def _step_text(self, behalf, reason):
        parts = [self.name]
        if behalf != self.env.user:
            parts.append(self.env._("in the right of %s", behalf.name))
        if reason:
            parts.append(reason)
        return ": ".join(parts)
