# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# Who may say that nothing more is sold to a customer on credit, or that it may again.
HOLD_GROUPS = ("account.group_account_invoice", "finance_integration.group_operator")
HOLD_FIELDS = frozenset({"integration_credit_hold", "integration_credit_hold_reason"})


class ResPartner(models.Model):
    """The credit hold of a business partner in one company, whoever sets it: a person, a rule, an outside system."""

    _inherit = "res.partner"

    integration_credit_hold = fields.Boolean(
        string="Credit hold",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="While it is set, nothing new should be sold to this customer on credit. What was delivered is invoiced "
        "all the same.",
    )
    integration_credit_hold_reason = fields.Char(
        string="Why on hold",
        company_dependent=True,
        copy=False,
        help="Said to whoever asks, also to outside systems that ask whether an order may go on.",
    )
    integration_credit_hold_at = fields.Datetime(
        string="On hold since", company_dependent=True, copy=False, readonly=True
    )
    integration_credit_hold_by_id = fields.Many2one(
        "res.users", string="Put on hold by", company_dependent=True, copy=False, readonly=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Set a hold that comes with a new partner as if it were set afterwards, so that it is told."""
        holds = [{name: vals.pop(name) for name in HOLD_FIELDS & vals.keys()} for vals in vals_list]
        partners = super().create(vals_list)
        for partner, hold in zip(partners, holds, strict=True):
            if hold.get("integration_credit_hold"):
                partner.write(hold)
        return partners

    def write(self, vals):
        if not HOLD_FIELDS & vals.keys():
            return super().write(vals)
        self._integration_check_may_hold()
        if any(partner != partner.commercial_partner_id for partner in self):
            raise UserError(
                self.env._("A credit hold is set on the company itself, not on one of its contacts.")
            )
        if "integration_credit_hold" not in vals:
            return super().write(vals)
        hold = bool(vals["integration_credit_hold"])
        changed = self.filtered(lambda partner: partner.integration_credit_hold != hold)
        result = super().write(vals)
        if changed:
            stamp = {
                "integration_credit_hold_at": fields.Datetime.now() if hold else False,
                "integration_credit_hold_by_id": self.env.uid if hold else False,
            }
            if not hold:
                stamp["integration_credit_hold_reason"] = False
            super(ResPartner, changed).write(stamp)
            changed._integration_hold_changed(hold)
        return result

    def _integration_check_may_hold(self):
        if not self._integration_holds(HOLD_GROUPS):
            raise AccessError(
                self.env._("Only accounting or an operator of the integration sets or clears a credit hold.")
            )

    def _integration_hold_changed(self, hold):
        """Hook: the hold of these partners was set or cleared in the current company."""
        action = "partner.credit_hold_set" if hold else "partner.credit_hold_cleared"
        self._integration_write_down([(partner, action, None) for partner in self])

    def _integration_is_on_credit_hold(self):
        """Whether the company of this contact is on hold in the current company (``env.company``)."""
        self.ensure_one()
        return self.commercial_partner_id.integration_credit_hold

    def _integration_set_credit_hold(self, reason):
        """Put the commercial partners on hold in the current company; nothing happens to those that are.

        :param reason: why, in plain words.
        """
        if not reason:
            raise UserError(self.env._("Say why the customer is put on hold."))
        partners = self.commercial_partner_id.filtered(lambda partner: not partner.integration_credit_hold)
        partners.write({"integration_credit_hold": True, "integration_credit_hold_reason": reason[:500]})
        return partners

    def _integration_clear_credit_hold(self):
        """Clear the hold of the commercial partners in the current company; nothing happens to others."""
        partners = self.commercial_partner_id.filtered("integration_credit_hold")
        partners.write({"integration_credit_hold": False})
        return partners
