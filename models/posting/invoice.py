# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import functools
from collections import defaultdict
from decimal import Decimal

from odoo import api, models
from odoo.tools import float_round

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError, IntegrationError, MissingReferenceError

# Stands in front of the code of a role, where a line is booked on the account of a role.
ROLE = "role:"
# What a billing system may charge or settle beside what it sells: shipping, and what was paid for before.
BILLED_ROLES = frozenset({"SHIP", "CUSTDEP"})
MOVE_TYPES = {"invoice": "out_invoice", "credit_note": "out_refund"}


class IntegrationPostingInvoice(models.AbstractModel):
    """Customer invoices and credit notes (O5, policy F8).

    Issuer ``source``: number, dates, lines, tax per line and total are facts and are kept to the cent.
    Issuer ``odoo``: Odoo issues the document with its own number, taxes and terms.
    """

    _name = "integration.posting.invoice"
    _inherit = "integration.posting"
    _description = "Posting rules: customer invoices"

    # -- deciding ------------------------------------------------------------------------------------------

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        documents = [work.documents[0] for work in works]
        lookups = {
            "bound": self.env["integration.binding"]._find(
                connection,
                "invoice",
                [document.source.object_id for document in documents]
                + [document.credit_of for document in documents],
            ),
            "customers": self.env["integration.binding"]._find(
                connection, "customer", [document.customer.outside_id for document in documents]
            ),
            "numbers": self._numbers_in_use(connection, documents),
            "resolver": self.env["integration.mapping"]._resolver(connection),
            "new_partners": {},
            # Documents of one batch ask the same again and again.
            "currency": functools.cache(self._currency),
            "fiscal_position": functools.cache(self.env["account.fiscal.position"]._get_fiscal_position),
            "open_day": functools.cache(functools.partial(self._first_open_day, has_tax=True)),
        }
        for work in works:
            document = work.documents[0]
            lookups["resolve"] = lookups["resolver"].for_work(work, document.issue_date)
            try:
                self._plan(work, document, lookups)
            except IntegrationError as error:
                work.error = error

    def _numbers_in_use(self, connection, documents):
        """Return {legal number: outside id} of documents that this issuer has numbered before."""
        numbers = [
            document.number for document in documents if document.issuer == "source" and document.number
        ]
        moves = self.env["account.move"].search(
            [
                ("integration_connection_id", "=", connection.id),
                ("ref", "in", numbers),
                ("integration_issued_elsewhere", "=", True),
            ]
        )
        return {move.ref: move.integration_source_id for move in moves}

    def _plan(self, work, document, lookups):
        if self._is_known(work, document, lookups["bound"].get(document.source.object_id)):
            return
        self._claim_number(document, lookups["numbers"])
        # Mappings first: a document that lacks one must not leave a new customer behind.
        resolver, resolve = lookups["resolver"], lookups["resolve"]
        by_role = self._by_role(work.connection, resolve)
        parts = [self._line_parts(line, by_role) for line in document.lines]
        for line, part in zip(document.lines, parts, strict=True):
            part["analytic_distribution"] = resolver.distribution(line.analytic, resolve) or None
        header = self._header(work, document, lookups)
        lines = [
            self._line(header, document, line, part) for line, part in zip(document.lines, parts, strict=True)
        ]
        base_lines = self._base_lines_of(work, document, header, lines)
        work.plan = {"header": header, "lines": lines, "base_lines": base_lines}

    def _is_known(self, work, document, binding):
        """Whether this document is in the books already; a changed one is refused."""
        if not binding:
            return False
        if binding.content_digest == document_digest(document):
            work.outcome, work.note = "duplicate", f"{binding.res_model},{binding.res_id}"
            return True
        move = self.env["account.move"].browse(binding.res_id).exists()
        raise BusinessError(
            "document_changed",
            f"move {binding.res_id} was booked from version {binding.outside_version}",
            params={"number": move.ref or move.name or document.source.object_id},
        )

    def _claim_number(self, document, numbers):
        if document.issuer != "source":
            return
        if numbers.get(document.number, document.source.object_id) != document.source.object_id:
            raise BusinessError(
                "duplicate_number", document.source.object_id, params={"number": document.number}
            )
        numbers[document.number] = document.source.object_id

    def _header(self, work, document, lookups):
        connection = work.connection
        company = connection.company_id
        currency = lookups["currency"](document.currency)
        partner = self._partner(work, document, lookups)
        journal = self._journal(connection, document, lookups["resolve"])
        date = lookups["open_day"](company, journal, document.issue_date)
        term = self._payment_term(document, partner, lookups["resolve"])
        self._check_late(work, document.issue_date, date)
        return {
            "move_type": MOVE_TYPES[document.document_type],
            "company": company,
            "currency": currency,
            "rate": self.env["res.currency"]._get_conversion_rate(
                company.currency_id, currency, company, document.issue_date
            ),
            "partner": partner,
            "journal": journal,
            "invoice_date": document.issue_date,
            "date": date,
            # Without a term Odoo would say: due on the day on which it is written down, whenever that is.
            "due_date": document.due_date or (None if term else document.issue_date),
            "payment_term": term,
            "receivable": partner.property_account_receivable_id,
            "fiscal_position": self._fiscal_position(document, partner, lookups),
            "tax_exigible": True,
            "reversed": self._credited(work, document, lookups["bound"]),
            "set_off_later": document.set_off == "later",
        }

    def _currency(self, code):
        currency = self.env["res.currency"]._by_code(code)
        if not currency.active:
            raise MissingReferenceError("currency_inactive", code, params={"currency": code})
        return currency

    def _partner(self, work, document, lookups):
        """Return the customer; one that is new to Odoo is created from what the document says of it."""
        party = document.customer
        binding = lookups["customers"].get(party.outside_id)
        if binding and (partner := self.env["res.partner"].browse(binding.res_id).exists()):
            return partner
        new = lookups["new_partners"]
        key = (party.outside_id, party.tax_id, party.email, party.name)
        if key in new:
            return new[key]
        partner = self.env["integration.posting.customer"]._match_party(work.connection, party)
        if not partner:
            self._wait_for_customer(work, party, document_names_it=bool(party.name))
            if not party.name:
                value = party.outside_id or party.email or ""
                raise MissingReferenceError("partner_unknown", value, params={"value": value})
            partner = self.env["integration.posting.customer"]._create_from_party(work.connection, party)
        if party.outside_id:
            self.env["integration.binding"]._bind(
                work.connection, "customer", [(party.outside_id, partner, 0, None)]
            )
        new[key] = partner
        return partner

    def _journal(self, connection, document, resolve):
        if document.journal:
            return resolve("journal", document.journal)
        journal = connection.issued_journal_id if document.issuer == "source" else connection.sales_journal_id
        journal = journal or connection.sales_journal_id or connection.issued_journal_id
        if not journal:
            raise MissingReferenceError(
                "journal_missing", params={"purpose": self.env._("customer invoices")}
            )
        return journal

    def _payment_term(self, document, partner, resolve):
        if document.due_date:
            return self.env["account.payment.term"]
        if document.payment_term:
            return resolve("payment_term", document.payment_term)
        return (
            partner.property_payment_term_id
            if document.issuer == "odoo"
            else self.env["account.payment.term"]
        )

    def _fiscal_position(self, document, partner, lookups):
        if document.issuer == "source":  # the issuer has decided the tax
            return self.env["account.fiscal.position"]
        return lookups["fiscal_position"](partner)

    def _credited(self, work, document, bound):
        """Return the invoice that a credit note credits, or an empty recordset.

        :raises MissingReferenceError: ``parent_missing`` while it is not there, ``credited_invoice_unknown`` where
            several have this number.
        """
        Move = self.env["account.move"]
        if document.document_type != "credit_note" or not document.credit_of:
            return Move
        binding = bound.get(document.credit_of)
        move = Move.browse(binding.res_id).exists() if binding else Move
        move = move or Move.search(
            [
                ("company_id", "=", self.env.company.id),
                ("move_type", "=", "out_invoice"),
                "|",
                ("name", "=", document.credit_of),
                ("ref", "=", document.credit_of),
            ],
            limit=2,
        )
        if not move:
            self._wait_for(work, "invoice", document.credit_of)
        if len(move) > 1:
            raise MissingReferenceError(
                "credited_invoice_unknown", document.credit_of, params={"number": document.credit_of}
            )
        return move

    def _by_role(self, connection, resolve):
        """Return ``resolve``, which of a billing system knows the accounts of the roles that its lines may name."""
        if not connection._spec().bills:
            return resolve

        def resolve_role(mapping, code):
            role = code.removeprefix(ROLE)
            if mapping != "account" or role == code or role not in BILLED_ROLES:
                return resolve(mapping, code)
            account_id = self.env["integration.role.account"]._resolver(connection)(role)
            return self.env["account.account"].browse(account_id)

        return resolve_role

    def _line_parts(self, line, resolve):
        """Return what the codes of a line mean: product, account and taxes (None = none named)."""
        codes = dict.fromkeys([*line.tax_codes, *(tax.code for tax in line.taxes)])
        tax_by_code = {code: resolve("tax", code) for code in codes}
        product = self._product(line, resolve)
        return {
            "product": product,
            "unit": self.env["integration.mapping"]._unit_of(line, product, resolve),
            "account": resolve("account", line.account) if line.account else None,
            "tax_by_code": tax_by_code,
            "taxes": self.env["account.tax"].union(*tax_by_code.values()) if codes else None,
        }

    def _line(self, header, document, line, parts):
        product, taxes = parts["product"], parts["taxes"]
        if taxes is None:
            taxes = self.env["account.tax"]
            if document.issuer == "odoo" and product:
                own = product.taxes_id.filtered_domain(taxes._check_company_domain(header["company"]))
                taxes = header["fiscal_position"].map_tax(own)
        return {
            "name": _label(line),
            "product": product,
            "unit": parts["unit"],
            "quantity": self._rounded(line.quantity, "quantity"),
            "price_unit": _number(line.unit_price),
            "discount": self._rounded(line.discount_percent or Decimal(0), "discount"),
            "taxes": taxes,
            "tax_by_code": parts["tax_by_code"],
            "account": parts["account"] or self._income_account(header, product),
            "analytic_distribution": parts["analytic_distribution"],
        }

    def _rounded(self, value, field):
        """Return ``value`` in the digits of the invoice line's field, as saving it would."""
        digits = self.env["account.move.line"]._fields[field].get_digits(self.env)
        return float_round(_number(value), precision_digits=digits[1]) if digits else _number(value)

    def _product(self, line, resolve):
        Product = self.env["product.product"]
        if not line.product:
            return Product
        try:
            return resolve("product", line.product)
        except MissingReferenceError as error:
            if error.code != "mapping_missing":
                raise
            found = Product.with_context(active_test=False).search(
                [("default_code", "=", line.product)], order="active DESC, id", limit=2
            )
            used = found.filtered("active")
            if len(used) == 1:
                return Product.browse(used.id)
            if line.account:
                return Product
            if found and not used:
                raise self._product_archived(line, found[:1]) from error
            raise

    def _product_archived(self, line, product):
        """Return the error with which a document waits for a product to be taken out of the archive."""
        return MissingReferenceError(
            "product_archived",
            f"product.product {product.id}",
            params={
                "source": self.env.user.name,
                "name": line.description or line.product,
                "value": line.product,
                "products": product.display_name,
                "product_id": product.id,
            },
        )

    def _income_account(self, header, product):
        account = header["journal"].default_account_id
        if product:
            account = (
                product.product_tmpl_id.get_product_accounts(header["fiscal_position"])["income"] or account
            )
        if not account:
            raise MissingReferenceError(
                "mapping_missing",
                params={
                    "mapping": self.env._("Account"),
                    "value": self.env._("(none given)"),
                    "code": "account",
                },
            )
        return account

    def _base_lines_of(self, work, document, header, lines):
        """Return computed base lines; for a document issued elsewhere its own amounts go before Odoo's."""
        Complete = self.env["integration.complete.lines"]
        base_lines = Complete._computed(header, lines)
        if document.issuer == "odoo":
            return base_lines
        stated_tax = sum((tax.amount for line in document.lines for tax in line.taxes), Decimal(0))
        computed_tax = sum(_tax_of(base_line) for base_line in base_lines)
        currency = header["currency"]
        if self._same(currency, document, base_lines, computed_tax, stated_tax):
            return base_lines
        difference = abs(_number(stated_tax) - computed_tax)
        # What a person has accepted for this one event goes before the connection's own tolerance.
        allowed = max(work.connection.tax_tolerance, work.row.get("granted_tolerance") or 0)
        if currency.compare_amounts(difference, allowed) > 0:
            raise BusinessError(
                "tax_difference",
                document.source.object_id,
                params={
                    "stated": f"{stated_tax:f}",
                    "computed": f"{computed_tax:.{currency.decimal_places}f}",
                    "currency": currency.name,
                    "number": document.number,
                },
            )
        for line, stated in zip(lines, document.lines, strict=True):
            line["manual_total_excluded_currency"] = _number(stated.net_amount)
            line["manual_tax_amounts"] = self._manual_taxes(line, stated)
        return Complete._computed(header, lines)

    def _same(self, currency, document, base_lines, computed_tax, stated_tax):
        """Whether Odoo computes, line by line and in total, exactly what the issuer states."""
        return currency.compare_amounts(computed_tax, _number(stated_tax)) == 0 and all(
            currency.compare_amounts(_net_of(base_line), _number(line.net_amount)) == 0
            and currency.compare_amounts(
                _tax_of(base_line), _number(sum((tax.amount for tax in line.taxes), Decimal(0)))
            )
            == 0
            for base_line, line in zip(base_lines, document.lines, strict=True)
        )

    def _manual_taxes(self, line, stated):
        """Return the issuer's tax amounts by Odoo's tax; codes that mean the same tax add up."""
        amounts = defaultdict(Decimal)
        for tax in stated.taxes:
            amounts[line["tax_by_code"][tax.code].id] += tax.amount
        return {
            str(tax_id): {
                "tax_amount_currency": _number(amount),
                "base_amount_currency": _number(stated.net_amount),
            }
            for tax_id, amount in amounts.items()
        }


def _label(line):
    """Return what stands on a line: its description, and the days of service where the issuer names them."""
    if not line.period_start or not line.period_end:
        return line.description
    return f"{line.description} ({line.period_start} – {line.period_end})"


def _number(value):
    """Return an exact decimal as the float that Odoo's fields take; the currency rounds it to the same cent."""
    return float(value)


def _net_of(base_line):
    return (
        base_line["tax_details"]["total_excluded_currency"]
        + base_line["tax_details"]["delta_total_excluded_currency"]
    )


def _tax_of(base_line):
    return sum(tax["tax_amount_currency"] for tax in base_line["tax_details"]["taxes_data"])
