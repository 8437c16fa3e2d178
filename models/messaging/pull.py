# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fetches what an outside system lists: pages over HTTP outside a transaction, events and cursor in one commit."""

import time
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ...connectors.registry import get_connector
from ...engine.errors import ContractError, IntegrationError
from ...engine.pull_progress import Progress
from . import http_client
from .big_integer import BigInteger
from .doorbell import comes_back
from .lane import CHANNEL, WATCH_AFTER_SECONDS, WATCH_CHANNEL, exclusive, ring_lanes
from .next_look import FETCH, LONG_AGO

LOCK_OFFSET = 1_500_000_000
# Lists of one connection are fetched side by side, each under a lock of its own.
LOCKS_PER_CONNECTION = 8
MAX_PAGES = 1000
BUDGET_SECONDS = 120
MAX_PAGE_BYTES = http_client.MAX_ANSWER_BYTES - 1
MAX_PAGE_EVENTS = 10_000
CURSOR_STATES = [
    ("resting", "Read to its end"),
    ("reading", "Being read"),
    ("waiting", "Will be tried again"),
    ("stopped", "Needs a person"),
]


class IntegrationPullCursor(models.Model):
    """Where the fetching of one list stands. It moves only in the transaction that stores what was fetched."""

    _name = "integration.pull.cursor"
    _description = "Position in an outside list"
    _order = "connection_id, pull"
    _rec_name = "pull"

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    pull = fields.Char(required=True)
    state = fields.Selection(CURSOR_STATES, required=True, default="resting")
    position = fields.Json()
    progress = BigInteger(help="Orders the positions of this list; it never becomes smaller.")
    restart_at = fields.Datetime(help="A person asked to read everything from this instant on once more.")
    started_at = fields.Datetime(help="When reading was begun last.")
    fetched_at = fields.Datetime(help="When the list was last read to its end.")
    failure_count = fields.Integer(help="Tries that failed since the last that did not.")
    not_before = fields.Datetime(string="Next try", help="The source is not asked again before.")
    last_error = fields.Char()
    error_code = fields.Char()
    batch_id = fields.Many2one("integration.batch", string="Run", ondelete="set null")

    _pull_unique = models.Constraint("UNIQUE(connection_id, pull)", "There is one position per list.")

    def write(self, vals):
        result = super().write(vals)
        if {"state", "started_at", "not_before", "restart_at"} & vals.keys():
            self.connection_id._expect_fetch()
        return result

    def _due_at(self, every_minutes):
        """Return from when the schedule wants this list to be read; None = not before a person has been there."""
        self.ensure_one()
        if self.state == "stopped":
            return None
        due = self.not_before or LONG_AGO
        if self.state in ("waiting", "reading") or self.restart_at or not self.started_at:
            return due
        return max(due, self.started_at + timedelta(minutes=every_minutes))

    def _is_due(self, every_minutes):
        """Whether the schedule wants this list to be read now."""
        due = self._due_at(every_minutes)
        return due is not None and due <= fields.Datetime.now()


class IntegrationConnection(models.Model):
    _name = "integration.connection"
    _inherit = ["integration.connection", "integration.doorbell"]

    pull_cursor_ids = fields.One2many("integration.pull.cursor", "connection_id")
    pull_every_minutes = fields.Integer(
        string="Fetch every (minutes)",
        default=15,
        help="How often the lists of the source are fetched: 1 is near real time, 1440 once a day.",
        tracking=True,
    )
    pull_overlap_minutes = fields.Integer(
        string="Fetch again the last (minutes)",
        default=60,
        help="How far each fetch reaches back behind the last one: what the source wrote down late is found. What is "
        "known already is recognised and books nothing.",
        tracking=True,
    )

    _pull_every_positive = models.Constraint(
        "CHECK(pull_every_minutes > 0)", "Lists are fetched at most once a minute."
    )
    _pull_overlap_range = models.Constraint(
        "CHECK(pull_overlap_minutes BETWEEN 0 AND 44640)", "A fetch reaches back 31 days at most."
    )

    def write(self, vals):
        result = super().write(vals)
        if {"state", "pull_every_minutes"} & vals.keys():
            self._expect_fetch()
        return result

    def _settings(self):
        return super()._settings() | {"overlap_seconds": self.pull_overlap_minutes * 60}

    def _pull_now(self, pulls=None, delay_seconds=None):
        """Ask for a fetch of these lists (default: every list of this connection)."""
        self.ensure_one()
        for pull in self._spec().pulls if pulls is None else pulls:
            self.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.pull.{self.id}.{pull}{'.later' if delay_seconds else ''}",
                eta=delay_seconds,
                max_retries=0,
                priority=10,
            )._pull(pull)

    @api.model
    def _cron_pull(self):
        """Fetch from every active connection that has an API key and whose time has come."""
        for connection in self.search([("state", "=", "active")]):
            connection._pull_now(connection._lists_due())
            connection._expect_fetch()

    def _lists_due(self):
        """Return the lists of this connection whose time has come."""
        now = fields.Datetime.now()
        return [pull for pull, due in self._lists_due_at().items() if due <= now]

    def _lists_due_at(self):
        """Return {list: from when it is to be read (naive UTC)}; empty without a key for calling the source."""
        self.ensure_one()
        if not self.credential_ids.filtered(lambda row: row.purpose == "api" and row.is_valid):
            return {}
        cursors = {cursor.pull: cursor for cursor in self.pull_cursor_ids}
        instants = {
            pull: cursors[pull]._due_at(self.pull_every_minutes) if pull in cursors else LONG_AGO
            for pull in self._spec().pulls
        }
        return {pull: due for pull, due in instants.items() if due is not None}

    def _expect_fetch(self):
        """Let the scheduler come back when the next list of these connections is to be read."""
        for connection in self.filtered(lambda row: row.state == "active"):
            if due := min(connection._lists_due_at().values(), default=None):
                self.env["integration.next.look"]._expect(due, FETCH)

    @comes_back
    def _pull(self, pull):
        """Job: fetch one list to its end, on own cursors; returns how many new events were stored.

        What it leaves because its time is over is fetched by the next job, from where this one stopped.
        """
        self.ensure_one()
        registry, stored, more = self.env.registry, 0, False
        if self.state != "active":  # paused, or a neutralized copy in which the job was still waiting
            return stored
        with exclusive(self.env.cr.dbname, self._pull_lock(pull)) as free:
            if free:
                stored, more = self._pull_pages(pull)
        if stored:
            ring_lanes(registry, self.flow_ids.lane_id.ids)
        if more:
            with registry.cursor() as cr:
                self.with_env(api.Environment(cr, SUPERUSER_ID, {}))._pull_now([pull])
        return stored

    def _pull_lock(self, pull):
        pulls = self._spec().pulls
        return LOCK_OFFSET + self.id * LOCKS_PER_CONNECTION + pulls.index(pull) % LOCKS_PER_CONNECTION

    def _pull_pages(self, pull, budget_seconds=BUDGET_SECONDS):
        """Fetch page after page; returns how many events were new and whether more is left."""
        progress, stored = Progress(pull), 0
        deadline = time.monotonic() + budget_seconds
        if not self._pull_step("_pull_begin", pull):
            return stored, False
        for _page in range(MAX_PAGES):
            try:
                asked = self._pull_step("_pull_request", pull)
                page = self._fetch(pull, asked)
                progress.check(asked["position"], asked["order"], page)
            except IntegrationError as error:
                self._pull_step("_pull_failed", pull, error)
                return stored, False
            stored += self._pull_step("_store_page", pull, page)
            if not page.more:
                return stored, False
            if time.monotonic() > deadline:
                break
        return stored, True

    def _pull_step(self, method, *arguments):
        """Run one step on a cursor of its own and commit; a conflict in the database repeats the step."""
        connection_id = self.id
        return self.env["integration.drain"]._in_own_transaction(
            self.env.registry,
            lambda env: getattr(env["integration.connection"].browse(connection_id), method)(*arguments),
        )

    @api.model
    def _fetch(self, pull, asked):
        """Send the request and read the answer; no transaction is open here."""
        answer = http_client.send(asked["request"], asked["allowed_hosts"], MAX_PAGE_BYTES + 1)
        if len(answer.body) > MAX_PAGE_BYTES:
            problem = f"more than {MAX_PAGE_BYTES} bytes"
            raise ContractError("page_too_large", params={"source": pull, "problem": problem})
        page = get_connector(asked["connector"]).pull_page(pull, asked["position"], answer, asked["settings"])
        if len(page.events) > MAX_PAGE_EVENTS:
            problem = f"more than {MAX_PAGE_EVENTS} records"
            raise ContractError("page_too_large", params={"source": pull, "problem": problem})
        return page

    # -- delivery ------------------------------------------------------------------------------------------

    @comes_back
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
                max_retries=0,
                priority=8,
            )._watch_outbox()

    @comes_back
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


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    @api.model_create_multi
    def create(self, vals_list):
        """With its first key a source is fetched from soon, not when the scheduler comes by."""
        credentials = super().create(vals_list)
        credentials.filtered(lambda row: row.purpose == "api").connection_id._expect_fetch()
        return credentials
