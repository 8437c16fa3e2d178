# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bank accounts of suppliers: money goes to one only after another person approved it with a call back (policy F21)."""

import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...engine.canonical_json import canonical_bytes
from ...engine.preview_words import told

# Core names them, too: changing one of them makes another account of it.
DETAILS = ("acc_number", "partner_id", "bank_id", "clearing_number", "acc_holder_name", "currency_id")
WATCHED = frozenset({*DETAILS, "sanitized_acc_number", "bank_name", "bank_bic"})
OWN = frozenset(
    {
        "integration_state",
        "integration_approved_at",
        "integration_approved_by_id",
        "integration_digest",
        "integration_source",
    }
)
MAX_COMPANIES = 10_000
# What is written down of the call back, in the order of a request.
CALL = ("called_person", "called_number", "number_source", "number_note", "called_at", "called_by", "said")
# Only the holder of this object may trust an account.
_KEY = object()


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    integration_state = fields.Selection(
        [
            ("unchecked", "Not approved"),
            ("asked", "Waits for approval"),
            ("approved", "Approved"),
            ("frozen", "Changed after its approval"),
        ],
        readonly=True,
        copy=False,
        default="unchecked",
        string="Approval",
    )
    integration_approved_at = fields.Datetime(readonly=True, copy=False, string="Approved on")
    integration_approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict", string="Approved by"
    )
    integration_digest = fields.Char(
        readonly=True, copy=False, help="SHA-256 of the details as they were approved."
    )
    integration_source = fields.Char(readonly=True, copy=False, string="Where the details come from")
    integration_governed = fields.Boolean(
        compute="_compute_integration_governed", help="Money goes to this account only after an approval."
    )
    integration_request_id = fields.Many2one(
        "integration.change.request", compute="_compute_integration_request_id", string="Approval asked for"
    )

    @api.depends("partner_id", "company_id")
    def _compute_integration_governed(self):
        companies = self.env["res.company"].sudo().search([], limit=MAX_COMPANIES)
        for bank in self:
            concerned = bank.company_id.sudo() or companies
            own = bank.partner_id in companies.partner_id
            bank.integration_governed = not own and any(concerned.mapped("integration_bank_guard"))

    def _compute_integration_request_id(self):
        Requests = self.env["integration.change.request"].sudo()
        for bank in self:
            domain = [("res_model", "=", bank._name), ("res_id", "=", bank.id), ("state", "=", "asked")]
            bank.integration_request_id = Requests.search(domain, limit=1).with_env(self.env)

    # -- what the details are ----------------------------------------------------------------------------------

    def _integration_details(self):
        """Return the details that decide where money goes, as text."""
        self.ensure_one()
        bank = self.sudo()
        return {
            "account": bank.sanitized_acc_number or "",
            "partner": bank.partner_id.id,
            "holder": bank.acc_holder_name or "",
            "bank": bank.bank_id.name or "",
            "bic": bank.bank_id.bic or "",
            "clearing": bank.clearing_number or "",
            "currency": bank.currency_id.name or "",
        }

    def _integration_details_digest(self):
        return hashlib.sha256(canonical_bytes(self._integration_details())).hexdigest()

    def _integration_masked(self):
        """Return the account number as reports show it."""
        number = self.sanitized_acc_number or self.acc_number or ""
        return f"…{number[-4:]}" if len(number) > 6 else "…"

    # -- guard -------------------------------------------------------------------------------------------------

    def _may_trust(self):
        return self.env.context.get("integration_bank_approval") is _KEY

    def _integration_write(self, values):
        """Write what only an approval, a freeze or a stop may write."""
        return self.sudo().with_context(integration_bank_approval=_KEY).write(values)

    def _check_allow_out_payment(self):
        """The approval stands for the right that core asks for; an approver does not need it."""
        return None if self._may_trust() else super()._check_allow_out_payment()

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_trust():
            vals_list = [
                {name: value for name, value in vals.items() if name not in OWN} for vals in vals_list
            ]
            trusting = [vals for vals in vals_list if vals.get("allow_out_payment")]
            if any(self.new(vals).integration_governed for vals in trusting):
                raise ValidationError(self._integration_sentence())
        banks = super().create(vals_list)
        governed = banks.filtered("integration_governed")
        if governed:
            source = _source_of(self.env)
            what = "received" if source else "entered"
            governed._integration_write({"integration_source": source or self.env.user.name})
            self.env["integration.bank.change"]._write_down(governed, what, source)
        return banks

    def write(self, vals):
        if self._may_trust():
            return super().write(vals)
        if OWN & vals.keys():
            raise ValidationError(self.env._("The approval of a bank account is not written by hand."))
        governed = self.filtered("integration_governed")
        if vals.get("allow_out_payment") and any(not bank.allow_out_payment for bank in governed):
            raise ValidationError(self._integration_sentence())
        trusted = {bank.id for bank in self if bank.allow_out_payment}
        before = {
            bank.id: (bank._integration_details(), bank.integration_governed, bank.active) for bank in self
        }
        result = super().write(vals)
        if WATCHED & vals.keys():
            self.invalidate_recordset(["integration_governed"])
        for bank in self:
            bank._integration_after_write(before[bank.id], bank.id in trusted)
        return result

    def _integration_after_write(self, before, was_trusted):
        """Write down what became of an account, and stop payments to one that is no longer what was approved."""
        details, governed, active = before
        if not self.integration_governed:
            return
        Changes = self.env["integration.bank.change"]
        after = self._integration_details()
        changed = sorted(name for name in after if after[name] != details[name])
        if changed:
            Changes._write_down(self, "changed", ", ".join(changed))
        if self.allow_out_payment and (changed or not governed):
            self._integration_freeze()
        elif was_trusted and not self.allow_out_payment:
            self._integration_write({"integration_state": "unchecked", "integration_digest": False})
            Changes._write_down(self, "stopped")
        if self.active != active:
            Changes._write_down(self, "restored" if self.active else "archived")

    def _integration_freeze(self):
        self._integration_write({"allow_out_payment": False, "integration_state": "frozen"})
        self.env["integration.bank.change"]._write_down(self, "frozen")

    def _integration_sentence(self):
        return self.env._(
            "Money is sent to this bank account only after another person has approved it. Save it as not trusted, "
            "call the supplier back on a number that you knew before, and press “Ask for approval”."
        )

    def _integration_check_payment(self, company, used=True):
        """Refuse to release money to an account that is not what was approved, or by who approved it.

        :param used: whether the way of paying sends money to this account; a payment by hand only names it.

        :raises UserError: in plain words.
        """
        for bank in self.filtered("integration_governed"):
            if not bank.allow_out_payment:
                if used:
                    raise UserError(self._integration_sentence())
                continue
            digest = bank.sudo().integration_digest
            if digest and digest != bank._integration_details_digest():
                raise UserError(
                    self.env._(
                        "The bank account %s is no longer what was approved: its bank or holder has changed. Have it "
                        "approved again.",
                        bank._integration_masked(),
                    )
                )
            if company.integration_bank_guard and bank.sudo().integration_approved_by_id == self.env.user:
                raise UserError(
                    self.env._(
                        "You have approved the bank account %s, so another person releases payments to it.",
                        bank._integration_masked(),
                    )
                )

    # -- details from outside ------------------------------------------------------------------------------------

    @api.model
    def _integration_receive(self, connection, partner, values):
        """Take in bank details that an outside system tells; returns (account, whether it is new).

        What is known stays as it is, trusted or not; what is new becomes another account to which nothing is paid. A
        person is told of it, because it may be a fraud.

        :param values: {"acc_number": text, and what else res.partner.bank knows of DETAILS}.
        """
        sample = self.new({"acc_number": values["acc_number"]})
        known = self.with_context(active_test=False).search(
            [("partner_id", "=", partner.id), ("sanitized_acc_number", "=", sample.sanitized_acc_number)],
            limit=1,
        )
        if known:
            return known, False
        kept = {name: values[name] for name in DETAILS if name in values and name != "partner_id"}
        bank = self.with_context(integration_bank_source=(_KEY, connection.display_name)).create(
            {**kept, "partner_id": partner.id, "allow_out_payment": False}
        )
        self.env["integration.exception"]._raise_cause(
            connection,
            "bank_details_new",
            {"name": partner.name, "account": bank._integration_masked(), "bank_id": bank.id},
            cause=f"res.partner.bank {bank.id}",
        )
        return bank, True

    # -- asking ------------------------------------------------------------------------------------------------

    def action_integration_ask(self):
        """Button: open the dialog in which the call back is written down and the approval asked for."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for approval of a bank account"),
            "res_model": "integration.bank.approval",
            "view_mode": "form",
            "target": "new",
            "context": {"default_bank_id": self.id},
        }

    def action_integration_stop(self):
        """Button: from now on no money goes to this account. Nobody has to agree."""
        for bank in self.filtered("allow_out_payment"):
            bank.check_access("write")
            bank._integration_write(
                {"allow_out_payment": False, "integration_state": "unchecked", "integration_digest": False}
            )
            self.env["integration.bank.change"]._write_down(bank, "stopped")

    def _integration_ask(self, call, reason, attachments):
        """Ask another person to approve this account, with the record of the call back.

        :param call: {"called_person", "called_number", "number_source", "number_note", "called_at", "said"}, texts.
        :raises UserError: it is trusted already, or the company does not ask for approvals.
        """
        self.ensure_one()
        if not self.integration_governed:
            raise UserError(self.env._("No approval is needed for this account."))
        if self.allow_out_payment:
            raise UserError(self.env._("This account is approved already."))
        company = self.company_id or self.env.company
        partner = self.partner_id.commercial_partner_id.with_company(company).sudo()
        bank = self.sudo()
        request = self.env["integration.change.request"]._ask(
            self,
            self.env._(
                "%(name)s: pay to %(account)s", name=self.partner_id.name, account=self._integration_masked()
            ),
            {"call": {**call, "called_by": self.env.user.name}},
            reason,
            kind="bank_detail",
            amount=self._integration_open_bills(company),
            company=company,
            barred=bank.create_uid
            | partner.create_uid
            | partner.integration_supplier_active_by_id
            | bank.partner_id.create_uid,
            attachments=attachments,
        )
        bank._integration_write({"integration_state": "asked"})
        self.env["integration.bank.change"]._write_down(self, "asked", request=request)
        return request

    def _integration_open_bills(self, company):
        """Return what the company owes this partner now, in its currency: what a fraud could reach at once."""
        rows = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", company.id),
                    ("partner_id", "child_of", self.partner_id.commercial_partner_id.id),
                    ("account_type", "=", "liability_payable"),
                    ("parent_state", "=", "posted"),
                ],
                [],
                ["amount_residual:sum"],
            )
        )
        return max(0.0, -(rows[0][0] or 0.0))

    def _approval_preview(self, values):
        """Return the account, what is paid to today, what speaks against it, and the call back."""
        call = (values or {}).get("call") or {}
        others = self.partner_id.bank_ids.filtered("allow_out_payment")
        rows = [
            {
                "field": "acc_number",
                "before": ", ".join(others.mapped("acc_number")),
                "after": self.acc_number,
            },
            {"field": "acc_holder_name", "before": "", "after": self.acc_holder_name or ""},
            {
                "field": "bank_id",
                "before": "",
                "after": f"{self.bank_id.name or ''} {self.bank_id.bic or ''}".strip(),
            },
            {"field": "partner_id", "before": "", "after": self.partner_id.name},
            {"field": "integration_source", "before": "", "after": self.integration_source or ""},
        ]
        rows += [
            told({"field": name, "before": "", "after": call.get(name) or ""}, label=name) for name in CALL
        ]
        return {
            "rows": rows,
            "digest": self._integration_details_digest(),
            "notes": self._integration_warnings(),
        }

    def _integration_warnings(self):
        """Return what speaks for caution, as notes of a preview."""
        notes = []
        if (self.acc_holder_name or "").strip().lower() != (self.partner_id.name or "").strip().lower():
            notes.append(told({}, text="bank_holder"))
        if self.has_iban_warning:
            notes.append(told({}, text="bank_country"))
        if self.has_money_transfer_warning:
            notes.append(told({}, text="bank_transfer_service"))
        if self.duplicate_bank_partner_ids:
            names = ", ".join(self.duplicate_bank_partner_ids.mapped("name"))
            notes.append(told({}, text=("bank_shared", {"who": names})))
        return notes

    def _carry_out(self, request):
        """Let money go to the approved account; called by integration.change.request."""
        self.ensure_one()
        about = (request.res_model, request.res_id, request.kind) == (self._name, self.id, "bank_detail")
        approved = request.state == "approved" and request.approver_id not in (
            request.requester_id | self.create_uid
        )
        if not (about and approved):
            raise UserError(self.env._("This approval is not one of this account."))
        self.with_context(integration_bank_approval=_KEY).write(
            {
                "allow_out_payment": True,
                "integration_state": "approved",
                "integration_approved_at": fields.Datetime.now(),
                "integration_approved_by_id": request.approver_id.id,
                "integration_digest": self._integration_details_digest(),
            }
        )
        self.env["integration.bank.change"]._write_down(self, "approved", request=request)

    def _approval_ended(self, request):
        self._integration_write({"integration_state": "unchecked"})
        self.env["integration.bank.change"]._write_down(self, "not_approved", request.answer, request)


def _source_of(env):
    """Return the connection from which details are being received; what a request's context says does not count."""
    told = env.context.get("integration_bank_source")
    return told[1] if isinstance(told, tuple) and told[0] is _KEY else None
