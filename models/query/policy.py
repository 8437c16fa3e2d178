# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.canonical.queries import MAX_TIME_LIMIT_MS, MIN_TIME_LIMIT_MS

QUESTIONS = ("query.credit", "query.invoice", "query.payment")
MAX_WINDOW_MINUTES = 24 * 60


class IntegrationFlow(models.Model):
    """What was agreed about the questions that an outside system may ask (E15): one flow per kind of question."""

    _inherit = "integration.flow"

    is_query = fields.Boolean(compute="_compute_is_query")
    query_when_late = fields.Selection(
        [("closed", "Stop"), ("open", "Release")],
        string="When the answer would be late",
        default="closed",
        required=True,
        help="What is answered about a customer when the facts are not there within the time that the asker waits. "
        "Other questions are then answered with “not known in time”.",
    )
    query_max_time_ms = fields.Integer(
        string="Longest answer (ms)",
        default=2000,
        help="The asker says how long it waits; longer than this it is never made to wait.",
    )
    query_window_minutes = fields.Integer(
        string="Same answer for (minutes)",
        default=15,
        help="A question that is asked again under its id within this time has the same answer. After it the id is "
        "used up.",
    )
    query_overdue_days = fields.Integer(
        string="Overdue at most (days)",
        default=30,
        help="Orders are not released while an invoice is overdue for more days than this. A negative number: overdue "
        "invoices do not matter.",
    )

    @api.model
    def _selection_kind(self):
        _ = self.env._
        return [
            *super()._selection_kind(),
            ("query.credit", _("Questions: credit and order release")),
            ("query.invoice", _("Questions: state of an invoice")),
            ("query.payment", _("Questions: state of a payment")),
        ]

    @api.depends("kind")
    def _compute_is_query(self):
        for flow in self:
            flow.is_query = flow.kind in QUESTIONS

    @api.constrains("query_max_time_ms", "query_window_minutes")
    def _check_query_limits(self):
        for flow in self.filtered("is_query"):
            if not MIN_TIME_LIMIT_MS <= flow.query_max_time_ms <= MAX_TIME_LIMIT_MS:
                raise ValidationError(
                    self.env._(
                        "An answer takes between %(least)s and %(most)s ms.",
                        least=MIN_TIME_LIMIT_MS,
                        most=MAX_TIME_LIMIT_MS,
                    )
                )
            if not 0 < flow.query_window_minutes <= MAX_WINDOW_MINUTES:
                raise ValidationError(self.env._("The same answer is given for a minute to a day."))


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    query_answer_count = fields.Integer(compute="_compute_query_answer_count", string="Questions answered")

    def _compute_query_answer_count(self):
        counts = dict(
            self.env["integration.query.answer"]._read_group(
                [("connection_id", "in", self.ids)], ["connection_id"], ["__count"]
            )
        )
        for connection in self:
            connection.query_answer_count = counts.get(connection, 0)

    def _wanted_flows(self):
        """Return a flow per kind of question, too."""
        return [*super()._wanted_flows(), *(("in", kind) for kind in self._spec().queries)]

    def action_open_query_answers(self):
        """Button: the questions that were answered to this system."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_query_answer")
        return dict(action, domain=[("connection_id", "=", self.id)], context={})


class IntegrationEndpoint(models.Model):
    _inherit = "integration.endpoint"

    batch_url = fields.Char(
        string="Address for many events",
        compute="_compute_more_urls",
        help="Signed NDJSON: one event per line.",
    )
    query_url = fields.Char(
        string="Address for questions",
        compute="_compute_more_urls",
        help="Signed questions about credit, invoices and payments, answered at once.",
    )

    @api.depends("url", "connection_id.connector")
    def _compute_more_urls(self):
        for endpoint in self:
            spec = endpoint.connection_id.connector and endpoint.connection_id._spec()
            endpoint.batch_url = f"{endpoint.url}/batch" if spec and spec.accepts_batches else False
            endpoint.query_url = endpoint.url.replace("/in/", "/query/") if spec and spec.queries else False
