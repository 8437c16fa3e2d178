# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

# Each rule about whom is invoiced and paid → whether a new value is looser than the old one.
LOOSER = {
    "integration_bank_guard": lambda old, new: bool(old) and not new,
    "integration_customer_required": lambda old, new: bool(old) and not new,
    "integration_supplier_required": lambda old, new: bool(old) and not new,
    "integration_bank_young_days": lambda old, new: int(new or 0) < (old or 0),
}
# Only the holder of this object may loosen a rule.
_KEY = object()
SLOT = "payee_rules"


class ResCompany(models.Model):
    """The rules of a company about whom it invoices and pays. Making one stricter is one person's, looser takes two."""

    _inherit = "res.company"

    integration_bank_guard = fields.Boolean(
        string="Bank accounts of suppliers need an approval",
        default=True,
        help="Money is sent to a bank account only after a second person has approved it with the record of a call "
        "back. Whoever tries to trust an account otherwise is refused.",
    )
    integration_customer_required = fields.Boolean(
        string="Invoice approved customers only",
        help="Invoices that Odoo issues and orders are refused for a customer who is not approved. A blocked customer "
        "is always refused. Documents issued elsewhere and money that moved are booked all the same.",
    )
    integration_supplier_required = fields.Boolean(
        string="Pay approved suppliers only",
        help="Outgoing payments are refused for a supplier who is not approved. A blocked supplier is always refused.",
    )
    integration_bank_young_days = fields.Integer(
        string="Days during which a bank account is new",
        default=30,
        help="Payments to bank accounts that were approved fewer days ago are listed.",
    )

    _integration_young_days = models.Constraint(
        "CHECK (integration_bank_young_days BETWEEN 0 AND 366)", "Between 0 and 366 days."
    )

    def write(self, vals):
        if self.env.context.get("integration_payee_rules") is _KEY:
            return super().write(vals)
        names = LOOSER.keys() & vals.keys()
        for company in self:
            if any(LOOSER[name](company[name], vals[name]) for name in names):
                raise ValidationError(
                    self.env._(
                        "This rule protects the money of the company: it becomes looser only with the approval of a "
                        "second person. Press “Change the rules about customers and suppliers”."
                    )
                )
        before = {company.id: company._integration_rules() for company in self}
        result = super().write(vals)
        if names:
            self._record_integration_rules(before)
        return result

    def _integration_rules(self):
        self.ensure_one()
        return {name: self[name] for name in LOOSER}

    def _record_integration_rules(self, before):
        for company in self:
            after = company._integration_rules()
            changed = [
                f"{name}: {before[company.id][name]} → {after[name]}"
                for name in LOOSER
                if before[company.id][name] != after[name]
            ]
            if changed:
                company._record_integration("company.payee_rules", "; ".join(changed))
            if (
                before[company.id]["integration_customer_required"]
                and not after["integration_customer_required"]
            ):
                company._let_customers_go()

    def _let_customers_go(self):
        """Customers need no approval any more: what waited for one goes on, and they are written where others are."""
        self.ensure_one()
        self.env["res.partner"]._integration_let_unrefused_go(self)
        self.env["integration.customer.copy"]._look_at_all_soon(self)

    def _integration_change_rules(self, wanted, reason):
        """Make the rules stricter at once, and ask for what is looser; returns the request, None where none is needed.

        :param wanted: {name of LOOSER: value}.
        :raises UserError: no reason.
        :raises AccessError: neither an integration administrator nor the accounting adviser.
        """
        self.ensure_one()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept with the change."))
        groups = ("finance_integration.group_administrator", "account.group_account_manager")
        if not any(self.env.user.has_group(group) for group in groups):
            raise AccessError(
                self.env._("Only an integration administrator or the accounting adviser changes these rules.")
            )
        company = self.sudo()
        looser = {name: value for name, value in wanted.items() if LOOSER[name](company[name], value)}
        stricter = {name: value for name, value in wanted.items() if name not in looser}
        if stricter:
            company.write(stricter)
        if not looser:
            return None
        return self.env["integration.change.request"]._ask(
            company.with_env(self.env),
            self.env._("%s: looser rules about customers and suppliers", company.name),
            looser,
            reason,
            kind="override",
            amount=None,
            company=company,
            slot=SLOT,
        )

    def _carry_out(self, request):
        """Loosen the rules that were asked for; called by integration.change.request."""
        if request.slot != SLOT and hasattr(super(), "_carry_out"):
            return super()._carry_out(request)
        about = (request.res_model, request.res_id, request.slot) == (self._name, self.id, SLOT)
        if not about or request.state != "approved" or not request.values.keys() <= LOOSER.keys():
            raise UserError(self.env._("This approval is not one of these rules."))
        before = {self.id: self._integration_rules()}
        self.with_context(integration_payee_rules=_KEY).write(request.values)
        self._record_integration_rules(before)
        return None
