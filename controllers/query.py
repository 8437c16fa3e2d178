# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The synchronous way in: a signed question, a signed answer within the time that the asker waits (E15)."""

import time

from odoo.exceptions import AccessError
from odoo.http import Controller, request, route

from ..connectors.registry import get_connector
from ..engine.canonical.rules import check
from ..engine.errors import AuthorizationError, BusinessError, ContractError, TransientError
from ..engine.instants import utc_now
from ..engine.json_guard import parse_json
from ..engine.signatures import get_scheme
from ..models.messaging.fetched import with_fetches
from ..models.query.asking import FlowNotLiveError
from . import reading, webhook
from .reading import RefusedRequestError

ADDRESS = "/integration/v1/query/<string:key>"
MAX_QUESTION_BYTES = 20_000
CONFLICTS = ("query_id_conflict", "query_id_used")


class Query(Controller):
    """Answers questions. What it answers is kept, and committed before it is sent."""

    @route(
        ADDRESS,
        type="integration",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def ask(self, key):
        began = time.monotonic_ns()
        return webhook.answered(key, lambda inbound: self._answer(inbound, began))

    def _answer(self, inbound, began):
        raw = webhook.read_body(inbound.environ)
        facts = inbound.look_up()
        _check_asks(facts, raw)
        reading.check_rate(facts, inbound.environ)
        verified = reading.verify(facts, raw, inbound.headers, inbound.environ, webhook.end_transaction)
        question = _read_question(facts, raw, inbound.headers)
        secret = _answer_secret(facts, verified)
        answer_id, text = _ask(facts, question, began)
        signature = secret.scheme.sign(text, secret.value, utc_now(), answer_id)
        return webhook.json_response(text, inbound.correlation_id, signature)


class _AnswerSecret:
    def __init__(self, scheme, value):
        self.scheme = scheme
        self.value = value


def _check_asks(facts, raw):
    if not get_connector(facts["connector"]).spec.queries:
        raise RefusedRequestError(404, "unknown_address", "Not found", "There is no such address.")
    if len(raw) > MAX_QUESTION_BYTES:
        raise RefusedRequestError(
            413, "body_too_large", "Too large", f"A question has at most {MAX_QUESTION_BYTES} bytes."
        )


def _read_question(facts, raw, headers):
    try:
        question = get_connector(facts["connector"]).read_query(parse_json(raw), dict(headers))
        check(question)
    except ContractError as error:
        raise RefusedRequestError(400, error.code, "Not a question", error.sentence) from error
    return question


def _answer_secret(facts, verified):
    """Return scheme and secret for the answer, before any work is done for it."""
    shared = None
    if facts["scheme"] == "standard_webhooks_v1":
        secrets, _errors = with_fetches(lambda: reading.secrets_of(facts), webhook.end_transaction)
        [shared] = [secret.value for secret in secrets if secret.id == verified.secret_id]
    queries = request.env["integration.query"]
    try:
        value = with_fetches(
            lambda: queries._answer_secret(facts["connection_id"], shared), webhook.end_transaction
        )
    except (AuthorizationError, TransientError) as error:
        raise RefusedRequestError(503, error.code, "Not set up", error.sentence) from error
    code = request.env["integration.connection"]._outbound_scheme(value)
    return _AnswerSecret(get_scheme(code), value)


def _ask(facts, question, began):
    webhook.read_committed(request.env.cr)
    webhook.speak_as_company()
    try:
        return request.env["integration.query"]._ask(facts["connection_id"], question, began)
    except FlowNotLiveError as error:
        raise RefusedRequestError(
            503,
            "not_live",
            "Not answered at present",
            "Questions of this kind are not answered at present.",
            {"Retry-After": "60"},
        ) from error
    except AccessError as error:
        sentence = AuthorizationError("rights_missing").sentence
        raise RefusedRequestError(503, "rights_missing", "Not set up", sentence) from error
    except ContractError as error:
        status = 409 if error.code in CONFLICTS else 400
        raise RefusedRequestError(status, error.code, "Not answered", error.sentence) from error
    except BusinessError as error:
        raise RefusedRequestError(410, error.code, "Not answered any more", error.sentence) from error
    except AuthorizationError as error:
        raise RefusedRequestError(503, error.code, "Not set up", error.sentence) from error
