# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Accounts and journals that a connection still needs, proposed from the company's own chart (ADR 0041)."""

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, RedirectWarning, UserError

from ..engine.chart_proposal import Account, propose
from ..models.governance.role_account import NEEDED, ROLES
from ..models.messaging.proposal import ACCOUNTS, SHOP_ACCOUNTS

HOWS = [("use", "Use what is there"), ("make", "Make a new one"), ("leave", "Leave it open")]
MAX_ACCOUNTS = 20_000
# Journals of a connection: field → (type of journal, prefix of its code).
JOURNALS = {
    "entry_journal_id": ("general", "INTEG"),
    "sales_journal_id": ("sale", "S"),
    "issued_journal_id": ("sale", "X"),
}


class IntegrationBooksProposal(models.TransientModel):
    """What is proposed for one connection. Nothing is chosen, and nothing is made, before a person says so."""

    _name = "integration.books.proposal"
    _description = "Proposed accounts and journals"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="connection_id.company_id")
    carries_money = fields.Boolean(related="connection_id.carries_money")
    line_ids = fields.One2many("integration.books.proposal.line", "proposal_id")
    currency_id = fields.Many2one(
        "res.currency",
        string="Another currency held there",
        help="Each currency in which the provider keeps a balance needs a bank journal of its own.",
    )
    company_text = fields.Text(compute="_compute_company_text", string="What the company has chosen itself")
    may_make = fields.Boolean(compute="_compute_may_make")

    @api.depends("connection_id")
    def _compute_display_name(self):
        for proposal in self:
            proposal.display_name = self.env._("Proposed accounts and journals")

    def _compute_may_make(self):
        for proposal in self:
            proposal.may_make = all(
                self.env[model].has_access("create") for model in ("account.account", "account.journal")
            )

    @api.depends("company_id")
    def _compute_company_text(self):
        """Say what Odoo's own settings hold already and nobody has to choose here."""
        _ = self.env._
        for proposal in self:
            company = proposal.company_id.sudo()
            chosen = [
                (_("Bank suspense"), company.account_journal_suspense_account_id),
                (_("Own transfers"), company.transfer_account_id),
                (_("Exchange differences"), company.currency_exchange_journal_id),
                (_("Exchange gains"), company.income_currency_exchange_account_id),
                (_("Exchange losses"), company.expense_currency_exchange_account_id),
                (_("Cash differences, loss"), company.default_cash_difference_expense_account_id),
            ]
            proposal.company_text = "\n".join(
                f"{label}: {record.with_company(company).display_name or _('not chosen: accounting settings')}"
                for label, record in chosen
            )

    # -- making the proposal -----------------------------------------------------------------------------------

    @api.model
    def _open_for(self, connection):
        """Return the action that shows what is proposed for ``connection``.

        :raises RedirectWarning: the company has no chart of accounts; the button leads to where it is chosen.
        :raises AccessError: the acting user may not see the chart.
        """
        company = connection.company_id
        if not company.chart_template:
            raise RedirectWarning(
                self.env._(
                    "%s has no chart of accounts yet, so there is nothing to book on. Choose its fiscal localization "
                    "in the accounting settings first; then come back: what you have entered here is kept.",
                    company.name,
                ),
                self.env.ref("account.action_account_config").id,
                self.env._("Accounting settings"),
            )
        if not self.env["account.account"].has_access("read"):
            raise AccessError(
                self.env._(
                    "You may not see the chart of accounts. Ask an accountant to choose the accounts here."
                )
            )
        proposal = self.create({"connection_id": connection.id})
        proposal.line_ids = [Command.create(values) for values in proposal._proposed()]
        return proposal._shown()

    def _shown(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accounts and journals of %s", self.connection_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _proposed(self):
        """Return values of the lines: one for each account and journal that is not chosen yet."""
        connection = self.connection_id
        kinds = set(connection.flow_ids.filtered(lambda flow: flow.direction == "in").mapped("kind"))
        lines = self._proposed_journals(kinds)
        if "movement" in kinds:
            if not connection.balance_account_ids:
                lines.append(self._proposed_balance(self.company_id.currency_id))
            lines += self._proposed_roles(ACCOUNTS)
        if "fulfilment" in kinds:
            lines += self._proposed_roles(SHOP_ACCOUNTS)
        return lines

    def _proposed_roles(self, wanted):
        connection, company = self.connection_id, self.company_id
        Role = self.env["integration.role.account"]
        known = Role._accounts_by_role(connection)
        labels = dict(Role._fields["role"]._description_selection(self.env))
        accounts = self._chart()
        taken = {*known.values(), *self._bank_accounts()}
        lines = []
        for role, _label in ROLES:
            if role in known or role not in wanted:
                continue
            chosen = company.sudo().transfer_account_id.id if role == "TRANSIT" else None
            found = propose(role, accounts, taken - {chosen}, chosen)
            if found:
                taken.add(found.account_id)
            code, name, _type, _reconcile = wanted[role]
            lines.append(
                {
                    "subject": "role",
                    "key": role,
                    "label": labels[role],
                    "is_needed": role in self._needed_roles(),
                    "how": "use" if found else "make",
                    "account_id": found.account_id if found else False,
                    "new_code": connection._free_account_code(code),
                    "new_name": self.env._(name),  # pylint: disable=translation-not-lazy
                    "why": self._why(found),
                }
            )
        return lines

    def _needed_roles(self):
        vendor = self.connection_id.fee_mode == "vendor"
        return {"AP-PSP" if role == "FEE" and vendor else role for role in NEEDED}

    def _why(self, found):
        if found is None:
            return self.env._("The chart has no account of this kind.")
        if found.why:
            return self.env._("Found by its name (“%s”) and its type.", found.why)
        return self.env._("The company uses it for its own transfers.")

    def _chart(self):
        """Return the active accounts of the company, with their names in English and as they are read."""
        accounts = self.env["account.account"].with_company(self.company_id)
        rows = accounts.search(accounts._check_company_domain(self.company_id), limit=MAX_ACCOUNTS)
        english = {row.id: row.name or "" for row in rows.with_context(lang="en_US")}
        return [
            Account(
                row.id,
                row.code or "",
                f"{row.name or ''} / {english[row.id]}",
                row.account_type,
                bool(row.reconcile),
            )
            for row in rows
        ]

    def _bank_accounts(self):
        """Return ids of accounts that belong to bank and cash journals: money stands on them, nothing else may."""
        journals = self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self.company_id),
                ("type", "in", ("bank", "cash", "credit")),
            ]
        )
        return (journals.default_account_id | journals.suspense_account_id).ids

    def _proposed_journals(self, kinds):
        connection, lines = self.connection_id, []
        needed = {
            "entry_journal_id": bool(kinds & {"movement", "entry", "order_payment"}),
            "sales_journal_id": bool(kinds & {"invoice", "fulfilment"}),
            "issued_journal_id": bool(kinds & {"invoice", "fulfilment"}),
        }
        names = {
            "entry_journal_id": (
                self.env._("Entries that apply money"),
                self.env._("Integration entries"),
            ),
            "sales_journal_id": (self.env._("Invoices issued by Odoo"), self.env._("Customer invoices")),
            "issued_journal_id": (
                self.env._("Invoices issued by the source"),
                self.env._("Invoices issued by %s", connection.name),
            ),
        }
        for field, (kind, prefix) in JOURNALS.items():
            if not needed[field] or connection[field]:
                continue
            label, name = names[field]
            found = self._journal_there(field, kind)
            lines.append(
                {
                    "subject": "journal",
                    "key": field,
                    "label": label,
                    "is_needed": field == "entry_journal_id",
                    "is_journal": True,
                    "journal_type": kind,
                    "how": "use" if found else "make",
                    "journal_id": found.id,
                    "new_code": prefix if prefix == "INTEG" else connection._free_journal_code(prefix),
                    "new_name": name,
                    "why": self.env._("It is there and fits.")
                    if found
                    else self.env._("A journal of its own keeps its numbers and its rights apart."),
                }
            )
        return lines

    def _journal_there(self, field, kind):
        """Return the journal that fits, none where a new one is better."""
        Journal = self.env["account.journal"]
        domain = [*Journal._check_company_domain(self.company_id), ("type", "=", kind)]
        if field == "entry_journal_id":
            return Journal.search([*domain, ("code", "=", "INTEG")], limit=1)
        if field == "sales_journal_id":
            return Journal.search(domain, limit=1)
        return Journal

    def _proposed_balance(self, currency):
        connection = self.connection_id
        found = self._bank_journal_there(currency)
        return {
            "subject": "balance",
            "key": currency.name,
            "label": self.env._("Balance at the provider in %s", currency.name),
            "is_needed": True,
            "is_journal": True,
            "journal_type": "bank",
            "how": "use" if found else "make",
            "journal_id": found.id,
            "new_code": connection._free_journal_code("P", self.line_ids.mapped("new_code")),
            "new_name": f"{connection.name} {currency.name}",
            "why": self.env._("A bank journal with the provider's name, in this currency and still empty.")
            if found
            else self.env._("Each balance is mirrored by a bank journal of its own."),
        }

    def _bank_journal_there(self, currency):
        """Return a bank journal that bears the system's name, is kept in ``currency`` and holds nothing yet."""
        Journal = self.env["account.journal"]
        name = self.connection_id._spec().name
        own = currency == self.company_id.currency_id
        found = Journal.search(
            [
                *Journal._check_company_domain(self.company_id),
                ("type", "=", "bank"),
                ("name", "ilike", name),
                ("currency_id", "in", (False, currency.id) if own else (currency.id,)),
            ],
            limit=20,
        )
        used = (
            self.env["integration.balance.account"]
            .sudo()
            .search([("journal_id", "in", found.ids)])
            .journal_id
        )
        lines = self.env["account.bank.statement.line"]
        return (found - used).filtered(
            lambda journal: not lines.search_count([("journal_id", "=", journal.id)], limit=1)
        )[:1]

    # -- carrying it out ---------------------------------------------------------------------------------------

    def action_add_currency(self):
        """Button: propose a journal for one more currency."""
        self.ensure_one()
        self.connection_id._check_may_set_up()
        currency = self.currency_id
        if not currency:
            raise UserError(self.env._("Choose the currency first."))
        there = self.connection_id.balance_account_ids.currency_id
        if currency in there or currency.name in self.line_ids.filtered(
            lambda line: line.subject == "balance"
        ).mapped("key"):
            raise UserError(self.env._("There is a journal for %s already.", currency.name))
        self.line_ids = [Command.create(self._proposed_balance(currency))]
        self.currency_id = False
        return self._shown()

    def action_use(self):
        """Button: choose and make what the lines say. What was chosen meanwhile stays; pressed twice, it does it once.

        :raises AccessError: something is to be made by somebody who may not make accounts or journals.
        :raises UserError: a line that is to be used names nothing.
        """
        self.ensure_one()
        self.connection_id._check_may_set_up()
        self.connection_id.lock_for_update(allow_referencing=True)
        if not self.may_make and self.line_ids.filtered(lambda line: line.how == "make"):
            raise AccessError(
                self.env._(
                    "Making accounts and journals takes an accounting administrator. Choose accounts that are there, "
                    "or ask one to press this button: the proposal can be opened again at any time."
                )
            )
        for line in self.line_ids:
            line._carry_out()
        return {"type": "ir.actions.act_window_close"}
