# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.exceptions import AccessError, UserError


class ResCompany(models.Model):
    _inherit = "res.company"

    integration_paused = fields.Boolean(
        readonly=True,
        copy=False,
        help="Nothing of this company is booked or sent. Events are still received and kept, and go on in order later.",
    )
    integration_pause_reason = fields.Char(readonly=True, copy=False, string="Paused because")

    def _pause_integration(self, reason):
        """Let everything of these companies rest, at once; recorded with who and why.

        :raises UserError: no reason is given.
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is shown on every connection of the company."))
        self._check_integration_steered()
        for company in self.sudo():
            company.write({"integration_paused": True, "integration_pause_reason": reason.strip()[:300]})
        self._record_integration("company.pause", reason)

    def _resume_integration(self, reason):
        """Let these companies go on; what was kept is worked off in order.

        :raises UserError: no reason is given.
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept with the change."))
        self._check_integration_steered()
        self.sudo().write({"integration_paused": False, "integration_pause_reason": False})
        self._record_integration("company.resume", reason)
        connections = self.env["integration.connection"].sudo().search([("company_id", "in", self.ids)])
        self.env["integration.lane"]._ring_after_commit(connections.flow_ids.lane_id.ids)
        self.env["integration.delivery"]._ring_after_commit(connections.ids)

    def _check_integration_steered(self):
        """Refuse who may not steer, or not these companies: a dialog can be filled in with any company.

        :raises AccessError: neither administrator nor operator, or not one of the person's companies.
        """
        self.env["integration.flow"]._check_may_steer()
        if not self.env.su and self - self.env.user.company_ids:
            raise AccessError(self.env._("This is not one of your companies."))

    def _record_integration(self, action, reason):
        self.env["integration.audit.leaf"]._append(
            [
                {
                    "action": action,
                    "company_id": company.id,
                    "res_model": company._name,
                    "res_id": company.id,
                    "detail": reason.strip(),
                }
                for company in self
            ]
        )
