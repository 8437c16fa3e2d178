# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from .protected import Protected

KINDS = [
    ("person", "Person"),
    ("settings", "Manages users or settings"),
    ("service", "Service user"),
]
DECISIONS = [("keep", "Stays"), ("withdraw", "Is taken away")]
_EXPORTED = (
    "kind", "user_id", "login", "rights", "since", "granted_by", "last_sign_in", "has_factor", "conflicts",
    "trusts_banks", "manages_users", "entries", "entry_count", "refused_sign_ins", "findings", "decision",
    "decided_by_id", "decided_at", "remark",
)  # fmt: skip


class IntegrationAccessReviewLine(Protected, models.Model):
    """One user in an access review, as it was when the review was drawn up, and what was decided about it."""

    _name = "integration.access.review.line"
    _description = "User in an access review"
    _order = "review_id, kind, login"
    _rec_name = "user_id"

    review_id = fields.Many2one(
        "integration.access.review", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="review_id.company_id", store=True, index=True)
    state = fields.Selection(related="review_id.state")
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="restrict")
    login = fields.Char(readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    rights = fields.Text(readonly=True, help="Each right, since when, and who gave it.")
    since = fields.Datetime(
        readonly=True, string="Last given at", help="When the newest of these rights was given."
    )
    granted_by = fields.Char(readonly=True, string="Last given by")
    last_sign_in = fields.Datetime(readonly=True)
    has_factor = fields.Boolean(readonly=True, string="Second factor")
    lacks_factor = fields.Boolean(
        readonly=True, help="Holds a right that asks for a second factor, and has none."
    )
    conflicts = fields.Text(readonly=True, string="Conflicting duties")
    trusts_banks = fields.Boolean(readonly=True, string="May approve bank details")
    manages_users = fields.Boolean(
        readonly=True, string="May give rights", help="Can give any right to anybody, also to itself."
    )
    entries = fields.Text(readonly=True, string="Entries posted", help="Per journal, in the period.")
    entry_count = fields.Integer(readonly=True, string="Entries")
    refused_sign_ins = fields.Integer(
        readonly=True, help="Minutes of the period in which somebody tried to sign in as this service user."
    )
    findings = fields.Text(
        readonly=True, string="To look at", help="Why this line is not decided with the rest."
    )
    decision = fields.Selection(DECISIONS, readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    decided_at = fields.Datetime(readonly=True)
    is_own_decision = fields.Boolean(
        readonly=True, help="Decided by the user itself, because nobody else may review."
    )
    remark = fields.Char(help="Why it stays or is taken away.")

    _user_once = models.UniqueIndex("(review_id, user_id)")
    _decided_by_somebody = models.Constraint(
        "CHECK (decision IS NULL OR (decided_by_id IS NOT NULL AND decided_at IS NOT NULL))",
        "A decision has somebody who made it.",
    )
    _own_is_marked = models.Constraint(
        "CHECK (decided_by_id IS NULL OR decided_by_id <> user_id OR is_own_decision)",
        "Nobody decides about own rights while somebody else may.",
    )

    def write(self, vals):
        if not self.env.su and any(line.state == "signed" for line in self):
            raise UserError(self.env._("What is signed is not changed. Make a new review."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never_signed(self):
        if any(line.state == "signed" for line in self):
            raise UserError(self.env._("An access review is evidence and is not deleted."))

    # -- buttons ---------------------------------------------------------------------------------------------

    def action_keep(self):
        """Button: this user keeps its rights. What needs a look takes a remark."""
        for line in self:
            if line.findings and not (line.remark or "").strip():
                raise UserError(
                    self.env._(
                        "%(name)s: %(findings)s\nSay in the remark why it stays all the same.",
                        name=line.user_id.name,
                        findings=line.findings,
                    )
                )
        self._decide("keep")
        return True

    def action_withdraw(self):
        """Button: these rights are to be taken away; whoever manages the users gets the task.

        The reviewer does not change users: giving and reviewing rights are two duties.
        """
        for line in self:
            if not (line.remark or "").strip():
                raise UserError(self.env._("Say in the remark which right is taken away, and why."))
        self._decide("withdraw")
        for line in self:
            line._ask_for_withdrawal()
        return True

    def _decide(self, decision):
        for line in self:
            if line.state != "prepared":
                raise UserError(
                    self.env._("Only lines of a review that waits for its signature are decided.")
                )
            own = line.user_id == self.env.user
            others = line.review_id._holders(("finance_integration.group_approver",)) - self.env.user
            if own and others:
                raise UserError(
                    self.env._("Nobody decides about own rights. %s may do it.", others[0].sudo().name)
                )
            line.sudo().write(
                {
                    "decision": decision,
                    "decided_by_id": self.env.uid,
                    "decided_at": fields.Datetime.now(),
                    "is_own_decision": own,
                }
            )
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": f"access.{decision}",
                    "company_id": line.company_id.id,
                    "res_model": "res.users",
                    "res_id": line.user_id.id,
                    "user_id": self.env.uid,
                    "detail": line.remark or None,
                }
                for line in self
            ]
        )

    def _ask_for_withdrawal(self):
        review = self.review_id.sudo()
        may = self.env["integration.right"]._may
        managers = review._holders(("base.group_erp_manager", "base.group_system")) - self.user_id
        managers = managers.filtered(
            lambda user: may("view", user)
        )  # a task is for who may see what it is about
        review.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=(managers[:1] or review.prepared_by_id).id,
            summary=self.env._("Take rights away from %s", self.user_id.name),
            note=self.remark,
        )

    def action_open_user(self):
        """Button: the user, for those who may see users."""
        self.ensure_one()
        self.user_id.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.users",
            "res_id": self.user_id.id,
            "views": [(False, "form")],
        }

    # -- as a table ------------------------------------------------------------------------------------------

    def _as_table(self):
        """Return (head, rows) of these lines as texts."""
        described = self.fields_get(_EXPORTED, ["string", "selection"])
        head = tuple(described[name]["string"] for name in _EXPORTED)
        return head, [tuple(line._cell(name, described[name]) for name in _EXPORTED) for line in self]

    def _facts(self):
        """Return what of these lines is signed: as they are stored, so that a new name of a user changes nothing."""
        return [
            [
                value.id if self._fields[name].type == "many2one" else str(value)
                for name, value in ((name, line[name]) for name in _EXPORTED)
            ]
            for line in self
        ]

    def _cell(self, name, described):
        value, kind = self[name], self._fields[name].type
        if kind == "many2one":
            return value.display_name or ""
        if kind == "selection":
            return dict(described["selection"]).get(value, "")
        if kind == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if kind == "datetime":
            return f"{value:%Y-%m-%d %H:%M} UTC" if value else ""
        return value if kind == "integer" else value or ""
