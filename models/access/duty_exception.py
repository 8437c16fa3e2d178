# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...engine.access import CONFLICTS, DUTIES
from .protected import Protected

MAX_DAYS = 366


class IntegrationDutyException(Protected, models.Model):
    """That one person holds two conflicting duties for a time, and why: asked by one, accepted by another (C7).

    It refuses and allows nothing: the monthly report shows the conflict as accepted.
    """

    _name = "integration.duty.exception"
    _description = "Accepted conflict of duties"
    _inherit = ["integration.recorded"]
    _order = "id desc"
    _rec_name = "user_id"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="restrict", index=True
    )
    user_id = fields.Many2one("res.users", required=True, ondelete="restrict", string="Person")
    conflict = fields.Selection("_selection_conflict", required=True, string="Duties")
    reason = fields.Text(required=True, string="Why it is accepted")
    valid_from = fields.Date(required=True, default=fields.Date.context_today, string="From")
    valid_until = fields.Date(required=True, string="Until")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("asked", "Waits for approval"),
            ("accepted", "Accepted"),
            ("ended", "Ended"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    request_id = fields.Many2one(
        "integration.change.request", readonly=True, copy=False, ondelete="restrict", string="Approval"
    )
    accepted_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict", string="Accepted by"
    )
    accepted_at = fields.Datetime(readonly=True, copy=False, string="Accepted on")
    ended_at = fields.Datetime(readonly=True, copy=False, string="Ended on")

    _somebody_else = models.Constraint(
        "CHECK (accepted_by_id IS NULL OR accepted_by_id <> user_id)",
        "Nobody accepts an own conflict of duties.",
    )
    _accepted_by_somebody = models.Constraint(
        "CHECK (state <> 'accepted' OR (accepted_by_id IS NOT NULL AND request_id IS NOT NULL))",
        "A conflict is accepted by an approval.",
    )
    _days = models.Constraint(
        f"CHECK (valid_until >= valid_from AND valid_until - valid_from < {MAX_DAYS})",
        "It is accepted for a year at most.",
    )

    @api.model
    def _selection_conflict(self):
        # pylint: disable=translation-not-lazy
        return [
            (
                row.code,
                self.env._(
                    "%(first)s, and %(second)s",
                    first=self.env._(DUTIES[row.first].title),
                    second=self.env._(DUTIES[row.second].title),
                ),
            )
            for row in CONFLICTS
        ]

    def write(self, vals):
        if not self.env.su and any(row.state != "draft" for row in self):
            raise UserError(self.env._("What was asked for is not changed: end it, and make another one."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if any(row.request_id for row in self):
            raise UserError(self.env._("What somebody has decided about is evidence and is kept."))

    def action_ask(self):
        """Button: ask another person to accept it; the person whose duties these are never decides about it."""
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("draft", "ended"):
            raise UserError(self.env._("It waits for approval, or was accepted already."))
        request = self.env["integration.change.request"]._ask(
            self,
            self.env._("Conflicting duties of %s", self.user_id.name),
            {"state": "accepted"},
            self.reason,
            company=self.company_id,
            barred=self.user_id,
        )
        self.sudo().write({"state": "asked", "request_id": request.id})
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }

    def _approval_preview(self, _values):
        """Return whose duties, which, and for how long."""
        self.ensure_one()
        words = dict(self._selection_conflict())
        row = {
            "user_id": self.user_id.name,
            "conflict": words[self.conflict],
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat(),
        }
        return {"rows": [{"field": name, "before": "", "after": text} for name, text in row.items()]}

    def _carry_out(self, request):
        """Accept what was asked for and approved.

        :raises ValidationError: it was not approved by a second person.
        """
        self.ensure_one()
        if not request._allows(self, "accepted") or request != self.request_id:
            raise ValidationError(self.env._("This has not been approved by a second person."))
        self.sudo().write(
            {
                "state": "accepted",
                "accepted_by_id": request.approver_id.id,
                "accepted_at": fields.Datetime.now(),
            }
        )

    def _approval_ended(self, request):
        """Nothing comes of it: it may be asked for anew."""
        if request == self.request_id:
            self.sudo().write({"state": "draft"})

    def action_end(self):
        """Button: from now on it is accepted no more."""
        self.check_access("write")
        for row in self:
            if row.state != "accepted":
                raise UserError(self.env._("Only what is accepted can be ended."))
        self.sudo().write({"state": "ended", "ended_at": fields.Datetime.now()})
        self.env["integration.audit.leaf"]._record_change(self, "duty_exception.end")
