# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One id through all systems: what the caller gave is kept on the event and handed on to whatever follows (A3)."""

import contextlib
import uuid

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import correlation, trace_context
from ...engine.correlation import Correlation

LOGGERS = "odoo.addons.finance_integration"


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    trace_parent = fields.Char(
        readonly=True, help="The caller's place in its trace (W3C Trace Context), as it was given."
    )
    trace_state = fields.Char(readonly=True, help="What other systems want to be passed on with the trace.")
    trace_id = fields.Char(string="Trace id", compute="_compute_trace", search="_search_trace_id")
    parent_span_id = fields.Char(string="Span of the caller", compute="_compute_trace")

    # A pattern with a fixed beginning is looked up, whatever the database's collation.
    _trace_idx = models.Index("(trace_parent text_pattern_ops) WHERE trace_parent IS NOT NULL")

    def _register_hook(self):
        correlation.watch_loggers(LOGGERS)
        return super()._register_hook()

    @api.depends("trace_parent")
    def _compute_trace(self):
        for message in self:
            trace = trace_context.parse(message.trace_parent)
            message.trace_id = trace and trace.trace_id
            message.parent_span_id = trace and trace.span_id

    def _search_trace_id(self, operator, value):
        """An event belongs to a trace by its own header, or because it follows from one that came with it."""
        if operator != "in":
            return NotImplemented
        traces = [text.strip().lower() for text in value if text]
        parents = [f"00-{trace}-%" for trace in traces if trace_context.parse(f"00-{trace}-{'1' * 16}-00")]
        if not parents:
            return [("id", "=", False)]
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT correlation_id FROM integration_message
                 WHERE trace_parent LIKE ANY (%s) AND correlation_id IS NOT NULL LIMIT 1000
                """,
                parents,
            )
        )
        known = [row[0] for row in self.env.cr.fetchall()]
        return [
            "|",
            ("correlation_id", "in", [*known, *traces]),
            (
                "id",
                "in",
                SQL("(SELECT id FROM integration_message WHERE trace_parent LIKE ANY (%s))", parents),
            ),
        ]

    def _correlation(self):
        """Return what is being worked on while this event is, None when it has no correlation id.

        An event of ours goes on with the trace of the event from which it follows.
        """
        self.ensure_one()
        if not self.correlation_id:
            return None
        trace = trace_context.parse(self.trace_parent, self.trace_state)
        if trace is None and self.direction == "out":
            self.env.cr.execute(
                SQL(
                    """
                    SELECT trace_parent, trace_state FROM integration_message
                     WHERE correlation_id = %s AND direction = 'in' AND trace_parent IS NOT NULL
                     ORDER BY id LIMIT 1
                    """,
                    self.correlation_id,
                )
            )
            trace = trace_context.parse(*(self.env.cr.fetchone() or (None,)))
        return Correlation(self.correlation_id, trace)

    def _trace_headers(self):
        """Return the headers that hand correlation and trace on with this try to deliver the event."""
        now = self._correlation()
        return now.headers(f"message/{self.id}/{self.attempt_count + 1}") if now else {}


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _understand(self, work):
        with _working_on(work):
            return super()._understand(work)

    def _apply_bisecting(self, poster, works):
        with _working_on(works[0]) if len(works) == 1 else contextlib.nullcontext():
            return super()._apply_bisecting(poster, works)


class IntegrationDelivery(models.AbstractModel):
    _inherit = "integration.delivery"

    @api.model
    def _record(self, prepared, tried):
        message = self.env["integration.message"].browse(prepared.message_id)
        with correlation.scope(message._correlation()):
            return super()._record(prepared, tried)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _pull(self, pull):
        """Each fetch of a list is a trace of its own: its requests and the events that it stored name it."""
        run = Correlation(f"fetch-{uuid.uuid4().hex}", trace_context.start())
        with correlation.scope(run):
            return super()._pull(pull)


def _working_on(work):
    correlation_id = work.row.get("correlation_id")
    if not correlation_id:
        return contextlib.nullcontext()
    return correlation.scope(Correlation(correlation_id))
