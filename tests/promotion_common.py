# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of configurations share: two companies with one chart of accounts, keys of their own, the steps."""

import base64
import json
import os
from unittest.mock import patch

from ..engine.audit_seal import SigningKey, new_seed
from ..models.audit.bundle_keys import signing_key
from .approval_common import ApprovalCommon

WHAT_COUNTS = (
    "integration.connection",
    "integration.flow",
    "integration.balance.account",
    "integration.collection.agreement",
    "integration.rule",
    "integration.role.account",
    "integration.mapping",
    "integration.mapping.version",
    "integration.ownership",
    "integration.subscription",
    "integration.assignment.rule",
    "integration.approval.policy",
    "integration.workbench.setting",
    "integration.credential",
)


class PromotionCommon(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Second company")["company"]
        cls.companies = cls.company | cls.other
        people = cls.administrator | cls.ann | cls.ben | cls.operator | cls.auditor
        people.write({"company_ids": [(6, 0, cls.companies.ids)]})
        cls.env.user.write({"company_ids": [(4, cls.other.id)]})

    def setUp(self):
        super().setUp()
        self.foreign = SigningKey(new_seed())
        patcher = patch.dict(
            os.environ,
            {"FINANCE_INTEGRATION_SEAL_KEYS": new_seed(), "FINANCE_INTEGRATION_BUNDLE_KEYS": " "},
        )
        patcher.start()
        self.addCleanup(patcher.stop)

    def promotions(self, user=None, companies=None):
        user = user or self.administrator
        allowed = (companies or self.companies).ids
        return self.env["integration.promotion"].with_user(user).with_context(allowed_company_ids=allowed)

    def export(self, company=None, **target):
        """Return the file (base64) of a company's configuration."""
        return base64.b64encode(self.promotions()._export(company or self.company, "test", **target))

    def load(self, content, company=None, environment="test", user=None):
        return self.promotions(user)._load(content, company or self.other, environment)

    def ask(self, promotion, reason="As tried"):
        return promotion._ask_with(reason, self.env["ir.attachment"])

    def approve(self, request, user=None):
        self.env.invalidate_all()
        request.with_user(user or self.ann).with_context(
            allowed_company_ids=self.companies.ids
        ).action_approve()
        self.env.invalidate_all()

    def line_of(self, promotion, section, key):
        return promotion.line_ids.filtered(lambda line: (line.section, line.key) == (section, key))

    def rows(self, company=None):
        self.env.flush_all()
        return self.env["integration.promotion.rows"]._read_rows(company or self.other)[0]

    def counts(self):
        """Return how many records of each kind there are: what a refusal must not change."""
        self.env.flush_all()
        return {
            name: self.root[name].with_context(active_test=False).search_count([]) for name in WHAT_COUNTS
        }

    def altered(self, content, old, new):
        """Return a file with another text, still signed as it was."""
        file = json.loads(base64.b64decode(content))
        assert old in file["bundle"]
        file["bundle"] = file["bundle"].replace(old, new)
        return base64.b64encode(json.dumps(file).encode())

    def signed_again(self, content, change, key=None):
        """Return a file whose content was changed and signed with the key of this server, or with ``key``."""
        key = key or signing_key()
        whole = json.loads(json.loads(base64.b64decode(content))["bundle"])
        change(whole)
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        file = {"bundle": text, "signature": key.sign(text), "public_key": key.public}
        return base64.b64encode(json.dumps(file).encode())

    def fill_gaps(self, company=None):
        """Give the other company every account and journal that the connections of the first one name."""
        company = company or self.other
        for account in (
            self.env["integration.role.account"].search([("company_id", "=", self.company.id)]).account_id
        ):
            code = account.with_company(self.company).code
            accounts = self.root["account.account"].with_company(company)
            if not accounts.search([("code", "=", code), ("company_ids", "in", company.ids)]):
                accounts.create(
                    {
                        "code": code,
                        "name": account.name,
                        "account_type": account.account_type,
                        "reconcile": account.reconcile,
                        "company_ids": [(6, 0, company.ids)],
                    }
                )
        connections = self.partner_connection | self.stripe_connection
        for journal in (
            connections.sales_journal_id
            | connections.issued_journal_id
            | connections.entry_journal_id
            | connections.balance_account_ids.journal_id
        ):
            journals = self.root["account.journal"].with_company(company)
            if not journals.search([("code", "=", journal.code), ("company_id", "=", company.id)]):
                journals.create(
                    {
                        "code": journal.code,
                        "name": journal.name,
                        "type": journal.type,
                        "company_id": company.id,
                    }
                )
        self.root["account.tax"].create(
            {"name": "Output tax 15 %", "amount": 15.0, "type_tax_use": "sale", "company_id": company.id}
        )
