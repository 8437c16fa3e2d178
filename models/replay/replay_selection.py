# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.error_catalogue import RESOLUTIONS
from ...engine.lifecycle import STATUSES
from ...engine.replay import mode_of
from .replay import MAX_EVENTS

SCOPES = [
    ("events", "Events chosen in a list"),
    ("filter", "Events that meet conditions"),
    ("window", "Events of a span of time"),
]
CHOSEN_STATUSES = ("dead", "parked", "waiting", "done", "superseded", "discarded")


class IntegrationReplaySelection(models.Model):
    """Which events a replay is about: chosen in a list, by conditions, by time. At most MAX_EVENTS."""

    _inherit = "integration.replay"

    scope = fields.Selection(SCOPES, required=True, default="filter", string="Which events")
    event_ids = fields.Many2many(
        "integration.message", "integration_replay_message_rel", string="Chosen events"
    )
    direction = fields.Selection(
        [("in", "That came in"), ("out", "That we send")], default="in", required=True
    )
    connection_ids = fields.Many2many(
        "integration.connection",
        "integration_replay_connection_rel",
        string="Connections",
        check_company=True,
    )
    flow_ids = fields.Many2many(
        "integration.flow", "integration_replay_flow_rel", string="Flows", check_company=True
    )
    kind = fields.Selection("_selection_kind", string="About")
    error_code = fields.Selection("_selection_error_code", string="Stopped because")
    with_dead = fields.Boolean("Stopped after all tries", default=True)
    with_parked = fields.Boolean("Needs a person", default=True)
    with_waiting = fields.Boolean("Will be tried again")
    with_done = fields.Boolean("Done")
    with_superseded = fields.Boolean("Overtaken by a newer version")
    with_discarded = fields.Boolean("Put aside by a person")
    amount_from = fields.Monetary(help="Gross, without its sign. Empty or 0 = any.")
    amount_to = fields.Monetary(help="Gross, without its sign. Empty or 0 = any.")
    currency_id = fields.Many2one("res.currency", string="In currency")
    window_field = fields.Selection(
        [("received_at", "Received"), ("occurred_at", "Happened at the source")],
        default="received_at",
        required=True,
        string="By when they were",
    )
    window_from = fields.Datetime("From")
    window_to = fields.Datetime("Until", help="Not included.")
    chosen_count = fields.Integer(compute="_compute_chosen_count", string="Events chosen")
    domain = fields.Char(readonly=True, copy=False, help="The conditions as they were searched for.")

    _window_has_an_end = models.Constraint(
        "CHECK (window_from IS NULL OR window_to IS NULL OR window_from < window_to)",
        "The span of time ends before it begins.",
    )

    @api.model
    def _selection_kind(self):
        return self.env["integration.flow"]._selection_kind()

    @api.model
    def _selection_error_code(self):
        titles = self.env["integration.error.resolution"]._titles()
        return sorted(((code, titles[code]) for code in RESOLUTIONS), key=lambda pair: pair[1])

    @api.depends(
        "scope", "event_ids", "direction", "connection_ids", "flow_ids", "kind", "error_code", "with_dead",
        "with_parked", "with_waiting", "with_done", "with_superseded", "with_discarded", "amount_from", "amount_to",
        "currency_id", "window_field", "window_from", "window_to", "company_id",
    )  # fmt: skip
    def _compute_chosen_count(self):
        for replay in self:
            ready = replay.scope != "window" or (replay.window_from and replay.window_to)
            replay.chosen_count = (
                self.env["integration.message"].search_count(replay._selection_domain()) if ready else 0
            )

    def _selection_domain(self):
        """Return the search domain of what is chosen."""
        self.ensure_one()
        if self.scope == "events":
            return [("id", "in", self.event_ids.ids), ("company_id", "=", self.company_id.id)]
        statuses = [status for status in CHOSEN_STATUSES if self[f"with_{status}"]]
        domain = [
            ("company_id", "=", self.company_id.id),
            ("direction", "=", self.direction),
            ("status", "in", statuses),
            # Of a replay that has ended the original is chosen; one that has stopped is an event like others.
            "|",
            ("replay_of_id", "=", False),
            ("status", "in", ("dead", "parked", "waiting")),
        ]
        if self.connection_ids:
            domain.append(("connection_id", "in", self.connection_ids.ids))
        if self.flow_ids:
            domain.append(("flow_id", "in", self.flow_ids.ids))
        if self.kind:
            domain.append(("kind", "=", self.kind))
        if self.error_code:
            domain.append(("error_code", "=", self.error_code))
        return domain + self._amount_domain() + self._window_domain()

    def _amount_domain(self):
        domain = [("currency_id", "=", self.currency_id.id)] if self.currency_id else []
        if self.amount_from:
            domain += ["|", ("amount", ">=", self.amount_from), ("amount", "<=", -self.amount_from)]
        if self.amount_to:
            domain += [("amount", "<=", self.amount_to), ("amount", ">=", -self.amount_to)]
        return domain

    def _window_domain(self):
        domain = []
        if self.window_from:
            domain.append((self.window_field, ">=", self.window_from))
        if self.window_to:
            domain.append((self.window_field, "<", self.window_to))
        return domain

    def _check_selection(self):
        """Refuse a choice that is empty, open-ended or too large; return how many events it holds.

        :raises UserError: saying which, with the number.
        """
        self.ensure_one()
        if self.scope == "window" and not (self.window_from and self.window_to):
            raise UserError(self.env._("A span of time needs both its beginning and its end."))
        count = self.env["integration.message"].search_count(self._selection_domain())
        if not count:
            raise UserError(self.env._("No event meets this choice."))
        if count > MAX_EVENTS:
            raise UserError(
                self.env._(
                    "%(count)s events meet this choice; one replay takes %(limit)s at most. Narrow it down, for "
                    "instance by time.",
                    count=count,
                    limit=MAX_EVENTS,
                )
            )
        return count

    def _write_lines(self):
        """Write one line per chosen event, in the order in which they came; what was there before goes."""
        self.ensure_one()
        domain = self._selection_domain()
        messages = self.env["integration.message"].search(domain, order="id", limit=MAX_EVENTS)
        modes = SQL(" ").join(SQL("WHEN %s THEN %s", status, mode_of(status)) for status in STATUSES)
        self.env.cr.execute(SQL("DELETE FROM integration_replay_line WHERE replay_id = %s", self.id))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_replay_line
                       (replay_id, company_id, message_id, connection_id, event_type, amount, currency_id,
                        planned_status, mode)
                SELECT DISTINCT %s, o.company_id, o.id, o.connection_id, o.event_type, o.amount, o.currency_id,
                       o.status, CASE o.status %s END
                  FROM integration_message m
                  JOIN integration_message o
                    ON o.id = CASE WHEN m.replay_of_id IS NOT NULL AND m.status IN ('done', 'superseded', 'discarded')
                                   THEN m.replay_of_id ELSE m.id END
                 WHERE m.id = ANY(%s)
                 ORDER BY o.id
                """,
                self.id,
                modes,
                messages.ids,
            )
        )
        self.env["integration.replay.line"].invalidate_model(flush=False)
        return str(domain)[:2000]
