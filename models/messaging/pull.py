# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fetches what an outside system lists: pages over HTTP outside a transaction, events and cursor in one commit."""

import logging
from contextlib import closing

from odoo import SUPERUSER_ID, api, fields, models

from ...connectors.registry import get_connector
from ...engine.canonical_json import canonical_bytes
from ...engine.errors import IntegrationError
from . import http_client
from .lane import CHANNEL, WATCH_AFTER_SECONDS, WATCH_CHANNEL, exclusive, ring_lanes

_logger = logging.getLogger(__name__)

LOCK_OFFSET = 1_500_000_000
MAX_PAGES = 1000


class IntegrationPullCursor(models.Model):
    """Where the fetching of one list stands. It moves only in the transaction that stores what was fetched."""

    _name = "integration.pull.cursor"
    _description = "Position in an outside list"
    _order = "connection_id, pull"
    _rec_name = "pull"

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    pull = fields.Char(required=True)
    position = fields.Json()
    fetched_at = fields.Datetime(help="When the list was last read to its end.")
    last_error = fields.Char()

    _pull_unique = models.Constraint("UNIQUE(connection_id, pull)", "There is one position per list.")


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    pull_cursor_ids = fields.One2many("integration.pull.cursor", "connection_id")

    def _pull_now(self):
        """Ask for a fetch of every list of this connection."""
        self.ensure_one()
        for pull in self._spec().pulls:
            self.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.pull.{self.id}.{pull}",
                max_retries=1,
                priority=10,
            )._pull(pull)

    @api.model
    def _cron_pull(self):
        """Fetch from every active connection that has an API key."""
        for connection in self.search([("state", "=", "active")]):
            if connection.credential_ids.filtered(lambda row: row.purpose == "api" and row.is_valid):
                connection._pull_now()

    def _pull(self, pull):
        """Fetch one list to its end, on own cursors; returns how many new events were stored."""
        self.ensure_one()
        registry, dbname, connection_id = self.env.registry, self.env.cr.dbname, self.id
        stored = 0
        if self.state != "active":  # paused, or a neutralized copy in which the job was still waiting
            return stored
        with exclusive(dbname, LOCK_OFFSET + connection_id) as free:
            for _page in range(MAX_PAGES if free else 0):
                with closing(registry.cursor()) as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    asked = env["integration.connection"].browse(connection_id)._pull_request(pull)
                    cr.commit()  # pylint: disable=invalid-commit
                try:
                    page = self._fetch(pull, asked)
                except IntegrationError as error:
                    with closing(registry.cursor()) as cr:
                        env = api.Environment(cr, SUPERUSER_ID, {})
                        env["integration.connection"].browse(connection_id)._pull_failed(pull, error)
                        env.flush_all()
                        cr.commit()  # pylint: disable=invalid-commit
                    return stored
                with closing(registry.cursor()) as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    stored += env["integration.connection"].browse(connection_id)._store_page(pull, page)
                    env.flush_all()
                    cr.commit()  # pylint: disable=invalid-commit
                if not page.more:
                    break
        if stored:
            ring_lanes(registry, self.flow_ids.lane_id.ids)
        return stored

    def _pull_request(self, pull):
        """Return everything that the request for the next page needs, read in one short transaction."""
        credential = self.credential_ids.filtered(lambda row: row.purpose == "api" and row.is_valid)
        cursor = self.pull_cursor_ids.filtered(lambda row: row.pull == pull)
        settings = self._settings()
        position = cursor.position or {}
        secret = credential[:1].sudo()._reveal() if credential else ""
        return {
            "connector": self.connector,
            "settings": settings,
            "position": position,
            "request": get_connector(self.connector).pull_request(pull, position, settings, secret),
            "allowed_hosts": (self.allowed_hosts or "").split(),
        }

    @api.model
    def _fetch(self, pull, asked):
        """Send the request and read the answer; no transaction is open here."""
        answer = http_client.send(asked["request"], asked["allowed_hosts"])
        return get_connector(asked["connector"]).pull_page(pull, asked["position"], answer, asked["settings"])

    def _store_page(self, pull, page):
        """Store the events of a page and the new position together; returns how many events were new."""
        self.ensure_one()
        facts = self._pull_facts()
        ingest = self.env["integration.ingest"]
        stored = 0
        for envelope, body in page.events:
            verdict, _message_id = ingest._accept(
                facts, envelope, canonical_bytes(body), {}, f"pull-{envelope.event_id}"[:128], origin="pull"
            )
            stored += verdict.value == "new"
        cursor = self.pull_cursor_ids.filtered(lambda row: row.pull == pull)
        values = {"position": dict(page.cursor), "last_error": False}
        if not page.more:
            values["fetched_at"] = fields.Datetime.now()
        if cursor:
            cursor.write(values)
        else:
            self.env["integration.pull.cursor"].create({"connection_id": self.id, "pull": pull, **values})
        return stored

    def _pull_facts(self):
        return {
            "connection_id": self.id,
            "company_id": self.company_id.id,
            "connector": self.connector,
            "flows": {
                flow.kind: (flow.id, flow.lane_id.id) for flow in self.flow_ids if flow.direction == "in"
            },
            "default_lane": self.flow_ids.lane_id[:1].id,
        }

    def _pull_failed(self, pull, error):
        """Keep the position, say what went wrong; a person hears of it unless it passes by itself."""
        cursor = self.pull_cursor_ids.filtered(lambda row: row.pull == pull)
        text = error.sentence[:300]
        if cursor:
            cursor.last_error = text
        else:
            self.env["integration.pull.cursor"].create(
                {"connection_id": self.id, "pull": pull, "last_error": text}
            )
        if error.error_class.value != "transient":
            self.env["integration.exception"]._raise_cause(self, error.code, error.params, f"pull {pull}")

    # -- delivery ------------------------------------------------------------------------------------------

    def _deliver_outbox(self):
        """Job: send what is due to this connection."""
        self.ensure_one()
        return self.env["integration.delivery"]._run(self.id)

    def _watch_outbox_later(self, seconds):
        """Look at the outbox again in so many seconds, whatever happens to the delivery that is at work now."""
        for connection in self:
            connection.with_delay(
                channel=WATCH_CHANNEL,
                identity_key=f"finance_integration.watch_outbox.{connection.id}",
                eta=seconds,
                max_retries=1,
                priority=8,
            )._watch_outbox()

    def _watch_outbox(self):
        """Job: send what is due; where a delivery is at work, look again later."""
        self.ensure_one()
        delivery, registry = self.env["integration.delivery"], self.env.registry
        if delivery._due_in_seconds(registry, self.id) != 0:
            return 0
        with registry.cursor() as cr:  # committed at once: this process may be killed, too
            self.with_env(api.Environment(cr, SUPERUSER_ID, {}))._watch_outbox_later(WATCH_AFTER_SECONDS)
        return delivery._run(self.id)

    @api.model
    def _outbound_scheme(self, secret):
        """Return the code of the scheme with which events are signed: a private key signs, a shared secret seals."""
        return "standard_webhooks_v1a" if secret.startswith("whsk_") else "standard_webhooks_v1"
