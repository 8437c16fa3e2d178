# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who issues a credit note or orders a refund does not apply money of the same customer alone (C7).

A credit note that nobody asked for and the customer's next payment, applied elsewhere, hide each other. So the step is
asked of another person; the audit trail says whose money a person has applied.
"""

from datetime import timedelta

from odoo import api, fields, models

from ...engine.access import CREDITED_DAYS
from ...engine.limits import APPROVAL, Verdict


class IntegrationLimitUse(models.Model):
    _inherit = "integration.limit.use"

    @api.model
    def _judge_hands(self, company, partners):
        if self._credited_by(company, partners, self.env.user):
            return Verdict(APPROVAL, "credited_by_same_person")
        return super()._judge_hands(company, partners)

    @api.model
    def _credited_by(self, company, partners, users):
        """Return who of ``users`` gave one of these customers credit lately, where the company separates duties."""
        payers = partners.commercial_partner_id
        if not payers or not company.sudo()._integration_separates_duties():
            return users.browse()
        since = fields.Datetime.now() - timedelta(days=CREDITED_DAYS)
        lately = [("create_uid", "in", users.ids), ("create_date", ">=", since)]
        notes = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    *lately,
                    ("company_id", "=", company.id),
                    ("move_type", "=", "out_refund"),
                    ("state", "=", "posted"),
                    ("commercial_partner_id", "in", payers.ids),
                ],
                ["create_uid"],
            )
        )
        refunds = (
            self.env["integration.refund.order"]
            .sudo()
            ._read_group(
                [
                    *lately,
                    ("company_id", "=", company.id),
                    ("state", "!=", "draft"),
                    ("payment_id.partner_id.commercial_partner_id", "in", payers.ids),
                ],
                ["create_uid"],
            )
        )
        return users.browse({user.id for (user,) in (*notes, *refunds)})


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _barred_of_step(self, step, values):
        """Who has given the customer credit does not decide about its money either."""
        barred = super()._barred_of_step(step, values)
        if step not in ("apply", "identify"):
            return barred
        if step == "apply":
            partners = (
                self.env["account.move"].union(*(row for row, _amount in self._parts_of(values))).partner_id
            )
        else:
            partners = self._payer_of_step(values)
        approvers = self.env.ref("finance_integration.group_approver").sudo().all_user_ids
        return barred | self.env["integration.limit.use"]._credited_by(self.company_id, partners, approvers)

    def _audit_application(self, records):
        """Say in the audit trail of which customer money was applied."""
        result = super()._audit_application(records)
        payers = (records if records._name == "res.partner" else records.partner_id).commercial_partner_id
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": "cash.apply",
                    "company_id": self.company_id.id,
                    "connection_id": self.connection_id.id,
                    "res_model": payer._name,
                    "res_id": payer.id,
                    "user_id": self.env.uid,
                }
                for payer in payers
            ]
        )
        return result
