# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How well a connection is, why it is left alone, and the buttons that test and resume it (E7)."""

import logging
import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_datetime

from ...connectors.registry import get_connector
from ...engine import circuit_breaker, health
from ...engine.circuit_breaker import CLOSED
from ...engine.delivery import PAUSING_CODES
from ...engine.error_catalogue import CODES, fill
from ...engine.errors import IntegrationError
from ...engine.errors import error as error_of
from ...engine.instants import utc_now
from ...engine.retry import classify_status
from ...engine.signatures import get_scheme
from . import http_client
from .own_transaction import in_own_transaction
from .shared_clock import as_stored, as_utc

_logger = logging.getLogger(__name__)

HEALTHS = [
    ("untried", "Nothing sent yet"),
    ("healthy", "Healthy"),
    ("degraded", "Partly failing"),
    ("not_answering", "Not answering"),
    ("refused", "Credentials refused"),
    ("paused", "Paused by itself"),
]
# Refused requests of an address count against its connection for so long.
REFUSED_RECENTLY_HOURS = 1
TEST_SECONDS = 10
MAX_TEST_BYTES = 65_536
# An answer with one of these to a question about an event that never was shows that somebody listens.
_LISTENS = ("destination_refused", "destination_garbage")

# Of the reasons for which the hub stops by itself, those that a new secret removes.
_ENDED_BY_A_SECRET = PAUSING_CODES - {"address_forbidden"}
# A company has dozens of connections; a search by health looks at so many.
MAX_CONNECTIONS = 1000


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    acknowledgement = fields.Selection(
        [
            ("status", "The answer 2xx alone"),
            ("readable", "A readable confirmation that names the event"),
            ("signed", "A signed confirmation that names the event"),
        ],
        default="status",
        required=True,
        tracking=True,
        string="An event counts as confirmed by",
        help="With a confirmation that must be readable, a maintenance page that answers 200 confirms nothing. "
        "A confirmation may also say that the event was only taken over; the receiver is then asked until it is "
        "through.",
    )
    asks_receiver = fields.Boolean(
        default=True,
        tracking=True,
        string="Ask the receiver what it has",
        help="When an answer did not come, ask the receiver before sending again. A receiver that does not know the "
        "question answers that it does not have the event, or what is chosen below happens.",
    )
    unknown_policy = fields.Selection(
        [
            ("resend", "Send it again under the same id; the receiver recognises a repetition"),
            ("person", "A person decides"),
        ],
        default="resend",
        required=True,
        tracking=True,
        string="Where it cannot be asked",
        help="What happens with an event that was sent and got no answer, when the receiver cannot be asked.",
    )
    silent_hours = fields.Integer(
        default=24,
        tracking=True,
        string="Pause after (hours)",
        help="A system that has not answered for so long is left alone until a person resumes it; "
        "the owner of the flow is told.",
    )
    confirm_within_hours = fields.Integer(
        default=24,
        tracking=True,
        string="Confirm within (hours)",
        help="An event that the receiver took over and has not confirmed within this time needs a person.",
    )
    circuit_ids = fields.One2many("integration.circuit", "connection_id", string="Reachability")
    health = fields.Selection(HEALTHS, compute="_compute_health", search="_search_health")
    health_text = fields.Char(compute="_compute_health", string="Why, and since when")
    may_resume = fields.Boolean(compute="_compute_health")
    last_test = fields.Char(compute="_compute_health")

    _silent_hours_positive = models.Constraint(
        "CHECK(silent_hours > 0 AND confirm_within_hours > 0)", "Hours are at least 1."
    )

    # -- what deliveries need to know --------------------------------------------------------------------------

    def _can_ask(self):
        """Whether the receiver can be asked what became of an event."""
        self.ensure_one()
        if not self.asks_receiver or not self.delivery_url:
            return False
        return get_connector(self.connector).status_request("evt_0", self.delivery_url) is not None

    def _outbound_secret(self):
        """Return the secret with which events are signed now.

        :raises AuthorizationError: ``secret_missing``, ``credential_unreadable``.
        """
        credential = self.credential_ids.filtered(
            lambda row: row.purpose == "outbound_signature" and row.is_valid
        )
        if not credential:
            raise error_of("secret_missing")
        return credential[0]._reveal()

    def _receipt_secrets(self):
        """Return the secrets with one of which the receiver may sign what it says: those of both directions."""
        rows = self.credential_ids.filtered(
            lambda row: row.is_valid and row.purpose in ("inbound_signature", "outbound_signature")
        )
        return [row._as_secret() for row in rows]

    def _outbound_rate_per_second(self):
        """Return how many requests per second this destination takes, at least one."""
        return max(1, self._outbound_rate())

    def _why_left_alone(self):
        """Return in plain words why nothing is sent to this connection at present, an empty text when it is."""
        row = self.env["integration.circuit"].sudo()._of(self.id, "out")
        if not row:
            return ""
        if row.paused_at:
            return self.env._("paused until somebody resumes the connection")
        if row.state != CLOSED:
            return self.env._("the destination is not answering, will be tried again")
        if row.pause_until and as_utc(row.pause_until) > self.env["integration.delivery"]._clock().now():
            return self.env._("the destination asked for a pause, will be tried again")
        return ""

    # -- health ------------------------------------------------------------------------------------------------

    def _compute_health(self):
        circuits = self.env["integration.circuit"].sudo().search([("connection_id", "in", self.ids)])
        for connection in self:
            rows = circuits.filtered(lambda row, connection=connection: row.connection_id == connection)
            found = health.worst([*(row._health() for row in rows), connection._inbound_health()])
            if connection.state == "draft":
                found = health.Health(health.UNTRIED)
            connection.health = found.state
            connection.health_text = connection._health_sentence(found)
            connection.may_resume = any(
                row.paused_at or row.state != CLOSED or row.pause_until for row in rows
            )
            connection.last_test = " · ".join(row._test_text() for row in rows if row.tested_at) or False

    def _inbound_health(self):
        """Requests that were refused a moment ago: somebody signs wrongly, or tries."""
        since = fields.Datetime.now() - timedelta(hours=REFUSED_RECENTLY_HOURS)
        refused = self.sudo().endpoint_ids.filtered(
            lambda row: row.last_refused_at and row.last_refused_at >= since
        )
        if refused:
            latest = max(refused, key=lambda row: row.last_refused_at)
            return health.Health(health.DEGRADED, as_utc(latest.last_refused_at), latest.last_refusal)
        return health.Health(health.HEALTHY if self.last_received_at else health.UNTRIED)

    def _health_sentence(self, found):
        if found.state in (health.UNTRIED, health.HEALTHY):
            return False
        info = CODES.get(found.code or "")
        why = self.env._(info.title) if info else self.env._("It did not answer as it should")  # pylint: disable=translation-not-lazy
        if not found.since:
            return why
        return self.env._(
            "%(why)s, since %(since)s", why=why, since=format_datetime(self.env, as_stored(found.since))
        )

    def _search_health(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [
            ("id", "in", self.search([], limit=MAX_CONNECTIONS).filtered(lambda row: row.health in value).ids)
        ]

    # -- stopping by itself, and going on ----------------------------------------------------------------------

    def _tell_of_pause(self, row, flow):
        """Tell the owner of the flow that the hub has stopped to call this system, and why."""
        flow = flow or self.flow_ids.filtered(lambda flow: flow.direction == "out")[:1]
        exceptions, code = self.env["integration.exception"], row.pause_code
        found = exceptions.search(
            [("connection_id", "=", self.id), ("code", "=", code), ("state", "=", "open")], limit=1
        )
        params = {"status": "", "host": "", "reason": "", "hours": self.silent_hours}
        exception = found or exceptions._raise_cause(self, code, params, f"paused {row.direction}", flow)
        owner = flow.user_id or self.flow_ids.user_id[:1] or self.create_uid
        if owner and not exception.activity_ids:
            exception.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=owner.id,
                summary=self.env._("%s is paused: nothing is sent until you resume it", self.name),
            )
        self.env["integration.audit.leaf"]._record_change(self, "connection.paused_by_itself", code)

    def _tell_of_recovery(self, row):
        self.env["integration.audit.leaf"]._record_change(self, "connection.answers_again")
        self._resolve_alarms(row.direction, self.env._("The system answers again."))

    def _resolve_alarms(self, direction, text):
        self.env["integration.exception"]._settle_cause(
            self, "destination_silent", f"paused {direction}", text
        )

    def _let_try(self, direction):
        """A person wants it tried now."""
        row = self.env["integration.circuit"].sudo()._of(self.id, direction)
        row._let_try(self.env["integration.delivery"]._clock())

    def _check_operator(self):
        self.check_access("read")
        user = self.env.user
        if not self.env.su and not (
            user.has_group("finance_integration.group_operator")
            or user.has_group("finance_integration.group_administrator")
        ):
            raise AccessError(self.env._("Only an operator or an integration administrator may do this."))

    def action_resume(self):
        """Button: try again now, whatever the hub has learned about this system; what it stopped goes on."""
        self._check_operator()
        for connection in self.sudo():
            for row in connection.circuit_ids:
                connection._let_try(row.direction)
                connection._resolve_alarms(row.direction, self.env._("Resumed by %s.", self.env.user.name))
            held = (
                self.env["integration.exception"]
                .sudo()
                .search(
                    [
                        ("connection_id", "=", connection.id),
                        ("code", "in", [*PAUSING_CODES, "destination_redirected"]),
                        ("state", "=", "open"),
                    ]
                )
            )
            stopped = held.message_ids_held.filtered(lambda message: message.direction == "out")
            stopped._requeue("message.retry")
            self.env["integration.delivery"]._ring_after_commit(connection.ids)
            if connection.state == "active" and connection._spec().pulls:
                connection._pull_now()
        self.env["integration.audit.leaf"]._record_change(self, "connection.resume")
        return self._told_by_reload(self.env._("It is being tried again."))

    # -- test --------------------------------------------------------------------------------------------------

    def action_test_connection(self):
        """Button: call this system without any effect there and say what it answered.

        The calls happen when this request's transaction is over; the page then reloads and shows the result.
        """
        self._check_operator()
        for connection in self:
            self.env.cr.postcommit.add(partial(_test_now, self.env.registry, connection.id))
        return self._told_by_reload(self.env._("Tested: the result is shown under “Reachability”."))

    def _told_by_reload(self, text):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": text,
                "type": "info",
                "sticky": False,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _test_requests(self):
        """Return [(direction, request, allowed hosts), …]: calls that have no effect at the other system."""
        self.ensure_one()
        allowed, found = tuple((self.allowed_hosts or "").split()), []
        if self.delivery_url:
            event_id = f"evt_test_{secrets.token_hex(8)}"
            request = get_connector(self.connector).status_request(event_id, self.delivery_url)
            if request:
                secret = self._outbound_secret()
                scheme = get_scheme(self._outbound_scheme(secret))
                signature = scheme.sign(request.body, secret, utc_now(), event_id)
                request = replace(
                    request,
                    headers={**request.headers, **signature},
                    timeout_seconds=TEST_SECONDS,
                    certificate=self._client_certificate(),
                )
                found.append(("out", request, allowed))
        credential = self.credential_ids.filtered(lambda row: row.purpose == "api" and row.is_valid)
        for pull in self._spec().pulls[:1] if credential else ():
            asked = self._pull_request(pull)
            found.append(("pull", replace(asked["request"], timeout_seconds=TEST_SECONDS), allowed))
        return found

    def _keep_test(self, direction, code):
        """Write down what a test showed; one that is answered closes an open circuit, a pause stays."""
        row = self.env["integration.circuit"]._row(self.id, direction)
        info = CODES.get(code or "")
        values = {
            "tested_at": fields.Datetime.now(),
            "test_result": fill(info.title, {}) if info else self.env._("It answers, and accepts our access"),
        }
        if not code and not row.paused_at:
            was_open = row.state != CLOSED
            values |= row._keep(circuit_breaker.passed(row._kept()))
            row.write(values)
            if was_open:
                self._tell_of_recovery(row)
                self.env["integration.delivery"]._ring_after_commit(self.ids)
            return
        row.write(values)


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    def _changed(self, detail=None):
        """A new secret is what a pause because of secrets waits for: it is tried at once."""
        result = super()._changed(detail)
        for connection in self.connection_id:
            for row in connection.sudo().circuit_ids:
                if row.pause_code in _ENDED_BY_A_SECRET:
                    connection.sudo()._let_try(row.direction)
            self.env["integration.delivery"]._ring_after_commit(connection.ids)
        return result


class IntegrationCircuit(models.Model):
    _inherit = "integration.circuit"

    @api.model
    def _of(self, connection_id, direction):
        """Return the row of one direction, none where nothing was ever tried."""
        return self.search([("connection_id", "=", connection_id), ("direction", "=", direction)], limit=1)

    def _health(self):
        return health.judge(
            health.Facts(
                state=self.state,
                recent=self.recent or "",
                opened_at=as_utc(self.opened_at),
                paused_at=as_utc(self.paused_at),
                pause_code=self.pause_code,
                last_code=self.last_code,
                last_failed_at=as_utc(self.last_failed_at),
                last_passed_at=as_utc(self.last_passed_at),
            )
        )

    def _test_text(self):
        labels = dict(self._fields["direction"]._description_selection(self.env))
        at = format_datetime(self.env, self.tested_at)
        return f"{labels[self.direction]}: {self.test_result} ({at})"


def _test_now(registry, connection_id):
    """Call the system and write down what came of it; no transaction is open while it is called."""
    try:
        asked = in_own_transaction(
            registry, lambda env: env["integration.connection"].browse(connection_id)._test_requests()
        )
    except IntegrationError as error:
        in_own_transaction(
            registry, partial(_keep, connection_id=connection_id, direction="out", code=error.code)
        )
        return
    for direction, request, allowed in asked:
        try:
            answer = http_client.send(request, allowed, MAX_TEST_BYTES, TEST_SECONDS)
            code = classify_status(answer.status).code
        except IntegrationError as error:
            code = error.code
        if direction == "out" and code in _LISTENS:
            code = None
        keep = partial(_keep, connection_id=connection_id, direction=direction, code=code)
        in_own_transaction(registry, keep)


def _keep(env, connection_id, direction, code):
    env["integration.connection"].browse(connection_id)._keep_test(direction, code)
