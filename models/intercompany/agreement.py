# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One company collects money for another: with which accounts and journals both sides are booked (policy F19, C5)."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

STATES = [("draft", "Draft"), ("active", "In force"), ("ended", "Ended")]
# What decides about the entries of both companies.
DECIDES = (
    "company_id",
    "payee_id",
    "payable_account_id",
    "receivable_account_id",
    "journal_id",
    "payee_journal_id",
    "payee_partner_id",
    "collector_partner_id",
    "valid_from",
    "valid_until",
    "at_once",
)
PAYABLE_TYPES = ("liability_payable", "liability_current", "asset_receivable", "asset_current")
GENERAL = "general"


class IntegrationCollectionAgreement(models.Model):
    """Company A collects for company B: what A owes B for it, and B is owed by A, in the same moment."""

    _name = "integration.collection.agreement"
    _description = "Agreement to collect for another company"
    _order = "company_id, payee_id, id desc"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        string="Collecting company",
        ondelete="restrict",
        help="The company whose account at the provider the money reaches.",
    )
    payee_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        string="Collects for",
        ondelete="restrict",
        help="The company that has issued the invoice.",
    )
    payable_account_id = fields.Many2one(
        "account.account",
        required=True,
        string="Owed to the other company",
        ondelete="restrict",
        domain="[('company_ids', 'in', company_id), ('reconcile', '=', True), ('account_type', 'in',"
        " ('liability_payable', 'liability_current', 'asset_receivable', 'asset_current'))]",
        help="Account of the collecting company: what it has collected and still owes.",
    )
    receivable_account_id = fields.Many2one(
        "account.account",
        required=True,
        string="Owed by the collecting company",
        ondelete="restrict",
        domain="[('company_ids', 'in', payee_id), ('reconcile', '=', True), ('account_type', 'in',"
        " ('asset_receivable', 'asset_current', 'liability_payable', 'liability_current'))]",
        help="Account of the company that is collected for: what it is still to get.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        string="Journal of the collecting company",
        ondelete="restrict",
        domain="[('company_id', '=', company_id), ('type', '=', 'general')]",
    )
    payee_journal_id = fields.Many2one(
        "account.journal",
        required=True,
        string="Journal of the other company",
        ondelete="restrict",
        domain="[('company_id', '=', payee_id), ('type', '=', 'general')]",
    )
    payee_partner_id = fields.Many2one(
        "res.partner",
        required=True,
        string="The other company as a contact",
        ondelete="restrict",
        compute="_compute_partners",
        store=True,
        readonly=False,
        precompute=True,
        help="Stands on the items of the collecting company: by it both sides are compared and eliminated.",
    )
    collector_partner_id = fields.Many2one(
        "res.partner",
        required=True,
        string="The collecting company as a contact",
        ondelete="restrict",
        compute="_compute_partners",
        store=True,
        readonly=False,
        precompute=True,
        help="Stands on the items of the other company.",
    )
    valid_from = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="Entries before this day are not made.",
    )
    valid_until = fields.Date(help="Entries after this day are not made. Empty = until it is ended.")
    at_once = fields.Selection(
        [("certain", "At once where it is certain"), ("ask", "Always ask a person")],
        required=True,
        default="certain",
        string="Is booked",
        help="Certain is: the money names an open invoice of the other company by its number, and the event names "
        "that company too, or the customer is the same, or the amount is what is open, to the cent.",
    )
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", copy=False)
    payee_user_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        ondelete="restrict",
        string="Books in the other company as",
        help="A user without password, who may post in the journal of the other company that is named here only.",
    )
    collection_ids = fields.One2many("integration.collection", "agreement_id", readonly=True)
    collection_count = fields.Integer(compute="_compute_collection_count", string="Collected")

    _two_companies = models.Constraint(
        "CHECK (company_id <> payee_id)", "A company does not collect for itself."
    )
    _days_in_order = models.Constraint(
        "CHECK (valid_until IS NULL OR valid_until >= valid_from)", "It ends before it begins."
    )
    _active_unique = models.UniqueIndex(
        "(company_id, payee_id) WHERE state = 'active'",
        "An agreement of these two companies is in force already: end that one first.",
    )

    @api.depends("company_id", "payee_id")
    def _compute_partners(self):
        for row in self:
            row.payee_partner_id = row.payee_id.sudo().partner_id
            row.collector_partner_id = row.company_id.sudo().partner_id

    @api.depends("company_id", "payee_id")
    def _compute_display_name(self):
        for row in self:
            companies = row.sudo()
            row.display_name = self.env._(
                "%(one)s collects for %(other)s",
                one=companies.company_id.name or "…",
                other=companies.payee_id.name or "…",
            )

    def _compute_collection_count(self):
        counts = dict(
            self.env["integration.collection"]._read_group(
                [("agreement_id", "in", self.ids)], ["agreement_id"], ["__count"]
            )
        )
        for row in self:
            row.collection_count = counts.get(row, 0)

    @api.constrains(*DECIDES)
    def _check_sides(self):
        for row in self:
            if faults := row._faults():
                raise ValidationError("\n".join(faults))

    def _faults(self):
        """Return in words what does not fit in this agreement, one by one."""
        self.ensure_one()
        _ = self.env._
        whole = self.sudo()
        faults = []
        sides = (
            (whole.company_id, whole.payable_account_id, whole.journal_id),
            (whole.payee_id, whole.receivable_account_id, whole.payee_journal_id),
        )
        for company, account, journal in sides:
            name = f"{account.with_company(company).code or ''} {account.name or ''}".strip()
            if company not in account.company_ids:
                faults.append(
                    _(
                        "The account “%(account)s” is not one of %(company)s.",
                        account=name,
                        company=company.name,
                    )
                )
            if not account.active:
                faults.append(_("The account “%s” is archived.", name))
            if not account.reconcile or account.account_type not in PAYABLE_TYPES:
                faults.append(_("The account “%s” is no receivable or payable that can be reconciled.", name))
            if journal.company_id != company or journal.type != GENERAL or not journal.active:
                faults.append(
                    _(
                        "The journal “%(journal)s” is no journal for entries of %(company)s.",
                        journal=journal.name,
                        company=company.name,
                    )
                )
        faults += whole._mirrored_by_odoo()
        return faults

    def _mirrored_by_odoo(self):
        """Return a fault where Odoo Enterprise mirrors documents of one of the two companies by itself (policy F19)."""
        if "account_inter_company_rules" not in self.env.registry._init_modules:
            return []
        return [
            self.env._(
                "Odoo's inter-company rules mirror documents of %s: switch them off for this pair.",
                company.name,
            )
            for company in self.company_id | self.payee_id
            if company.intercompany_generate_bills_refund
        ]

    @api.constrains("company_id", "payee_id")
    def _check_both_companies(self):
        """Whoever arranges something between two companies works in both."""
        if self.env.su:
            return
        for row in self:
            row._require_both()

    def _require_both(self, user=None):
        """Refuse a user who does not work in both companies.

        :param user: who decides, where that is done in superuser mode; else the acting one.
        :raises UserError: it is so.
        """
        self.ensure_one()
        both = self.sudo().company_id | self.sudo().payee_id
        if user is None and not self.env.su:
            user = self.env.user
        if user and both - user.company_ids:
            raise UserError(
                self.env._(
                    "This concerns the books of %s: it is decided by somebody who works in both companies.",
                    self.env._(" and ").join(both.mapped("name")),
                )
            )

    # -- using it --------------------------------------------------------------------------------------------

    @api.model
    def _of(self, company, day=None):
        """Return the agreements in force by which a company collects for others.

        :param day: only those that hold on this day.
        """
        domain = [("company_id", "=", company.id), ("state", "=", "active")]
        if day:
            domain += [
                ("valid_from", "<=", day),
                "|",
                ("valid_until", "=", False),
                ("valid_until", ">=", day),
            ]
        return self.search(domain, order="id")

    def _holds_on(self, day):
        return (
            self.state == "active"
            and self.valid_from <= day
            and (not self.valid_until or day <= self.valid_until)
        )

    def _as_payee(self):
        """Return this agreement in the environment in which the other company's side is booked: its own user there."""
        self.ensure_one()
        payee = self.with_user(self.payee_user_id).with_context(
            allowed_company_ids=self.payee_id.ids,
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            mail_auto_subscribe_no_notify=True,
        )
        return payee.with_context(tz=payee.env.user.tz, lang=payee.env.user.lang)

    def action_open_collections(self):
        """Button: what was collected by this agreement."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_collection")
        return dict(action, domain=[("agreement_id", "=", self.id)], context={})
