# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.preflight import ACTIVATE, POINTS, State

STATE_LABELS = [
    (State.RED.value, "Not in order"),
    (State.TO_CONFIRM.value, "To be confirmed"),
    (State.CONFIRMED.value, "Confirmed"),
    (State.GREEN.value, "In order"),
    (State.NOT_NEEDED.value, "Does not apply"),
]
BY_CODE = {point.code: point for point in POINTS}
PLACES = {point.code: place for place, point in enumerate(POINTS)}


class IntegrationPreflightPoint(models.Model):
    """One point of the set-up of a connection, as it was found when it was looked at last."""

    _name = "integration.preflight.point"
    _description = "Point of the set-up"
    _order = "connection_id, sequence"
    _log_access = False
    _rec_name = "label"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    code = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    state = fields.Selection(STATE_LABELS, required=True, readonly=True)
    details = fields.Text(readonly=True, help="What is wrong or has to be known, one by one.")
    to_know = fields.Json(readonly=True, help="Keys of what has to be known.")
    checked_at = fields.Datetime(required=True, readonly=True)
    checked_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    confirmed = fields.Json(readonly=True, help="Keys of what was confirmed.")
    confirmed_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Confirmed by")
    confirmed_at = fields.Datetime(readonly=True)
    label = fields.Char(compute="_compute_texts", string="Point")
    explanation = fields.Text(compute="_compute_texts", string="What is wrong")
    todo = fields.Text(compute="_compute_texts", string="What to do")
    fix = fields.Char(compute="_compute_texts")
    before_receiving = fields.Boolean(
        compute="_compute_texts",
        help="Must hold before the connection receives; the others before a flow books.",
    )

    _point_unique = models.Constraint("UNIQUE(connection_id, code)", "Each point is asked once.")

    @api.depends("code", "state", "details")
    @api.depends_context("lang")
    def _compute_texts(self):
        _ = self.env._
        for row in self:
            point = BY_CODE.get(row.code)
            open_ = row.state in (State.RED.value, State.TO_CONFIRM.value)
            row.label = point and _(point.label)
            row.todo = point and open_ and _(point.todo)
            row.fix = point and open_ and point.fix
            row.before_receiving = bool(point) and point.before == ACTIVATE
            if not (point and open_):
                row.explanation = row.details or False
            elif row.state == State.RED.value and not row.details:
                row.explanation = _("It could not be found out, so it does not count as being in order.")
            else:
                row.explanation = f"{_(point.wrong)}\n{row.details}"

    @api.model
    def _keep(self, connection, verdicts):
        """Write what was found of a connection, one row per point."""
        known = {row.code: row for row in self.search([("connection_id", "=", connection.id)])}
        now = fields.Datetime.now()
        for verdict in verdicts:
            code = verdict.point.code
            values = {
                "sequence": PLACES[code],
                "state": verdict.state.value,
                "details": "\n".join(f"• {text}" for text in verdict.details) or False,
                "to_know": list(verdict.to_know),
                "checked_at": now,
                "checked_by_id": self.env.uid,
            }
            if code in known:
                known[code].sudo().write(values)  # nobody writes a finding by hand
            else:
                self.sudo().create({"connection_id": connection.id, "code": code, **values})

    def action_confirm(self):
        """Button: say that what is listed is known and meant; what comes to the list later is asked for anew."""
        for row in self:
            row.check_access("read")
            if row.state != State.TO_CONFIRM.value:
                raise UserError(self.env._("There is nothing to confirm: %s", row.label))
            row.sudo().write(
                {
                    "state": State.CONFIRMED.value,
                    "confirmed": sorted({*(row.confirmed or ()), *row.to_know}),
                    "confirmed_by_id": self.env.uid,
                    "confirmed_at": fields.Datetime.now(),
                }
            )
            self.env["integration.audit.leaf"]._record_change(
                row.connection_id, "connection.preflight_confirmed", f"{row.code}: {row.details}"
            )

    def action_fix(self):
        """Button: mend the point, or open what has to be changed."""
        self.ensure_one()
        if not self.fix:
            raise UserError(self.env._("There is nothing to open: %s", self.todo or self.label))
        return self.connection_id._preflight_fix(self.fix)
