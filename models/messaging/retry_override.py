# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import dataclasses

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.error_catalogue import RESOLUTIONS, retries_by_itself

MAX_TRIES = 50
MAX_PAUSE_SECONDS = 86_400


class IntegrationRetryOverride(models.Model):
    """Other retry figures of one flow for one passing error. What does not pass by itself can never be listed here."""

    _name = "integration.retry.override"
    _description = "Retry figures for one error"
    _order = "flow_id, code"

    flow_id = fields.Many2one("integration.flow", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)
    code = fields.Selection("_selection_code", required=True, string="When")
    max_attempts = fields.Integer(
        string="Tries", default=8, required=True, help="All tries together; then the event stops."
    )
    first_delay_seconds = fields.Integer(string="First pause (seconds)", default=5, required=True)
    factor = fields.Integer(
        string="Grows by", default=3, required=True, help="Each pause is at most this many times the last."
    )
    cap_seconds = fields.Integer(string="Longest pause (seconds)", default=3600, required=True)

    _code_unique = models.Constraint("UNIQUE(flow_id, code)", "This flow has figures for this error already.")
    _figures = models.Constraint(
        f"CHECK (max_attempts BETWEEN 1 AND {MAX_TRIES} AND first_delay_seconds >= 1 AND factor BETWEEN 1 AND 10"
        f" AND cap_seconds BETWEEN first_delay_seconds AND {MAX_PAUSE_SECONDS})",
        "Tries: 1 to 50. First pause: at least a second. Growth: 1 to 10. Longest pause: not below the first, "
        "at most a day.",
    )

    @api.model
    def _selection_code(self):
        titles = self.env["integration.error.resolution"]._titles()
        return sorted(
            (
                (code, titles[code])
                for code, resolution in RESOLUTIONS.items()
                if resolution.back_off == "growing"
            ),
            key=lambda pair: pair[1],
        )

    @api.constrains("code")
    def _check_code(self):
        """Retrying is never switched on for what a person must decide."""
        for override in self:
            if not retries_by_itself(override.code):
                raise ValidationError(
                    self.env._("Only an error that passes by itself can have other retry figures.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        overrides = super().create(vals_list)
        overrides._record_change()
        return overrides

    def write(self, vals):
        result = super().write(vals)
        self._record_change()
        return result

    def unlink(self):
        self._record_change(removed=True)
        return super().unlink()

    def _record_change(self, removed=False):
        for override in self:
            figures = (
                "removed"
                if removed
                else f"{override.max_attempts} tries, {override.first_delay_seconds} s x {override.factor},"
                f" at most {override.cap_seconds} s"
            )
            self.env["integration.audit.leaf"].sudo()._record_change(
                override, "flow.retry_figures", f"{override.flow_id.id} {override.code}: {figures}"
            )


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    retry_override_ids = fields.One2many(
        "integration.retry.override", "flow_id", string="Figures for one error"
    )

    def _retry_policy_for(self, code):
        """Return the retry policy of this flow for one error code: its own figures, else the flow's."""
        policy = self._retry_policy()
        override = self.sudo().retry_override_ids.filtered(lambda row: row.code == code)[:1]
        if not override:
            return policy
        return dataclasses.replace(
            policy,
            max_attempts=override.max_attempts,
            base_seconds=override.first_delay_seconds,
            factor=override.factor,
            cap_seconds=override.cap_seconds,
        )
