# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...connectors.registry import all_connectors, get_connector
from ...engine.event_catalogue import EVENTS
from ...engine.instants import format_instant

ENVIRONMENTS = [("production", "Production"), ("sandbox", "Sandbox"), ("test", "Test")]
MAX_COUNTED = 10_000
STATES = [("draft", "Being set up"), ("active", "Active"), ("paused", "Paused")]


class IntegrationConnection(models.Model):
    """One configured outside system of one company in one environment."""

    _name = "integration.connection"
    _description = "Connection to an outside system"
    _inherit = ["mail.thread"]
    _order = "company_id, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    connector = fields.Selection(
        selection="_selection_connector",
        required=True,
        tracking=True,
        help="Which outside system this is. It decides how events are recognised and understood.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, tracking=True
    )
    environment = fields.Selection(ENVIRONMENTS, required=True, default="sandbox", tracking=True)
    state = fields.Selection(STATES, required=True, default="draft", readonly=True, copy=False, tracking=True)
    time_zone = fields.Selection(
        "_selection_time_zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        tracking=True,
        help="Time zone of the company's books: an outside instant becomes an accounting date in this zone.",
    )
    outside_account = fields.Char(
        help="The account id at the outside system (for Stripe: acct_…). Events of any other account are not booked.",
        tracking=True,
    )
    api_base_url = fields.Char(
        string="API address",
        help="Where the hub pulls from. Leave empty for the vendor's public address.",
        tracking=True,
    )
    delivery_url = fields.Char(
        string="Delivery address",
        help="Where business events of this company are sent to, signed.",
        tracking=True,
    )
    allowed_hosts = fields.Char(
        help="Host names or addresses that may be called although they are not public, separated by blanks. "
        "Needed only for systems inside your own network.",
        tracking=True,
    )
    fetch_from = fields.Date(
        help="The first day whose ledger lines and balances are fetched from the provider. Empty = the ledger from its "
        "beginning, the balances from yesterday.",
        tracking=True,
    )
    reference_keys = fields.Char(
        default="invoice_number invoice order_id order reference",
        help="Names of the metadata fields in which the outside system carries our invoice or order number.",
    )
    service_user_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        help="The user as whom this connection posts. It has no password and may write only to the journals below.",
    )
    sales_journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="Journal for invoices that Odoo issues on request of this system.",
        tracking=True,
    )
    issued_journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="Journal for invoices which the outside system has already issued under its own number.",
        tracking=True,
    )
    entry_journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', '=', 'general')]",
        help="Journal for entries that apply or reclassify booked money.",
        tracking=True,
    )
    tax_tolerance = fields.Float(
        string="Tax tolerance",
        default=0.05,
        digits=(16, 4),
        help="Largest difference per document between the issuer's tax and Odoo's own computation "
        "that is only reported.",
    )
    fee_mode = fields.Selection(
        [("direct", "Expense at once"), ("vendor", "Against the provider's invoice")],
        default="direct",
        required=True,
        help="Direct: fees are an expense on the day they are charged. Against invoice: fees reduce what we owe the "
        "provider, whose periodic tax invoice brings the expense and its tax.",
        tracking=True,
    )
    fee_partner_id = fields.Many2one(
        "res.partner", string="Provider", help="The provider as a supplier, for its invoices."
    )
    endpoint_ids = fields.One2many("integration.endpoint", "connection_id")
    credential_ids = fields.One2many("integration.credential", "connection_id")
    flow_ids = fields.One2many("integration.flow", "connection_id")
    balance_account_ids = fields.One2many("integration.balance.account", "connection_id")
    role_account_ids = fields.One2many("integration.role.account", "connection_id")
    mapping_ids = fields.One2many("integration.mapping", "connection_id")
    journal_ids = fields.Many2many(
        "account.journal",
        compute="_compute_journal_ids",
        help="The journals to which this connection may post.",
    )
    readiness = fields.Text(
        compute="_compute_readiness",
        compute_sudo=True,  # it tells that a secret is missing to people who may not see secrets
        help="What is still missing before this connection can be active.",
    )
    open_exception_count = fields.Integer(compute="_compute_counts")
    message_count = fields.Integer(compute="_compute_counts", string="Events")
    carries_invoices = fields.Boolean(compute="_compute_carries")
    carries_money = fields.Boolean(compute="_compute_carries")
    last_received_at = fields.Datetime(compute="_compute_counts", string="Last event")

    _name_company_unique = models.Constraint(
        "UNIQUE(company_id, name)", "A connection with this name already exists in the company."
    )

    @api.model
    def _selection_connector(self):
        return [(code, connector.spec.name) for code, connector in sorted(all_connectors().items())]

    @api.model
    def _selection_time_zone(self):
        return [(zone, zone) for zone in pytz.all_timezones]

    @api.depends(
        "sales_journal_id",
        "issued_journal_id",
        "entry_journal_id",
        "balance_account_ids.journal_id",
        "company_id",
    )
    def _compute_journal_ids(self):
        for connection in self:
            company = connection.company_id
            connection.journal_ids = (
                connection.sales_journal_id
                | connection.issued_journal_id
                | connection.entry_journal_id
                | connection.balance_account_ids.journal_id
                # Matching in another currency or of cash-basis taxes makes core write entries here.
                | company.currency_exchange_journal_id
                | company.tax_cash_basis_journal_id
            )

    @api.depends(
        "state",
        "endpoint_ids.active",
        "credential_ids.purpose",
        "credential_ids.valid_until",
        "balance_account_ids",
        "delivery_url",
        "entry_journal_id",
        "sales_journal_id",
        "issued_journal_id",
        "role_account_ids",
    )
    def _compute_readiness(self):
        for connection in self:
            points = connection._missing_points() if connection.connector else []
            connection.readiness = "\n".join(f"• {line}" for line in points)

    @api.depends("flow_ids.kind")
    def _compute_carries(self):
        for connection in self:
            kinds = set(connection.flow_ids.filtered(lambda flow: flow.direction == "in").mapped("kind"))
            connection.carries_invoices = bool(kinds & {"invoice", "fulfilment"})
            connection.carries_money = "movement" in kinds

    def _compute_counts(self):
        Message = self.env["integration.message"]
        exceptions = dict(
            self.env["integration.exception"]._read_group(
                [("connection_id", "in", self.ids), ("state", "!=", "resolved")],
                ["connection_id"],
                ["__count"],
            )
        )
        for connection in self:
            domain = [("connection_id", "in", connection.ids)]
            # Not counted to the end: there may be millions.
            connection.message_count = Message.search_count(domain, limit=MAX_COUNTED)
            connection.last_received_at = bool(connection.ids) and Message._last_received_at(
                connection.ids[0]
            )
            connection.open_exception_count = exceptions.get(connection, 0)

    @api.model_create_multi
    def create(self, vals_list):
        connections = super().create(vals_list)
        for connection in connections:
            connection._ensure_flows()
            connection._ensure_endpoint()
        return connections

    def write(self, vals):
        if "connector" in vals and any(connection.message_count for connection in self):
            raise UserError(
                self.env._("A connection that has received events keeps its connector. Make a new one.")
            )
        result = super().write(vals)
        if {"time_zone", "company_id", "name"} & vals.keys():
            self._sync_service_user()
        self.env.registry.clear_cache()
        return result

    @api.depends("name")
    def _compute_display_name(self):
        """The audit trail outlives a draft that was deleted: its entries name it by its number."""
        there = self.exists()
        for connection in self - there:
            connection.display_name = self.env._("Deleted connection %s", connection.id)
        # A list that names a connection needs this alone of its many columns.
        there.fetch(["name"])
        return super(IntegrationConnection, there)._compute_display_name()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(connection.message_count for connection in self):
            raise UserError(
                self.env._(
                    "A connection that has received events is evidence and cannot be deleted. Archive it instead."
                )
            )

    @api.constrains("fee_mode", "fee_partner_id")
    def _check_fee_partner(self):
        for connection in self:
            if connection.fee_mode == "vendor" and not connection.fee_partner_id:
                raise ValidationError(
                    self.env._("Name the provider as a supplier: its fees are booked against its invoices.")
                )

    # -- set-up ------------------------------------------------------------------------------------------

    def _spec(self):
        self.ensure_one()
        return get_connector(self.connector).spec

    def _connector(self):
        self.ensure_one()
        return get_connector(self.connector)

    def _settings(self):
        """Return the settings that a connector's pure functions may read."""
        self.ensure_one()
        settings = {"pull_from": self._fetch_from()} if self.fetch_from else {}
        return settings | {
            "reference_keys": (self.reference_keys or "").split(),
            "time_zone": self.time_zone,
            "outside_account": self.outside_account,
            "api_base_url": self.api_base_url,
            "system": self.connector,
            "environment": self.environment,
            "currencies": self.balance_account_ids.currency_id.mapped("name"),
        }

    def _fetch_from(self):
        """Return the beginning of the first day to fetch as RFC 3339, in the time zone of the books."""
        midnight = datetime.combine(self.fetch_from, datetime.min.time(), ZoneInfo(self.time_zone))
        return format_instant(midnight)

    def _ensure_flows(self):
        """Give the connection one flow per object kind it takes in and per event it can send."""
        self.ensure_one()
        self.env["integration.flow"].create(self._missing_flows())

    def _wanted_flows(self):
        """Return (direction, kind) of every flow that the connector has today."""
        spec = self._spec()
        kinds = sorted({rule.kind for rule in spec.events.values() if rule.kind})
        sent = [kind for kind in spec.outbound_events if kind not in EVENTS or EVENTS[kind].by_default]
        return [("in", kind) for kind in kinds] + [("out", kind) for kind in sent]

    def _missing_flows(self):
        """Return the values of the flows that the connector has and this connection has not."""
        self.ensure_one()
        lane = self.env["integration.lane"]._for_connection(self)
        present = {(flow.direction, flow.kind) for flow in self.flow_ids}
        return [
            {"connection_id": self.id, "direction": direction, "kind": kind, "lane_id": lane.id}
            for direction, kind in self._wanted_flows()
            if (direction, kind) not in present
        ]

    def _ensure_endpoint(self):
        self.ensure_one()
        if not self.endpoint_ids and self._spec().signature_schemes and self._receives():
            self.env["integration.endpoint"].create({"connection_id": self.id})

    def _missing_points(self):
        """Return, in plain words, what keeps this connection from going active."""
        self.ensure_one()
        _ = self.env._
        points = []
        credentials = self.credential_ids.filtered("is_valid").mapped("purpose")
        if self._spec().signature_schemes and self._receives() and "inbound_signature" not in credentials:
            points.append(_("The signing secret with which the outside system signs its events."))
        if self.delivery_url and "outbound_signature" not in credentials:
            points.append(_("The secret with which events to the outside system are signed."))
        return points + self._missing_books()

    def action_activate(self):
        """Make the connection active: from now on its events are booked."""
        for connection in self:
            if missing := connection._missing_points():
                raise UserError(
                    self.env._(
                        "%(name)s cannot be active yet. Missing:\n%(points)s",
                        name=connection.name,
                        points="\n".join(missing),
                    )
                )
            connection._ensure_service_user()
        self.sudo().write({"state": "active"})  # nobody writes a state by hand
        self._switch_on_crons()
        self.env["integration.audit.leaf"]._record_change(self, "connection.activate")
        self._ring()

    @api.model
    def _switch_on_crons(self):
        """Switch on the scheduled actions; they rest while no connection has ever been active."""
        for name in self._cron_names():
            cron = self.env.ref(
                f"finance_integration.{name}"
            ).sudo()  # an integration administrator may not write crons
            if not cron.active:
                cron.active = True

    @api.model
    def _cron_names(self):
        """Return the names of the scheduled actions that an active connection needs."""
        return ("cron_sweep", "cron_pull", "cron_archive")

    def action_pause(self):
        """Keep receiving, book nothing until the connection is active again."""
        self.sudo().write({"state": "paused"})
        self.env["integration.audit.leaf"]._record_change(self, "connection.pause")

    def _ring(self):
        self.env["integration.lane"]._ring_after_commit(self.flow_ids.lane_id.ids)

    def _ensure_service_user(self):
        """Create the user as whom this connection posts: no password, no more rights than posting needs."""
        self.ensure_one()
        if self.service_user_id:
            self._sync_service_user()
            return
        user = (
            self.env["res.users"]
            .with_context(no_reset_password=True, mail_create_nolog=True)
            .sudo()  # an integration administrator may not create users; this one can never log in
            .create(
                {
                    "name": self.env._("Integration: %s", self.name),
                    "login": f"integration-{self.id}@service.invalid",
                    "company_id": self.company_id.id,
                    "company_ids": [(6, 0, self.company_id.ids)],
                    "group_ids": [(6, 0, self.env.ref("finance_integration.group_service").ids)],
                    "tz": self.time_zone,
                    "lang": self.env.lang or "en_US",
                    "notification_type": "email",
                    "integration_service": True,
                }
            )
        )
        self.sudo().service_user_id = user
        self.env["integration.audit.leaf"]._record_change(self, "connection.service_user")

    def _sync_service_user(self):
        for connection in self.filtered("service_user_id"):
            connection.service_user_id.sudo().write(
                {
                    "tz": connection.time_zone,
                    "name": self.env._("Integration: %s", connection.name),
                    "company_id": connection.company_id.id,
                    "company_ids": [(6, 0, connection.company_id.ids)],
                }
            )

    def _as_service(self):
        """Return this connection in the environment in which it posts: its own user, its own company."""
        self.ensure_one()
        return self.with_user(self.service_user_id).with_context(
            allowed_company_ids=self.company_id.ids,
            tz=self.time_zone,
            lang=self.service_user_id.lang,
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            mail_auto_subscribe_no_notify=True,
        )

    # -- actions -----------------------------------------------------------------------------------------

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(action, domain=[("connection_id", "=", self.id)], context={})

    def action_open_exceptions(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_exception")
        return dict(action, domain=[("connection_id", "=", self.id)], context={"search_default_open": 1})

    def action_pull(self):
        """Fetch now what the provider has and the hub has not."""
        self.env["integration.audit.leaf"]._record_change(self, "pull.now")
        for connection in self:
            connection._pull_now()

    @api.model
    def _stale_after(self):
        return fields.Datetime.now() - timedelta(hours=24)
