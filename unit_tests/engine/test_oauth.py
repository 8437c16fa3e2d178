# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Access tokens: what is asked for, and what the answers mean (C6)."""

import base64
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from odoo.addons.finance_integration.engine import oauth, outgoing_access
from odoo.addons.finance_integration.engine.errors import AuthorizationError, IntegrationError

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def form_of(body):
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def client(grant, **more):
    return oauth.Client(**{"grant": grant, "client_id": "hub", "secret": "s", **more})


def test_client_credentials_with_the_secret_in_the_header():
    headers, body = oauth.token_request(
        client("oauth_client", client_id="a b", secret="s:ö&", scope="read write"), NOW
    )
    assert form_of(body) == {"grant_type": "client_credentials", "scope": "read write"}
    told = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode()
    # RFC 6749, 2.3.1 and appendix B: both are form-encoded, so that the colon between them is the only one.
    assert told == "a+b:s%3A%C3%B6%26"
    assert headers["content-type"] == "application/x-www-form-urlencoded"


def test_client_credentials_with_the_secret_in_the_form():
    headers, body = oauth.token_request(client("oauth_client", in_body=True, audience="https://api"), NOW)
    assert form_of(body) == {
        "grant_type": "client_credentials",
        "audience": "https://api",
        "client_id": "hub",
        "client_secret": "s",
    }
    assert "authorization" not in headers


def test_a_refresh_token_is_shown_and_needed():
    _headers, body = oauth.token_request(client("oauth_refresh"), NOW, "r-1")
    assert form_of(body) == {"grant_type": "refresh_token", "refresh_token": "r-1"}
    with pytest.raises(AuthorizationError) as caught:
        oauth.token_request(client("oauth_refresh"), NOW)
    assert caught.value.code == "grant_refused"


def test_a_jwt_is_signed_with_our_key():
    told = client("oauth_jwt", secret=pem(KEY), subject="bot@example.com", key_id="k1")
    _headers, body = oauth.token_request(told, NOW, token_url="https://login.example.com/token")
    form = form_of(body)
    header, claims, signature = form["assertion"].split(".")

    def decoded(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    KEY.public_key().verify(decoded(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
    assert json.loads(decoded(header)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert json.loads(decoded(claims)) == {
        "iss": "hub",
        "sub": "bot@example.com",
        "aud": "https://login.example.com/token",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
    }


@pytest.mark.parametrize(
    "secret",
    ["", "no key", pem(ec.generate_private_key(ec.SECP256R1())), "ключ"],
)
def test_what_is_no_rsa_key_is_named(secret):
    with pytest.raises(AuthorizationError) as caught:
        oauth.sign_jwt({}, secret)
    assert caught.value.code == "secret_unusable"


def test_a_token_and_when_it_is_renewed():
    answer = {"access_token": "t", "token_type": "bearer", "expires_in": 3600, "refresh_token": "r"}
    tokens = oauth.read_token_answer(200, json.dumps(answer).encode(), NOW)
    assert (tokens.access, tokens.refresh) == ("t", "r")
    assert tokens.expires_at == NOW + timedelta(hours=1)
    assert tokens.renew_at(NOW) == NOW + timedelta(seconds=3480)
    assert "access" not in repr(tokens)
    assert "refresh" not in repr(tokens)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [(10, 10), ("600", 600), (None, 300), (0, 300), (-5, 300), (True, 300), (1.5, 300), (10**12, 30 * 86400)],
)
def test_how_long_a_token_lives(stated, seconds):
    answer = {"access_token": "t", "token_type": "Bearer", "expires_in": stated}
    tokens = oauth.read_token_answer(200, json.dumps(answer).encode(), NOW)
    assert tokens.expires_at == NOW + timedelta(seconds=seconds)
    assert NOW < tokens.renew_at(NOW) < tokens.expires_at


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (400, {"error": "invalid_grant"}, "grant_refused"),
        (401, {"error": "invalid_client"}, "credential_refused"),
        (400, {"error": "invalid_scope"}, "credential_refused"),
        (403, {}, "credential_refused"),
        (429, {}, "token_unavailable"),
        (500, {}, "token_unavailable"),
        (503, {"error": "temporarily_unavailable"}, "token_unavailable"),
        (200, {}, "token_unavailable"),
        (200, {"access_token": "t"}, "token_unavailable"),
        (200, {"access_token": "t", "token_type": "mac"}, "token_unavailable"),
        (200, {"access_token": "  ", "token_type": "Bearer"}, "token_unavailable"),
        (200, {"access_token": "t" * 20_000, "token_type": "Bearer"}, "token_unavailable"),
    ],
)
def test_what_an_endpoint_can_answer_instead(status, document, code):
    with pytest.raises(IntegrationError) as caught:
        oauth.read_token_answer(status, json.dumps(document).encode(), NOW)
    assert caught.value.code == code


def test_text_of_the_other_side_is_not_repeated():
    body = json.dumps({"error": "you sent client_secret=s3cret"}).encode()
    with pytest.raises(IntegrationError) as caught:
        oauth.read_token_answer(400, body, NOW)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(IntegrationError):
        oauth.read_token_answer(200, b"[" * 100_000, NOW)


def test_headers_of_each_kind_of_access():
    assert outgoing_access.authorization("api_key", "k") == "Bearer k"
    assert outgoing_access.authorization("oauth_jwt", "t") == "Bearer t"
    # RFC 7617, 2: the example with its user and password.
    secret = outgoing_access.basic_secret("Aladdin", "open sesame")
    assert outgoing_access.authorization("basic", secret) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    for user in ("", "a:b"):
        with pytest.raises(AuthorizationError):
            outgoing_access.basic_secret(user, "x")
