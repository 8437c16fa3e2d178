# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Facts for the preflight about accounts, journals, balances and the parallel run."""

from datetime import timedelta

from odoo import models
from odoo.tools.misc import format_date

from ...connectors.registry import get_connector
from ...engine.preflight import Fact
from ..governance.role_account import NEEDED

# What money waits on has to be cleared by matching.
CLEARED = ("UNID", "TRANSIT", "AR-DISP", "AP-PSP", "PSP-RES")
ANALYTIC_DOMAINS = {"invoice": "invoice", "entry": "general", "movement": "general"}
WRONG_VERDICTS = ("different", "missing", "refused")


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _used_journals(self):
        return (
            self.balance_account_ids.journal_id
            | self.entry_journal_id
            | self.issued_journal_id
            | self.sales_journal_id
        )

    def _fact_exchange(self, _flows):
        company = self.company_id
        others = self.env["res.currency"].search([("id", "!=", company.currency_id.id)], limit=1)
        names = {
            "currency_exchange_journal_id": self.env._("Exchange journal"),
            "income_currency_exchange_account_id": self.env._("Account for exchange gains"),
            "expense_currency_exchange_account_id": self.env._("Account for exchange losses"),
        }
        needed = bool(others) and bool(self._inbound_kinds() & {"movement", "invoice"})
        return Fact(needed=needed, problems=[label for name, label in names.items() if not company[name]])

    def _fact_cash_basis(self, _flows):
        company = self.company_id
        taxes = self.env["account.tax"].search(
            [*self.env["account.tax"]._check_company_domain(company), ("tax_exigibility", "=", "on_payment")],
            limit=1,
        )
        missing = not company.tax_cash_basis_journal_id
        return Fact(needed=bool(taxes), problems=[self.env._("Cash basis journal")] if missing else ())

    def _fact_accounts(self, _flows):
        if not self.balance_account_ids:
            return Fact(needed=False)
        Role = self.env["integration.role.account"]
        labels = dict(Role._fields["role"]._description_selection(self.env))
        known = Role._accounts_by_role(self)
        problems = [labels[role] for role in (*NEEDED, "WO") if role not in known]
        for role, account_id in sorted(known.items()):
            account = self.env["account.account"].browse(account_id)
            if fault := self._account_fault(account, role in CLEARED):
                problems.append(f"{labels[role]}: {account.display_name} {fault}")
        problems += [
            self.env._("%s has no suspense account", journal.display_name)
            for journal in self.balance_account_ids.journal_id
            if not journal.suspense_account_id
        ]
        return Fact(problems=problems)

    def _account_fault(self, account, cleared):
        if not account.active:
            return self.env._("is archived")
        if not account.company_ids & (self.company_id | self.company_id.parent_ids):
            return self.env._("is of another company")
        if cleared and not account.reconcile:
            return self.env._("cannot be reconciled")
        return None

    def _fact_analytic_plans(self, _flows):
        domains = {ANALYTIC_DOMAINS[kind] for kind in self._inbound_kinds() if kind in ANALYTIC_DOMAINS}
        plans = self.env["account.analytic.plan"].search([("parent_id", "=", False)], limit=200)
        mandatory = plans.filtered(
            lambda plan: any(
                plan._get_applicability(business_domain=domain, company_id=self.company_id.id) == "mandatory"
                for domain in domains
            )
        )
        mapped = self.env["integration.mapping"].search(
            [("connection_id", "=", self.id), ("mapping", "=", "analytic")], limit=1000
        )
        keys = {
            int(account_id)
            for mapping in mapped
            for key in (mapping.analytic_distribution or {})
            for account_id in key.split(",")
        }
        served = self.env["account.analytic.account"].browse(keys).exists().root_plan_id
        return Fact(needed=bool(mandatory), problems=(mandatory - served).mapped("display_name"))

    def _fact_hash_policy(self, _flows):
        to_know = {
            f"journal {journal.id}": self.env._(
                "%s: posted entries are hashed and can never be changed", journal.display_name
            )
            for journal in self._used_journals()
            if journal.restrict_mode_hash_table
        }
        if self.company_id.restrictive_audit_trail:
            to_know["company"] = self.env._(
                "%s: entries that were posted once cannot be deleted", self.company_id.name
            )
        return Fact(needed=bool(to_know), to_know=to_know)

    def _fact_opening(self, _flows):
        if not self.balance_account_ids or "movement" not in self._inbound_kinds():
            return Fact(needed=False)
        start = min(
            (flow.start_date for flow in self.flow_ids if flow.kind == "movement" and flow.start_date),
            default=None,
        )
        tells = "balances" in get_connector(self.connector).spec.pulls
        problems, to_know = [], {}
        if not start:
            problems.append(self.env._("the flow of movements has no start date"))
        for account in self.balance_account_ids:
            text, is_known = self._opening_fault(account, start)
            if not text:
                continue
            if is_known or tells:
                problems.append(text)
            else:
                to_know[f"{account.id} {start}"] = text
        return Fact(problems=problems, to_know=to_know)

    def _opening_fault(self, account, start):
        """Return (what is wrong with the balance before the start or None, whether the provider has stated one)."""
        if not start:
            return None, True
        statement = self.env["integration.processor.statement"].search(
            [("balance_account_id", "=", account.id), ("date", "=", start - timedelta(days=1))], limit=1
        )
        if not statement or statement.state == "waiting":
            return self.env._("%s: the provider's balance is not known", account.display_name), False
        if statement.state == "differs":
            return (
                self.env._(
                    "%(account)s on %(day)s: the books say %(books)s, the provider %(provider)s",
                    account=account.display_name,
                    day=format_date(self.env, statement.date),
                    books=statement._text(statement.closing),
                    provider=statement._text(statement.provider_closing),
                ),
                True,
            )
        return None, True

    def _fact_shadow(self, flows):
        problems, to_know = [], {}
        for flow in flows:
            counts = dict(
                self.env["integration.shadow.result"]._read_group(
                    [("flow_id", "=", flow.id), ("settled", "=", False)], ["verdict"], ["__count"]
                )
            )
            if wrong := sum(counts.get(verdict, 0) for verdict in WRONG_VERDICTS):
                problems.append(
                    self.env._("%(flow)s: %(count)s differences", flow=flow.display_name, count=wrong)
                )
            elif not counts:
                to_know[f"flow {flow.id}"] = self.env._(
                    "%s: nothing was computed in shadow", flow.display_name
                )
        return Fact(needed=bool(flows), problems=problems, to_know=to_know)
