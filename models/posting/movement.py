# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import functools
from datetime import timezone
from decimal import Decimal

from odoo import api, models

from ...engine.errors import BusinessError, IntegrationError, MissingReferenceError
from .work import Effect, Finding

# What a booked movement is set against (policy, table of events); the others are decided case by case.
COUNTERPART_ROLES = {
    "payout": "TRANSIT",
    "payout_return": "TRANSIT",
    "dispute": "AR-DISP",
    "dispute_return": "AR-DISP",
    "reserve": "PSP-RES",
    "reserve_release": "PSP-RES",
}
CUSTOMER_TYPES = ("payment", "payment_return", "refund", "refund_return")


class IntegrationPostingMovement(models.AbstractModel):
    """Balance movements at a provider (policy F1-F4, F14).

    Each is one bank statement line in the journal that mirrors the balance, booked on its own date whatever else
    is unknown. To what it belongs is a second question, answered by ``integration.posting.application``.
    """

    _name = "integration.posting.movement"
    _inherit = "integration.posting"
    _description = "Posting rules: provider movements"

    # -- deciding ------------------------------------------------------------------------------------------

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        documents = [document for work in works for document in work.documents]
        keys = {(document.type, document.movement_id) for document in documents}
        related = {("payment", document.related) for document in documents if document.related}
        lookups = {
            "connection": connection,
            "known": self.env["integration.movement"]._existing(connection, keys | related),
            "ledger": self.env["integration.movement"]._by_ledger_line(
                connection, {document.balance_transaction for document in documents} - {None}
            ),
            "journals": {
                account.currency_id.name: account.journal_id for account in connection.balance_account_ids
            },
            "role": self.env["integration.role.account"]._resolver(connection),
            "customers": self.env["integration.binding"]._find(
                connection,
                "customer",
                [document.customer.outside_id for document in documents if document.customer],
            ),
            "invoices": self.env["integration.posting.application"]._invoices_named(connection, documents),
            "currency": functools.cache(self._currency),
        }
        for work in works:
            try:
                work.plan = [
                    plan for document in work.documents if (plan := self._plan(work, document, lookups))
                ]
                work.plan += self.env["integration.dispute"]._plans(work)
            except IntegrationError as error:
                work.error = error
                continue
            if not work.plan and not work.findings:
                work.outcome = "superseded" if work.older else "duplicate"

    def _plan(self, work, document, lookups):
        """Return what to do for one movement: a dict with step 'book', 'note' or 'enrich'; None = nothing new."""
        known = lookups["known"].get((document.type, document.movement_id))
        if document.dispute and document.dispute.in_ledger and not document.changes_balance:
            return None  # its money is told by the ledger
        if known and (known.changes_balance or not document.changes_balance):
            return self._plan_known(work, document, known)
        if document.changes_balance and self._is_same_money(document, lookups["ledger"]):
            return None
        plan = {
            "step": "book" if document.changes_balance else "note",
            "document": document,
            "known": known,
            "event_date": self._event_date(work.connection, document.occurred_at),
            "currency": lookups["currency"](document.amount.currency),
        }
        if document.changes_balance:
            plan |= self._booking(work, document, plan["event_date"], lookups)
        plan |= self._party(document, lookups)
        if document.changes_balance:
            plan["account"] = self._counterpart(work, document, plan, lookups)
        return plan

    def _is_same_money(self, document, ledger):
        """Whether this ledger line is booked under another name: one line of the provider's ledger is one movement."""
        line = document.balance_transaction
        if not line or document.type == "fee":
            return False
        identity = (document.type, document.movement_id)
        return ledger.setdefault(line, identity) != identity

    def _plan_known(self, work, document, known):
        """Compare what is said now with what is booked. The booking stands; a difference is for a person."""
        if not document.changes_balance or work.older:  # what a newer version said of it stands
            return None
        if known.currency_id.compare_amounts(known.amount, _number(document.amount.value)):
            work.findings.append(
                Finding(
                    "movement_amount_differs",
                    {
                        "movement": document.movement_id,
                        "booked": f"{known.amount:.{known.currency_id.decimal_places}f} {known.currency_id.name}",
                        "stated": f"{document.amount.value} {document.amount.currency}",
                    },
                    cause=f"{document.type} {document.movement_id} {document.amount.value}",
                )
            )
            return None
        news = {}
        if document.balance_transaction and not known.balance_transaction:
            news["balance_transaction"] = document.balance_transaction
        if known.subject_to_return and not document.subject_to_return:
            news["subject_to_return"] = False
        return {"step": "enrich", "document": document, "known": known, "values": news} if news else None

    def _currency(self, code):
        currency = self.env["res.currency"]._by_code(code)
        if not currency.active:
            raise MissingReferenceError("currency_inactive", code, params={"currency": code})
        return currency

    def _booking(self, work, document, event_date, lookups):
        """Return journal, date and amounts of the statement line."""
        connection = work.connection
        settled = document.settled or document.amount
        journal = lookups["journals"].get(settled.currency)
        if not journal:
            if document.settled is None and lookups["journals"] and work.row["origin"] == "push":
                # Charged in a currency that we hold no balance in: the provider converts it, and its ledger, which is
                # fetched, will say what arrived.
                raise BusinessError(
                    "settlement_amount_unknown",
                    document.movement_id,
                    params={
                        "amount": f"{document.amount.value} {document.amount.currency}",
                        "currency": ", ".join(sorted(lookups["journals"])),
                    },
                )
            raise MissingReferenceError(
                "balance_account_missing", settled.currency, params={"currency": settled.currency}
            )
        date = self._first_open_day(connection.company_id, journal, event_date)
        booking = {"journal": journal, "date": date, "amount": settled.value, "settled": settled}
        if settled.currency != document.amount.currency:
            booking["foreign_amount"] = document.amount.value
        return booking

    def _party(self, document, lookups):
        """Return the customer and the invoices that the movement names, as far as they are known."""
        related = lookups["known"].get(("payment", document.related))
        invoices, unknown = lookups["invoices"](document)
        partner = self.env["res.partner"]
        if document.type in CUSTOMER_TYPES:
            binding = document.customer and lookups["customers"].get(document.customer.outside_id)
            partner = (
                invoices[:1].commercial_partner_id
                or (related and related.partner_id)
                or (binding and partner.browse(binding.res_id).exists().commercial_partner_id)
                or partner
            )
        return {"related": related, "invoices": invoices, "unknown": unknown, "partner": partner}

    def _counterpart(self, work, document, plan, lookups):
        """Return the id of the account against which the movement is booked; None = the journal's suspense."""
        if document.type in ("unknown", "conversion"):
            return None
        if document.type == "fee":
            return lookups["role"](self._fee_role(work, document))
        if document.type in COUNTERPART_ROLES:
            return lookups["role"](COUNTERPART_ROLES[document.type])
        if not plan["partner"]:
            return lookups["role"]("UNID")
        lines = plan["invoices"].line_ids.filtered(lambda line: line.display_type == "payment_term")
        return (lines[:1].account_id or plan["partner"].property_account_receivable_id).id

    def _fee_role(self, work, document):
        """Return the role against which a fee is booked: that of a dispute has one of its own."""
        if work.connection.fee_mode == "vendor":
            return "AP-PSP"
        disputes = {each.movement_id for each in work.documents if each.type == "dispute"}
        roles = self.env["integration.role.account"]._accounts_by_role(work.connection) if disputes else {}
        return "FEE-D" if document.related in disputes and "FEE-D" in roles else "FEE"

    # -- writing -------------------------------------------------------------------------------------------

    @api.model
    def _apply(self, works):
        plans = [(work, plan) for work in works for plan in work.plan]
        self._enrich([plan for _work, plan in plans if plan["step"] == "enrich"])
        self._book([(work, plan) for work, plan in plans if plan["step"] == "book"])
        self._note([(work, plan) for work, plan in plans if plan["step"] == "note"])
        self.env["integration.dispute"]._hear_all(
            [(work, plan) for work, plan in plans if plan["step"] == "dispute"]
        )

    def _enrich(self, plans):
        known = self.env["integration.movement"]
        for plan in plans:
            plan["known"].write(plan["values"])
            known |= plan["known"] if "balance_transaction" in plan["values"] else known.browse()
        self.env["integration.payout"]._touch(known)

    def _book(self, pairs):
        if not pairs:
            return
        lines = self._create_lines([self._line_values(work, plan) for work, plan in pairs])
        self._check_kept(
            lines.move_id,
            {line.move_id.id: plan["date"] for line, (_work, plan) in zip(lines, pairs, strict=True)},
        )
        movements = self._write_movements(pairs, lines)
        for (work, plan), line, movement in zip(pairs, lines, movements, strict=True):
            plan["movement"] = movement
            document = plan["document"]
            work.effects.append(
                Effect(f"movement:{document.type}:{document.movement_id}", "account.move", line.move_id.id)
            )
            self._tell_late(work, plan)
        self.env["integration.posting.application"]._apply_new(pairs)
        booked = movements[0].union(*movements)
        self.env["integration.processor.statement"]._touch(booked)
        self.env["integration.payout"]._booked_movements(booked)
        self.env["integration.payout"]._touch(booked)
        self.env["integration.dispute"]._touch(booked)
        self.env["integration.refund.order"]._touch(booked)

    def _create_lines(self, values_list):
        """Create statement lines with their posted entries.

        For each entry core looks, several times over, whether taxes ask for further lines, and line by line for
        analytic items, which are made when it is posted. Where no account brings a tax of its own that changes nothing
        and takes long, so it is left out.
        """
        accounts = self.env["account.account"].browse(
            {values["counterpart_account_id"] for values in values_list} - {None}
        )
        journals = self.env["account.journal"].browse({values["journal_id"] for values in values_list})
        accounts |= journals.default_account_id | journals.suspense_account_id
        plain = not accounts.tax_ids and self.env["integration.complete.lines"]._sync_is_known()
        Move = self.env["account.move"]
        shared = Move._context_of_lines(values_list) if plain else {}
        Line = self.env["account.bank.statement.line"].with_context(
            skip_invoice_sync=plain, skip_analytic_sync=plain, **Move._shared_numbers(), **shared
        )
        return Line.create(values_list).with_env(self.env)

    def _line_values(self, work, plan):
        document = plan["document"]
        values = {
            "journal_id": plan["journal"].id,
            "date": plan["date"],
            "amount": _number(plan["amount"]),
            "payment_ref": self._label(document),
            "partner_id": plan["partner"].id,
            "partner_name": (document.customer and document.customer.name) or False,
            "ref": document.movement_id,
            "transaction_type": document.type,
            "counterpart_account_id": plan["account"],
            "integration_connection_id": work.connection.id,
            "integration_source_id": document.movement_id,
            "integration_event_date": plan["event_date"],
            "integration_correlation_id": work.row["correlation_id"],
        }
        if document.type == "fee" and work.connection.fee_mode == "vendor":
            values["partner_id"] = work.connection.fee_partner_id.id
        if "foreign_amount" in plan:
            values["foreign_currency_id"] = plan["currency"].id
            values["amount_currency"] = _number(plan["foreign_amount"])
        return values

    def _label(self, document):
        labels = dict(self.env["integration.movement"]._fields["type"]._description_selection(self.env))
        parts = [labels[document.type], document.movement_id]
        parts += [reference.value for reference in document.references[:2]]
        if document.related:
            parts.append(document.related)
        return " · ".join(parts)[:200]

    def _write_movements(self, pairs, lines):
        """Create the movements, or complete those known so far only as attempts that moved nothing."""
        Movement = self.env["integration.movement"]
        new = []
        for (work, plan), line in zip(pairs, lines, strict=True):
            values = self._movement_values(work, plan)
            counterpart = line.move_id.line_ids.filtered(
                lambda item, journal=plan["journal"]: item.account_id != journal.default_account_id
            )
            values |= {"statement_line_id": line.id, "counterpart_id": counterpart[:1].id}
            if plan["known"]:
                plan["known"].write(values)
            else:
                new.append((plan, values))
        created = Movement.create([values for _plan, values in new])
        for (plan, _values), movement in zip(new, created, strict=True):
            plan["known"] = movement
        return [plan["known"] for _work, plan in pairs]

    def _movement_values(self, work, plan):
        document = plan["document"]
        settled = document.settled or document.amount
        values = {
            "connection_id": work.connection.id,
            "message_id": work.message_id,
            "type": document.type,
            "movement_id": document.movement_id,
            "balance_transaction": document.balance_transaction,
            "changes_balance": document.changes_balance,
            "status": document.status,
            "occurred_at": document.occurred_at.astimezone(timezone.utc).replace(tzinfo=None),
            "event_date": plan["event_date"],
            "currency_id": plan["currency"].id,
            "amount": _number(document.amount.value),
            "related_id": document.related,
            "outside_customer": document.customer and document.customer.outside_id,
            "customer_name": document.customer and document.customer.name,
            "method": document.method,
            "subject_to_return": document.subject_to_return,
            "description": document.description,
            "is_purchase": document.is_purchase,
            "failure": document.failure_message or document.failure_code,
            "partner_id": plan["partner"].id,
        }
        if document.changes_balance:
            values["settled_amount"] = _number(settled.value)
            values["settled_currency_id"] = (
                plan["journal"].currency_id or work.connection.company_id.currency_id
            ).id
        if not plan["known"]:
            values["reference_ids"] = [
                (0, 0, {"type": reference.type, "value": reference.value})
                for reference in document.references
            ]
        return values

    def _tell_late(self, work, plan):
        if plan["date"] == plan["event_date"]:
            return
        document = plan["document"]
        work.findings.append(
            Finding(
                "late_movement",
                {
                    "amount": f"{document.amount.value} {document.amount.currency}",
                    "date": str(plan["event_date"]),
                    "booked_on": str(plan["date"]),
                },
                cause=f"{document.type} {document.movement_id}",
            )
        )

    def _note(self, pairs):
        """Keep what did not move money: attempts that failed. Nothing is booked."""
        if not pairs:
            return
        created = self.env["integration.movement"].create(
            [self._movement_values(work, plan) for work, plan in pairs]
        )
        for (work, plan), movement in zip(pairs, created, strict=True):
            document = plan["document"]
            work.effects.append(
                Effect(f"attempt:{document.type}:{document.movement_id}", movement._name, movement.id)
            )
            if document.status == "failed":
                self.env["integration.event"]._publish_payment_failed(movement, plan["invoices"])


def _number(value):
    """Return an exact decimal as the float that Odoo's fields take; the currency rounds it to the same cent."""
    return float(value if value is not None else Decimal(0))
