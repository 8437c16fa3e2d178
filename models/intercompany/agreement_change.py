# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An agreement between two companies comes into force by two people wherever real events are booked (ADR 0046)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .agreement import DECIDES


class IntegrationCollectionAgreement(models.Model):
    _inherit = "integration.collection.agreement"

    needs_approval = fields.Boolean(
        compute="_compute_needs_approval",
        help="Real events are booked in one of the two companies: another person has to agree.",
    )
    request_ids = fields.Many2many(
        "integration.change.request", compute="_compute_request_ids", string="Changes asked for"
    )

    @api.depends("company_id", "payee_id")
    def _compute_needs_approval(self):
        Role = self.env["integration.role.account"]
        none = self.env["integration.connection"]
        for row in self:
            companies = row.sudo().company_id | row.sudo().payee_id
            row.needs_approval = any(Role._books_real_events(company, none) for company in companies)

    def _compute_request_ids(self):
        requests = self.env["integration.change.request"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        for row in self:
            row.request_ids = requests.filtered(lambda request, this=row: request.res_id == this.id)

    # -- guard -----------------------------------------------------------------------------------------------

    def write(self, vals):
        if decides := set(DECIDES) & vals.keys():
            for row in self:
                if row.state != "draft" and any(row._is_changed(name, vals[name]) for name in decides):
                    raise UserError(
                        self.env._(
                            "%s is in force, or was: entries rest on it. End it, and make another one.",
                            row.display_name,
                        )
                    )
        return super().write(vals)

    def _is_changed(self, name, value):
        now = self[name]
        if isinstance(now, models.BaseModel):
            now = now.id
        elif self._fields[name].type == "date":
            value = fields.Date.to_date(value)
        return now != (value or False)

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if self.filtered(lambda row: row.state != "draft"):
            raise UserError(self.env._("An agreement that was in force is evidence. End it instead."))

    # -- coming into force, and its end ------------------------------------------------------------------------

    def action_activate(self):
        """Button: let it come into force, or ask another person where real events are booked."""
        self.ensure_one()
        self._check_startable()
        if not self.needs_approval:
            self._activate()
            return None
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for approval"),
            "res_model": "integration.approval.ask",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }

    def _check_startable(self):
        self.check_access("write")
        self._require_both()
        if self.state != "draft":
            raise UserError(self.env._("Only a draft comes into force."))
        if faults := self._faults():
            raise UserError("\n".join(faults))
        if self._of(self.company_id).filtered(lambda row: row.payee_id == self.payee_id):
            raise UserError(
                self.env._("An agreement of these two companies is in force already: end that one first.")
            )

    def _ask_with(self, reason, attachments):
        """Ask another person to let it come into force; called by the dialog. Returns the request."""
        self.ensure_one()
        self._check_startable()
        return self.env["integration.change.request"]._ask(
            self,
            self.display_name,
            {"state": "active"},
            reason,
            kind="mapping",
            company=self.company_id,
            barred=self.create_uid,
            attachments=attachments,
        )

    def _approval_preview(self, values):
        """Return everything that would be in force, as it stands now: a draft that changes has to be asked for anew."""
        self.ensure_one()
        rows = [{"field": name, "before": "", "after": self._told(name)} for name in DECIDES]
        return {"rows": [{"field": "state", "before": self.state, "after": "active"}, *rows]}

    def _told(self, name):
        """Return a value in words that are the same for whoever looks, in whichever companies they work."""
        value = self.sudo().with_context(lang="en_US")[name]
        if not isinstance(value, models.BaseModel):
            return str(value or "")
        if value._name == "account.account":
            account = value.with_company(value.company_ids[:1])
            return f"{account.code or ''} {account.name} [{account.id}]"
        return f"{value.name} [{value.id}]"

    def _carry_out(self, request):
        """Let it come into force as it was asked for and approved.

        :raises UserError: it was not approved by a second person, or is no draft any more.
        """
        self.ensure_one()
        if not request._approves(self):
            raise UserError(self.env._("This has not been approved by a second person."))
        self._require_both(self.env.user)
        if self.state != "draft":
            raise UserError(self.env._("Only a draft comes into force."))
        self.sudo()._check_startable()
        self._activate()

    def _activate(self):
        self._ensure_payee_user()
        self.sudo().write({"state": "active"})  # nobody writes a state by hand
        self.env.registry.clear_cache()  # in which journals service users may post
        self.env["integration.audit.leaf"]._record_change(self, "agreement.activate")

    def action_end(self):
        """Button: nothing is booked by it from now on; what comes in waits for a person."""
        for row in self:
            row.check_access("write")
            row._require_both()
            if row.state != "active":
                raise UserError(self.env._("Only what is in force can be ended."))
            row.sudo().write({"state": "ended"})
            self.env["integration.audit.leaf"]._record_change(row, "agreement.end")
        self.env.registry.clear_cache()
