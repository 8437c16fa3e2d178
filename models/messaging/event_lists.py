# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is told of Odoo's own lists (O3, O15, O16): accounts, taxes, terms, currencies, analytics, products, words."""

from decimal import Decimal

from odoo import api, models

from ...engine.canonical import kind_of
from ...engine.canonical.reference_events import (
    AccountChanged,
    CurrencyChanged,
    DimensionChanged,
    PaymentTermChanged,
    ProductChanged,
    StatusChanged,
    TaxChanged,
    TermPart,
)
from ...engine.event_catalogue import EVENTS
from ...engine.instants import utc_now
from .happening import happenings

# Odoo keeps rates and shares as floating numbers with this many decimals.
RATE_DECIMALS = 4
MAX_PARTS, MAX_TAXES = 50, 20


class IntegrationEvent(models.AbstractModel):
    _inherit = "integration.event"

    # -- what changed --------------------------------------------------------------------------------------

    @api.model
    def _publish_accounts_changed(self, ids):
        self._publish_listed("event.account_changed", ids)

    @api.model
    def _publish_taxes_changed(self, ids):
        self._publish_listed("event.tax_changed", ids)

    @api.model
    def _publish_payment_terms_changed(self, ids):
        self._publish_listed("event.payment_term_changed", ids)

    @api.model
    def _publish_currencies_changed(self, ids):
        self._publish_listed("event.currency_changed", ids)

    @api.model
    def _publish_dimensions_changed(self, ids):
        self._publish_listed("event.dimension_changed", ids)

    @api.model
    def _publish_products_changed(self, ids):
        self._publish_listed("event.product_changed", ids)

    @api.model
    def _publish_statuses_changed(self, ids):
        self._publish_listed("event.status_changed", ids)

    def _publish_listed(self, kind, ids, change=None):
        """Tell each company that listens of these entries of a list.

        :param change: what happened; None = seen from the entries: new in this transaction, archived, or changed.
        """
        records = self.env[EVENTS[kind].model].browse(ids).exists()
        for company in self._listening(kind):
            entries = records.filtered_domain(self._domain_of_list(kind, company))
            self._publish(company, [self._listed(kind, company, entry, change) for entry in entries])

    def _listening(self, kind):
        companies = self.env["res.company"].sudo().search([("active", "=", True)])
        return companies.filtered(lambda company: self._is_heard(company.id, kind))

    def _domain_of_list(self, kind, company):
        """Return which entries of a list a company can book with."""
        model = self.env[EVENTS[kind].model]
        if "company_id" in model._fields or "company_ids" in model._fields:
            return model._check_company_domain(company)
        return []

    # -- a whole list --------------------------------------------------------------------------------------

    @api.model
    def _ids_of_list(self, kind, company, limit):
        """Return the ids of at most ``limit`` entries of a company's list that are in use."""
        domain = self._domain_of_list(kind, company)
        if kind == "event.product_changed":
            domain = [*domain, ("sale_ok", "=", True)]
        return self.env[EVENTS[kind].model].search(domain, limit=limit, order="id").ids

    @api.model
    def _send_listed(self, subscription, ids):
        """Tell one receiver of these entries, whether they changed or not; returns how many it asked for."""
        kind, company = subscription.kind, subscription.company_id
        records = self.env[EVENTS[kind].model].browse(ids).exists()
        rows = [self._listed(kind, company, entry, "listed") for entry in records]
        matching = {id(one.document) for one in subscription._matches(happenings(self.env, company, rows))}
        rows = [row for row in rows if id(row[2]) in matching]
        if rows:
            self._store(company, kind, [(subscription.flow_id.id, subscription.connection_id.id, rows)])
        return len(rows)

    # -- words ---------------------------------------------------------------------------------------------

    def _listed(self, kind, company, record, change):
        """Return (object key, correlation id, document) of one entry."""
        record = record.with_company(company).with_context(lang=company.partner_id.lang)
        document = _FACTS[kind](self, company, record, self._listed_facts(company, record, change))
        return f"{kind_of(document)[0].removeprefix('event.')}:{record.id}", None, document

    def _listed_facts(self, company, record, change):
        if change is None:
            is_new = record.create_date and record.create_date >= self._began()
            change = "ended" if not self._is_used(record) else "added" if is_new else "changed"
        return {
            "source": self._source(record),
            "occurred_at": utc_now(),
            "change": change,
            "record_id": str(record.id),
            "company": company.name,
            "active": self._is_used(record) and change != "ended",
        }

    def _is_used(self, record):
        return record.active and (record._name != "product.product" or record.sale_ok)

    def _account_facts(self, _company, account, facts):
        return AccountChanged(
            **facts,
            code=account.code or None,
            label=account.name,
            account_type=account.account_type,
            currency=account.currency_id.name or None,
            reconcilable=account.reconcile,
        )

    def _tax_facts(self, _company, tax, facts):
        is_rate = tax.amount_type in ("percent", "division")
        return TaxChanged(
            **facts,
            label=tax.name,
            use=tax.type_tax_use,
            computation=tax.amount_type,
            rate_percent=_rate(tax.amount) if is_rate else None,
            price_includes_tax=tax.price_include,
        )

    def _payment_term_facts(self, _company, term, facts):
        return PaymentTermChanged(
            **facts,
            label=term.name,
            parts=tuple(
                TermPart(
                    counted_from=line.delay_type,
                    days=line.nb_days,
                    percent=_rate(line.value_amount) if line.value == "percent" else None,
                    fixed=_rate(line.value_amount) if line.value == "fixed" else None,
                )
                for line in term.line_ids[:MAX_PARTS]
            ),
        )

    def _currency_facts(self, _company, currency, facts):
        return CurrencyChanged(
            **facts,
            code=currency.name,
            label=currency.full_name or currency.name,
            decimal_places=currency.decimal_places,
        )

    def _dimension_facts(self, _company, analytic, facts):
        root, plan = analytic.root_plan_id, analytic.plan_id
        return DimensionChanged(
            **facts,
            code=analytic.code or None,
            label=analytic.name,
            dimension=root.name,
            branch=plan.complete_name if plan != root else None,
        )

    def _product_facts(self, company, product, facts):
        taxes = product.taxes_id._filter_taxes_by_company(company)
        return ProductChanged(
            **facts,
            code=(product.default_code or "")[:64] or None,
            label=product.display_name if product.product_template_variant_value_ids else product.name,
            price=_rate(product.lst_price),
            currency=product.currency_id.name,
            barcode=product.barcode or None,
            category=product.categ_id.complete_name or None,
            unit=product.uom_id.name or None,
            price_includes_tax=any(taxes.mapped("price_include")),
            tax_ids=tuple(str(tax.id) for tax in taxes[:MAX_TAXES]),
        )

    def _status_facts(self, _company, word, facts):
        return StatusChanged(**facts, code=word.code, label=word.label or word.code, about=word.about)


def _rate(value):
    """Return what Odoo keeps as a floating number as the decimal that people entered."""
    return Decimal(f"{value:.{RATE_DECIMALS}f}").normalize() + 0


_FACTS = {
    "event.account_changed": IntegrationEvent._account_facts,
    "event.tax_changed": IntegrationEvent._tax_facts,
    "event.payment_term_changed": IntegrationEvent._payment_term_facts,
    "event.currency_changed": IntegrationEvent._currency_facts,
    "event.dimension_changed": IntegrationEvent._dimension_facts,
    "event.product_changed": IntegrationEvent._product_facts,
    "event.status_changed": IntegrationEvent._status_facts,
}
