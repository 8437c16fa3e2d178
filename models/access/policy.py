# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ...engine.access import is_refused

SECOND_FACTOR_POLICIES = [
    ("production", "Required as soon as a connection works on real books"),
    ("required", "Always required"),
    ("advised", "Advised only"),
]
SEGREGATION_POLICIES = [
    ("production", "Refused as soon as a connection works on real books"),
    ("strict", "Always refused"),
    ("reported", "Reported only (a very small team)"),
]
POLICY_FIELDS = (
    "integration_second_factor",
    "integration_segregation",
    "integration_review_days",
    "integration_reviewer_id",
)


class ResCompany(models.Model):
    """How strictly a company separates duties and asks for second factors (C7, C8, A6)."""

    _inherit = "res.company"

    integration_second_factor = fields.Selection(
        SECOND_FACTOR_POLICIES,
        string="Second factor",
        required=True,
        default="production",
        help="Whoever approves, manages secrets or signs an access review proves twice who they are: by the password, "
        "and by a code of an authenticator app or a passkey.",
    )
    integration_segregation = fields.Selection(
        SEGREGATION_POLICIES,
        string="Conflicting duties",
        required=True,
        default="production",
        help="What happens when somebody is given two rights that must not be in one hand. That an integration "
        "administrator is no approver is demanded in any case.",
    )
    integration_review_days = fields.Integer(
        string="Access review every",
        default=31,
        help="Days after which somebody is reminded that no access review was signed. 0 = never.",
    )
    integration_reviewer_id = fields.Many2one(
        "res.users",
        string="Reviews access",
        help="Who is reminded. Empty = all approvers of the company.",
    )

    _integration_review_days_positive = models.Constraint(
        "CHECK (integration_review_days BETWEEN 0 AND 400)",
        "Between two access reviews lie at most 400 days.",
    )

    def _integration_in_production(self):
        """Whether a connection of one of these companies works, or has worked, on real books."""
        return bool(
            self.env["integration.connection"]
            .sudo()
            .search_count(
                [
                    ("company_id", "in", self.ids),
                    ("environment", "=", "production"),
                    ("state", "!=", "draft"),
                ],
                limit=1,
            )
        )

    def _integration_refuses(self, conflict):
        """Whether one of these companies refuses rights that make this conflict of duties."""
        return any(
            is_refused(conflict, company.integration_segregation, company._integration_in_production())
            for company in self.sudo()
        )

    def write(self, vals):
        """Leave in the audit trail who made the rules stricter or looser."""
        touched = [name for name in POLICY_FIELDS if name in vals]
        before = (
            {company.id: company._integration_policy_words(touched) for company in self} if touched else {}
        )
        result = super().write(vals)
        for company in self if touched else ():
            after = company._integration_policy_words(touched)
            if after != before[company.id]:
                self.env["integration.audit.leaf"].sudo()._append(
                    [
                        {
                            "action": "company.access_policy",
                            "company_id": company.id,
                            "res_model": company._name,
                            "res_id": company.id,
                            "user_id": self.env.uid,
                            "detail": f"{before[company.id]} → {after}",
                        }
                    ]
                )
        return result

    def _integration_policy_words(self, names):
        self.ensure_one()
        values = ((name, self[name].id if name.endswith("_id") else self[name]) for name in names)
        return ", ".join(f"{name.removeprefix('integration_')}: {value}" for name, value in values)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    integration_second_factor = fields.Selection(
        related="company_id.integration_second_factor", readonly=False
    )
    integration_segregation = fields.Selection(related="company_id.integration_segregation", readonly=False)
    integration_review_days = fields.Integer(related="company_id.integration_review_days", readonly=False)
    integration_reviewer_id = fields.Many2one(related="company_id.integration_reviewer_id", readonly=False)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_access_review")
