# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The states of customers and suppliers: proposed, checked, approved, blocked, per company (M7)."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .res_partner_approval import APPROVER_GROUPS

STATES = [
    ("proposed", "Proposed"),
    ("checked", "Checked"),
    ("approved", "Approved"),
    ("blocked", "Blocked"),
]
ROLES = ("customer", "supplier")
PORTION = 500
APPROVED = {"customer": "integration_customer_approved", "supplier": "integration_supplier_active"}
CHECK_GROUPS = (*APPROVER_GROUPS, "finance_integration.group_operator", "account.group_account_invoice")
MARKS = frozenset(
    f"integration_{role}_{mark}" for role in ROLES for mark in ("checked", "blocked", "block_reason")
)


class ResPartner(models.Model):
    """Whom a company invoices and pays. The state follows from what people have ticked; blocked wins over the rest."""

    _inherit = "res.partner"

    integration_customer_checked = fields.Boolean(
        string="Checked as customer",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="Somebody has looked at name, address and tax number.",
    )
    integration_customer_blocked = fields.Boolean(
        string="Blocked as customer",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="Nothing is sold or invoiced to this customer. Money that moved is booked all the same.",
    )
    integration_customer_block_reason = fields.Char(
        string="Why blocked as customer", company_dependent=True, copy=False
    )
    integration_supplier_checked = fields.Boolean(
        string="Checked as supplier",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="Somebody has looked at name, address, tax number and papers.",
    )
    integration_supplier_blocked = fields.Boolean(
        string="Blocked as supplier",
        company_dependent=True,
        copy=False,
        tracking=True,
        help="Nothing is paid to this supplier. Money that moved is booked all the same.",
    )
    integration_supplier_block_reason = fields.Char(
        string="Why blocked as supplier", company_dependent=True, copy=False
    )
    integration_customer_state = fields.Selection(
        STATES,
        compute="_compute_integration_states",
        search="_search_integration_customer_state",
        string="As customer",
    )
    integration_supplier_state = fields.Selection(
        STATES,
        compute="_compute_integration_states",
        search="_search_integration_supplier_state",
        string="As supplier",
    )

    @api.depends(
        "integration_customer_checked", "integration_customer_blocked", "integration_customer_approved",
        "integration_supplier_checked", "integration_supplier_blocked", "integration_supplier_active",
    )  # fmt: skip
    @api.depends_context("company")
    def _compute_integration_states(self):
        for partner in self:
            for role in ROLES:
                partner[f"integration_{role}_state"] = (
                    "blocked"
                    if partner[f"integration_{role}_blocked"]
                    else "approved"
                    if partner[APPROVED[role]]
                    else "checked"
                    if partner[f"integration_{role}_checked"]
                    else "proposed"
                )

    @api.model
    def _search_integration_customer_state(self, operator, value):
        return self._integration_state_domain("customer", operator, value)

    @api.model
    def _search_integration_supplier_state(self, operator, value):
        return self._integration_state_domain("supplier", operator, value)

    @api.model
    def _integration_state_domain(self, role, operator, value):
        if operator != "in":
            return NotImplemented
        blocked, checked = f"integration_{role}_blocked", f"integration_{role}_checked"
        approved = APPROVED[role]
        domains = {
            "blocked": [(blocked, "=", True)],
            "approved": [(blocked, "=", False), (approved, "=", True)],
            "checked": [(blocked, "=", False), (approved, "=", False), (checked, "=", True)],
            "proposed": [(blocked, "=", False), (approved, "=", False), (checked, "=", False)],
        }
        return fields.Domain.OR(fields.Domain(domains[state]) for state in value if state in domains)

    # -- changing ----------------------------------------------------------------------------------------------

    @api.model
    def _integration_ticks(self):
        return (*super()._integration_ticks(), MARKS)

    def write(self, vals):
        marks = {name: vals[name] for name in MARKS & vals.keys()}
        approvals = [role for role in ROLES if vals.get(APPROVED[role])]
        for role in approvals:
            still = self.filtered(lambda partner, role=role: partner[f"integration_{role}_blocked"])
            if still and vals.get(f"integration_{role}_blocked") is not False:
                raise UserError(
                    self.env._("%s is blocked: end the block first.", ", ".join(still.mapped("name")))
                )
        if not marks:
            return super().write(vals)
        self._integration_check_marks(vals)
        before = {
            partner.id: (partner.integration_customer_state, partner.integration_supplier_state)
            for partner in self
        }
        for role in ROLES:
            if vals.get(f"integration_{role}_blocked"):
                # Whoever is blocked has to be approved again afterwards.
                vals = {**vals, f"integration_{role}_checked": False}
            elif f"integration_{role}_blocked" in vals:
                vals = {**vals, f"integration_{role}_block_reason": False}
        result = super().write(vals)
        for role in ROLES:
            if vals.get(f"integration_{role}_blocked") and any(partner[APPROVED[role]] for partner in self):
                self.sudo().write({APPROVED[role]: False})
        self._integration_record_states(before)
        return result

    def _integration_check_marks(self, vals):
        """Refuse who may not tick, and a block without a reason.

        :raises AccessError: who may neither check nor block, or end a block.
        :raises UserError: on a contact of a company, or without a reason.
        """
        if not self._integration_holds(CHECK_GROUPS):
            raise AccessError(
                self.env._(
                    "Only accounting or an operator of the integration checks or blocks business partners."
                )
            )
        if any(partner != partner.commercial_partner_id for partner in self):
            raise UserError(self.env._("This is set on the company itself, not on one of its contacts."))
        for role in ROLES:
            name, reason = f"integration_{role}_blocked", f"integration_{role}_block_reason"
            if vals.get(name) and not (vals.get(reason) or "").strip():
                raise UserError(
                    self.env._("Say why: everybody who is refused because of the block reads it.")
                )
            ends = name in vals and not vals[name] and any(partner[name] for partner in self)
            if ends and not self._integration_holds(APPROVER_GROUPS):
                raise AccessError(self.env._("Only an approver or the accounting adviser ends a block."))

    def _integration_record_states(self, before):
        self.invalidate_recordset(["integration_customer_state", "integration_supplier_state"])
        steps, released = [], self.browse()
        for partner in self:
            after = (partner.integration_customer_state, partner.integration_supplier_state)
            for role, old, new in zip(ROLES, before[partner.id], after, strict=True):
                if old != new:
                    steps.append((partner, f"partner.{role}_state", f"{old} → {new}"))
                if role == "customer" and old == "blocked":
                    released |= partner
        self._integration_write_down(steps)
        released._integration_let_invoices_go()

    def _integration_approval_changed(self, name, on):
        result = super()._integration_approval_changed(name, on)
        if on and name == APPROVED["customer"]:
            self._integration_let_invoices_go()
        return result

    def _integration_let_invoices_go(self):
        """Let the events go on that waited for these customers in the current company."""
        ids = {str(partner.id) for partner in self}
        if ids:
            for waiting in self._integration_waiting(self.env.company):
                concerned = waiting.filtered(lambda row: str((row.params or {}).get("partner_id")) in ids)
                concerned.message_ids_held._requeue("message.partner_approved")

    @api.model
    def _integration_let_unrefused_go(self, company):
        """Let go on what waited for customers whom nothing keeps from being invoiced in a company any more."""
        for waiting in self._integration_waiting(company):
            by_partner = waiting.grouped(lambda row: int((row.params or {}).get("partner_id") or 0))
            for partner in self.sudo().browse(filter(None, by_partner)).exists():
                if not partner._integration_refusal("customer", company):
                    by_partner[partner.id].message_ids_held._requeue("message.partner_not_required")

    @api.model
    def _integration_waiting(self, company):
        """Yield the open exceptions about refused customers of a company, in portions."""
        domain = [("code", "=", "partner_blocked"), ("state", "=", "open"), ("company_id", "=", company.id)]
        exceptions, after = self.env["integration.exception"].sudo(), 0
        while found := exceptions.search([*domain, ("id", ">", after)], order="id", limit=PORTION):
            after = found[-1].id
            yield found

    # -- asking ------------------------------------------------------------------------------------------------

    def _integration_refusal(self, role, company):
        """Return why nothing is invoiced or paid to this partner in ``company``, in plain words; None = nothing is in
        the way.

        :param role: 'customer' or 'supplier'.
        """
        partner = self.commercial_partner_id.with_company(company)
        if not partner:
            return None
        state = partner[f"integration_{role}_state"]
        if state == "blocked":
            reason = partner[f"integration_{role}_block_reason"] or ""
            if role == "customer":
                return self.env._(
                    "%(name)s is blocked as a customer: %(reason)s", name=partner.name, reason=reason
                )
            return self.env._(
                "%(name)s is blocked as a supplier: %(reason)s", name=partner.name, reason=reason
            )
        if state != "approved" and company[f"integration_{role}_required"]:
            if role == "customer":
                return self.env._("%s is not approved as a customer yet.", partner.name)
            return self.env._("%s is not approved as a supplier yet.", partner.name)
        return None

    # -- buttons -----------------------------------------------------------------------------------------------

    def _integration_role(self):
        role = self.env.context.get("integration_role")
        if role not in ROLES:
            raise UserError(self.env._("Choose the customer or the supplier."))
        return role

    def action_integration_check(self):
        """Button: the papers of this partner were looked at."""
        self.write({f"integration_{self._integration_role()}_checked": True})

    def action_integration_approve(self):
        """Button: the company may invoice, or pay, this partner."""
        self.write({APPROVED[self._integration_role()]: True})

    def action_integration_unblock(self):
        """Button: end the block; the partner is proposed again and has to be approved."""
        self.write({f"integration_{self._integration_role()}_blocked": False})

    def action_integration_block(self):
        """Button: open the dialog in which this partner is blocked, with the reason."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Block %s", self.display_name),
            "res_model": "integration.partner.block",
            "view_mode": "form",
            "target": "new",
            "context": {"default_partner_id": self.id, "default_role": self._integration_role()},
        }
