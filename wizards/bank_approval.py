# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

# A number that was entered or changed this short before the new account may come from the same fraud.
KNOWN_DAYS = 30
MIN_DIGITS = 5
MIN_SHARED_DIGITS = 7


class IntegrationBankApproval(models.TransientModel):
    """The dialog in which the call back to a supplier is written down and the approval of its account asked for."""

    _name = "integration.bank.approval"
    _description = "Ask for approval of a bank account"

    bank_id = fields.Many2one("res.partner.bank", required=True, readonly=True, string="Account")
    partner_id = fields.Many2one(related="bank_id.partner_id", string="Supplier")
    known_numbers = fields.Char(compute="_compute_known_numbers", string="Numbers known before")
    called_person = fields.Char(required=True, string="Who was called")
    called_number = fields.Char(required=True, string="On which number")
    number_source = fields.Selection(
        [
            ("known", "It was on file before"),
            ("contract", "It stands in a signed contract"),
            ("register", "I looked it up myself in a public register or on the supplier's own site"),
        ],
        required=True,
        default="known",
        string="Where the number comes from",
        help="Never call a number that came with the new details.",
    )
    number_note = fields.Char(string="Namely", help="Which contract, register or site.")
    called_at = fields.Datetime(required=True, default=fields.Datetime.now, string="When")
    said = fields.Char(required=True, string="What was said")
    reason = fields.Text(required=True, string="Why the account is new")
    attachment_ids = fields.Many2many("ir.attachment", string="Evidence")

    @api.depends("bank_id")
    def _compute_known_numbers(self):
        for wizard in self:
            wizard.known_numbers = ", ".join(wizard._numbers_known_before()) or self.env._("none")

    def _numbers_known_before(self):
        """Return the telephone numbers of the supplier that were on file long enough before the account was entered."""
        bank = self.bank_id.sudo()
        if not bank:
            return []
        since = (bank.create_date or fields.Datetime.now()) - timedelta(days=KNOWN_DAYS)
        top = bank.partner_id.commercial_partner_id
        people = top | top.child_ids
        changed = (
            self.env["integration.audit.leaf"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "res.partner"),
                    ("res_id", "in", people.ids),
                    ("action", "=", "partner.phone_changed"),
                    ("recorded_at", ">=", since),
                ],
                limit=1000,
            )
        )
        young = set(changed.mapped("res_id"))
        return [
            person.phone
            for person in people
            if person.phone and person.id not in young and person.create_date < since
        ]

    def action_ask(self):
        """Button: ask another person to approve the account."""
        self.ensure_one()
        self.bank_id.check_access("write")
        self._check_call()
        words = dict(self._fields["number_source"]._description_selection(self.env))
        call = {
            "called_person": self.called_person.strip(),
            "called_number": self.called_number.strip(),
            "number_source": words[self.number_source],
            "number_note": (self.number_note or "").strip(),
            "called_at": fields.Datetime.to_string(self.called_at),
            "said": self.said.strip(),
        }
        request = self.bank_id._integration_ask(call, self.reason, self.attachment_ids)
        if not request.has_access("read"):
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }

    def _check_call(self):
        """Refuse a call back that proves nothing.

        :raises UserError: in plain words.
        """
        _ = self.env._
        digits = _digits(self.called_number)
        if len(digits) < MIN_DIGITS:
            raise UserError(_("Write the number that was called."))
        known = {_digits(number) for number in self._numbers_known_before()}
        if self.number_source == "known" and not any(_same(digits, number) for number in known):
            raise UserError(
                _(
                    "This number was not on file %s days before the account was entered. Call a number that was, or "
                    "say from which contract or register it comes.",
                    KNOWN_DAYS,
                )
            )
        if self.number_source != "known" and not (self.number_note or "").strip():
            raise UserError(_("Say which contract, register or site the number comes from."))
        if self.called_at > fields.Datetime.now():
            raise UserError(_("A call in the future proves nothing."))
        if self.called_at < self.bank_id.create_date - timedelta(days=1):
            raise UserError(_("The call was before the account was entered: call again."))
        if not self.attachment_ids:
            raise UserError(
                _("Attach the evidence, such as the letter of the supplier and your note of the call.")
            )


def _digits(number):
    return re.sub(r"\D", "", number or "").lstrip("0")


def _same(one, other):
    """Whether two numbers are the same, with or without the code of the country."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= MIN_SHARED_DIGITS and longer.endswith(shorter))
