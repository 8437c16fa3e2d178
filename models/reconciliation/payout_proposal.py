# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Payouts and bank lines that may belong together, with the reasons why that is not certain: a person decides."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import format_date, formatLang

KINDS = [
    ("exact", "The text names nobody"),
    ("several", "Several fit"),
    ("difference", "Another amount"),
    ("split", "One payout, several bank lines"),
    ("merged", "Several payouts, one bank line"),
]


class IntegrationPayoutProposal(models.Model):
    _name = "integration.payout.proposal"
    _description = "Bank lines that a payout may be"
    _order = "id"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    payout_ids = fields.Many2many(
        "integration.payout",
        "integration_payout_proposal_rel",
        "proposal_id",
        "payout_id",
        readonly=True,
        string="Payouts",
    )
    bank_line_ids = fields.Many2many(
        "account.bank.statement.line",
        "integration_payout_proposal_line_rel",
        readonly=True,
        string="Bank lines",
    )
    kind = fields.Selection(KINDS, required=True, readonly=True, string="Not certain because")
    named = fields.Selection(
        [("payout", "The payout"), ("provider", "The provider only"), ("nothing", "Nothing")],
        required=True,
        readonly=True,
        string="The bank's text names",
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    difference = fields.Monetary(readonly=True, help="The bank lines less the payouts.")
    state = fields.Selection(
        [("open", "Open"), ("taken", "Taken"), ("gone", "No longer possible"), ("refused", "Refused")],
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    bank_text = fields.Text(compute="_compute_words", string="Bank lines in words")
    reason = fields.Text(compute="_compute_words", string="Why a person decides")

    @api.depends("kind", "named", "difference", "bank_line_ids", "payout_ids")
    def _compute_words(self):
        for proposal in self:
            lines = proposal.bank_line_ids
            proposal.bank_text = "\n".join(
                f"{format_date(self.env, line.date)} · {proposal._money(line.amount)} · {line.payment_ref or ''}"
                for line in lines
            )
            proposal.reason = proposal._reason()

    def _money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _reason(self):
        _ = self.env._
        why = {
            "exact": _("Amount and day fit, but the bank's text names neither the payout nor the provider."),
            "several": _("More than one bank line, or more than one payout, has this amount."),
            "difference": _(
                "The bank booked %s more than was paid out. It may have kept a charge, or it is another payment.",
                self._money(self.difference),
            )
            if self.difference > 0
            else _(
                "The bank booked %s less than was paid out. It may have kept a charge, or it is another payment.",
                self._money(-self.difference),
            ),
            "split": _(
                "The bank seems to have booked this payout in several lines; together they are its amount."
            ),
            "merged": _(
                "The bank seems to have booked several payouts in one line; together they are its amount."
            ),
        }
        return why[self.kind]

    @api.model
    def _refused(self, payout, lines, user_id):
        """Remember that a person took a match apart: it is not made again by itself."""
        for line in lines:
            pair = self.search(
                [("payout_ids", "=", payout.id), ("bank_line_ids", "=", line.id), ("state", "!=", "gone")]
            ).filtered(lambda row, line=line: row.bank_line_ids == line and len(row.payout_ids) == 1)
            values = {"state": "refused", "decided_by_id": user_id}
            if pair:
                pair.write(values)
                continue
            self.create(
                {
                    "company_id": payout.company_id.id,
                    "payout_ids": [Command.set(payout.ids)],
                    "bank_line_ids": [Command.set(line.ids)],
                    "kind": "exact",
                    "named": "nothing",
                    "currency_id": payout.currency_id.id,
                    **values,
                }
            )

    def action_match(self):
        """Button: these belong together; match them in the books.

        :raises UserError: decided already, or no longer possible.
        """
        self.ensure_one()
        self.check_access("write")
        proposal = self.sudo()
        if proposal.state != "open":
            raise UserError(self.env._("This has been decided already."))
        payouts = self.payout_ids
        self.env["integration.payout.look"]._match_for_person(payouts, self.bank_line_ids)
        proposal.write({"state": "taken", "decided_by_id": self.env.uid})
        names = ", ".join(payouts.mapped("payout_id"))
        self.env["integration.audit.leaf"]._record_change(self, "payout.match", names)
        return True

    def action_refuse(self):
        """Button: these do not belong together; they are not proposed again."""
        for proposal in self:
            proposal.check_access("write")
            if proposal.state != "open":
                raise UserError(self.env._("This has been decided already."))
            proposal.sudo().write({"state": "refused", "decided_by_id": self.env.uid})
            names = ", ".join(proposal.payout_ids.mapped("payout_id"))
            self.env["integration.audit.leaf"]._record_change(proposal, "payout.refuse", names)
            proposal.payout_ids.sudo()._look_at_bank()
        return True

    def action_open_bank_lines(self):
        """Button: the bank lines of this proposal."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.bank.statement.line",
            "name": self.env._("Bank lines"),
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", self.bank_line_ids.ids)],
        }
