# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models

OUTCOMES = [
    ("done", "Done"),
    ("duplicate", "Already booked"),
    ("nothing", "Nothing to book"),
    ("superseded", "Overtaken by a newer version"),
    ("retry", "Will be tried again"),
    ("held", "Waits for what it belongs to"),
    ("parked", "Needs a person"),
    ("dead", "Stopped after all tries"),
    ("unknown", "Sent, answer unknown"),
]
TRIGGERS = [
    ("queue", "Its turn came"),
    ("retry", "Tried again by itself"),
    ("person", "A person: try again"),
    ("fix", "The cause was removed"),
    ("replay", "Replay"),
    ("sweep", "The scheduled look, in place of the job runner"),
]


class IntegrationAttempt(models.Model):
    """One try at a message. Append-only."""

    _name = "integration.attempt"
    _description = "Try"
    _order = "id desc"
    _log_access = False

    message_id = fields.Many2one(
        "integration.message", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="message_id.company_id")
    number = fields.Integer(required=True, readonly=True)
    trigger = fields.Selection(
        TRIGGERS, readonly=True, default="queue", help="Why the hub looked at the event just then."
    )
    user_id = fields.Many2one(
        "res.users",
        string="By",
        readonly=True,
        ondelete="restrict",
        help="Who pressed the button, where it was a person.",
    )
    started_at = fields.Datetime(required=True, readonly=True)
    duration_ms = fields.Integer(readonly=True, string="Took (ms)")
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    stage = fields.Char(readonly=True, help="The last stage that the try reached.")
    stages = fields.Json(readonly=True, help="Each stage of this try with its instant.")
    error_code = fields.Char(readonly=True)
    detail = fields.Char(readonly=True)
    http_status = fields.Integer(readonly=True)
