# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError

APPROVER_GROUPS = ("account.group_account_manager", "finance_integration.group_approver")
# What a person ticks → the name of its time stamp and of its signature.
APPROVALS = {
    "integration_customer_approved": (
        "integration_customer_approved_at",
        "integration_customer_approved_by_id",
    ),
    "integration_supplier_active": ("integration_supplier_active_at", "integration_supplier_active_by_id"),
}


class ResPartner(models.Model):
    """Whether a person has approved a business partner as a customer or as a supplier of a company.

    That an outside system knows a partner, or that an invoice was booked for it, approves nobody: only a person with
    the right to do so ticks the box.
    """

    _inherit = "res.partner"

    integration_customer_approved = fields.Boolean(
        string="Approved as customer",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="A person has checked and approved this customer; other systems are told at that moment.",
    )
    integration_customer_approved_at = fields.Datetime(
        string="Customer approved on", company_dependent=True, copy=False, readonly=True
    )
    integration_customer_approved_by_id = fields.Many2one(
        "res.users", string="Customer approved by", company_dependent=True, copy=False, readonly=True
    )
    integration_supplier_active = fields.Boolean(
        string="Active as supplier",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="A person has checked and activated this supplier; other systems are told at that moment.",
    )
    integration_supplier_active_at = fields.Datetime(
        string="Supplier activated on", company_dependent=True, copy=False, readonly=True
    )
    integration_supplier_active_by_id = fields.Many2one(
        "res.users", string="Supplier activated by", company_dependent=True, copy=False, readonly=True
    )

    @api.model
    def _integration_ticks(self):
        """Return the names of what people tick, as sets that are written one after the other."""
        return (frozenset(APPROVALS),)

    @api.model_create_multi
    def create(self, vals_list):
        """What comes with a new partner is ticked as if it were ticked afterwards: with the same rights, and told."""
        given = [
            [{name: vals.pop(name) for name in names & vals.keys()} for names in self._integration_ticks()]
            for vals in vals_list
        ]
        partners = super().create(vals_list)
        for partner, ticks in zip(partners, given, strict=True):
            for values in ticks:
                if any(values.values()):
                    partner.write(values)
        return partners

    def write(self, vals):
        touched = APPROVALS.keys() & vals.keys()
        if not touched:
            return super().write(vals)
        if not self._integration_holds(APPROVER_GROUPS):
            raise AccessError(
                self.env._("Only an approver or the accounting adviser approves customers and suppliers.")
            )
        changed = {
            name: self.filtered(lambda partner, name=name: partner[name] != bool(vals[name]))
            for name in sorted(touched)
        }
        result = super().write(vals)
        for name, partners in changed.items():
            on, (at_field, by_field) = bool(vals[name]), APPROVALS[name]
            if partners:
                stamp = {
                    at_field: fields.Datetime.now() if on else False,
                    by_field: self.env.uid if on else False,
                }
                super(ResPartner, partners).write(stamp)
                partners._integration_approval_changed(name, on)
        return result

    def _integration_holds(self, groups):
        """Whether the acting person is in one of these groups; the hub itself may everything."""
        return self.env.su or any(self.env.user.has_group(group) for group in groups)

    def _integration_approval_changed(self, name, on):
        """Hook: one of ``APPROVALS`` was given to (or taken from) these partners in the current company."""
        what = "customer" if name == "integration_customer_approved" else "supplier"
        action = f"partner.{what}_{'approved' if on else 'withdrawn'}"
        self._integration_write_down([(partner, action, None) for partner in self])

    @api.model
    def _integration_write_down(self, steps):
        """Append to the audit trail what the acting person did in the current company.

        :param steps: list of (partner, action, detail or None).
        """
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "company_id": self.env.company.id,
                    "res_model": "res.partner",
                    "res_id": partner.id,
                    "user_id": self.env.uid,
                    "detail": detail,
                }
                for partner, action, detail in steps
            ]
        )
