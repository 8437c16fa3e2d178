# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The rules of who has to agree from which amount on. A rule that holds changes only with an approval itself."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...engine.approval import MAX_APPROVALS, MAX_HOURS, MAX_TIERS, MONEY_KINDS, Policy, Tier

APPROVER = "finance_integration.group_approver"
CONTROLLER = "account.group_account_manager"
# Accounting policy, "Default limits", in the currency of the company: (name, kind, from amount, groups of its tiers).
DEFAULTS = (
    ("Every change: a second person", False, 0, (APPROVER,)),
    ("Replay: a second person", "replay", 0, (APPROVER,)),
    ("Write-off up to 500: team lead", "write_off", 0, (APPROVER,)),
    ("Write-off of 500 and more: controller", "write_off", 500, (CONTROLLER,)),
    ("Application of cash of 5,000 and more: a second person", "application", 5000, (APPROVER,)),
    ("Journal entry of 10,000 and more: a second person", "entry", 10000, (APPROVER,)),
    ("Exception to a lock date: approver, then controller", "lock_waiver", 0, (APPROVER, CONTROLLER)),
    ("Erasure of personal data: approver, then controller", "erasure", 0, (APPROVER, CONTROLLER)),
)
# Only the holder of this object may change a rule that holds.
_KEY = object()


class IntegrationApprovalPolicy(models.Model):
    """From which amount on who has to agree to a kind of change, and how long that may take."""

    _name = "integration.approval.policy"
    _description = "Approval rule"
    _inherit = ["mail.thread"]
    _order = "kind, company_id, amount_from, id"

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection("_selection_kind", help="Empty: every kind of change.", index=True)
    company_id = fields.Many2one("res.company", ondelete="restrict", index=True, help="Empty: every company.")
    amount_from = fields.Monetary(
        string="From amount",
        help="The rule holds for this amount and more. Where the amount decides and nobody knows it, the rule holds, "
        "too.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        ondelete="restrict",
        help="Of the amount. Empty: the currency of the company concerned.",
    )
    tier_ids = fields.One2many("integration.approval.tier", "policy_id", string="Who has to agree", copy=True)
    ask_hours = fields.Integer(
        string="Hours to decide", required=True, default=168, help="A request that nobody decides expires."
    )
    valid_hours = fields.Integer(
        string="Hours to do it",
        required=True,
        default=72,
        help="What is approved and not done by then expires, where it is not done at the approval itself.",
    )
    remind_hours = fields.Integer(
        string="Hours until it is passed on",
        required=True,
        default=24,
        help="A request that waits longer is told to the people below.",
    )
    escalate_to_ids = fields.Many2many(
        "res.users",
        "integration_approval_policy_escalation_rel",
        string="Passed on to",
        help="Who is told when a request waits too long. Empty: everybody who may decide is told once more.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("asked", "Waits for approval"),
            ("active", "In force"),
            ("retired", "No longer in force"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
    )
    replaces_id = fields.Many2one(
        "integration.approval.policy", readonly=True, ondelete="restrict", string="Takes the place of"
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    in_force_since = fields.Datetime(readonly=True, copy=False)
    people = fields.Char(compute="_compute_people", string="Who has to agree, in words")

    _hours = models.Constraint(
        f"CHECK (ask_hours BETWEEN 1 AND {MAX_HOURS} AND valid_hours BETWEEN 1 AND {MAX_HOURS}"
        f" AND remind_hours BETWEEN 1 AND {MAX_HOURS})",
        "Each time is between one hour and a year.",
    )
    _amount = models.Constraint("CHECK (amount_from >= 0)", "The amount is not negative.")

    @api.model
    def _selection_kind(self):
        return self.env["integration.change.request"]._selection_kind()

    @api.depends("tier_ids.people")
    def _compute_people(self):
        for policy in self:
            policy.people = ", ".join(policy.tier_ids.mapped("people")) or False

    # -- guard ---------------------------------------------------------------------------------------------

    def _may_change(self):
        return self.env.context.get("integration_approval_policy") is _KEY

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_change() and any(vals.get("state", "draft") != "draft" for vals in vals_list):
            raise ValidationError(self.env._("An approval rule begins as a draft."))
        return super().create(vals_list)

    def write(self, vals):
        mail = {"message_follower_ids", "message_main_attachment_id", "message_ids"}
        if not self._may_change() and not vals.keys() <= mail:
            if {"state", "approved_by_id", "in_force_since", "replaces_id"} & vals.keys():
                raise ValidationError(self.env._("An approval rule comes into force by an approval alone."))
            self._check_draft()
        return super().write(vals)

    def _check_draft(self):
        if any(policy.state != "draft" for policy in self):
            raise ValidationError(
                self.env._(
                    "A rule that holds, held or waits for approval stays as it is. Press “New version”."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        self._check_draft()

    # -- the engine's form -----------------------------------------------------------------------------------

    def _tiers(self):
        """Return the tiers of a rule as the engine knows them, and as they are frozen in a request."""
        self.ensure_one()
        return [
            {
                "name": tier.people,
                "group": tier.group_id.id or None,
                "people": sorted(tier.user_ids.ids),
                "count": tier.count,
            }
            for tier in self.tier_ids
        ]

    def _as_engine(self, currency):
        """Return the engine's form; ``currency`` is that of the company concerned."""
        return Policy(
            id=self.id,
            tiers=tuple(engine_tier(tier) for tier in self._tiers()),
            kind=self.kind or None,
            company=self.company_id.id or None,
            currency=(self.currency_id or currency).name,
            amount_from=Decimal(str(self.amount_from)),
        )

    @api.model
    def _of_company(self, kind, company):
        """Return the rules in force that can hold for a kind of change in a company."""
        return self.sudo().search(
            [
                ("state", "=", "active"),
                ("kind", "in", (False, kind)),
                ("company_id", "in", (False, company.id)),
                ("tier_ids", "!=", False),
            ],
            limit=1000,
        )

    # -- life ------------------------------------------------------------------------------------------------

    @api.model
    def _install_defaults(self):
        """Put the default limits into force; called once, by the installation."""
        for name, kind, amount, groups in DEFAULTS:
            self.with_context(integration_approval_policy=_KEY).create(
                {
                    "name": name,
                    "kind": kind,
                    "amount_from": amount,
                    "state": "active",
                    "in_force_since": fields.Datetime.now(),
                    "tier_ids": [
                        (0, 0, {"sequence": number, "group_id": self.env.ref(group).id})
                        for number, group in enumerate(groups, 1)
                    ],
                }
            )

    def action_new_version(self):
        """Button: begin a draft that is to take the place of this rule."""
        self.ensure_one()
        self.check_access("write")
        draft = self.with_context(integration_approval_policy=_KEY).copy(
            {"replaces_id": self.id, "name": self.name}
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "views": [(False, "form")],
        }

    def action_ask(self):
        """Button: ask that this draft comes into force, or that this rule no longer holds."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for approval"),
            "res_model": "integration.approval.ask",
            "view_mode": "form",
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }

    def _ask_with(self, reason, attachments):
        """Ask for the next step of this rule; called by the dialog."""
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("draft", "active"):
            raise UserError(self.env._("Nothing can be asked about this rule now."))
        if self.state == "draft":
            self._check_complete()
        target = "active" if self.state == "draft" else "retired"
        words = self.env._("In force") if target == "active" else self.env._("No longer in force")
        request = self.env["integration.change.request"]._ask(
            self,
            f"{self.name}: {words}",
            {"state": target},
            reason,
            kind="policy",
            company=self.company_id or self.env.company,
            barred=self.create_uid,
            attachments=attachments,
        )
        if target == "active":
            self.sudo().with_context(integration_approval_policy=_KEY).write({"state": "asked"})
        return request

    def _check_complete(self):
        if not 1 <= len(self.tier_ids) <= MAX_TIERS:
            raise UserError(self.env._("Name who has to agree: one to %s steps.", MAX_TIERS))
        if self.amount_from and self.kind and self.kind not in MONEY_KINDS | {"other", "partner"}:
            raise UserError(self.env._("Changes of this kind have no amount: leave “From amount” empty."))

    def _approval_preview(self, values):
        """Return what of the rules would change, with what held before."""
        old = self.replaces_id if values.get("state") == "active" else self
        new = self if values.get("state") == "active" else self.browse()
        names = (
            "name",
            "kind",
            "company_id",
            "amount_from",
            "currency_id",
            "ask_hours",
            "valid_hours",
            "remind_hours",
        )
        rows = [{"field": name, "before": old._shown(name), "after": new._shown(name)} for name in names]
        rows.append({"field": "people", "before": old.people or "", "after": new.people or ""})
        return {
            "rows": [row for row in rows if row["before"] != row["after"]],
            "digest": repr(new._tiers() if new else []),
        }

    def _shown(self, name):
        """Return a field's value as text; '' without a rule."""
        if not self:
            return ""
        value = self[name]
        return (value.display_name or "") if isinstance(value, models.BaseModel) else str(value or "")

    def _carry_out(self, request):
        """Do what an approved request asks for; called by integration.change.request."""
        self.ensure_one()
        target = request.values.get("state")
        if not request._allows(self, target):
            raise UserError(self.env._("An approval rule comes into force by an approval alone."))
        rules = self.with_context(integration_approval_policy=_KEY)
        values = {"state": target, "approved_by_id": request.approver_id.id}
        if target == "active":
            values["in_force_since"] = fields.Datetime.now()
            if self.replaces_id.state == "active":
                rules.replaces_id.write({"state": "retired"})
        rules.write(values)

    def _approval_ended(self, request):
        """The request was refused, withdrawn or has expired: a draft is a draft again."""
        waiting = self.filtered(lambda policy: policy.state == "asked")
        waiting.with_context(integration_approval_policy=_KEY).write({"state": "draft"})


class IntegrationApprovalTier(models.Model):
    """One step of an approval rule: how many different people of a group, or of those named, have to agree."""

    _name = "integration.approval.tier"
    _description = "Step of an approval rule"
    _order = "policy_id, sequence, id"

    policy_id = fields.Many2one("integration.approval.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    group_id = fields.Many2one("res.groups", ondelete="restrict", string="Members of")
    user_ids = fields.Many2many(
        "res.users",
        "integration_approval_tier_user_rel",
        string="Or these people",
        domain="[('share', '=', False)]",
    )
    count = fields.Integer(string="How many", required=True, default=1)
    people = fields.Char(compute="_compute_people", string="In words")

    _count = models.Constraint(
        f"CHECK (count BETWEEN 1 AND {MAX_APPROVALS})",
        f"Between one and {MAX_APPROVALS} people have to agree.",
    )

    @api.depends("group_id.name", "user_ids.name", "count")
    def _compute_people(self):
        for tier in self:
            names = [tier.group_id.sudo().display_name, *tier.user_ids.sudo().mapped("name")]
            text = self.env._(" or ").join(name for name in names if name)
            tier.people = f"{tier.count} × {text}" if tier.count > 1 else text

    @api.constrains("group_id", "user_ids", "count")
    def _check_people(self):
        for tier in self:
            if not tier.group_id and len(tier.user_ids) < max(tier.count, 1):
                raise ValidationError(
                    self.env._("Name a group, or at least as many people as have to agree.")
                )
            strangers = tier.user_ids.filtered(
                lambda user: (
                    user.integration_service
                    or not self.env["integration.change.request"].with_user(user).has_access("read")
                )
            )
            if strangers:
                raise ValidationError(
                    self.env._(
                        "%s cannot see what is asked for: give the rights of an auditor first.",
                        ", ".join(strangers.mapped("name")),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers._check_draft()
        return tiers

    def write(self, vals):
        self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_of_drafts(self):
        self._check_draft()

    def _check_draft(self):
        if not self.policy_id._may_change():
            self.policy_id._check_draft()


def engine_tier(tier):
    """Return the engine's form of a frozen tier."""
    return Tier(group=tier["group"], people=frozenset(tier["people"]), count=tier["count"])
