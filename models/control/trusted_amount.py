# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Up to which amount a delivery is believed without asking its source is raised by two people in production.

Whoever can raise it can have forged amounts booked, just like whoever sets a secret (see ``credential_approval``).
Lowering it makes the connection ask more often: that is anybody's who sets it up, at once.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

SLOT = "trusted_amount"
# Only the holder of this object may raise the amount without being asked.
_KEY = object()


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    trusted_reason = fields.Char(
        string="Why so much",
        copy=False,
        help="Why money up to this amount may be booked without asking the source. In production, another person "
        "decides about a higher amount.",
    )
    trusted_waiting = fields.Monetary(
        string="Asked for",
        currency_field="company_currency_id",
        compute="_compute_trusted_waiting",
        help="The amount that waits for the approval of another person; until then the one above holds.",
    )
    trust_needs_approval = fields.Boolean(compute="_compute_trust_needs_approval")

    @api.depends("environment", "state", "flow_ids.approved_by_id")
    def _compute_trust_needs_approval(self):
        for connection in self:
            connection.trust_needs_approval = connection._trust_needs_approval()

    def _compute_trusted_waiting(self):
        requests = (
            self.env["integration.change.request"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("slot", "=", SLOT),
                    ("state", "=", "asked"),
                ]
            )
        )
        asked = {request.res_id: (request.values or {}).get("trusted_amount") for request in requests}
        for connection in self:
            connection.trusted_waiting = float(asked.get(connection.id) or 0)

    def _trust_needs_approval(self):
        """Whether real money may be booked here: production, even while it is set up, or flows that were approved."""
        self.ensure_one()
        return self.environment == "production" or self._secrets_need_approval()

    @api.model_create_multi
    def create(self, vals_list):
        shown, wanted = [], []
        for vals in vals_list:
            guarded = vals.get("environment") == "production"
            wanted.append(vals.get("trusted_amount") if guarded else None)
            shown.append(
                {name: value for name, value in vals.items() if not (guarded and name == "trusted_amount")}
            )
        connections = super().create(shown)
        for connection, amount in zip(connections, wanted, strict=True):
            if amount:
                connection._ask_to_trust(amount)
        return connections

    def write(self, vals):
        if self.env.context.get("integration_trusted_amount") is _KEY:
            return super().write(vals)
        if vals.get("environment") == "production":
            # What one person could set while nothing was real is taken back; a higher amount is asked for anew.
            new = self.filtered(lambda connection: not connection._trust_needs_approval())
            result = super().write({name: value for name, value in vals.items() if name != "trusted_amount"})
            new.with_context(integration_trusted_amount=_KEY).write({"trusted_amount": 0})
            if "trusted_amount" in vals:
                self.write({"trusted_amount": vals["trusted_amount"]})
            return result
        if "trusted_amount" not in vals:
            return super().write(vals)
        wanted = vals["trusted_amount"] or 0
        guarded = self.filtered(
            lambda connection: (
                connection._trust_needs_approval()
                and connection.company_currency_id.compare_amounts(wanted, connection.trusted_amount) > 0
            )
        )
        if free := self - guarded:
            super(IntegrationConnection, free).write(vals)
        if guarded:
            rest = {name: value for name, value in vals.items() if name != "trusted_amount"}
            if rest:
                super(IntegrationConnection, guarded).write(rest)
            for connection in guarded:
                connection._ask_to_trust(wanted)
        return True

    def _ask_to_trust(self, wanted):
        """Ask another person to let money up to ``wanted``, in the company's currency, be booked as it is told.

        :raises UserError: no reason is given, or another amount waits already.
        """
        self.ensure_one()
        reason = (self.trusted_reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "This connection books real money: another person decides up to which amount its source is not "
                    "asked. Say why in “Why so much”."
                )
            )
        currency = self.company_currency_id
        amount = currency.round(wanted)
        self.env["integration.change.request"]._ask(
            self,
            self.env._("%s: book without asking its source", self.display_name),
            {"trusted_amount": f"{amount:.{currency.decimal_places}f}"},
            reason,
            kind="override",
            amount=amount,
            currency=currency,
            company=self.company_id,
            slot=SLOT,
        )

    def _approval_preview(self, values):
        """Return from which amount to which one."""
        currency = self.company_currency_id
        return {
            "rows": [
                {
                    "field": "trusted_amount",
                    "before": f"{self.trusted_amount:.{currency.decimal_places}f}",
                    "after": str(values.get("trusted_amount", "")),
                }
            ]
        }

    def _carry_out(self, request):
        """Let the approved amount hold; called by integration.change.request.

        :raises UserError: the approval is not one of this.
        """
        self.ensure_one()
        if not request._approves(self) or request.slot != SLOT:
            raise UserError(self.env._("This approval is not one of this amount."))
        amount = float((request.values or {})["trusted_amount"])
        self.with_context(integration_trusted_amount=_KEY).write(
            {"trusted_amount": amount, "trusted_reason": False}
        )
