# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models
from odoo.exceptions import UserError

# role → (code, name, account type, reconcile): what is proposed where the company has nothing for the role yet.
ACCOUNTS = {
    "UNID": ("2190", "Unidentified receipts", "liability_current", True),
    "FEE": ("6190", "Payment processing fees", "expense", False),
    "TRANSIT": ("1090", "Payouts in transit", "asset_current", True),
    "AR-DISP": ("1290", "Disputed receivables", "asset_current", True),
    "FEE-D": ("6191", "Dispute fees", "expense", False),
    "AP-PSP": ("2011", "Payable to payment providers", "liability_payable", True),
    "ALLOW": ("1295", "Allowance for expected losses", "asset_current", False),
    "FXC": ("6690", "Cost of currency conversions", "expense", False),
    "BAD": ("6591", "Bad debt and lost disputes", "expense", False),
    "WO": ("6590", "Small differences", "expense", False),
    "RND": ("6592", "Rounding differences", "expense", False),
    "PSP-RES": ("1091", "Funds held back by payment providers", "asset_current", True),
}
# What sales of a shop are booked on besides.
SHOP_ACCOUNTS = {
    "SHIP": ("4090", "Shipping charged to customers", "income", False),
    "RET": ("4095", "Returns and allowances", "income", False),
    "CUSTDEP": ("2194", "Deposits of customers with an advance invoice", "liability_current", False),
    "GIFT": ("2195", "Gift cards not redeemed yet", "liability_current", False),
    "BREAKAGE": ("4096", "Gift cards that will never be used", "income", False),
    "STCR": ("2196", "Store credit of customers", "liability_current", False),
    "TIPS": ("2197", "Tips to be passed on", "liability_current", False),
    "DUTY": ("2198", "Import duties to be passed on", "liability_current", False),
}


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def action_propose_accounting(self):
        """Button: propose journals and accounts for what is still missing; nothing that is chosen is changed.

        Runs with the rights of the person who presses it: making accounts and journals takes an accounting
        administrator.
        """
        for connection in self:
            if not connection.company_id.chart_template:
                raise UserError(self.env._("%s has no chart of accounts yet.", connection.company_id.name))
            kinds = set(connection.flow_ids.filtered(lambda flow: flow.direction == "in").mapped("kind"))
            connection._propose_journals(kinds)
            if "movement" in kinds:
                connection._propose_roles(ACCOUNTS)
                connection._propose_balance_account(connection.company_id.currency_id)
            if "fulfilment" in kinds:
                connection._propose_roles(SHOP_ACCOUNTS)

    def _missing_books(self):
        """Return, in plain words, which accounts and journals are missing."""
        self.ensure_one()
        _ = self.env._
        points = []
        kinds = set(self.flow_ids.filtered(lambda flow: flow.direction == "in").mapped("kind"))
        if "movement" in kinds:
            if not self.balance_account_ids:
                points.append(
                    _("At least one balance account: a bank journal per currency held at the provider.")
                )
            points += [
                _("The account for: %s", label)
                for label in self.env["integration.role.account"]._missing_labels(self)
            ]
        if kinds & {"movement", "entry"} and not self.entry_journal_id:
            points.append(_("A journal for entries that apply booked money."))
        if kinds & {"invoice", "fulfilment"} and not (self.issued_journal_id or self.sales_journal_id):
            points.append(_("A sales journal."))
        return points

    def _propose_journals(self, kinds):
        company = self.company_id
        Journal = self.env["account.journal"]
        domain = Journal._check_company_domain(company)
        if not self.entry_journal_id and kinds & {"movement", "entry", "order_payment"}:
            self.entry_journal_id = Journal.search(
                [*domain, ("type", "=", "general"), ("code", "=", "INTEG")], limit=1
            ) or Journal.create(
                {
                    "name": self.env._("Integration entries"),
                    "code": "INTEG",
                    "type": "general",
                    "company_id": company.id,
                }
            )
        if not kinds & {"invoice", "fulfilment"}:
            return
        if not self.sales_journal_id:
            self.sales_journal_id = Journal.search([*domain, ("type", "=", "sale")], limit=1)
        if not self.issued_journal_id:
            self.issued_journal_id = Journal.create(
                {
                    "name": self.env._("Invoices issued by %s", self.name),
                    "code": self._free_journal_code("X"),
                    "type": "sale",
                    "company_id": company.id,
                    "default_account_id": self.sales_journal_id.default_account_id.id,
                }
            )

    def _propose_roles(self, accounts):
        Role = self.env["integration.role.account"]
        known = Role._accounts_by_role(self)
        for role, (code, name, account_type, reconcile) in accounts.items():
            if role in known:
                continue
            account = (
                self.env["account.account"]
                .with_company(self.company_id)
                .create(
                    {
                        "name": self.env._(name),
                        "code": self._free_account_code(code),
                        "account_type": account_type,
                        "reconcile": reconcile,
                        "company_ids": [(6, 0, self.company_id.ids)],
                    }
                )
            )
            Role.create({"company_id": self.company_id.id, "role": role, "account_id": account.id})

    def _propose_balance_account(self, currency):
        """Make the journal that mirrors the balance in one currency, with its own cash account."""
        if currency in self.balance_account_ids.currency_id:
            return
        company = self.company_id
        journal = self.env["account.journal"].create(
            {
                "name": f"{self.name} {currency.name}",
                "code": self._free_journal_code("P"),
                "type": "bank",
                "company_id": company.id,
                "currency_id": currency.id if currency != company.currency_id else False,
            }
        )
        self.env["integration.balance.account"].create(
            {"connection_id": self.id, "currency_id": currency.id, "journal_id": journal.id}
        )

    def _free_account_code(self, start):
        """Return the first free account code from ``start`` on, in the length that the company's codes have."""
        Account = self.env["account.account"].with_company(self.company_id)
        digits = max((len(account.code or "") for account in Account.search([], limit=20)), default=6)
        return Account._search_new_account_code(start.ljust(digits, "0"))

    def _free_journal_code(self, prefix, taken=()):
        """Return the first code of a journal that neither the company nor ``taken`` has."""
        codes = set(taken) | set(
            self.env["account.journal"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company_id.id)])
            .mapped("code")
        )
        return next(
            code
            for number in range(1, 1000)
            if (code := f"{prefix}{self.connector[:2].upper()}{number}") not in codes
        )
