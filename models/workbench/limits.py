# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Standing limits of a company, and every use that an operator has made of them (accounting policy F5)."""

import dataclasses
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ...engine.limits import (
    APPROVAL,
    COUNTED,
    DEFAULTS,
    Limits,
    Verdict,
    judge_application,
    judge_classification,
    judge_difference,
    judge_identification,
)

LIMIT_FIELDS = tuple(field.name for field in dataclasses.fields(Limits))
DEFAULT_MATERIALITY = 1000
# Only the holder of this object may allow more than before.
_KEY = object()


class IntegrationWorkbenchSetting(models.Model):
    """What one company has decided about its exceptions: limits, materiality, working hours, escalation."""

    _name = "integration.workbench.setting"
    _description = "Limits and escalation"
    _inherit = ["mail.thread"]
    _rec_name = "company_id"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    materiality = fields.Monetary(
        default=DEFAULT_MATERIALITY,
        tracking=True,
        help="Exceptions with at least so much at stake are above materiality.",
    )
    difference_amount = fields.Monetary(
        string="Difference per document",
        default=lambda self: DEFAULTS.difference_amount,
        tracking=True,
        help="A difference up to this amount is accepted at once ...",
    )
    difference_percent = fields.Float(
        string="or percent of the document",
        digits=(16, 4),
        default=lambda self: DEFAULTS.difference_percent,
        tracking=True,
        help="... or up to this part of the document, where that is more.",
    )
    user_day_amount = fields.Monetary(
        string="Per person and day",
        default=lambda self: DEFAULTS.user_day_amount,
        tracking=True,
        help="Sum of the differences that one person accepts on one day.",
    )
    partner_month_amount = fields.Monetary(
        string="Per customer and month",
        default=lambda self: DEFAULTS.partner_month_amount,
        tracking=True,
        help="Sum of the differences that are accepted for one customer in one month.",
    )
    application_amount = fields.Monetary(
        string="Apply without exact reference",
        default=lambda self: DEFAULTS.application_amount,
        tracking=True,
        help="Money that does not name its invoices itself is applied by one person up to this amount; up to the same "
        "amount one person says whose unidentified money is.",
    )
    write_off_amount = fields.Monetary(
        string="Write-off by a team lead",
        default=lambda self: DEFAULTS.write_off_amount,
        tracking=True,
        help="Above the difference limits a team lead approves up to this amount, the controller above it.",
    )

    _company_unique = models.Constraint("UNIQUE(company_id)", "This company has its limits already.")

    @api.constrains("materiality", *LIMIT_FIELDS)
    def _check_not_negative(self):
        for setting in self:
            if any(setting[name] < 0 for name in ("materiality", *LIMIT_FIELDS)):
                raise ValidationError(self.env._("A limit is zero or more."))

    @api.model_create_multi
    def create(self, vals_list):
        settings = super().create(vals_list)
        for setting in settings:
            setting._refuse_looser(DEFAULTS)
        self.env["integration.audit.leaf"]._record_change(settings, "limit.change")
        return settings

    def write(self, vals):
        before = {setting.id: setting._limits() for setting in self}
        result = super().write(vals)
        if set(vals) & set(LIMIT_FIELDS):
            for setting in self:
                setting._refuse_looser(before[setting.id])
            self.env["integration.audit.leaf"]._record_change(self, "limit.change", ", ".join(sorted(vals)))
        return result

    def _refuse_looser(self, before):
        """Whoever sets up may tighten; to allow more, a second person has to approve."""
        if self.env.context.get("integration_limits") is _KEY:
            return
        if names := self._limits().looser_than(before):
            labels = ", ".join(self._fields[name]._description_string(self.env) for name in names)
            raise UserError(
                self.env._(
                    "More than before would be allowed (%s). Press “Ask for other limits”: an approver decides.",
                    labels,
                )
            )

    def _limits(self):
        return Limits(**{name: Decimal(str(self[name])) for name in LIMIT_FIELDS})

    @api.model
    def _of(self, company):
        """Return the setting of a company, or an empty record where it has kept to the defaults."""
        return self.sudo().search([("company_id", "=", company.id)], limit=1)

    @api.model
    def _limits_of(self, company):
        setting = self._of(company)
        return setting._limits() if setting else DEFAULTS

    def action_ask_limits(self):
        """Button: ask an approver for other limits."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for other limits"),
            "res_model": "integration.limit.change",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_setting_id": self.id,
                **{f"default_{name}": self[name] for name in LIMIT_FIELDS},
            },
        }

    def _carry_out(self, request):
        """Set the limits that were asked for and approved.

        :raises UserError: the request is not approved, by somebody else than who asked.
        """
        self.ensure_one()
        _check_approved(self, request)
        values = {name: value for name, value in (request.values or {}).items() if name in LIMIT_FIELDS}
        self.with_context(integration_limits=_KEY).write(values)


class IntegrationLimitUse(models.Model):
    """One use of a standing limit; somebody else looks at it afterwards."""

    _name = "integration.limit.use"
    _description = "Use of a standing limit"
    _order = "used_at desc, id desc"
    _rec_name = "detail"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [
            ("difference", "Difference accepted"),
            ("write_off", "Small rest written off"),
            ("application", "Money applied without exact reference"),
            ("classification", "Said what money in suspense is"),
            ("identification", "Said whose unidentified money is"),
        ],
        required=True,
        readonly=True,
    )
    exception_id = fields.Many2one("integration.exception", readonly=True, ondelete="restrict", index=True)
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="restrict", string="By")
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="restrict", string="Customer")
    move_id = fields.Many2one("account.move", readonly=True, ondelete="restrict", string="Entry")
    amount = fields.Monetary(readonly=True, help="In the currency of the company's books.")
    used_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    detail = fields.Char(readonly=True, string="What was done")
    state = fields.Selection(
        [("open", "To be reviewed"), ("reviewed", "Reviewed"), ("objected", "Objected")],
        required=True,
        readonly=True,
        default="open",
    )
    reviewer_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Reviewed by")
    reviewed_at = fields.Datetime(readonly=True)

    _two_people = models.Constraint(
        "CHECK (reviewer_id IS NULL OR reviewer_id <> user_id)", "Nobody reviews what they did themselves."
    )
    _review_idx = models.Index("(company_id, used_at) WHERE state = 'open'")

    def action_review(self):
        """Button: somebody else has looked at it and it is right."""
        self._review("reviewed", "limit.review")

    def action_object(self):
        """Button: somebody else has looked at it and it is not right; whoever did it is told."""
        self._review("objected", "limit.object")
        for use in self.sudo().filtered("exception_id"):
            use.exception_id.message_post(
                body=self.env._(
                    "%(user)s objects to: %(what)s. Correct it in the books.",
                    user=self.env.user.name,
                    what=use.detail or "",
                ),
                partner_ids=use.user_id.partner_id.ids,
                author_id=self.env.user.partner_id.id,
            )

    def _review(self, state, action):
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_approver"):
            raise AccessError(self.env._("Only an approver reviews how the limits were used."))
        if any(use.user_id == self.env.user for use in self):
            raise UserError(self.env._("Nobody reviews what they did themselves."))
        if any(use.state != "open" for use in self):
            raise UserError(self.env._("This has been reviewed already."))
        self.sudo().write({"state": state, "reviewer_id": self.env.uid, "reviewed_at": fields.Datetime.now()})
        self.env["integration.audit.leaf"].sudo()._record_change(self, action)

    # -- judging ---------------------------------------------------------------------------------------------

    @api.model
    def _judge_difference(self, company, partner, amount, document_total):
        """Judge whether the acting user accepts a difference at once; both amounts in company currency.

        The sums so far are locked until the transaction ends: whoever asks at the same moment is tried again.
        """
        limits = self.env["integration.workbench.setting"]._limits_of(company)
        counters = self.env["integration.limit.counter"]
        today = fields.Date.context_today(self)
        used_today = counters._used(company, f"user {self.env.uid} {today}")
        used_month = counters._used(company, f"partner {partner.id} {today:%Y-%m}") if partner else Decimal(0)
        return judge_difference(
            limits,
            _exact(amount),
            _exact(document_total),
            used_today=used_today,
            used_this_month=used_month,
        )

    @api.model
    def _judge_hands(self, company, partners):
        """Hook: return why the acting user applies no money of these customers alone; None where nothing is."""

    @api.model
    def _judge_application(self, company, amount, exact, partners=None):
        """Judge whether the acting user applies money of ``partners`` at once; ``amount`` in company currency."""
        if partners and (verdict := self._judge_hands(company, partners)):
            return verdict
        limits = self.env["integration.workbench.setting"]._limits_of(company)
        if not exact and not self.env.user.has_group("finance_integration.group_operator"):
            return Verdict(APPROVAL, "application_above_limit")
        return judge_application(limits, _exact(amount), exact=exact)

    @api.model
    def _judge_identification(self, company, amount, partners=None):
        """Judge whether the acting user says at once whose money is; ``amount`` in company currency."""
        if partners and (verdict := self._judge_hands(company, partners)):
            return verdict
        if not self.env.user.has_group("finance_integration.group_operator"):
            return Verdict(APPROVAL, "classification_other")
        limits = self.env["integration.workbench.setting"]._limits_of(company)
        return judge_identification(limits, _exact(amount))

    @api.model
    def _judge_classification(self, company, amount, purpose, exact, partners=None):
        """Judge whether the acting user says at once what money is; ``amount`` in company currency."""
        if partners and (verdict := self._judge_hands(company, partners)):
            return verdict
        if not exact and not self.env.user.has_group("finance_integration.group_operator"):
            return Verdict(APPROVAL, "classification_other")
        limits = self.env["integration.workbench.setting"]._limits_of(company)
        used = Decimal(0)
        if purpose in COUNTED:
            used = self.env["integration.limit.counter"]._used(company, self._scope_of_classifying())
        return judge_classification(limits, _exact(amount), purpose, exact=exact, used_today=used)

    @api.model
    def _record_classification(self, company, exception, partner, amount, detail, entry, counted):
        """Write down that the acting user has said what money is; a fee or transfer counts for the person's day."""
        if counted:
            self.env["integration.limit.counter"]._add(company, self._scope_of_classifying(), amount)
        return self.sudo().create(
            {
                "company_id": company.id,
                "kind": "classification",
                "exception_id": exception.id,
                "user_id": self.env.uid,
                "partner_id": partner.id,
                "move_id": entry.id,
                "amount": abs(amount),
                "detail": detail[:250],
            }
        )

    def _scope_of_classifying(self):
        return f"classified {self.env.uid} {fields.Date.context_today(self)}"

    @api.model
    def _record(self, kind, exception, partner, amount, detail, move=None):
        """Write down a use of a limit by the acting user and count it."""
        company = exception.company_id
        if kind in ("difference", "write_off"):
            counters, today = self.env["integration.limit.counter"], fields.Date.context_today(self)
            counters._add(company, f"user {self.env.uid} {today}", amount)
            if partner:
                counters._add(company, f"partner {partner.id} {today:%Y-%m}", amount)
        return self.sudo().create(
            {
                "company_id": company.id,
                "kind": kind,
                "exception_id": exception.id,
                "user_id": self.env.uid,
                "partner_id": partner.id if partner else False,
                "move_id": move.id if move else False,
                "amount": abs(amount),
                "detail": detail[:250],
            }
        )


class IntegrationLimitCounter(models.Model):
    """How much of a limit is used up: one row per company and person's day, or customer's month."""

    _name = "integration.limit.counter"
    _description = "Used part of a limit"
    _log_access = False
    _rec_name = "scope"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    scope = fields.Char(required=True, readonly=True)
    amount = fields.Float(readonly=True, digits=(16, 4))

    _scope_unique = models.UniqueIndex("(company_id, scope)")

    @api.model
    def _used(self, company, scope):
        """Return what is used up of a limit, and hold it: a second use at the same moment waits and looks again."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_limit_counter (company_id, scope, amount) VALUES (%s, %s, 0)
                ON CONFLICT (company_id, scope) DO NOTHING
                """,
                company.id,
                scope,
            )
        )
        self.env.cr.execute(
            SQL(
                "SELECT amount FROM integration_limit_counter WHERE company_id = %s AND scope = %s FOR UPDATE",
                company.id,
                scope,
            )
        )
        return Decimal(str(self.env.cr.fetchone()[0]))

    @api.model
    def _add(self, company, scope, amount):
        self._used(company, scope)
        self.env.cr.execute(
            SQL(
                "UPDATE integration_limit_counter SET amount = amount + %s WHERE company_id = %s AND scope = %s",
                _exact(abs(amount)),
                company.id,
                scope,
            )
        )
        self.invalidate_model(flush=False)


def _exact(amount):
    return amount if isinstance(amount, Decimal) else Decimal(str(round(amount, 6)))


def _check_approved(record, request):
    """Refuse to carry out what nobody else has approved, or what was approved for another record.

    :raises UserError: it is not so.
    """
    if not request._approves(record):
        raise UserError(record.env._("This has not been approved by a second person."))
