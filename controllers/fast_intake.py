# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The short way in: the plain case of the inbound route, answered in front of Odoo's own request machinery.

Loaded server-wide (``server_wide_modules = …,finance_integration``) the addon puts this WSGI middleware before Odoo.
It serves one case alone: a new event at a known address with a signature that holds. It is stored and committed by
the same statement on the same connection as always, then acknowledged. Everything else (refusals, repeats, conflicts,
several databases) is handed on untouched to the normal route, which knows what to say. Not loaded server-wide, the
normal route does all of it. See ADR 0020.

While PostgreSQL is away Odoo knows no address and answers 404, which a sender takes for good. Here it is told to come
back.
"""

import io
import json
import logging
import threading
import time

import psycopg2

from odoo import SUPERUSER_ID, api, http
from odoo.modules.registry import Registry
from odoo.tools import config

from ..engine import correlation
from ..engine.canonical_json import digest
from ..engine.idempotency import Verdict
from ..models.messaging.inbox_connection import event_values, store_at_once
from ..models.messaging.lane import ring_lanes
from . import reading
from .webhook import answer_body

_logger = logging.getLogger(__name__)

PREFIX = "/integration/v1/in/"
# A disabled address or a withdrawn secret is refused at the latest after this time, in every process.
FACTS_SECONDS = 1.0
MAX_ADDRESSES = 10_000
RETRY_AFTER_SECONDS = 5
# Classes of SQLSTATE: connection exceptions, operator intervention (shutdown, starting up).
AWAY_STATES = ("08", "57")


class FastIntake:
    """A WSGI application around another one."""

    def __init__(self, application):
        self._application = application
        self._facts = {}
        self._lock = threading.Lock()

    def __getattr__(self, name):
        """Be to the rest of Odoo what it wraps."""
        return getattr(self._application, name)

    def __call__(self, environ, start_response):
        key = _key_in(environ)
        try:
            if key is not None and (answer := self._answer(key, environ)):
                return _respond(start_response, *answer)
        except _AwayError as error:
            _logger.info("the database is away: %s", error)
            return _come_back(start_response, reading.correlation_of(environ).correlation_id)
        return self._application(environ, start_response)

    def _answer(self, key, environ):
        """Return (body, correlation id) of the plain case, or None: the normal route shall see to it."""
        database = _database()
        if database is None:
            return None
        try:
            length = reading.check_head(environ)
        except reading.RefusedRequestError:
            return None
        raw = _read(environ, length)
        headers = reading.headers_of(environ)
        try:
            reading.check_whole(raw, length)
            facts = self._known(database, key)
            if facts is None:
                return None
            reading.check_length(raw, facts)
            reading.check_rate(facts, environ)
            reading.verify(facts, raw, headers, environ)
            envelope = reading.read_envelope(facts, raw, headers)
            reading.check_flow_rate(facts, envelope, environ)
        except reading.RefusedRequestError:
            return None
        except psycopg2.Error as error:
            return _give_up(error)
        with correlation.scope(reading.correlation_of(environ)) as now:
            return self._store(database, facts, envelope, raw, headers, now.correlation_id)

    def _store(self, database, facts, envelope, raw, headers, correlation_id):
        kept = reading.kept_headers(facts, headers)
        values = event_values(facts, envelope, envelope.event_id, raw, kept, digest(raw), correlation_id)
        try:
            message_id = store_at_once(database, values)
        except psycopg2.Error as error:
            # Was it stored all the same, the sender repeats it and hears that it is known.
            return _give_up(error)
        if message_id is None:
            return None
        ring_lanes(Registry(database), (reading.lane_of(facts, envelope),))
        return answer_body(Verdict.NEW, message_id, correlation_id).encode(), correlation_id

    def _known(self, database, key):
        """Return what is known of an address, at most FACTS_SECONDS old."""
        now = time.monotonic()
        known = self._facts.get((database, key))
        if known is None or now - known[0] > FACTS_SECONDS:
            known = (now, _look_up(database, key))
            with self._lock:
                if len(self._facts) >= MAX_ADDRESSES:
                    self._facts.clear()
                self._facts[database, key] = known
        return known[1]


class _AwayError(Exception):
    """PostgreSQL does not answer: nothing was acknowledged, and nobody can say more."""


def _give_up(error):
    """Leave a request to the normal route after an error of the database.

    :raises _AwayError: the database is not reached at all.
    """
    if isinstance(error, psycopg2.InterfaceError) or (
        isinstance(error, psycopg2.OperationalError) and (error.pgcode or "08").startswith(AWAY_STATES)
    ):
        raise _AwayError(type(error).__name__) from error
    _logger.info("the short way in gives up: %s", type(error).__name__)


def _come_back(start_response, correlation_id):
    """Answer a request that cannot be dealt with now, by a problem document (RFC 9457)."""
    _prepare_log_line()
    document = {
        "type": "urn:finance-integration:error:temporarily_unavailable",
        "title": "Temporarily unavailable",
        "status": 503,
        "detail": "The event was not acknowledged. Send it again later.",
        "code": "temporarily_unavailable",
        "correlation_id": correlation_id,
    }
    body = json.dumps(document).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_AFTER_SECONDS)),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]


def _key_in(environ):
    """Return the key of a POST to an inbound address, or None for every other request."""
    path = environ.get("PATH_INFO", "")
    if environ.get("REQUEST_METHOD") != "POST" or not path.startswith(PREFIX):
        return None
    key = path[len(PREFIX) :]
    return key if reading.KEY.fullmatch(key) else None


def _database():
    """Return the one database of this server, when its models are loaded in this process."""
    names = config["db_name"]
    if len(names) != 1 or names[0] not in Registry.registries:
        return None
    return names[0]


def _read(environ, length):
    """Read the body and leave it in place for whoever reads it next."""
    stream = environ["wsgi.input"]
    try:
        raw = stream.read(length)
    except OSError:  # the sender went away or fell silent
        raw = b""
    environ["wsgi.input"] = io.BytesIO(raw)
    return raw


def _look_up(database, key):
    """Ask the models, after catching up with what other processes have changed."""
    registry = Registry(database)
    with registry.cursor() as cr:
        registry = registry.check_signaling(cr)
        if "integration.endpoint" not in registry:
            return None
        return api.Environment(cr, SUPERUSER_ID, {})["integration.endpoint"]._address_facts(key)


def _respond(start_response, body, correlation_id):
    _prepare_log_line()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("X-Correlation-Id", correlation_id),
    ]
    start_response("200 OK", headers)
    return [body]


def _prepare_log_line():
    """Odoo's access log shows what a thread left there; this request used neither its cursor nor its models."""
    thread = threading.current_thread()
    for name in ("dbname", "uid", "query_count", "query_time", "perf_t0", "cursor_mode"):
        if hasattr(thread, name):
            delattr(thread, name)
    http.thread_local.rpc_model_method = ""


def install():
    """Put the middleware in front of Odoo, once."""
    if not isinstance(http.root, FastIntake):
        http.root = FastIntake(http.root)
