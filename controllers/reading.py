# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reading an inbound request from what the web server hands over, before anything of Odoo's is touched."""

import collections
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from odoo.tools import config

from ..connectors.registry import get_connector
from ..engine import correlation
from ..engine.errors import AuthorizationError, ContractError, IntegrationError, TransientError
from ..engine.json_guard import parse_json
from ..engine.signatures import Secret, SignedRequest, get_scheme
from ..models.messaging import last_seen, secret_store
from ..models.messaging.certificates import certificates_at
from ..models.messaging.fetched import with_fetches
from ..models.messaging.shared_rates import SharedRates

JSON = "application/json"
MAX_BODY_BYTES = 10_000_000
CONTENT_LENGTH = re.compile(r"[0-9]{1,10}")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Set in the WSGI environment (never by a sender: those names begin with HTTP_) once a request has passed the limit.
ADMITTED = "finance_integration.admitted"
ADMITTED_BY_FLOW = "finance_integration.admitted_by_flow"
# So long after its end it is still recognised, to say what is wrong; nothing is accepted with it.
ENDED_DAYS = 90

# All processes of this host count together; each of several hosts gets its part of a limit.
_buckets = SharedRates()
BURST_SECONDS = 5
NANOSECONDS = 1_000_000_000


class RefusedRequestError(Exception):
    """The request is not accepted; ``response`` tells the sender why."""

    def __init__(self, status, code, title, detail, headers=None):
        super().__init__(code)
        self.code = code
        self.response = (status, code, title, detail, headers)


def headers_of(environ):
    """Return the request's headers as (name in lower case, value) pairs."""
    pairs = [
        (name[5:].replace("_", "-").lower(), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    ]
    if content_type := environ.get("CONTENT_TYPE"):
        pairs.append(("content-type", content_type))
    return pairs


def correlation_of(environ):
    """Return the caller's correlation and its place in a trace; see ``engine.correlation.read``."""
    return correlation.read(
        {
            correlation.CORRELATION_HEADER: environ.get("HTTP_X_CORRELATION_ID", ""),
            "traceparent": environ.get("HTTP_TRACEPARENT", ""),
            "tracestate": environ.get("HTTP_TRACESTATE", ""),
        }
    )


def check_head(environ, wanted_type=JSON, what="An event"):
    """Return the length of the body in bytes, when the request is one that the inbound route reads.

    Odoo takes a garbled length for an empty body, so the length is checked before anything is read.

    :raises RefusedRequestError: no length, no body, too long, another media type, an encoding.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if not CONTENT_LENGTH.fullmatch(length):
        raise RefusedRequestError(
            411, "length_required", "Length required", "Send the body with a Content-Length header."
        )
    if not int(length):
        raise RefusedRequestError(400, "body_empty", "Empty body", f"{what} has a body.")
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type != wanted_type:
        raise RefusedRequestError(415, "media_type", "Unsupported media type", f"Send it as {wanted_type}.")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RefusedRequestError(
            415, "content_encoding", "Unsupported encoding", "Send it without content encoding."
        )
    if int(length) > MAX_BODY_BYTES:
        raise too_large(MAX_BODY_BYTES, what)
    return int(length)


def check_whole(raw, length):
    """:raises RefusedRequestError: fewer bytes came than the request announced."""
    if len(raw) != length:
        raise RefusedRequestError(
            400, "body_truncated", "Body truncated", "The body is shorter than its Content-Length says."
        )


def too_large(limit, what="An event"):
    """Return the refusal of a body of more than ``limit`` bytes."""
    return RefusedRequestError(413, "body_too_large", "Too large", f"{what} has at most {limit} bytes.")


def check_length(raw, facts):
    """:raises RefusedRequestError: the body is longer than the address allows."""
    if len(raw) > facts["max_body_bytes"]:
        raise too_large(facts["max_body_bytes"])


def check_rate(facts, environ, tokens=1):
    """Take ``tokens`` (one for an event) of the address's limit, once per request.

    :raises RefusedRequestError: there is none left (429, with the seconds to wait).
    """
    if environ.get(ADMITTED):
        return
    _take(facts, [(_name(facts, "endpoint", facts["endpoint_id"]), facts["rate_per_second"], tokens)])
    environ[ADMITTED] = True


def check_flow_rate(facts, envelope, environ):
    """Take one token of the event's flow, where that has a limit of its own, once per request.

    :raises RefusedRequestError: there is none left (429, with the seconds to wait).
    """
    check_flow_rates(facts, (envelope,), environ)


def check_flow_rates(facts, envelopes, environ):
    """Take a token per event of the limits of their flows, all or none, once per request.

    More events of one flow than its limit lets through at once are taken when nothing was taken before; whoever comes
    next waits until that is made up for.

    :raises RefusedRequestError: one of the flows has too few left (429, with the seconds to wait).
    """
    rates = facts.get("flow_rates")
    if not rates or environ.get(ADMITTED_BY_FLOW):
        return
    rules = get_connector(facts["connector"]).spec.events
    counts = collections.Counter(
        rule.kind for envelope in envelopes if (rule := rules.get(envelope.event_type))
    )
    wanted = [
        (_name(facts, "flow", flow_id), rate, counts[kind])
        for kind, (flow_id, rate) in rates.items()
        if rate and counts[kind]
    ]
    if wanted:
        _take(facts, wanted)
        environ[ADMITTED_BY_FLOW] = True


def _name(facts, what, row_id):
    return f"{facts['database']}/{what}/{row_id}"


def _take(facts, wanted):
    """Take what is wanted, a list of (name, events per second on all hosts together, tokens)."""
    hosts = max(1, facts.get("hosts") or 1)
    buckets = []
    for name, rate, tokens in wanted:
        here = max(1, rate // hosts)
        buckets.append((name, here, here * BURST_SECONDS, tokens))
    wait_nanoseconds = _buckets.take(buckets)
    if wait_nanoseconds:
        raise RefusedRequestError(
            429,
            "rate_limited",
            "Too many requests",
            "Send more slowly.",
            {"Retry-After": str(-(-wait_nanoseconds // NANOSECONDS))},
        )


def _aware(value):
    return value.replace(tzinfo=timezone.utc) if value else None


def secrets_of(facts):
    """Return (the secrets of an address that can be read, why others cannot be).

    One that cannot be read does not lock out a sender who signs with another one.

    :raises NeedsFetchError: a secret has to be fetched first, when no transaction is open.
    """
    secrets, errors = [], []
    for row_id, sealed, start, end in facts["secrets"]:
        try:
            value = secret_store.value_of(sealed)
        except IntegrationError as error:
            errors.append(error)
        else:
            secrets.append(Secret(str(row_id), value, _aware(start), _aware(end)))
    return secrets, errors


def addresses_of(facts, environ):
    """Return the addresses as which the sender may have called this one: the public one first, then the one as
    received.

    The public one is what the hub shows to the person who registers it at the sender. Behind a proxy the request itself
    tells another; whether its forwarded headers count is Odoo's ``proxy_mode``.
    """
    host, protocol = environ.get("HTTP_HOST", ""), environ.get("wsgi.url_scheme", "http")
    if config["proxy_mode"] and environ.get("HTTP_X_FORWARDED_HOST"):
        host = environ["HTTP_X_FORWARDED_HOST"].rpartition(",")[2].strip()
        protocol = environ.get("HTTP_X_FORWARDED_PROTO", protocol).rpartition(",")[2].strip()
    query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    received = f"{protocol}://{host}{environ.get('PATH_INFO', '')}"
    return tuple(dict.fromkeys((facts["url"] + query, received + query)))


def verify(facts, raw, headers, environ=None, before_fetch=None):
    """Return what the signature over the raw body proves.

    :param environ: the WSGI environment, which schemes that sign the address need.
    :param before_fetch: ends the transaction of the caller, where it has one: a secret or a certificate may have to be
        fetched.
    :raises RefusedRequestError: it does not hold (401), or what it takes to verify it cannot be had at present (503).
    """
    urls = addresses_of(facts, environ) if get_scheme(facts["scheme"]).signs_url else ("",)
    signed = SignedRequest(method="POST", url=urls[0], headers=headers, body=raw)
    secrets, errors = with_fetches(lambda: secrets_of(facts), before_fetch)
    try:
        if errors and not secrets:
            raise errors[0]
        signed = with_fetches(lambda: _with_certificates(facts, signed), before_fetch)
        verified = _verified_as_one_of(facts, signed, secrets, urls)
    except IntegrationError as error:
        # Signed, it may be, with the very secret that cannot be read.
        raise _refusal(errors[0] if errors else error) from error
    last_seen.note(facts["database"], int(verified.secret_id))
    return verified


def _with_certificates(facts, signed):
    """Return the request together with the certificates that its scheme asks for.

    :raises NeedsFetchError: they have to be fetched first, when no transaction is open.
    """
    url = get_scheme(facts["scheme"]).certificate_url(signed, facts["allowed_hosts"])
    return (
        signed if url is None else replace(signed, certificates=certificates_at(url, facts["allowed_hosts"]))
    )


def _verified_as_one_of(facts, signed, secrets, urls):
    """Return what the signature proves, made for one of these addresses; the first refusal counts when none fits."""
    first = None
    for url in urls:
        try:
            return _verified(facts, replace(signed, url=url), secrets)
        except AuthorizationError as error:
            first = first or error
    raise first


def _verified(facts, signed, secrets):
    scheme, now = get_scheme(facts["scheme"]), datetime.now(timezone.utc)
    try:
        return scheme.verify(signed, secrets, now, facts["tolerance_seconds"])
    except AuthorizationError as error:
        if error.code in ("signature_invalid", "secret_missing") and _fits_ended(
            scheme, signed, secrets, now, facts
        ):
            raise AuthorizationError("secret_ended") from error
        raise


def _fits_ended(scheme, signed, secrets, now, facts):
    """Whether a secret that ended not long ago made the signature: the sender has not changed over yet."""
    since = now - timedelta(days=ENDED_DAYS)
    ended = [
        replace(secret, valid_until=None)
        for secret in secrets
        if secret.valid_until and since < secret.valid_until < now
    ]
    for secret in ended:
        try:
            scheme.verify(signed, [secret], now, facts["tolerance_seconds"])
        except AuthorizationError:
            continue
        return True
    return False


def _refusal(error):
    if isinstance(error, TransientError):
        return RefusedRequestError(
            503,
            error.code,
            "Temporarily unavailable",
            "The signature cannot be verified at present. Send it again later.",
            {"Retry-After": "30"},
        )
    return RefusedRequestError(401, error.code, "Signature refused", error.sentence)


def read_envelope(facts, raw, headers):
    """Parse the body, now that its signature holds, as far as storing it needs.

    :raises RefusedRequestError: it is no event of the outside system (400).
    """
    try:
        return get_connector(facts["connector"]).read_envelope(parse_json(raw), dict(headers))
    except ContractError as error:
        raise RefusedRequestError(400, error.code, "Not an event", error.sentence) from error
    except IntegrationError as error:
        raise RefusedRequestError(400, error.code, "Refused", error.sentence) from error


def kept_headers(facts, headers):
    """Return the headers that must be stored: to verify the signature again, and to know the event again."""
    kept = {
        *get_scheme(facts["scheme"]).kept_headers,
        *get_connector(facts["connector"]).spec.envelope_headers,
    }
    return {name: value for name, value in headers if name in kept}


def lane_of(facts, envelope):
    """Return the id of the lane in which an event is worked off."""
    rule = get_connector(facts["connector"]).spec.events.get(envelope.event_type)
    return facts["flows"].get(rule and rule.kind, (None, facts["default_lane"]))[1]
