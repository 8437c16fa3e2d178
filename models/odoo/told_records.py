# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where changes of Odoo's own records become business events: by hand, by import, by the hub, all the same (E12)."""

from decimal import Decimal

from odoo import api, fields, models

from ..messaging.event import money

# Odoo's lock dates → the word for it in the event.
LOCKS = {
    "fiscalyear_lock_date": "fiscal_year",
    "tax_lock_date": "tax",
    "sale_lock_date": "sales",
    "purchase_lock_date": "purchases",
    "hard_lock_date": "hard",
}
# What of a purchase order is told when it changes.
ORDER_FIELDS = frozenset({"state", "order_line", "partner_id", "currency_id", "payment_term_id"})
ORDER_LINE_FIELDS = frozenset(
    {
        "product_id",
        "name",
        "product_qty",
        "price_unit",
        "discount",
        "tax_ids",
        "date_planned",
        "product_uom_id",
    }
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _integration_hold_changed(self, hold):
        result = super()._integration_hold_changed(hold)
        kind = "event.credit_hold_set" if hold else "event.credit_hold_cleared"
        self.env["integration.event"]._publish_partners(
            self.env.company,
            self,
            kind,
            lambda partner: {"reason": partner.integration_credit_hold_reason or None} if hold else {},
        )
        return result

    def _integration_approval_changed(self, name, on):
        result = super()._integration_approval_changed(name, on)
        if on:
            customer = name == "integration_customer_approved"
            kind = "event.customer_approved" if customer else "event.supplier_activated"
            by = {"approved_by" if customer else "activated_by": self.env.user.name}
            self.env["integration.event"]._publish_partners(self.env.company, self, kind, lambda partner: by)
        return result


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._integration_contracted(orders.filtered(lambda order: order.state == "sale"))
        return orders

    def write(self, vals):
        news = (
            self.filtered(lambda order: order.state != "sale")
            if vals.get("state") == "sale"
            else self.browse()
        )
        result = super().write(vals)
        self._integration_contracted(news)
        return result

    @api.model
    def _integration_contracted(self, orders):
        if orders:
            self.env["integration.event"]._later("_publish_orders_contracted", orders.ids)


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    integration_told = fields.Char(
        copy=False, readonly=True, help="State and digest of the order as other systems were last told."
    )

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state == "purchase")._integration_changed()
        return orders

    def write(self, vals):
        result = super().write(vals)
        if ORDER_FIELDS & vals.keys():
            self._integration_changed()
        return result

    def _integration_changed(self):
        """Have these orders looked at before the transaction commits, where they are or were contracts."""
        changed = self.filtered(lambda order: order.state == "purchase" or order.integration_told)
        if changed:
            self.env["integration.event"]._later("_publish_purchase_orders", changed.ids)


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.order_id._integration_changed()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if ORDER_LINE_FIELDS & vals.keys():
            self.order_id._integration_changed()
        return result

    def unlink(self):
        orders = self.order_id
        result = super().unlink()
        orders._integration_changed()
        return result


class AccountBankStatement(models.Model):
    _inherit = "account.bank.statement"

    integration_reconciled_told = fields.Boolean(
        copy=False, readonly=True, help="Other systems and rules were told that it is reconciled."
    )

    @api.model_create_multi
    def create(self, vals_list):
        statements = super().create(vals_list)
        events = self.env["integration.event"]
        events._later("_publish_statements_loaded", statements.ids)
        events._later("_publish_bank_statements_reconciled", statements.ids)
        return statements

    def write(self, vals):
        result = super().write(vals)
        if {"line_ids", "balance_start", "balance_end_real"} & vals.keys():
            self.env["integration.event"]._later("_publish_bank_statements_reconciled", self.ids)
        return result

    def _integration_is_reconciled(self):
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.state == "posted")
        return bool(lines) and self.is_complete and all(lines.mapped("is_reconciled"))

    def _integration_reconciled_facts(self):
        return {
            "line_count": len(self.line_ids),
            "closing": money(self.balance_end_real, self.currency_id),
        }


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def _compute_is_reconciled(self):
        """The one place through which every way of matching a line passes."""
        result = super()._compute_is_reconciled()
        statements = self.statement_id._origin
        if statements:
            self.env["integration.event"]._later("_publish_bank_statements_reconciled", statements.ids)
        return result


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        lines = partials.debit_move_id | partials.credit_move_id
        if any(line.account_id.account_type == "asset_receivable" for line in lines):
            self.env["integration.event"]._later("_publish_matches", lines.ids)
        partials._integration_look_at_bills()
        return partials

    def unlink(self):
        self._integration_look_at_bills()
        self._integration_write_down_undone()
        return super().unlink()

    def _integration_write_down_undone(self):
        """Keep in the audit trail what a person takes apart: Odoo itself forgets it.

        The detail begins with the amount in the currency of the books: the report on overrides reads it from there.
        """
        if self.env.user.integration_service:
            return  # the event in whose name it is undone tells of it
        entries = []
        for partial in self:
            debit, credit, currency = (
                partial.debit_move_id,
                partial.credit_move_id,
                partial.company_currency_id,
            )
            amount = Decimal(str(partial.amount)).quantize(Decimal(1).scaleb(-currency.decimal_places))
            entries.append(
                {
                    "action": "match.undone",
                    "company_id": partial.company_id.id,
                    "res_model": "account.move",
                    "res_id": debit.move_id.id,
                    "detail": f"{amount} {currency.name}: {debit.move_id.name} ↔ {credit.move_id.name}",
                }
            )
        self.env["integration.audit.leaf"]._append(entries)

    def _integration_look_at_bills(self):
        """Have the bills that are matched here looked at before the transaction commits."""
        moves = (self.debit_move_id | self.credit_move_id).move_id
        if bills := moves.filtered(lambda move: move.move_type == "in_invoice"):
            self.env["integration.event"]._later("_publish_bills_paid", bills.ids)


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        moved = LOCKS.keys() & vals.keys()
        before = {company: {name: company[name] for name in moved} for company in self} if moved else {}
        result = super().write(vals)
        for company, dates in before.items():
            for name, earlier in sorted(dates.items()):
                until = company[name]
                if until and (not earlier or until > earlier):
                    self.env["integration.event"]._publish_period_closed(company, LOCKS[name], until, earlier)
        return result


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create(vals_list)
        self.env["integration.event"]._publish_exceptions(exceptions, "event.exception_raised")
        return exceptions

    def _resolve(self, resolution):
        resolved = self.sudo().filtered(lambda row: row.state == "open")
        result = super()._resolve(resolution)
        self.env["integration.event"]._publish_exceptions(resolved, "event.exception_resolved")
        return result


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    counterpart_id = fields.Many2one(index="btree_not_null")

    @api.model_create_multi
    def create(self, vals_list):
        movements = super().create(vals_list)
        movements._integration_disputed()
        return movements

    def write(self, vals):
        result = super().write(vals)
        if vals.get("changes_balance"):  # an inquiry has become a dispute
            self._integration_disputed()
        return result

    def _integration_disputed(self):
        disputes = self.filtered(
            lambda row: row.type == "dispute" and row.status not in ("failed", "cancelled")
        )
        if disputes:
            self.env["integration.event"]._later("_publish_disputes_opened", disputes.ids)


class IntegrationProcessorStatement(models.Model):
    _inherit = "integration.processor.statement"

    integration_reconciled_told = fields.Boolean(readonly=True, copy=False)

    def _compare(self):
        result = super()._compare()
        self.env["integration.event"]._later("_publish_processor_statements_agreed", self.ids)
        return result

    def _integration_is_reconciled(self):
        self.ensure_one()
        return self.state == "agrees" and bool(self.as_of)

    def _integration_reconciled_facts(self):
        return {
            "line_count": self.movement_count,
            "closing": money(self.provider_closing, self.currency_id),
        }
