# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...engine.event_catalogue import EVENTS, LISTS

MAX_LISTED = 50_000
LISTED_AT_ONCE = 500


class IntegrationSubscription(models.Model):
    """That an outside system is told a kind of event, all of them or some. What nobody subscribes to is not sent."""

    _name = "integration.subscription"
    _description = "Subscription to business events"
    _inherit = ["integration.event.filter", "integration.doorbell"]
    _order = "connection_id, kind, id"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    connection_id = fields.Many2one(
        "integration.connection", string="Told to", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    flow_id = fields.Many2one(
        "integration.flow",
        ondelete="cascade",
        readonly=True,
        index=True,
        help="Through which the events leave: it says how often a delivery is tried, and can be paused.",
    )
    journal_ids = fields.Many2many(check_company=True)
    is_list = fields.Boolean(compute="_compute_is_list")

    @api.depends("kind")
    def _compute_is_list(self):
        for row in self:
            row.is_list = row.kind in LISTS

    @api.depends("connection_id.name", "kind")
    def _compute_display_name(self):
        labels = dict(self._selection_kind())
        for row in self:
            row.display_name = f"{row.connection_id.name or ''} · {labels.get(row.kind, row.kind or '')}"

    def init(self):
        """Give flows that carried events before there were subscriptions the one that changes nothing."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_subscription (connection_id, company_id, flow_id, kind, active, domain)
                SELECT f.connection_id, f.company_id, f.id, f.kind, TRUE, '[]'
                  FROM integration_flow f
                 WHERE f.direction = 'out' AND f.kind = ANY(%s)
                   AND NOT EXISTS (SELECT FROM integration_subscription s WHERE s.flow_id = f.id)
                """,
                list(EVENTS),
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        for row in rows.filtered(lambda row: not row.flow_id):
            row.sudo().flow_id = row._find_or_make_flow()
        rows._changed()
        return rows

    def write(self, vals):
        if {"connection_id", "kind"} & vals.keys():
            raise UserError(
                self.env._(
                    "A subscription keeps its event and its receiver. Switch it off and make another one."
                )
            )
        result = super().write(vals)
        if vals.keys() - {"flow_id"}:
            self._changed()
        return result

    def unlink(self):
        self._changed()
        return super().unlink()

    def _changed(self):
        self.env.registry.clear_cache()

    def action_send_list(self):
        """Button: tell the receiver the whole list as it stands, whether something changed or not."""
        self.ensure_one()
        self.check_access("write")
        if not self.is_list or not self.active:
            raise UserError(self.env._("This subscription is about no list, or it is switched off."))
        event = self.env["integration.event"].sudo()
        ids = event._ids_of_list(self.kind, self.company_id, MAX_LISTED + 1)
        if len(ids) > MAX_LISTED:
            raise UserError(
                self.env._("The list has more than %s entries. Narrow it by further conditions.", MAX_LISTED)
            )
        for first in range(0, len(ids), LISTED_AT_ONCE):
            self.with_delay(description=self.env._("Send a list: %s", self.display_name))._send_listed(
                ids[first : first + LISTED_AT_ONCE]
            )
        self.env["integration.audit.leaf"]._record_change(self, "subscription.send_list", str(len(ids)))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(count)s entries are being sent to %(receiver)s.",
                    count=len(ids),
                    receiver=self.connection_id.display_name,
                ),
            },
        }

    def _send_listed(self, ids):
        """Job: put these entries of the list into the outbox; returns how many were asked for."""
        if not self.active:  # switched off since the button was pressed
            return 0
        return self.env["integration.event"].sudo()._send_listed(self, ids)

    @api.constrains("connection_id", "kind")
    def _check_connector_takes_it(self):
        for row in self:
            if row.kind not in row.connection_id._spec().outbound_events:
                raise ValidationError(
                    self.env._("%s takes no events of this kind.", row.connection_id.display_name)
                )

    def _find_or_make_flow(self):
        self.ensure_one()
        connection = self.connection_id
        found = connection.flow_ids.filtered(lambda flow: flow.direction == "out" and flow.kind == self.kind)
        return found or self.env["integration.flow"].with_context(integration_subscribed=True).create(
            {
                "connection_id": connection.id,
                "direction": "out",
                "kind": self.kind,
                "lane_id": self.env["integration.lane"]._for_connection(connection).id,
            }
        )


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    subscription_ids = fields.One2many("integration.subscription", "flow_id")

    @api.model
    def _selection_kind(self):
        others = [pair for pair in super()._selection_kind() if pair[0] not in EVENTS]
        return others + self.env["integration.event.filter"]._selection_kind()

    @api.model_create_multi
    def create(self, vals_list):
        """A flow that is made for events tells all of them, until somebody narrows its subscription."""
        flows = super().create(vals_list)
        if not self.env.context.get("integration_subscribed"):
            # Which flow it belongs to is nobody's choice.
            self.env["integration.subscription"].sudo().create(
                [
                    {"connection_id": flow.connection_id.id, "kind": flow.kind, "flow_id": flow.id}
                    for flow in flows
                    if flow.direction == "out" and flow.kind in EVENTS
                ]
            )
        return flows


class IntegrationEvent(models.AbstractModel):
    _inherit = "integration.event"

    @api.model
    @tools.ormcache("flow_id")
    def _subscriptions(self, flow_id):
        """Return the ids of the active subscriptions behind an outgoing flow."""
        return tuple(self.env["integration.subscription"].sudo().search([("flow_id", "=", flow_id)]).ids)

    @api.model
    def _subscribers(self, company_id, kind):
        """Return those flows that somebody subscribes to; ``_subscribed`` says which of their events."""
        return tuple(
            (flow_id, connection_id)
            for flow_id, connection_id in super()._subscribers(company_id, kind)
            if self._subscriptions(flow_id)
        )

    @api.model
    def _is_heard(self, company_id, kind):
        """Whether anybody listens to such events: an outside system or a rule. Costs nothing once it is cached."""
        return bool(
            self._subscribers(company_id, kind) or self.env["integration.rule"]._parts_for(company_id, kind)
        )

    @api.model
    def _subscribed(self, flow_id, happened):
        """Return the set of positions in ``happened`` that the subscriptions of a flow ask for."""
        wanted = set()
        for row in self.env["integration.subscription"].sudo().browse(self._subscriptions(flow_id)):
            matching = {id(one) for one in row._matches(happened)}
            wanted |= {place for place, one in enumerate(happened) if id(one) in matching}
        return wanted
