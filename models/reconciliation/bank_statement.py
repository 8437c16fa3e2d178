# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether what the bank says and the books agree, statement by statement (O8, policy preflight 2 and 5)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools.misc import formatLang

from ...engine.bank_match import plain_account
from ...engine.bank_statements import Told, in_order

# Of one account on one day; a bank tells one or two.
MAX_A_DAY = 100


class IntegrationBankStatement(models.Model):
    """A statement as the bank tells it: opening + lines = closing, beside what the books hold of its days."""

    _name = "integration.bank.statement"
    _description = "Statement told by a bank"
    _order = "last_date desc, id desc"
    _check_company_auto = True

    name = fields.Char("Statement", required=True, readonly=True, help="The bank's own id of the statement.")
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    journal_id = fields.Many2one("account.journal", "Bank account", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id", store=True)
    first_date = fields.Date("From", readonly=True)
    last_date = fields.Date("To", readonly=True)
    opening = fields.Monetary(readonly=True)
    closing = fields.Monetary(readonly=True, string="Closing by the bank")
    told_count = fields.Integer(
        readonly=True, string="Lines by the bank", help="-1: the bank gives no number of lines."
    )
    booked_count = fields.Integer(readonly=True, string="Lines in the books")
    booked_total = fields.Monetary(readonly=True, string="Sum of the lines in the books")
    difference = fields.Monetary(
        readonly=True, help="Closing by the bank less opening and lines in the books."
    )
    gap = fields.Monetary(
        readonly=True,
        help="Opening of this statement less the closing of the one before it: a statement is missing.",
    )
    open_count = fields.Integer(readonly=True, string="Lines not matched", compute="_compute_open_count")
    state = fields.Selection(
        [("waiting", "Statement not told yet"), ("agrees", "Agrees"), ("differs", "Differs")],
        required=True,
        readonly=True,
        default="waiting",
    )
    finding = fields.Char(readonly=True, compute="_compute_finding", string="What differs")
    statement_id = fields.Many2one(
        "account.bank.statement", "Odoo's statement", readonly=True, ondelete="set null"
    )
    message_id = fields.Many2one("integration.message", "Told by event", readonly=True, ondelete="set null")

    _name_unique = models.UniqueIndex("(journal_id, name)", "A statement of an account is told once.")
    _days_idx = models.Index("(journal_id, last_date)")

    @api.depends("journal_id.currency_id", "company_id")
    def _compute_currency_id(self):
        for statement in self:
            statement.currency_id = statement.journal_id.currency_id or statement.company_id.currency_id

    @api.depends("name", "journal_id")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = f"{statement.journal_id.code or ''} {statement.name or ''}"

    def _compute_open_count(self):
        for statement in self:
            statement.open_count = self.env["account.bank.statement.line"].search_count(
                [*statement._lines_domain(), ("is_reconciled", "=", False)]
            )

    @api.depends("state", "difference", "gap", "told_count", "booked_count")
    def _compute_finding(self):
        for statement in self:
            statement.finding = statement._words() if statement.state == "differs" else False

    def _words(self):
        """Return in an accountant's words what does not agree."""
        parts = []
        if self._counts_differ():
            parts.append(
                self.env._(
                    "the bank lists %(told)s lines, the books hold %(booked)s",
                    told=self.told_count,
                    booked=self.booked_count,
                )
            )
        if not self.currency_id.is_zero(self.difference):
            amount = self._text(abs(self.difference))
            lacking = self.difference > 0
            parts.append(
                self.env._("the books lack %s", amount)
                if lacking
                else self.env._("the books hold %s too much", amount)
            )
        if not self.currency_id.is_zero(self.gap):
            parts.append(
                self.env._("it begins %s beside the end of the statement before", self._text(self.gap))
            )
        return "; ".join(parts)

    def _counts_differ(self):
        return self.told_count >= 0 and self.told_count != self.booked_count

    def _text(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _exact_text(self, amount):
        """Return an amount as what fills a sentence is kept; whoever reads it sees it his way."""
        return f"{amount:.{self.currency_id.decimal_places}f} {self.currency_id.name}"

    # -- hearing and comparing -----------------------------------------------------------------------------

    @api.model
    def _named(self, connection, journal, name):
        """Return the statement of an account with the bank's id, making it where there is none."""
        found = self.search([("journal_id", "=", journal.id), ("name", "=", name)], limit=1)
        return found or self.create(
            {"connection_id": connection.id, "journal_id": journal.id, "name": name, "told_count": -1}
        )

    def _hear_bank(self, document, message_id):
        """Take what the bank says, and compare it with the books; the statement that follows looks again at its own."""
        self.ensure_one()
        self.write(
            {
                "first_date": document.first_date,
                "last_date": document.last_date,
                "opening": float(document.opening.value),
                "closing": float(document.closing.value),
                "told_count": -1 if document.line_count is None else document.line_count,
                "message_id": message_id,
            }
        )
        (self | self._around())._compare()

    def _around(self):
        """Return the statements told that begin where this one ends: of its own last day, and of the next day told."""
        told = Domain("journal_id", "=", self.journal_id.id) & Domain("message_id", "not in", [False])
        following = self.search(told & Domain("first_date", ">", self.last_date), order="first_date", limit=1)
        days = [self.last_date, *following.mapped("first_date")]
        return self.search(
            told & Domain("first_date", "in", days) & Domain("id", "!=", self.id), limit=MAX_A_DAY
        )

    def _before(self):
        """Return the statement that ended where this one should begin; an empty record where none was told."""
        told = Domain("journal_id", "=", self.journal_id.id) & Domain("message_id", "not in", [False])
        others = told & Domain("id", "!=", self.id)
        last = self.search(
            others & Domain("last_date", "<", self.first_date), order="last_date desc", limit=1
        )
        of_last_day = self.search(
            others & Domain("last_date", "=", last.last_date), order="name, id", limit=MAX_A_DAY
        )
        day_before = of_last_day._in_order(None)[-1:] if last else last
        same_day = self.search(
            others & Domain("last_date", "=", self.first_date), order="name, id", limit=MAX_A_DAY
        )
        order = (
            (same_day | self)
            .sorted(lambda row: (row.name, row.id))
            ._in_order(day_before._exact(day_before.closing) if day_before else None)
        )
        place = order.ids.index(self.id)
        return order[place - 1] if place else day_before

    def _in_order(self, start):
        """Return these statements of one day as they follow one another; ``start``: where the day before ended."""
        told = [Told(row.id, row._exact(row.opening), row._exact(row.closing)) for row in self]
        return self.browse([each.number for each in in_order(told, start)])

    def _exact(self, amount):
        return self.currency_id._integration_exact(amount)

    def _lines_domain(self):
        """Return the lines in the books that belong to this statement.

        Those that name it; and of its days those that name none. A line that was booked later because its day is
        locked belongs to its true day.
        """
        self.ensure_one()
        named = Domain("integration_bank_statement_id", "=", self.id)
        if not self.first_date:
            return list(named)
        day = Domain("integration_event_date", ">=", self.first_date)
        day &= Domain("integration_event_date", "<=", self.last_date)
        imported = Domain("integration_event_date", "in", [False])
        imported &= Domain("date", ">=", self.first_date) & Domain("date", "<=", self.last_date)
        unnamed = Domain("integration_bank_statement_id", "in", [False]) & (day | imported)
        here = Domain("journal_id", "=", self.journal_id.id) & Domain("state", "=", "posted")
        return list(here & (named | unnamed))

    def _compare(self):
        """Say anew how these statements stand against the books."""
        for statement in self.filtered("message_id"):
            currency = statement.currency_id
            [(total, count)] = self.env["account.bank.statement.line"]._read_group(
                statement._lines_domain(), [], ["amount:sum", "__count"]
            )
            before = statement._before()
            values = {
                "booked_count": count,
                "booked_total": currency.round(total or 0.0),
                "difference": currency.round(statement.closing - statement.opening - (total or 0.0)),
                "gap": currency.round(statement.opening - before.closing) if before else 0.0,
            }
            statement.write(values)
            wrong = (
                statement._counts_differ()
                or not currency.is_zero(statement.difference)
                or not currency.is_zero(statement.gap)
            )
            statement.state = "differs" if wrong else "agrees"
            statement._mirror()
            statement._judge()

    def _judge(self):
        """Raise that a statement differs, or close what asked about it."""
        Exceptions = self.env["integration.exception"]
        cause = f"{self.journal_id.code} {self.name}"
        if self.state == "agrees":
            agree = self.env._("The statement and the books agree.")
            Exceptions._settle_cause(self.connection_id, "bank_statement_differs", cause, agree)
            return
        params = {
            "journal": self.journal_id.display_name,
            "statement": self.name,
            "first_date": str(self.first_date),
            "date": str(self.last_date),
            "closing": self._exact_text(self.closing),
            "computed": self._exact_text(self.closing - self.difference),
            "finding": self._words(),
        }
        exception = Exceptions._raise_cause(self.connection_id, "bank_statement_differs", params, cause)
        if exception.params != params:
            exception.params = params

    def _mirror(self):
        """Write the statement down as Odoo's own, whose checks for completeness then speak for it, too."""
        lines = self.env["account.bank.statement.line"].search(self._lines_domain(), order="internal_index")
        if not lines or lines.statement_id - self.statement_id:
            return  # what a person has put into a statement of his own stays there
        values = {
            "name": self.display_name,
            "balance_start": self.opening,
            "balance_end_real": self.closing,
        }
        if not self.statement_id:
            self.statement_id = self.env["account.bank.statement"].create(
                {**values, "line_ids": [Command.set(lines.ids)]}
            )
            return
        if lines != self.statement_id.line_ids:
            self.statement_id.write({"line_ids": [Command.set(lines.ids)]})
        self.statement_id.write(values)

    @api.model
    def _touch(self, lines):
        """Compare anew the statements to which these lines belong."""
        found = lines.integration_bank_statement_id
        for journal, own in lines.grouped("journal_id").items():
            days = {line.integration_event_date or line.date for line in own}
            of_these_days = Domain.OR(
                [("first_date", "<=", day), ("last_date", ">=", day)] for day in sorted(days)
            )
            found |= self.search(Domain("journal_id", "=", journal.id) & of_these_days)
        found._compare()

    # -- buttons -------------------------------------------------------------------------------------------

    def action_compare(self):
        """Button: compare again; as the connection's service user, who keeps Odoo's statement in step."""
        self.check_access("write")
        for statement in self:
            statement.with_env(statement.connection_id.sudo()._as_service().env)._compare()
        self.invalidate_recordset()

    def action_open_lines(self):
        """Button: the lines of this statement that are in the books."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_bank_line")
        return dict(action, domain=self._lines_domain(), context={}, name=self.display_name)


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    integration_bank_entry = fields.Char(
        "Bank's id of the line", readonly=True, copy=False, help="Under this id the line is booked once."
    )
    integration_bank_returns = fields.Char(
        "Takes back the line", readonly=True, copy=False, help="The bank's id of the earlier line."
    )
    integration_bank_statement_id = fields.Many2one(
        "integration.bank.statement", "Told in statement", readonly=True, copy=False, index="btree_not_null",
        ondelete="set null",
    )  # fmt: skip

    _integration_bank_entry_idx = models.UniqueIndex(
        "(journal_id, integration_bank_entry) WHERE integration_bank_entry IS NOT NULL",
        "This line of the bank account is booked already.",
    )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    bank_journal_ids = fields.Many2many(
        "account.journal",
        "integration_connection_bank_journal_rel",
        string="Bank accounts whose lines it brings",
        check_company=True,
        domain="[('type', '=', 'bank')]",
        help="Bank journals with an account number: a line is booked in the journal whose account it names. The "
        "connection books in no other bank account.",
    )
    carries_bank_lines = fields.Boolean(compute="_compute_carries")

    def _compute_carries(self):
        result = super()._compute_carries()
        for connection in self:
            kinds = connection._inbound_kinds()
            connection.carries_bank_lines = bool(kinds & {"bank_line", "bank_statement"})
        return result

    @api.depends("bank_journal_ids")
    def _compute_journal_ids(self):
        result = super()._compute_journal_ids()
        for connection in self:
            connection.journal_ids |= connection.bank_journal_ids
        return result

    def write(self, vals):
        """Lines that have waited for their account go on once it is chosen."""
        result = super().write(vals)
        if "bank_journal_ids" in vals:
            waiting = self.env["integration.exception"].sudo()
            domain = [("code", "=", "bank_account_unknown"), ("state", "=", "open")]
            waiting.search([("connection_id", "in", self.ids), *domain])._go_on("message.retry")
        return result

    def _bank_journals(self):
        """Return {account number without blanks: journal} of the accounts whose lines this connection brings."""
        self.ensure_one()
        return {
            plain_account(journal.bank_account_id.acc_number): journal
            for journal in self.bank_journal_ids
            if journal.bank_account_id
        }

    @api.constrains("bank_journal_ids")
    def _check_bank_journals(self):
        for connection in self:
            mirrored = self.env["integration.balance.account"]._mirrors(connection.company_id)
            for journal in connection.bank_journal_ids:
                if journal in mirrored or journal.type != "bank":
                    raise ValidationError(
                        self.env._("%s is no journal of a bank account.", journal.display_name)
                    )
                if not journal.bank_account_id.acc_number:
                    raise ValidationError(
                        self.env._(
                            "%s has no account number. Enter it in the journal: lines are found by it.",
                            journal.display_name,
                        )
                    )
