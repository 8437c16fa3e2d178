# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import secrets

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.signatures import SCHEMES

ENDPOINT_PATH = "/integration/v1/in/"
# On so many hosts runs an Odoo that answers at the inbound addresses: each grants its part of their limits.
HOSTS_PARAMETER = "finance_integration.hosts"
MAX_HOSTS = 100


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _settings(self):
        return super()._settings() | {"endpoint_url": self.sudo().endpoint_ids[:1].url or ""}

    def _receives(self):
        """Whether the outside system itself sends its events to this connection."""
        self.ensure_one()
        return True

    def _missing_points(self):
        points = super()._missing_points()
        if self._spec().needs_account and self._receives() and not self.outside_account:
            points.append(self.env._("The account there: events are taken from this account alone."))
        return points


class IntegrationEndpoint(models.Model):
    """The public inbound address of a connection."""

    _name = "integration.endpoint"
    _description = "Inbound address"
    _order = "connection_id, id"

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    key = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: secrets.token_urlsafe(24),
        help="The unguessable last part of the address.",
    )
    scheme = fields.Selection(
        "_selection_scheme",
        required=True,
        compute="_compute_scheme",
        store=True,
        readonly=False,
        precompute=True,
        help="How the outside system signs its events. There is no unsigned endpoint.",
    )
    active = fields.Boolean(default=True)
    path = fields.Char(compute="_compute_url")
    url = fields.Char(
        string="Address", compute="_compute_url", help="Give this address to the outside system."
    )
    refused_count = fields.Integer(readonly=True, copy=False)
    last_refusal = fields.Char(readonly=True, copy=False)
    last_refused_at = fields.Datetime(readonly=True, copy=False)

    _key_unique = models.Constraint("UNIQUE(key)", "This address is in use.")

    @api.model
    def _selection_scheme(self):
        return [(code, scheme.name) for code, scheme in SCHEMES.items()]

    @api.depends("connection_id.connector")
    def _compute_scheme(self):
        for endpoint in self:
            schemes = endpoint.connection_id.connector and endpoint.connection_id._spec().signature_schemes
            if schemes and endpoint.scheme not in schemes:
                endpoint.scheme = schemes[0]

    @api.constrains("scheme", "connection_id")
    def _check_scheme(self):
        """A weaker scheme than the connector was made for would let anybody speak for the outside system."""
        for endpoint in self:
            spec = endpoint.connection_id._spec()
            if endpoint.scheme not in spec.signature_schemes:
                names = ", ".join(SCHEMES[code].name for code in spec.signature_schemes)
                raise ValidationError(
                    self.env._(
                        "%(system)s signs its events as: %(schemes)s.", system=spec.name, schemes=names
                    )
                )

    @api.depends("key")
    def _compute_url(self):
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url", "").rstrip("/")
        for endpoint in self:
            endpoint.path = f"{ENDPOINT_PATH}{endpoint.key}"
            endpoint.url = base + endpoint.path

    @api.depends("url")
    def _compute_display_name(self):
        for endpoint in self:
            endpoint.display_name = endpoint.url

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["integration.message"].sudo().search_count([("endpoint_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "An address that has received events is evidence and cannot be deleted. Archive it instead."
                )
            )

    @api.model
    @tools.ormcache("key")
    def _address_facts(self, key):
        """Return what the inbound route must know of the address, or None when there is no such address.

        Cached per process, so that an event costs no query before its signature holds.
        """
        endpoint = self.sudo().search([("key", "=", key)], limit=1)
        connection = endpoint.connection_id
        if not endpoint or not connection.active:
            return None
        credentials = connection.credential_ids.filtered(
            lambda row: row.purpose == "inbound_signature" and row._sealed()
        )
        spec = get_connector(connection.connector).spec
        return {
            "database": self.env.cr.dbname,
            "url": endpoint.url,
            "allowed_hosts": tuple((connection.allowed_hosts or "").split()),
            "endpoint_id": endpoint.id,
            "connection_id": connection.id,
            "company_id": connection.company_id.id,
            "connector": connection.connector,
            "outside_account": connection.outside_account or None,
            "environment": connection.environment,
            "scheme": endpoint.scheme,
            "secrets": [
                (row.id, row._sealed(), row.valid_from, row.valid_until or None) for row in credentials
            ],
            "flows": {
                flow.kind: (flow.id, flow.lane_id.id)
                for flow in connection.flow_ids
                if flow.direction == "in"
            },
            "default_lane": connection.flow_ids.lane_id[:1].id,
            "sealing": connection._sealing_of(connection.id),
            "max_body_bytes": spec.max_body_bytes,
            "tolerance_seconds": spec.clock_tolerance_seconds,
            "rate_per_second": spec.inbound_rate_per_second,
            "hosts": self._host_count(),
        }

    @api.model
    def _host_count(self):
        """Return how many hosts share the limits of inbound addresses; whoever says nothing has one."""
        text = self.env["ir.config_parameter"].sudo().get_param(HOSTS_PARAMETER) or "1"
        return int(text) if text.isdecimal() and 1 <= int(text[:4]) <= MAX_HOSTS else 1

    @api.model
    def _record_refusals(self, endpoint_id, count, code):
        """Add ``count`` refused requests to the address and tell somebody when signatures do not hold."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_endpoint
                   SET refused_count = COALESCE(refused_count, 0) + %s, last_refusal = %s,
                       last_refused_at = now() AT TIME ZONE 'UTC'
                 WHERE id = %s
                """,
                count,
                code,
                endpoint_id,
            )
        )
        if code.startswith(("signature_", "secret_")):
            connection = self.sudo().browse(endpoint_id).connection_id
            self.env["integration.exception"]._raise_cause(
                connection, code, {}, cause=f"endpoint {endpoint_id}"
            )
