# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Looks up what an outside system asks: as the connection's service user, in its company, writing nothing."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from ...engine.canonical import Amount, AppliedInvoice, AppliedPayment
from ...engine.canonical.queries import MAX_LISTED
from ...engine.credit import CreditFacts, decide
from ..messaging.event import STATUS_WORDS, money

_ZERO = Decimal(0)


class IntegrationQuestions(models.AbstractModel):
    """One method per kind of question. Each returns (fields of the answer, record), or None when it is not known.

    The environment is the service user's, with the connection's company as the only one. ``deadline`` is armed
    between steps, so that no statement runs beyond it.
    """

    _name = "integration.questions"
    _description = "Answers to outside questions"

    # -- credit ----------------------------------------------------------------------------------------------

    @api.model
    def _query_credit(self, connection, flow, query, step):
        step()
        partner = self._customer(connection, query.customer)
        if not partner:
            return None
        step()
        facts, since = self._credit_facts(connection, partner, query.amount)
        decision, reasons = decide(query.purpose, facts, flow.query_overdue_days)
        currency = connection.company_id.currency_id.name

        def amount(value):
            return None if value is None else Amount(value=value, currency=currency)

        answer = {
            "purpose": query.purpose,
            "decision": decision,
            "reasons": reasons,
            "on_hold": facts.on_hold,
            "receivable": amount(facts.receivable),
            "to_invoice": amount(facts.to_invoice),
            "requested": amount(facts.requested) if query.amount else None,
            "exposure": amount(facts.exposure),
            "credit_limit": amount(facts.limit),
            "available": amount(facts.available),
            "overdue": amount(facts.overdue),
            "overdue_since": since,
        }
        return answer, partner

    def _customer(self, connection, outside_id):
        """Return the customer that the asker means, as its company may see it."""
        binding = self.env["integration.binding"]._find(connection, "customer", [outside_id]).get(outside_id)
        if not binding or binding.res_model != "res.partner":
            return None
        return (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search(
                [("id", "=", binding.res_id), ("company_id", "in", (False, connection.company_id.id))],
                limit=1,
            )
        )

    def _credit_facts(self, connection, partner, asked):
        """Return (what the books say of a customer, the day since when an invoice is overdue or None)."""
        company, payer = connection.company_id, partner.commercial_partner_id
        currency = company.currency_id
        requested = _ZERO
        if asked:
            given = self.env["res.currency"].search([("name", "=", asked.currency)], limit=1)
            amount = float(asked.value)
            if given and given != currency:
                amount = given._convert(amount, currency, company, fields.Date.context_today(self))
            requested = money(amount, currency).value
        overdue, since = self._overdue(company, payer)
        limit = payer.credit_limit if company.account_use_credit_limit else 0
        return CreditFacts(
            on_hold=bool(partner.integration_credit_hold or payer.integration_credit_hold),
            archived=not partner.active or not payer.active,
            receivable=money(payer.credit or 0.0, currency).value,
            to_invoice=money(payer.credit_to_invoice or 0.0, currency).value,
            requested=requested,
            # As in Odoo itself, zero means that there is no limit.
            limit=money(limit, currency).value if limit else None,
            overdue=overdue,
            overdue_days=(fields.Date.context_today(self) - since).days if since else 0,
        ), since

    def _overdue(self, company, payer):
        """Return what is open beyond its due date, credits not counted, and the oldest of these dates."""
        domain = Domain(
            [
                ("company_id", "=", company.id),
                ("partner_id", "=", payer.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
                ("date_maturity", "<", fields.Date.context_today(self)),
            ]
        )
        [(total, since)] = self.env["account.move.line"]._read_group(
            domain, [], ["amount_residual:sum", "date_maturity:min"]
        )
        return money(total or 0.0, company.currency_id).value, since or None

    # -- invoices --------------------------------------------------------------------------------------------

    @api.model
    def _query_invoice(self, connection, flow, query, step):
        step()
        move = self._invoice(connection, query)
        if not move:
            return None
        step()
        currency = move.currency_id
        status = STATUS_WORDS.get(move.payment_state, "open")
        if move.state != "posted":
            status = {"cancel": "cancelled"}.get(move.state, "draft")
        late = move.state == "posted" and move.amount_residual and move.invoice_date_due
        days = (fields.Date.context_today(self) - move.invoice_date_due).days if late else 0
        answer = {
            "invoice_id": str(move.id),
            "document_type": "credit_note" if move.move_type == "out_refund" else "invoice",
            "entry_number": move.name or None,
            "legal_number": (move.ref or None) if move.integration_issued_elsewhere else None,
            "status": status,
            "issue_date": move.invoice_date or None,
            "due_date": move.invoice_date_due or None,
            "accounting_date": move.date if move.state == "posted" else None,
            "overdue_days": max(days, 0),
            "total_gross": money(move.amount_total, currency),
            "total_tax": money(move.amount_tax, currency),
            "amount_due": money(move.amount_residual, currency),
            "payments": self._payments(move) if move.state == "posted" else (),
        }
        return answer, move

    def _invoice(self, connection, query):
        """Return the one document that the asker means; of several with one number, none."""
        Move = self.env["account.move"]
        known = [
            ("company_id", "=", connection.company_id.id),
            ("move_type", "in", ("out_invoice", "out_refund")),
        ]
        if query.invoice_id:
            binding = (
                self.env["integration.binding"]
                ._find(connection, "invoice", [query.invoice_id])
                .get(query.invoice_id)
            )
            if not binding or binding.res_model != "account.move":
                return None
            return Move.search([*known, ("id", "=", binding.res_id)])
        number = Domain(
            [
                "|",
                ("name", "=", query.number),
                "&",
                ("ref", "=", query.number),
                ("integration_issued_elsewhere", "=", True),
            ]
        )
        found = Move.search(Domain(known) & number, limit=2)
        return found if len(found) == 1 else None

    def _payments(self, move):
        """Return what was applied to a document, oldest first."""
        rows = []
        lines = move.line_ids.filtered(lambda line: line.account_id.account_type == "asset_receivable")
        for partial in (lines.matched_debit_ids | lines.matched_credit_ids).sorted("id")[:MAX_LISTED]:
            ours_is_debit = partial.debit_move_id in lines
            other = (partial.credit_move_id if ours_is_debit else partial.debit_move_id).move_id
            amount = partial.debit_amount_currency if ours_is_debit else partial.credit_amount_currency
            movement = self.env["integration.movement"].search(
                [("statement_line_id.move_id", "=", other.id)], limit=1
            )
            kind = "payment" if movement or other.statement_line_id or other.origin_payment_id else "other"
            if other.move_type in ("out_refund", "out_invoice"):
                kind = "credit_note"
            rows.append(
                AppliedPayment(
                    entry_number=other.name or str(other.id),
                    accounting_date=other.date,
                    kind=kind,
                    amount=money(amount, move.currency_id),
                    movement_id=movement.movement_id or None,
                )
            )
        return tuple(rows)

    # -- payments --------------------------------------------------------------------------------------------

    @api.model
    def _query_payment(self, connection, flow, query, step):
        step()
        movement = self.env["integration.movement"].search(
            [
                ("company_id", "=", connection.company_id.id),
                ("movement_id", "=", query.movement_id),
                ("type", "=", query.movement_type),
            ],
            limit=2,
        )
        if len(movement) != 1:
            return None
        step()
        move = movement.move_id
        answer = {
            "movement_type": movement.type,
            "status": movement.status,
            "application": movement.application,
            "amount": money(movement.amount, movement.currency_id),
            "entry_number": move.name or None,
            "accounting_date": move.date if move else None,
            "invoices": self._applied(movement),
        }
        return answer, movement

    def _applied(self, movement):
        """Return the documents to which a movement was applied."""
        line = movement.counterpart_id
        rows = []
        for partial in (line.matched_debit_ids | line.matched_credit_ids).sorted("id")[:MAX_LISTED]:
            ours_is_debit = partial.debit_move_id == line
            other = (partial.credit_move_id if ours_is_debit else partial.debit_move_id).move_id
            amount = partial.credit_amount_currency if ours_is_debit else partial.debit_amount_currency
            rows.append(
                AppliedInvoice(
                    invoice_id=str(other.id),
                    number=other._integration_number() or str(other.id),
                    amount=money(amount, other.currency_id),
                )
            )
        return tuple(rows)
