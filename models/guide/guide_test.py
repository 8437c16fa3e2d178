# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Trying the set-up at the outside system: a real call where one can be made, else the reason why none can."""

from odoo import fields, models
from odoo.tools import format_datetime

from ...connectors.registry import get_connector

MAX_REASON_CHARS = 500


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    guide_test_text = fields.Text(
        compute="_compute_guide_test",
        compute_sudo=True,
        string="What the test showed",
        help="What the outside system answered when it was called last, or why it cannot be called.",
    )

    def _compute_guide_test(self):
        for connection in self:
            connection.guide_test_text = (
                "\n".join(filter(None, (connection.last_test or "", connection._why_untested()))) or False
            )

    def _why_untested(self):
        """Return in plain words why this system cannot be called now, and what shows instead that it works."""
        self.ensure_one()
        if not self.connector:
            return ""
        _ = self.env._
        spec, reasons = self._spec(), []
        if spec.pulls and not self._api_credential():
            reasons.append(_("It cannot be called yet: the key or access for calling it is not entered."))
        elif not spec.pulls and not self.delivery_url:
            reasons.append(
                _("The hub does not call this system: it calls us. What shows that it works is its event.")
            )
        elif self.delivery_url and not self.credential_ids.filtered(
            lambda row: row.purpose == "outbound_signature" and row.is_valid
        ):
            reasons.append(
                _("Nothing can be sent to it yet: the secret that signs our events is not entered.")
            )
        if spec.signature_schemes and self._receives():
            reasons.append(self._heard_text())
        return "\n".join(reasons)

    def _can_call(self):
        """Whether there is something to call, and all that is needed for calling it."""
        self.ensure_one()
        if self._spec().pulls and self._api_credential():
            return True
        signed = self.credential_ids.filtered(
            lambda row: row.purpose == "outbound_signature" and row.is_valid
        )
        if not self.delivery_url or not signed:
            return False
        return get_connector(self.connector).status_request("evt_0", self.delivery_url) is not None

    def _heard_text(self):
        """Return whether an event was ever received at the address, and what was refused last."""
        _ = self.env._
        if self.last_received_at:
            return _("Its last event came in at %s.", format_datetime(self.env, self.last_received_at))
        refused = self.endpoint_ids.filtered("last_refused_at")
        if refused:
            return _(
                "Requests at our address were refused (%(reason)s, last at %(at)s): the signing secret is not the one "
                "with which the outside system signs.",
                reason=refused[0].last_refusal,
                at=format_datetime(self.env, refused[0].last_refused_at),
            )
        return _("No event has come in yet. Let the outside system send a test event to our address.")

    def action_guide_test(self):
        """Button: call the outside system without any effect there; where that cannot be, say why.

        The call is made when this request's transaction is over: a transaction can be repeated, a call must not be.
        """
        self.ensure_one()
        self._check_may_set_up()
        if self.sudo()._can_call():
            return self.action_test_connection()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": (self.sudo()._why_untested() or self.env._("There is nothing to call."))[
                    :MAX_REASON_CHARS
                ],
                "type": "warning",
                "sticky": True,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
