# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button with which a person says what money in suspense is: within limits at once, undone by two (F5, P6)."""

from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import formatLang

from ...engine.errors import IntegrationError
from ...engine.limits import BILLS, COUNTED, CUSTOMER, EXPENSE, INVOICES, OTHER, PURPOSES, REFUND
from ...engine.preview_words import told as said
from .classification import PURPOSE_LABELS
from .fix_anew import shown_entry
from .limits import _check_approved

UNCLEAR = ("unidentified", "suspense")
EXPENSE_TYPES = ("expense", "expense_direct_cost", "expense_depreciation", "expense_other")
# What is booked by documents, or is itself money, is no counterpart that a person chooses freely.
NO_COUNTERPART = (
    "asset_receivable", "liability_payable", "asset_cash", "liability_credit_card", "equity_unaffected", "off_balance",
)  # fmt: skip


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    classification_ids = fields.One2many("integration.classification", "movement_id", readonly=True)
    is_unclear = fields.Boolean(compute="_compute_is_unclear")
    may_undo_classification = fields.Boolean(compute="_compute_is_unclear")
    classification_request_text = fields.Char(
        compute="_compute_is_unclear", string="What it is waits for approval"
    )

    def _compute_is_unclear(self):
        asked = self.env["integration.change.request"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids), ("state", "in", ("asked", "agreed"))]
        )
        for movement in self:
            request = asked.filtered(lambda row, this=movement: row.res_id == this.id)[:1]
            stands = movement.classification_ids.filtered(lambda row: row.state == "booked")
            movement.is_unclear = movement.application in UNCLEAR
            movement.may_undo_classification = bool(stands) and not request
            movement.classification_request_text = bool(request) and self.env._(
                "%(what)s, asked by %(user)s", what=request.name, user=request.requester_id.name
            )

    # -- saying it -------------------------------------------------------------------------------------------

    def action_classify(self):
        """Button: open the dialog in which a person says what this money is."""
        self._check_unclear()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What is this money?"),
            "res_model": "integration.classify",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_movement_id": self.id},
        }

    def _check_may_classify(self):
        """Refuse who does not work on exceptions: the right is the one with which money is applied."""
        self.ensure_one()
        self.check_access("read")
        self.env["integration.exception"].check_access("write")

    def _check_unclear(self):
        """Refuse money about which there is nothing to say any more.

        :raises UserError: it is neither in suspense nor unidentified.
        """
        self._check_may_classify()
        self._refuse_known()

    def _refuse_known(self):
        if self.application not in UNCLEAR or not self.counterpart_id:
            raise UserError(self.env._("It is known already what this money is."))

    def _facts_of(self, values):
        """Return (purpose, {partner, invoices, account}) of what a person or a request says.

        :param values: dict with purpose, partner_id, invoice_ids, account_id.
        :raises UserError: something is missing, of another company, or not to be chosen.
        """
        values = values or {}
        purpose = values.get("purpose")
        partner = self.env["res.partner"].browse(values.get("partner_id") or []).exists()
        invoices = self.env["account.move"].browse(values.get("invoice_ids") or []).exists()
        account = self.env["account.account"].browse(values.get("account_id") or []).exists()
        if purpose not in PURPOSES:
            raise UserError(self.env._("Say what this money is."))
        goes_out = purpose in (REFUND, BILLS, EXPENSE)
        if (purpose in (CUSTOMER, INVOICES) and self.amount < 0) or (goes_out and self.amount > 0):
            raise UserError(
                self.env._(
                    "Money that came in is no refund and no purchase, and money that went out pays no invoice."
                )
            )
        facts = {"partner": partner.browse(), "invoices": invoices.browse(), "account": account.browse()}
        if purpose in (CUSTOMER, REFUND):
            if not partner or partner.company_id not in (partner.company_id.browse(), self.company_id):
                raise UserError(self.env._("Choose the customer first."))
            facts["partner"] = partner.commercial_partner_id
        if purpose == INVOICES:
            facts |= {"invoices": invoices, "partner": self._payer_of(invoices)}
        if purpose == BILLS:
            facts |= {"invoices": invoices, "partner": self._supplier_of(invoices)}
        if purpose in (OTHER, EXPENSE):
            facts["account"] = self._free_account(account)
        if purpose == EXPENSE and account.account_type not in EXPENSE_TYPES:
            raise UserError(self.env._("Choose an account of expenses. Anything else is “Something else”."))
        return purpose, facts

    def _payer_of(self, invoices):
        payers = invoices.commercial_partner_id
        fitting = invoices.filtered(
            lambda row: (
                row.company_id == self.company_id and row.move_type == "out_invoice" and row.state == "posted"
            )
        )
        if not invoices or fitting != invoices or len(payers) != 1:
            raise UserError(self.env._("Choose posted invoices of one customer of this company."))
        return payers

    def _supplier_of(self, bills):
        """Return whose bills this money pays.

        :raises UserError: they are not posted bills of one supplier, in its currency, of which so much is open.
        """
        suppliers, line = bills.commercial_partner_id, self.counterpart_id
        fitting = bills.filtered(
            lambda row: (
                row.company_id == self.company_id and row.move_type == "in_invoice" and row.state == "posted"
            )
        )
        if not bills or fitting != bills or len(suppliers) != 1:
            raise UserError(self.env._("Choose posted bills of one supplier of this company."))
        left = sum(bills.mapped("amount_residual"))
        if (
            bills.currency_id != line.currency_id
            or line.currency_id.compare_amounts(left, abs(self.amount)) < 0
        ):
            raise UserError(
                self.env._(
                    "Of these bills not so much is open, or they are in another currency. Enter the bill that was paid."
                )
            )
        return suppliers

    def _free_account(self, account):
        own = account.with_company(self.company_id)
        if not own or self.company_id not in own.company_ids or not own.active:
            raise UserError(self.env._("Choose an account of this company."))
        stands_in = self.counterpart_id.account_id
        if own.account_type in NO_COUNTERPART or own == stands_in:
            raise UserError(
                self.env._(
                    "%s is for documents or for money: it cannot be chosen here. Money of a customer or between own "
                    "accounts has its own choice.",
                    own.display_name,
                )
            )
        return account

    def _classify(self, values, reason):
        """Book what a person says at once, or ask an approver; returns an action.

        :param values: as ``_facts_of`` takes them.
        """
        self._check_unclear()
        purpose, facts = self._facts_of(values)
        facts["invoices"].check_access("read")
        amount, exact = self._amount_in_books(), self._names(facts["invoices"])
        limits = self.env["integration.limit.use"]
        payers = facts["partner"] | facts["invoices"].partner_id if purpose in (CUSTOMER, INVOICES) else None
        verdict = limits._judge_classification(self.company_id, amount, purpose, exact, payers)
        if not verdict.at_once:
            return self._ask_classification(values, reason, verdict)
        exception = self.exception_id
        placed = self._classify_now(values, reason)
        detail = self.env._("%(money)s: %(what)s", money=self.movement_id, what=self._words(purpose))
        exception._note(f"{self.env.user.name}: {detail}. {reason or ''}")
        if not exact:
            counted = purpose in COUNTED
            limits._record_classification(
                self.company_id, exception, facts["partner"], amount, detail, placed.entry_id, counted
            )
        return exception._told(self.env._("Booked with %s.", placed.entry_id.name))

    def _words(self, purpose):
        return self.env._(PURPOSE_LABELS[purpose])  # pylint: disable=translation-not-lazy

    def _amount_in_books(self):
        return Decimal(str(round(abs(self.sudo().counterpart_id.balance), 6)))

    def _names(self, invoices):
        """Whether the money itself names every one of these invoices."""
        named = {_plain(value) for value in self.sudo().reference_ids.mapped("value")} - {""}
        return bool(invoices) and all(
            {_plain(value) for value in (row.name, row.ref, row.payment_reference, row.integration_source_id)}
            & named
            for row in invoices
        )

    def _classify_now(self, values, reason, request=None):
        """Book it as the connection's service user; returns the classification, said by the acting user."""
        movement = self.sudo()
        movement._refuse_known()
        purpose, facts = movement._facts_of(values)
        line = movement.counterpart_id
        before = {
            "movement_id": movement.id,
            "company_id": movement.company_id.id,
            "amount": abs(line.balance),
            "purpose": purpose,
            "partner_id": facts["partner"].id,
            "invoice_ids": [(6, 0, facts["invoices"].ids)],
            "from_account_id": line.account_id.id,
            "from_partner_id": movement.partner_id.id,
            "from_application": movement.application,
            "reason": reason or False,
            "user_id": request.requester_id.id if request else self.env.uid,
            "request_id": request.id if request else False,
        }
        connection = movement.connection_id._as_service()
        service = connection.env["integration.posting.application"]
        own = {name: records.with_env(service.env) for name, records in facts.items()}
        date = max(service._today(connection), movement.move_id.date)
        if not service._may_replace(movement.with_env(service.env)):
            movement._let_suspense_be_matched(line.account_id)
        try:
            entry, replaced = service._classify(movement.with_env(service.env), purpose, own, date)
        except IntegrationError as error:
            raise movement.exception_id._in_words(error) from error
        placed = self.env["integration.classification"].sudo()
        placed = placed.create(
            before
            | {
                "entry_id": entry.id,
                "replaced": replaced,
                "account_id": movement.counterpart_id.account_id.id,
            }
        )
        self.env["integration.audit.leaf"].sudo()._record_change(
            movement, "movement.classify", f"{purpose}; account.move,{entry.id}"
        )
        return placed.with_env(self.env)

    # -- taking it back --------------------------------------------------------------------------------------

    def _standing(self):
        """Return what is said of this money.

        :raises UserError: nothing is.
        """
        placed = self.sudo().classification_ids.filtered(lambda row: row.state == "booked")
        if not placed:
            raise UserError(self.env._("Nobody has said what this money is, or it was taken back already."))
        return placed

    def action_undo_classification(self):
        """Button: ask for the reason; another person decides whether it is taken back."""
        self._check_may_classify()
        self._standing()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Take back what was said"),
            "res_model": "integration.classify",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_movement_id": self.id, "default_undo": True},
        }

    def _undo_now(self, request):
        placed, movement = self._standing(), self.sudo()
        connection = movement.connection_id._as_service()
        service = connection.env["integration.posting.application"]
        date = max(service._today(connection), placed.entry_id.date)
        try:
            entry = service._declassify(
                movement.with_env(service.env), placed.with_env(service.env).sudo(), date
            )
        except IntegrationError as error:
            raise self.env["integration.exception"]._in_words(error) from error
        placed.write({"state": "undone", "undo_request_id": request.id, "undone_at": fields.Datetime.now()})
        self.env["integration.audit.leaf"].sudo()._record_change(
            movement, "movement.declassify", f"account.move,{entry.id or placed.entry_id.id}"
        )

    # -- a second person -------------------------------------------------------------------------------------

    def _ask_classification(self, values, reason, verdict):
        purpose, facts = self._facts_of(values)
        exceptions = self.env["integration.exception"]
        name = self.env._(
            "%(money)s of %(id)s: %(what)s",
            money=formatLang(self.env, abs(self.amount), currency_obj=self.currency_id),
            id=self.movement_id,
            what=self._words(purpose),
        )
        summary = self.exception_id._say_why(verdict) if self.exception_id else None
        asked = {"step": "classify", **_plain_values(purpose, facts)}
        request = self._ask_about(name, asked, reason, purpose, summary)
        self.exception_id.sudo().write({"approval_asked": True})
        return exceptions._told(self.env._("%s: an approver decides about it now.", request.name))

    def _ask_undo(self, reason):
        self._check_may_classify()
        placed = self._standing()
        name = self.env._(
            "Take back what was said of %(id)s: %(what)s",
            id=self.movement_id,
            what=self._words(placed.purpose),
        )
        request = self._ask_about(name, {"step": "undo", "classification": placed.id}, reason, OTHER)
        return self.env["integration.exception"]._told(
            self.env._("%s: an approver decides about it now.", request.name)
        )

    def _ask_about(self, name, values, reason, purpose, summary=None):
        self.sudo()._rehearse_classification(values)  # what cannot be booked is not asked for
        return self.env["integration.change.request"]._ask(
            self,
            name,
            values,
            reason,
            summary,
            kind="application" if purpose in (CUSTOMER, INVOICES, BILLS) else "entry",
            amount=self._amount_in_books(),
            currency=self.company_id.currency_id,
        )

    def _rows(self, values):
        """Return what a request would change, without booking anything."""
        line, company = self.counterpart_id, self.company_id
        account = line.account_id.with_company(company)
        rows = [
            {"field": "application", "before": self.application, "after": ""},
            said(
                {"field": "counterpart_id", "after": ""},
                label="booked_to",
                before=("journal_item", {"account": account.code or "", "item": line.id}),
            ),
        ]
        if (values or {}).get("step") == "undo":
            placed = self._standing()
            rows[0]["after"] = placed.from_application
            rows[1]["after"] = placed.from_account_id.with_company(company).code
            taken_back = said({"field": "classification_ids", "before": str(placed.id)}, after="taken_back")
            return [*rows, taken_back]
        self._refuse_known()
        purpose, facts = self._facts_of(values)
        rows[0]["after"] = purpose
        for field, records in (("partner_id", facts["partner"]), ("invoice_ids", facts["invoices"])):
            if records:
                rows.append({"field": field, "before": "", "after": ", ".join(records.mapped("name"))})
        return rows

    def _approval_preview(self, values):
        """Return rows and entries of a request; the entries come from doing it and taking it back (ADR 0012)."""
        self.ensure_one()
        try:
            rows = self._rows(values)
            entries = self._rehearse_classification(values)
        except UserError:
            return {"rows": [{"field": "application", "before": self.application, "after": ""}]}
        return {"rows": rows, "entries": entries}

    def _rehearse_classification(self, values):
        places = self.company_id.currency_id.decimal_places
        with self.env["integration.rehearsal"]._taken_back() as rehearsal:
            movement = rehearsal.env[self._name].browse(self.id)
            before = rehearsal._marks()["account_move"]
            if values.get("step") == "undo":
                movement._undo_now(self.env["integration.change.request"])
            else:
                movement._classify_now(values, None)
            rehearsal.env.flush_all()
            told = rehearsal._entries(before) or [rehearsal._entry(movement.move_id)]
        # An entry is dated on the day on which it is approved.
        return [shown_entry("added", entry, places, with_date=False) for entry in told]

    def _approval_glance(self, request):
        """Whether a request is overtaken, as far as that can be said without doing it."""
        try:
            rows = self._rows(request.values)
        except UserError:
            return True
        return rows != (request.preview or {}).get("rows")

    def _carry_out(self, request):
        """Do what was asked for and approved.

        :raises UserError: it was not approved by a second person, or was settled in the meantime.
        """
        self.ensure_one()
        _check_approved(self, request)
        values = request.values or {}
        if values.get("step") == "undo":
            if values.get("classification") != self._standing().id:
                raise UserError(self.env._("This has been settled in the meantime."))
            self._undo_now(request)
        elif values.get("step") == "classify":
            self._classify_now(values, request.reason, request)
        else:
            raise AccessError(self.env._("There is no such step."))


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_classify(self):
        """Button: say what the booked money of this exception is."""
        self.ensure_one()
        self.check_access("write")
        if len(self.movement_ids) != 1:
            raise UserError(self.env._("Open the movements and say it of each by itself."))
        return self.movement_ids.action_classify()


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    def _tell_exceptions(self):
        """The exception of money about which was asked no longer waits for an approver once that is decided."""
        result = super()._tell_exceptions()
        decided = self.filtered(
            lambda row: row.res_model == "integration.movement" and row.state not in ("asked", "agreed")
        )
        movements = self.env["integration.movement"].sudo().browse(decided.mapped("res_id")).exists()
        movements.exception_id.write({"approval_asked": False})
        return result


def _plain(number):
    return "".join(letter for letter in (number or "").casefold() if letter.isalnum())


def _plain_values(purpose, facts):
    return {
        "purpose": purpose,
        "partner_id": facts["partner"].id,
        "invoice_ids": facts["invoices"].ids,
        "account_id": facts["account"].id,
    }
