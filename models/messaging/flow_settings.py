# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an administrator sets for a flow: when it works, how fast, how often it tries, who looks after it."""

from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ...engine.canonical.registry import KINDS, latest_version
from ...engine.cutover import KINDS_WITH_OPEN_ITEMS
from ...engine.flow_life import FlowDefaults
from ...engine.retry import RetryPolicy
from ...engine.windows import WEEKDAYS, Window

PRIORITIES = {"critical": 3, "high": 4, "normal": 5, "low": 7}
WINDOWS = ("processing", "posting")


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    mode = fields.Selection(
        [("event", "At once"), ("near_real_time", "Within a minute"), ("batch", "When its window opens")],
        required=True,
        default="event",
        string="Works",
        help="At once: each event is worked off as it arrives. Within a minute: events are collected for up to a "
        "minute. When its window opens: events are collected until the processing window opens.",
    )
    criticality = fields.Selection(
        [("low", "Low"), ("normal", "Normal"), ("high", "High"), ("critical", "Critical")],
        required=True,
        default="normal",
        help="More critical flows go first when there is more to do than workers to do it.",
    )
    latency_target_seconds = fields.Integer(
        string="Finished within (seconds)",
        default=300,
        help="From receipt to the books. Events that take longer make the flow late. 0 = no target.",
    )
    batch_size = fields.Integer(default=100, help="Events per transaction, 1 to 100.")
    first_delay_seconds = fields.Integer(
        string="First pause (seconds)", default=5, help="Before the second try after a passing problem."
    )
    delay_factor = fields.Integer(
        string="Each pause is longer by", default=3, help="Factor from one pause to the next."
    )
    longest_delay_seconds = fields.Integer(string="Longest pause (seconds)", default=3600)
    inbound_rate_per_second = fields.Integer(
        string="Most events in, per second",
        help="More are refused with the request to slow down. 0 = the connector's.",
    )
    outbound_rate_per_second = fields.Integer(
        string="Most events out, per second", help="0 = the connector's."
    )
    data_contract = fields.Char(
        help="The agreement with the other side about content and form, such as the name and version of the schema."
    )
    runbook_url = fields.Char(
        string="Runbook", help="Where it is written what to do when this flow stands still."
    )
    start_date = fields.Date(
        string="Books from",
        help="Events that belong to an earlier day are recorded and treated as history. Empty = no such day.",
    )
    history_policy = fields.Selection(
        [
            ("keep", "Record, book nothing"),
            ("post", "Book, unless the books hold it already"),
            ("open_items", "Bring forward what is still open"),
            ("reference", "Know it for reference, book nothing"),
        ],
        required=True,
        default="keep",
        string="What is older",
        help="What becomes of events before “Books from”.",
    )
    processing_days = fields.Char(default="1234567", help="1 = Monday to 7 = Sunday.")
    processing_from = fields.Float(
        string="Processing from", help="Time of day in the time zone of the books."
    )
    processing_to = fields.Float(string="Processing to", help="An end before the start is on the next day.")
    posting_days = fields.Char(default="1234567", help="1 = Monday to 7 = Sunday.")
    posting_from = fields.Float(string="Posting from", help="Time of day in the time zone of the books.")
    posting_to = fields.Float(string="Posting to", help="An end before the start is on the next day.")
    has_processing_window = fields.Boolean(string="Only at certain times")
    has_posting_window = fields.Boolean(string="Books only at certain times")
    waiting_count = fields.Integer(compute="_compute_waiting", string="In the queue")
    oldest_waiting_at = fields.Datetime(compute="_compute_waiting", string="Oldest in the queue")
    is_late = fields.Boolean(compute="_compute_waiting", string="Late")

    _batch_size_sane = models.Constraint(
        "CHECK (batch_size BETWEEN 1 AND 100)", "A batch has 1 to 100 events."
    )
    _rates_sane = models.Constraint(
        "CHECK (COALESCE(inbound_rate_per_second, 0) >= 0 AND COALESCE(outbound_rate_per_second, 0) >= 0)",
        "A rate is not negative.",
    )
    _times_sane = models.Constraint(
        "CHECK (COALESCE(latency_target_seconds, 0) >= 0)", "The target is not negative."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Begin with what the connector proposes; what is given goes before."""
        for vals in vals_list:
            connection = self.env["integration.connection"].browse(vals.get("connection_id"))
            if not connection.connector:
                continue
            spec = connection._spec()
            proposed = spec.flow_defaults.get(vals.get("kind"), FlowDefaults())
            defaults = {
                "mode": proposed.mode,
                "criticality": proposed.criticality,
                "latency_target_seconds": proposed.latency_target_seconds,
                "batch_size": proposed.batch_size,
                "retention_days": proposed.retention_days,
                "max_attempts": spec.retry.max_attempts,
                "first_delay_seconds": spec.retry.base_seconds,
                "delay_factor": spec.retry.factor,
                "longest_delay_seconds": spec.retry.cap_seconds,
            }
            if vals.get("kind") in KINDS:
                defaults["data_contract"] = f"{vals['kind']} v{latest_version(vals['kind'])}"
            vals.update({name: value for name, value in defaults.items() if name not in vals})
        return super().create(vals_list)

    # -- what must hold ------------------------------------------------------------------------------------

    @api.constrains("max_attempts", "first_delay_seconds", "delay_factor", "longest_delay_seconds")
    def _check_retry_policy(self):
        for flow in self:
            try:
                flow._retry_policy()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Tries, pauses and their factor are at least 1, and the longest pause is not shorter than the "
                        "first."
                    )
                ) from error

    @api.constrains(*(f"{name}_{part}" for name in WINDOWS for part in ("days", "from", "to")))
    def _check_windows(self):
        for flow in self:
            for name in WINDOWS:
                try:
                    flow._window(name)
                except ValueError as error:
                    raise ValidationError(
                        self.env._(
                            "The days are figures from 1 (Monday) to 7 (Sunday), the times between 0:00 and 24:00."
                        )
                    ) from error

    @api.constrains("mode", "has_processing_window", "direction")
    def _check_mode(self):
        for flow in self:
            if flow.mode == "batch" and not flow.has_processing_window:
                raise ValidationError(
                    self.env._("A flow that works when its window opens needs a processing window.")
                )

    @api.constrains("history_policy", "kind", "start_date")
    def _check_history(self):
        for flow in self:
            if flow.history_policy == "open_items" and flow.kind not in KINDS_WITH_OPEN_ITEMS:
                raise ValidationError(
                    self.env._(
                        "Only invoices have an open rest that can be brought forward. For %s choose to record, to book "
                        "or to know them for reference.",
                        flow.display_name,
                    )
                )

    # -- what follows from it ------------------------------------------------------------------------------

    def _retry_policy(self):
        """Return the engine.retry.RetryPolicy of this flow."""
        self.ensure_one()
        return RetryPolicy(
            max_attempts=self.max_attempts,
            base_seconds=self.first_delay_seconds,
            factor=self.delay_factor,
            cap_seconds=self.longest_delay_seconds,
        )

    def _outbound_rate(self):
        """Return how many events per second may go out over this flow."""
        self.ensure_one()
        return self.outbound_rate_per_second or self.connection_id._spec().outbound_rate_per_second

    def _window(self, name):
        """Return the engine.windows.Window of ``name`` ('processing' or 'posting'), None = always open.

        :raises ValueError: its days or times make no sense.
        """
        self.ensure_one()
        if not self[f"has_{name}_window"]:
            return None
        days = self[f"{name}_days"] or ""
        if not days.isdecimal():
            raise ValueError("days are figures from 1 to 7")
        return Window(
            frozenset(int(day) - 1 for day in days),
            round(self[f"{name}_from"] * 60),
            round(self[f"{name}_to"] * 60),
        )

    def _window_text(self, name):
        window = self._window(name)
        if not window:
            return self.env._("always")
        days = ", ".join(WEEKDAYS[day].capitalize()[:3] for day in sorted(window.weekdays))
        start, end = (divmod(minute, 60) for minute in (window.start_minute, window.end_minute))
        return f"{days} {start[0]}:{start[1]:02d}–{end[0]}:{end[1]:02d}"

    def _compute_waiting(self):
        groups = {
            flow.id: (count, oldest)
            for flow, count, oldest in self.env["integration.message"]
            .sudo()
            ._read_group(
                [("flow_id", "in", self.ids), ("status", "in", ("ready", "waiting", "held"))],
                ["flow_id"],
                ["__count", "received_at:min"],
            )
        }
        now = fields.Datetime.now()
        for flow in self:
            flow.waiting_count, flow.oldest_waiting_at = groups.get(flow.id, (0, False))
            target = timedelta(seconds=flow.latency_target_seconds or 0)
            flow.is_late = bool(
                flow.state == "live"
                and target
                and flow.oldest_waiting_at
                and now - flow.oldest_waiting_at > target
            )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _outbound_rate(self):
        """Return how many events per second may go to this system: the lowest limit of its live flows out."""
        self.ensure_one()
        flows = self.flow_ids.filtered(lambda flow: flow.direction == "out" and flow.state == "live")
        rates = [flow._outbound_rate() for flow in flows]
        return min(rates, default=self._spec().outbound_rate_per_second)


class IntegrationEndpoint(models.Model):
    _inherit = "integration.endpoint"

    @api.model
    @tools.ormcache("key")
    def _address_facts(self, key):
        """Add the limits of single flows, by kind: {kind: (flow id, events per second)}."""
        facts = super()._address_facts(key)
        if facts is None:
            return None
        flows = self.env["integration.connection"].sudo().browse(facts["connection_id"]).flow_ids
        rates = {
            flow.kind: (flow.id, flow.inbound_rate_per_second)
            for flow in flows
            if flow.direction == "in" and flow.inbound_rate_per_second
        }
        return facts | {"flow_rates": rates}


class IntegrationLane(models.Model):
    _inherit = "integration.lane"

    def _priority(self):
        """Return the priority of the job that works this lane off: lower goes first."""
        self.ensure_one()
        flows = self.sudo().flow_ids.filtered(lambda flow: flow.state in ("live", "shadow"))
        return min((PRIORITIES[flow.criticality] for flow in flows), default=PRIORITIES["normal"])
