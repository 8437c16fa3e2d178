# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.mapping import DEFAULT, broken_plan, shares
from ...engine.mapping_values import WITHOUT_DEFAULT
from ...engine.money import is_currency

KINDS = [
    ("account", "Account"),
    ("tax", "Tax"),
    ("product", "Product"),
    ("payment_term", "Payment terms"),
    ("journal", "Journal"),
    ("analytic", "Analytic distribution"),
    ("currency", "Currency"),
    ("status", "Status"),
    ("company", "Legal entity"),
    ("country", "Country"),
    ("unit", "Unit of measure"),
]
# The words of the canonical documents, which a source's own words are put into.
STATUSES = [
    ("active", "Customer: active"),
    ("archived", "Customer: archived"),
    ("pending", "Money: on its way"),
    ("succeeded", "Money: moved"),
    ("failed", "Money: failed"),
    ("cancelled", "Money: cancelled"),
]
# kind → (field that says what a value means, model behind it)
TARGETS = {
    "account": ("account_id", "account.account"),
    "tax": ("tax_id", "account.tax"),
    "product": ("product_id", "product.product"),
    "payment_term": ("payment_term_id", "account.payment.term"),
    "journal": ("journal_id", "account.journal"),
    "analytic": ("analytic_distribution", None),
    "currency": ("currency_id", "res.currency"),
    "status": ("status", None),
    "company": ("legal_entity_id", "res.company"),
    "country": ("country_id", "res.country"),
    "unit": ("unit_id", "uom.uom"),
}
TARGET_FIELDS = tuple(field for field, _model in TARGETS.values())


class IntegrationMappingTarget(models.AbstractModel):
    """What a value of an outside system means in Odoo: one field per kind of mapping."""

    _name = "integration.mapping.target"
    _description = "Meaning of an outside value"
    _inherit = ["analytic.mixin"]

    account_id = fields.Many2one("account.account", check_company=True, ondelete="restrict")
    tax_id = fields.Many2one("account.tax", check_company=True, ondelete="restrict")
    product_id = fields.Many2one("product.product", check_company=True, ondelete="restrict")
    payment_term_id = fields.Many2one("account.payment.term", check_company=True, ondelete="restrict")
    journal_id = fields.Many2one("account.journal", check_company=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", ondelete="restrict")
    status = fields.Selection(STATUSES)
    legal_entity_id = fields.Many2one("res.company", ondelete="restrict")
    country_id = fields.Many2one("res.country", ondelete="restrict")
    unit_id = fields.Many2one("uom.uom", string="Unit of measure", ondelete="restrict")
    target = fields.Char(compute="_compute_target", string="Means")

    def _kind(self):
        """Return the kind of mapping of this record (a key of TARGETS)."""
        self.ensure_one()
        return self.mapping

    def _target_depends(self):
        return ("mapping", *TARGET_FIELDS)

    @api.depends(lambda self: self._target_depends())
    @api.depends_context("lang")
    def _compute_target(self):
        for row in self:
            row.target = row._kind() and row._target_text(row._target_value())

    def _target_value(self):
        """Return what this record maps to as JSON: a record id, a text, or an analytic distribution; None = nothing."""
        self.ensure_one()
        kind = self._kind()
        if not kind:
            return None
        field, model = TARGETS[kind]
        return (self[field].id if model else self[field]) or None

    @api.model
    def _target_fields(self, kind, value):
        """Return field values that hold the target ``value`` of ``kind`` and nothing of any other kind."""
        values = dict.fromkeys(TARGET_FIELDS, False)
        values[TARGETS[kind][0]] = value or False
        return values

    def _target_text(self, value, kind=None):
        """Return in words what ``value`` is; people see the name also of what they may not open."""
        kind = kind or self._kind()
        field, model = TARGETS[kind]
        if not value:
            return False
        if model:
            # Codes of accounts are per company.
            companies = self.company_id.ids or self.env.companies.ids
            record = self.env[model].sudo().with_context(allowed_company_ids=companies).browse(value).exists()
            if kind == "account" and record:  # core shows its code only to those with accounting rights
                return f"{record.code or ''} {record.name}".strip()
            return record.display_name or self.env._("something that was deleted")
        if kind == "status":
            return dict(self._fields[field]._description_selection(self.env)).get(value, value)
        return self._distribution_text(value)

    def _distribution_text(self, distribution):
        accounts = self.env["account.analytic.account"].sudo()
        parts = []
        for key, percent in distribution.items():
            names = accounts.browse(int(part) for part in key.split(",")).exists().mapped("display_name")
            parts.append(f"{percent:g} % {' + '.join(names)}" if percent != 100 else " + ".join(names))
        return ", ".join(parts)

    def _target_problem(self, kind, value, company, code):
        """Return in words what is wrong with ``value`` as the meaning of the ``code`` in ``company``, or None."""
        _ = self.env._
        if kind in WITHOUT_DEFAULT and code == DEFAULT and not self._may_default(kind):
            return _("codes of this kind mean themselves unless each is mapped; there is no default")
        if kind == "currency" and is_currency(code):
            # Amounts keep their currency (policy F6): a code of the standard is never read as another one.
            return _("%s is a currency of ISO 4217 and means itself", code)
        if not value:
            return _("it is not said what the value means")
        model = TARGETS[kind][1]
        if model:
            return self._record_problem(self.env[model].sudo().browse(value).exists(), company)
        if kind == "analytic":
            return self._distribution_problem(value, company)
        return None if value in dict(STATUSES) else _("there is no such status")

    def _may_default(self, kind):
        """Whether a kind whose codes mean themselves may have a default all the same."""
        return (
            kind == "company"
        )  # for what names no entity at all, where one account serves several companies

    def _record_problem(self, record, company):
        _ = self.env._
        if not record:
            return _("what it should mean does not exist")
        if "active" in record._fields and not record.active:
            return _("%s is archived", record.display_name)
        owners = self.env["res.company"]
        if record._name != "res.company":
            for name in ("company_ids", "company_id"):
                owners |= record[name] if name in record._fields else owners
        if owners and not owners & company.parent_ids:
            return _("%s belongs to another company", record.display_name)
        return None

    def _distribution_problem(self, value, company):
        _ = self.env._
        try:
            ids = {account for accounts in shares(value) for account in accounts}
            accounts = self.env["account.analytic.account"].sudo().browse(ids).exists()
            if len(accounts) != len(ids):
                return _("an analytic account does not exist")
            for account in accounts:
                if not account.active:
                    return _("%s is archived", account.display_name)
                if account.company_id and account.company_id not in company.parent_ids:
                    return _("%s belongs to another company", account.display_name)
            plans = {account.id: account.root_plan_id for account in accounts}
            broken = broken_plan(value, lambda account: plans[account].id)
        except ValueError:
            return _("the analytic distribution is not readable, or one share names two accounts of one plan")
        if broken:
            name = self.env["account.analytic.plan"].sudo().browse(broken).display_name
            return _("the shares of the plan %s do not add up to 100 %%", name)
        return None

    def _check_targets(self):
        """Refuse what cannot be booked with.

        :raises ValidationError: nothing is chosen, or it is archived, of another company, or not 100 % of a plan.
        """
        for row in self:
            kind = row._kind()
            if problem := self._target_problem(kind, row._target_value(), row.company_id, row.outside_value):
                raise ValidationError(
                    self.env._(
                        "%(value)s cannot be mapped like this: %(problem)s.",
                        value=row.outside_value,
                        problem=problem,
                    )
                )
