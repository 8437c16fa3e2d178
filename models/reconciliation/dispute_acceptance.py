# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Accepting a dispute at the provider: asked for, agreed by another person, told once (ADR 0063).

Accepting loses the money for good. Nothing is booked by it: the provider says that the dispute is lost, and what it
costs is decided and booked as for every other lost one. Whether it arrived is asked for before it is sent again.
"""

import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.registry import get_connector
from ...engine.errors import BusinessError, TransientError
from ..messaging.write_skew import update_for_real
from .dispute import OVER

STATES = [
    ("draft", "To be asked for"),
    ("asked", "Waits for approval"),
    ("to_send", "To be sent"),
    ("unknown", "Sent, answer not known"),
    ("refused", "Refused by the provider"),
    ("sent", "Accepted"),
]
# An inquiry has moved no money: it is answered by a refund or by evidence, never accepted.
ACCEPTABLE = "needs_response"
ON_ITS_WAY = ("to_send", "unknown")
SEND_SECONDS = 30


class IntegrationDisputeAcceptance(models.Model):
    _name = "integration.dispute.acceptance"
    _description = "Acceptance of a dispute"
    _inherit = ["integration.sent.once"]
    _order = "id desc"
    _rec_name = "dispute_id"
    _check_company_auto = True

    dispute_id = fields.Many2one("integration.dispute", required=True, ondelete="restrict", index=True)
    connection_id = fields.Many2one(related="dispute_id.connection_id", store=True, index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="dispute_id.partner_id")
    currency_id = fields.Many2one(related="dispute_id.currency_id")
    amount = fields.Monetary(related="dispute_id.amount", string="Lost by it")
    evidence_due = fields.Datetime(related="dispute_id.evidence_due")
    reason = fields.Char(
        required=True, help="Why it is not worth defending: the person who agrees decides on it."
    )
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", copy=False, index=True)

    _one_idx = models.UniqueIndex("(dispute_id) WHERE state <> 'refused'")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda row: row.state != "draft"):
            raise UserError(self.env._("An acceptance that was asked for is evidence and cannot be deleted."))

    def write(self, vals):
        if {"dispute_id", "reason"} & vals.keys() and self.filtered(lambda row: row.state != "draft"):
            raise UserError(self.env._("An acceptance that was asked for does not change any more."))
        return super().write(vals)

    # -- asking --------------------------------------------------------------------------------------------

    def action_ask(self):
        """Button: ask another person to agree; then the provider is told.

        :raises UserError: it cannot be accepted, or evidence is on its way.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft":
            raise UserError(self.env._("This was asked for already."))
        self._check_can_accept()
        self.sudo().state = "asked"
        dispute = self.dispute_id
        self.env["integration.change.request"]._ask(
            self,
            self.env._("Accept dispute %s: its money is lost", dispute.dispute_id),
            {"amount": self._amount_text(), "dispute": dispute.dispute_id},
            self.reason,
            kind="write_off",
            amount=dispute.amount,
            currency=dispute.currency_id,
            company=self.company_id,
        )
        return True

    def _check_can_accept(self):
        dispute = self.dispute_id
        update_for_real(dispute)  # evidence may be handed in at this moment
        if not self.connection_id._spec().accepts_disputes:
            raise UserError(self.env._("%s takes no acceptance from here.", self.connection_id.name))
        if dispute.state != ACCEPTABLE or dispute.evidence_given:
            raise UserError(self.env._("This dispute cannot be accepted: it does not wait for an answer."))
        if dispute._evidence_now().filtered(lambda row: row.state in ("to_send", "unknown", "sent")):
            raise UserError(self.env._("Evidence for this dispute was handed in: it is defended."))

    def _amount_text(self):
        currency = self.dispute_id.currency_id
        return f"{self.dispute_id.amount:.{currency.decimal_places}f} {currency.name}"

    def _approval_preview(self, values):
        return {
            "rows": [
                {"field": "amount", "before": self._amount_text(), "after": ""},
                {"field": "dispute_id", "before": "", "after": self.dispute_id.dispute_id},
                {"field": "state", "before": self.state, "after": "to_send"},
            ],
            "digest": str(values),
        }

    def _approval_ended(self, _request):
        """It was refused, withdrawn or ran out of time."""
        self.sudo().filtered(lambda row: row.state == "asked").write({"state": "draft"})

    def _carry_out(self, request):
        """Tell the provider what was approved; called by integration.change.request.

        :raises UserError: it was not approved by a second person, or the dispute stands otherwise now.
        """
        self.ensure_one()
        same = (request.values or {}).get("amount") == self._amount_text()
        if not (request._approves(self) and same) or self.state != "asked":
            raise UserError(self.env._("This approval is not one of this dispute."))
        self._check_can_accept()
        self.write({"state": "to_send", "key": f"accept-{self.id}-{secrets.token_hex(8)}"})
        self._send_soon()

    # -- sending -------------------------------------------------------------------------------------------

    def _otherwise(self):
        """Return why it is not told any more; None while the dispute waits for an answer."""
        dispute = self.dispute_id
        if dispute.state == ACCEPTABLE and not dispute.evidence_given:
            return None
        theirs = self.with_context(lang=self.company_id.partner_id.lang).env
        if dispute.state == ACCEPTABLE:
            return theirs._("Evidence for this dispute was handed in: it is defended.")
        words = dict(dispute._fields["state"]._description_selection(theirs))
        return theirs._("How the dispute stands: %s.", words[dispute.state])

    def _begin(self):
        """Write down that it is sent now; what never went out and stands otherwise by now is not told at all."""
        if self.state == "to_send" and (reason := self._otherwise()):
            self._failed(self._not_told(self._failure_params(), reason))
            return None
        return super()._begin()

    @api.model
    def _not_told(self, params, reason):
        return BusinessError(self._failure_code(), params=params | {"reason": reason})

    def _facts_to_send(self):
        return {"dispute": self.dispute_id.dispute_id, "otherwise": self._otherwise()}

    @api.model
    def _tell(self, facts, step):
        """Accept the dispute, or find that it is lost already; returns an empty tuple.

        :raises BusinessError: ``dispute_not_accepted``: it did not arrive, and the dispute stands otherwise by now.
        """
        connector = get_connector(facts["connector"])
        dispute, access = facts["dispute"], (facts["settings"], facts["secret"])
        if facts["asks_first"] and self._ask_provider(
            facts, lambda: connector.dispute_find(dispute, *access), connector.dispute_closed, SEND_SECONDS
        ):
            return ()
        if facts["otherwise"]:
            raise self._not_told(facts["params"], facts["otherwise"])
        if not self._tell_provider(
            facts,
            lambda: connector.dispute_close(dispute, facts["key"], *access),
            connector.dispute_closed,
            SEND_SECONDS,
        ):
            raise TransientError(
                "source_unavailable", "the dispute is not said to be lost", params={"status": 200}
            )
        return ()

    def _made(self):
        self.write({"state": "sent", "answer": False, "due_at": False})
        self.env["integration.audit.leaf"]._record_change(
            self, "dispute.accepted", self.dispute_id.dispute_id
        )
        self._let_go(self.env._("The dispute is accepted at the provider."))
        self.dispute_id._judge()

    @api.model
    def _failure_code(self):
        return "dispute_not_accepted"

    def _failure_params(self):
        return {
            "dispute": self.dispute_id.dispute_id,
            "amount": self._amount_text(),
            "due": f"{self.evidence_due} UTC" if self.evidence_due else "–",
        }

    def _cause(self):
        return f"dispute acceptance {self.dispute_id.dispute_id}"


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    acceptance_ids = fields.One2many("integration.dispute.acceptance", "dispute_id", readonly=True)
    can_accept = fields.Boolean(compute="_compute_can_accept")

    def _judge(self):
        """Once it is decided, nobody has to tell the provider anything any more."""
        result = super()._judge()
        if self.state in OVER:
            words = dict(self._fields["state"]._description_selection(self.env))
            decided = self.env._("How the dispute stands: %s.", words[self.state])
            exceptions = self.env["integration.exception"]
            for code, answer in (("evidence_not_given", "evidence"), ("dispute_not_accepted", "acceptance")):
                exceptions._settle_cause(
                    self.connection_id, code, f"dispute {answer} {self.dispute_id}", decided
                )
        return result

    @api.depends("state", "evidence_given")
    def _compute_can_accept(self):
        for dispute in self:
            dispute.can_accept = (
                dispute.state == ACCEPTABLE
                and not dispute.evidence_given
                and dispute.connection_id._spec().accepts_disputes
            )

    def action_accept(self):
        """Button: begin to accept this dispute, or open what was begun."""
        self.ensure_one()
        self.check_access("write")
        Acceptance = self.env["integration.dispute.acceptance"]
        begun = self.acceptance_ids.filtered(lambda row: row.state != "refused")[:1]
        if not begun and not self.can_accept:
            raise UserError(self.env._("This dispute cannot be accepted: it does not wait for an answer."))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accept the dispute"),
            "res_model": Acceptance._name,
            "res_id": begun.id,
            "views": [(False, "form")],
            "context": {"default_dispute_id": self.id},
        }
