# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Facts for the preflight about the connection itself, and about who else books."""

import logging

from odoo import models
from odoo.exceptions import AccessError, MissingError, UserError, ValidationError

from ...engine.preflight import POINTS, Fact

_logger = logging.getLogger(__name__)
# Addons that report the tax of an invoice to somebody by themselves.
TAX_SYSTEMS = ("account_avatax", "account_taxcloud", "l10n_br_avatax")
MAX_NAMED = 20
# Another addon may have changed what is read here; then the point is open, and the others are judged all the same.
CANNOT_TELL = (
    AccessError,
    AttributeError,
    KeyError,
    MissingError,
    TypeError,
    UserError,
    ValidationError,
    ValueError,
)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _preflight_facts(self, flows):
        """Return {code of the point: fact, or None where it could not be found out}.

        :param flows: the flows that are to book.
        """
        self.ensure_one()
        # The whole truth, whoever asks: only names of journals, accounts and addons come out of it.
        whole = self.sudo().with_company(self.company_id)
        facts = {}
        for point in POINTS:
            try:
                facts[point.code] = getattr(whole, f"_fact_{point.code}")(flows.sudo())
            except CANNOT_TELL as error:
                _logger.info("preflight of %s: %s could not be found out: %r", self.id, point.code, error)
                facts[point.code] = None
        return facts

    def _inbound_kinds(self):
        return set(self.flow_ids.filtered(lambda flow: flow.direction == "in").mapped("kind"))

    def _has_addon(self, name):
        return name in self.env.registry._init_modules

    def _fact_set_up(self, _flows):
        return Fact(problems=self._missing_points())

    def _fact_other_bookers(self, _flows):
        problems = []
        for journal in self.balance_account_ids.journal_id:
            if journal.bank_statements_source == "online_sync":
                problems.append(self.env._("%s is fed by the bank synchronisation", journal.display_name))
            if foreign := self._foreign_lines(journal):
                problems.append(
                    self.env._(
                        "%(journal)s holds %(count)s statement lines that something else has booked",
                        journal=journal.display_name,
                        count=foreign,
                    )
                )
        if twins := self._twins():
            problems += [self.env._("the connection %s for the same account", twin.name) for twin in twins]
        if "invoice" in self._inbound_kinds() and (name := self._mirrored_company()):
            problems.append(self.env._("inter-company rules, which mirror invoices to %s", name))
        return Fact(problems=problems)

    def _foreign_lines(self, journal):
        """Return how many statement lines of the provider's journal are not the hub's, since a flow books."""
        dates = [flow.start_date for flow in self.flow_ids if flow.kind == "movement" and flow.start_date]
        domain = [("journal_id", "=", journal.id), ("integration_connection_id", "=", False)]
        if dates:
            domain.append(("date", ">=", min(dates)))
        return self.env["account.bank.statement.line"].search_count(domain, limit=1000)

    def _twins(self):
        return self.search(
            [
                ("id", "!=", self.id),
                ("connector", "=", self.connector),
                ("environment", "=", self.environment),
                ("outside_account", "=", self.outside_account),
                ("outside_account", "!=", False),
                ("state", "=", "active"),
            ],
            limit=MAX_NAMED,
        )

    def _mirrored_company(self):
        """Return the name of a company of this database that is a customer here, where Odoo mirrors invoices."""
        if not self._has_addon("account_inter_company_rules"):
            return None
        if not self.company_id.intercompany_generate_bills_refund:
            return None
        partners = self.env["res.company"].search([("id", "!=", self.company_id.id)]).partner_id
        binding = self.env["integration.binding"].search(
            [
                ("connection_id", "=", self.id),
                ("res_model", "=", "res.partner"),
                ("res_id", "in", partners.ids),
            ],
            limit=1,
        )
        return binding and partners.browse(binding.res_id).name

    def _fact_payment_methods(self, _flows):
        problems = []
        for journal in self.balance_account_ids.journal_id:
            lines = journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids
            problems += [
                f"{journal.display_name}: {line.display_name}"
                for line in lines
                if line.payment_account_id and line.payment_account_id == journal.default_account_id
            ]
        return Fact(needed=bool(self.balance_account_ids), problems=problems)

    def _fact_payment_provider(self, _flows):
        if "payment.provider" not in self.env or not self.balance_account_ids:
            return Fact(needed=False)
        providers = self.env["payment.provider"].search(
            [
                ("code", "=", self.connector),
                ("state", "!=", "disabled"),
                ("company_id", "=", self.company_id.id),
            ],
            limit=MAX_NAMED,
        )
        journals = self.balance_account_ids.journal_id
        return Fact(
            needed=bool(providers),
            problems=[
                f"{provider.display_name}: {provider.journal_id.display_name or '-'}"
                for provider in providers
                if "journal_id" in provider._fields and provider.journal_id not in journals
            ],
        )

    def _fact_tax_committer(self, _flows):
        systems = [name for name in TAX_SYSTEMS if self._has_addon(name)]
        needed = "invoice" in self._inbound_kinds() and bool(systems)
        if len(systems) > 1:
            return Fact(needed=needed, problems=systems)
        # The source states the tax of what it has issued; the addon must not state it once more.
        return Fact(needed=needed, to_know={name: name for name in systems if self.issued_journal_id})

    def _fact_sending(self, _flows):
        needed = "invoice" in self._inbound_kinds() and bool(self.issued_journal_id)
        guarded = any(
            getattr(klass, "_module", None) == "finance_integration"
            and "_get_move_constraints" in klass.__dict__
            for klass in self.env.registry["account.move.send"].__mro__
        )
        return Fact(needed=needed, problems=() if guarded else [self.issued_journal_id.display_name])
