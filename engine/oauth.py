# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Access tokens by OAuth 2.0: what to ask a token endpoint, and what its answer means. Nothing is sent here.

Sources: RFC 6749 (client credentials 4.4, refresh 6, client authentication 2.3.1, answers 5.1 and 5.2), RFC 7523 (JWT
bearer), RFC 7515 and RFC 7518 (RS256), RFC 6750 (how a token is shown).
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote_plus, urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .canonical_json import canonical_bytes
from .errors import AuthorizationError, IntegrationError, TransientError

CLIENT_CREDENTIALS, REFRESH_TOKEN, JWT_BEARER = "oauth_client", "oauth_refresh", "oauth_jwt"
GRANTS = (CLIENT_CREDENTIALS, REFRESH_TOKEN, JWT_BEARER)
FORM = "application/x-www-form-urlencoded"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_SECONDS = 300
MIN_RSA_BITS = 2048
MAX_TOKEN_CHARACTERS = 16_000
# Where the answer does not say how long a token lives it is taken for this long, and refused ones are renewed anyway.
UNSTATED_SECONDS = 300
MAX_SECONDS = 30 * 86_400
# A token is renewed this long before its end, or after nine tenths of its life where that is short.
EARLY_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Client:
    """What we are to an authorization server.

    ``secret``     client secret; for JWT bearer the private RSA key in PEM.
    ``in_body``    the client's id and secret go into the form, not into the header (RFC 6749, 2.3.1).
    ``audience``   JWT bearer: who the assertion is for, usually the token endpoint; client credentials: the resource.
    ``subject``    JWT bearer: in whose name.
    ``key_id``     JWT bearer: the ``kid`` under which the server knows our key.
    """

    grant: str
    client_id: str
    secret: str = dataclasses.field(repr=False)
    scope: str = ""
    in_body: bool = False
    audience: str = ""
    subject: str = ""
    key_id: str = ""


@dataclasses.dataclass(frozen=True)
class Tokens:
    """What a token endpoint gave out; ``expires_at`` UTC-aware. ``refresh`` is None where it sent no new one."""

    access: str = dataclasses.field(repr=False)
    expires_at: datetime
    refresh: str | None = dataclasses.field(default=None, repr=False)

    def renew_at(self, obtained_at: datetime) -> datetime:
        """Return from when on the token is renewed although it is still valid."""
        life = (self.expires_at - obtained_at).total_seconds()
        return self.expires_at - timedelta(seconds=min(EARLY_SECONDS, life / 10))


def token_request(
    client: Client, now: datetime, refresh_token: str = "", token_url: str = ""
) -> tuple[Mapping[str, str], bytes]:
    """Return headers and body of the POST to the token endpoint.

    :param token_url: the audience of a JWT where none is named.
    :raises AuthorizationError: ``secret_unusable`` (no RSA key), ``grant_refused`` (there is no refresh token).
    """
    form = {}
    if client.grant == CLIENT_CREDENTIALS:
        form = {"grant_type": "client_credentials"}
        if client.audience:
            form["audience"] = client.audience
    elif client.grant == REFRESH_TOKEN:
        if not refresh_token:
            raise AuthorizationError("grant_refused", params={"reason": "there is no refresh token"})
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    elif client.grant == JWT_BEARER:
        form = {"grant_type": JWT_GRANT, "assertion": _assertion(client, now, token_url)}
    else:
        raise ValueError(f"unknown grant {client.grant!r}")
    if client.scope:
        form["scope"] = client.scope
    headers = {"content-type": FORM, "accept": "application/json"}
    if client.grant != JWT_BEARER:
        if client.in_body:
            form |= {"client_id": client.client_id, "client_secret": client.secret}
        else:
            # RFC 6749, 2.3.1: id and secret are form-encoded before they are joined.
            headers["authorization"] = basic(quote_plus(client.client_id), quote_plus(client.secret))
    return headers, urlencode(form).encode("ascii")


def _assertion(client: Client, now: datetime, token_url: str) -> str:
    issued = int(now.timestamp())
    claims = {
        "iss": client.client_id,
        "sub": client.subject or client.client_id,
        "aud": client.audience or token_url,
        "iat": issued,
        "exp": issued + JWT_SECONDS,
    }
    return sign_jwt(claims, client.secret, client.key_id)


def sign_jwt(claims: Mapping[str, object], private_key_pem: str, key_id: str = "") -> str:
    """Return a JWT signed by RS256 (RFC 7515, compact form).

    :raises AuthorizationError: ``secret_unusable``: no RSA private key of at least 2048 bits.
    """
    key = load_rsa_key(private_key_pem)
    header = {"alg": "RS256", "typ": "JWT", **({"kid": key_id} if key_id else {})}
    signed = f"{_base64url(canonical_bytes(header))}.{_base64url(canonical_bytes(dict(claims)))}"
    signature = key.sign(signed.encode("ascii"), PKCS1v15(), SHA256())
    return f"{signed}.{_base64url(signature)}"


def load_rsa_key(pem: str) -> RSAPrivateKey:
    """Return the private key in ``pem``.

    :raises AuthorizationError: ``secret_unusable``.
    """
    try:
        key = load_pem_private_key(pem.encode("ascii"), password=None)
    except (ValueError, TypeError, UnicodeEncodeError) as error:
        raise AuthorizationError("secret_unusable", "no private key in PEM without passphrase") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_RSA_BITS:
        raise AuthorizationError("secret_unusable", f"an RSA key of at least {MIN_RSA_BITS} bits is needed")
    return key


def read_token_answer(status: int, body: bytes, now: datetime) -> Tokens:
    """Return what the token endpoint gave out.

    :param now: UTC-aware, before the request was sent: a token never seems to live longer than it does.
    :raises AuthorizationError: ``grant_refused`` (``invalid_grant``: the permission is gone),
        ``credential_refused`` (our client is not accepted, or asks for what it may not have).
    :raises TransientError: ``token_unavailable``: errors of the server, too many requests, no readable answer.
    """
    answer = _as_object(body)
    if status != 200:
        raise _refusal(status, answer)
    access, kind = answer.get("access_token"), answer.get("token_type")
    good = isinstance(access, str) and access.strip() and len(access) <= MAX_TOKEN_CHARACTERS
    if not good or not isinstance(kind, str) or kind.lower() != "bearer":
        raise TransientError("token_unavailable", "no bearer token in the answer", params={"status": status})
    refresh = answer.get("refresh_token")
    seconds = _lifetime_seconds(answer.get("expires_in"))
    return Tokens(
        access=access,
        expires_at=now + timedelta(seconds=seconds),
        refresh=refresh if isinstance(refresh, str) and refresh else None,
    )


def _lifetime_seconds(stated: object) -> int:
    if isinstance(stated, str) and stated.isascii() and stated.isdigit():  # some servers write it as text
        stated = int(stated[:12])
    if isinstance(stated, bool) or not isinstance(stated, int) or stated <= 0:
        return UNSTATED_SECONDS
    return min(stated, MAX_SECONDS)


def _as_object(body: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(status: int, answer: Mapping[str, object]) -> IntegrationError:
    """Judge an error answer (RFC 6749, 5.2). Only a known word is repeated: other text may hold what was sent."""
    told = answer.get("error")
    if told == "invalid_grant":
        return AuthorizationError("grant_refused", params={"reason": "invalid_grant"})
    if status == 429 or status >= 500 or told in ("temporarily_unavailable", "server_error"):
        return TransientError("token_unavailable", f"HTTP {status}", params={"status": status})
    known = told in ("invalid_client", "unauthorized_client", "invalid_scope", "invalid_request")
    return AuthorizationError("credential_refused", str(told) if known else "", params={"status": status})


def basic(user: str, password: str) -> str:
    """Return the header value of RFC 7617 for a user and a password, as UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
