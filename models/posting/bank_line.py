# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Lines that a bank has booked (O8): one statement line each, on the day of the bank, against suspense (policy F1, P1).

To what a line belongs is a second question. A payout on its way is found by ``integration.payout.look``; a receipt that
names our invoice is matched in ``bank_receipt``; a returned one is set against what it takes back. In each case the
item on suspense is *replaced*, nothing is booked a second time. The rest waits there for a person.
"""

from odoo import api, models

from ...engine.bank_match import last_digits, names_in, plain_account, plain_text
from ...engine.errors import BusinessError, IntegrationError, MissingReferenceError
from ...engine.money import plain
from .movement import _number
from .references import named_by
from .work import Effect, Finding


class IntegrationPostingBankLine(models.AbstractModel):
    _name = "integration.posting.bank_line"
    _inherit = "integration.posting"
    _description = "Posting rules: bank lines"

    # -- deciding ------------------------------------------------------------------------------------------

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        documents = [document for work in works for document in work.documents]
        journals = connection._bank_journals()
        lookups = {
            "journals": journals,
            "lines": self._known_lines(journals.values(), documents),
            "free": self._free_lines(journals.values(), documents),
            "partners": self._partners_by_account(connection.company_id, documents),
            "invoices": self.env["integration.posting.application"]._invoices_of(
                connection.company_id, {name for document in documents for name in self._names(document)}
            ),
        }
        for work in works:
            try:
                work.plan = [
                    plan for document in work.documents if (plan := self._plan(work, document, lookups))
                ]
            except IntegrationError as error:
                work.error = error
                continue
            if not work.plan and not work.findings:
                work.outcome = "duplicate"

    def _names(self, document):
        # The end-to-end id is what the payer chose: it names an invoice where it looks like a number, as the text does.
        text = f"{document.text} {document.end_to_end_id or ''}"
        return names_in(text, named_by(document.references))

    def _known_lines(self, journals, documents):
        """Return {(journal id, the bank's id): statement line} of lines that are in the books under these ids."""
        ids = {document.line_id for document in documents}
        ids |= {document.returns for document in documents if document.returns}
        lines = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "in", [journal.id for journal in journals]),
                ("integration_bank_entry", "in", list(ids)),
            ]
        )
        return {(line.journal_id.id, line.integration_bank_entry): line for line in lines}

    def _free_lines(self, journals, documents):
        """Return {(journal id, day, text): [statement lines]} of lines that came in without the bank's id.

        An accountant imported a file, or Odoo's own bank feed was on: the same line is adopted, never booked twice.
        """
        lines = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "in", [journal.id for journal in journals]),
                ("integration_bank_entry", "=", False),
                ("date", "in", list({document.booking_date for document in documents})),
            ]
        )
        return lines.grouped(lambda line: (line.journal_id.id, line.date, plain_text(line.payment_ref or "")))

    def _partners_by_account(self, company, documents):
        """Return {account number: partner} where exactly one partner has this account."""
        numbers = {plain_account(document.party_account) for document in documents if document.party_account}
        banks = self.env["res.partner.bank"].search(
            [("sanitized_acc_number", "in", list(numbers)), ("company_id", "in", (False, company.id))]
        )
        found = {
            number: rows.partner_id.commercial_partner_id
            for number, rows in banks.grouped("sanitized_acc_number").items()
        }
        return {number: partner for number, partner in found.items() if len(partner) == 1}

    def _plan(self, work, document, lookups):
        """Return what to do for one line: a dict with step 'book' or 'adopt'; None = it is in the books."""
        journal = self._journal(document.account_number, document.amount.currency, lookups["journals"])
        known = lookups["lines"].get((journal.id, document.line_id))
        if known:
            self._compare(work, document, known)
            return None
        plan = {"document": document, "journal": journal}
        if same := self._same_line(document, journal, lookups["free"]):
            return plan | {"step": "adopt", "line": same}
        date = self._first_open_day(work.connection.company_id, journal, document.booking_date)
        self._check_late(work, document.booking_date, date)
        invoices = self.env["account.move"].union(
            *(lookups["invoices"][name] for name in self._names(document) if name in lookups["invoices"])
        )
        returned = document.returns and lookups["lines"].get((journal.id, document.returns))
        partner = lookups["partners"].get(plain_account(document.party_account or ""))
        return plan | {
            "step": "book",
            "date": date,
            "partner": partner or self.env["res.partner"],
            "invoices": invoices,
            "returned": returned or self.env["account.bank.statement.line"],
        }

    @api.model
    def _journal(self, account_number, stated, journals):
        """Return the journal of an account of ours.

        :param stated: code of the currency in which the bank tells of it.
        :param journals: what ``_bank_journals`` gave.

        :raises MissingReferenceError: ``bank_account_unknown``.
        :raises BusinessError: ``bank_currency_differs``.
        """
        number = plain_account(account_number)
        account = last_digits(number)
        if number not in journals:
            raise MissingReferenceError("bank_account_unknown", account, params={"account": account})
        journal = journals[number]
        currency = journal.currency_id or journal.company_id.currency_id
        if currency.name != stated:
            raise BusinessError(
                "bank_currency_differs",
                f"{journal.code} is in {currency.name}",
                params={"account": account, "currency": stated, "journal_currency": currency.name},
            )
        return journal

    def _compare(self, work, document, line):
        """Compare what is said now with what is booked. The booking stands; a difference is for a person."""
        if line.currency_id.compare_amounts(line.amount, _number(document.amount.value)) == 0:
            return
        currency = line.currency_id
        work.findings.append(
            Finding(
                "bank_line_differs",
                {
                    "line": document.line_id,
                    "journal": line.journal_id.display_name,
                    "booked": f"{line.amount:.{currency.decimal_places}f} {currency.name}",
                    "stated": f"{plain(document.amount.value)} {document.amount.currency}",
                },
                cause=f"{line.journal_id.code} {document.line_id} {document.amount.value}",
            )
        )

    def _same_line(self, document, journal, free):
        """Return the line that came in by another way and is this one, taking it from ``free``; empty = none is."""
        key = (journal.id, document.booking_date, plain_text(self._label(document)))
        lines = free.get(key, self.env["account.bank.statement.line"])
        same = lines.filtered(
            lambda line: line.currency_id.compare_amounts(line.amount, _number(document.amount.value)) == 0
        )[:1]
        if same:
            free[key] = lines - same
        return same

    def _label(self, document):
        return (document.text.strip() or document.party_name or document.line_id)[:1000]

    # -- writing -------------------------------------------------------------------------------------------

    @api.model
    def _apply(self, works):
        pairs = [(work, plan) for work in works for plan in work.plan]
        booked = [(work, plan) for work, plan in pairs if plan["step"] == "book"]
        self._adopt([(work, plan) for work, plan in pairs if plan["step"] == "adopt"])
        if booked:
            self._book(booked)
        if pairs:
            lines = self.env["account.bank.statement.line"].union(*(plan["line"] for _work, plan in pairs))
            self.env["integration.bank.statement"]._touch(lines)
            self.env["integration.payout.look"]._soon_if_open(lines.company_id)

    def _adopt(self, pairs):
        for work, plan in pairs:
            plan["line"].write(self._identity(work, plan))
            self._tell(work, plan)
            work.note = self.env._(
                "This line came in by another way before (same day, amount and text): recognised, not booked again."
            )

    def _book(self, pairs):
        movements = self.env["integration.posting.movement"]
        lines = movements._create_lines([self._line_values(work, plan) for work, plan in pairs])
        self._check_kept(
            lines.move_id,
            {line.move_id.id: plan["date"] for line, (_work, plan) in zip(lines, pairs, strict=True)},
        )
        for line, (work, plan) in zip(lines, pairs, strict=True):
            plan["line"] = line
            self._tell(work, plan)
            self._tell_late(work, plan)
        self.env["integration.posting.bank_receipt"]._apply_new(pairs)

    def _tell(self, work, plan):
        document = plan["document"]
        key = f"bank_line:{plan['journal'].id}:{document.line_id}"
        work.effects.append(Effect(key, "account.move", plan["line"].move_id.id))

    def _tell_late(self, work, plan):
        document = plan["document"]
        if plan["date"] == document.booking_date:
            return
        params = {
            "amount": f"{plain(document.amount.value)} {document.amount.currency}",
            "date": str(document.booking_date),
            "booked_on": str(plan["date"]),
        }
        work.findings.append(Finding("late_movement", params, cause=f"bank {document.line_id}"))

    def _identity(self, work, plan):
        document = plan["document"]
        statement = self.env["integration.bank.statement"]
        if document.statement:
            statement = statement._named(work.connection, plan["journal"], document.statement)
        return {
            "integration_bank_entry": document.line_id,
            "integration_bank_statement_id": statement.id,
            "integration_connection_id": work.connection.id,
            "integration_source_id": document.line_id,
            "integration_event_date": document.booking_date,
            "integration_correlation_id": work.row["correlation_id"],
        }

    def _line_values(self, work, plan):
        document = plan["document"]
        values = self._identity(work, plan) | {
            "journal_id": plan["journal"].id,
            "date": plan["date"],
            "amount": _number(document.amount.value),
            "payment_ref": self._label(document),
            "partner_id": plan["partner"].id,
            "partner_name": document.party_name or False,
            "account_number": document.party_account or False,
            "ref": document.end_to_end_id or document.line_id,
            "transaction_type": document.bank_code or False,
            "counterpart_account_id": None,
            "integration_bank_returns": document.returns or False,
        }
        original = document.original
        if original and original.currency != document.amount.currency:
            currency = self.env["res.currency"]._by_code(original.currency)
            if currency.active:  # else the line says it in its text; the bank's own amount is what moved
                values |= {"foreign_currency_id": currency.id, "amount_currency": _number(original.value)}
        return values
