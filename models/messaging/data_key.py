# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The keys with which contents of events are encrypted, one per connection, themselves encrypted (C9)."""

import base64

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS

from ...engine import sealing
from ...engine.errors import AuthorizationError
from . import key_ring


class IntegrationDataKey(models.Model):
    """A data key: encrypted with the server's keys. With an event's share it opens that content."""

    _name = "integration.data.key"
    _description = "Key of event contents"
    _order = "id desc"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    wrapped = fields.Char(groups=NO_ACCESS, copy=False, readonly=True)
    key_fingerprint = fields.Char(readonly=True, index="btree_not_null")

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one key for contents.")

    @api.model
    def _ensure(self, connections):
        """Give each of these connections its data key."""
        present = self.sudo().search([("connection_id", "in", connections.ids)]).connection_id
        missing = connections - present
        if missing:
            newest = key_ring.newest()
            self.sudo().create(
                [
                    {
                        "connection_id": connection.id,
                        "wrapped": wrap(sealing.new_data_key()),
                        "key_fingerprint": newest,
                    }
                    for connection in missing
                ]
            )
            self.env.registry.clear_cache()

    @api.model
    @tools.ormcache("data_key_id")
    def _wrapped(self, data_key_id):
        return self.sudo().browse(data_key_id).exists().wrapped

    @api.model
    def _clear(self, data_key_id):
        """Return a data key.

        :raises AuthorizationError: ``content_unreadable``: it is missing, or no key of this server opens it.
        """
        wrapped = self._wrapped(data_key_id)
        if not wrapped:
            raise AuthorizationError("content_unreadable", "the data key is missing")
        return unwrap(wrapped)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_unused(self):
        if (
            self.env["integration.message"]
            .sudo()
            .search_count([("connection_id", "in", self.connection_id.ids)], limit=1)
        ):
            raise UserError(self.env._("A key that contents need cannot be deleted."))


def wrap(data_key):
    """Return a data key as it is stored."""
    return key_ring.encrypt(base64.b64encode(data_key).decode("ascii"))


def unwrap(wrapped):
    """Return a stored data key.

    :raises AuthorizationError: ``content_unreadable``.
    """
    try:
        return base64.b64decode(key_ring.decrypt(wrapped))
    except AuthorizationError as error:
        raise AuthorizationError("content_unreadable", error.code) from error


def sealed_content(facts, kind, raw, purpose=sealing.RAW):
    """Return (share, bytes to store) of a content that came in; the share is None where it is stored as it came.

    :param facts: what is known of the connection; its part ``sealing`` is what ``_sealing`` of a connection returns.
    """
    known = facts.get("sealing")
    if not known or kind in known["plain"]:
        return None, raw
    share = sealing.new_share(known["data_key_id"])
    return share, sealing.seal(unwrap(known["wrapped"]), share, raw, purpose)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    content_protection = fields.Selection(
        [
            (sealing.CLASSIFIED, "Confidential and restricted contents"),
            (sealing.ALL, "All contents"),
            (sealing.NOTHING, "None: as they come"),
        ],
        string="Encrypt",
        required=True,
        default=sealing.CLASSIFIED,
        tracking=True,
        help="Contents of events are stored encrypted, so that a copy of the database or of a backup without the "
        "server's keys tells nothing, and a single content can be erased. What is not known to be harmless counts as "
        "confidential. Contents that are stored already stay as they are.",
    )
    region = fields.Char(
        tracking=True,
        help="Where the data of this system may be kept and looked at, in your own words, such as EU. It is shown with "
        "each event and in the list of connections; the hub itself moves no content to another place.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        connections = super().create(vals_list)
        self.env["integration.data.key"]._ensure(connections)
        return connections

    def action_activate(self):
        """Button: also gives a connection that has none its key for contents."""
        self.env["integration.data.key"]._ensure(self)
        return super().action_activate()

    @api.model
    @tools.ormcache("connection_id")
    def _sealing_of(self, connection_id):
        """Return how contents of a connection are stored: None as they come, else key and kinds that are left plain."""
        connection = self.sudo().browse(connection_id)
        plain = sealing.plain_kinds(connection.content_protection)
        if plain is None:
            return None
        key = self.env["integration.data.key"].sudo().search([("connection_id", "=", connection_id)], limit=1)
        if not key.wrapped:
            return None
        return {"data_key_id": key.id, "wrapped": key.wrapped, "plain": plain}
