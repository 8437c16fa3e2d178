# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signatures of Shopify, HubSpot, PayPal, by password and certificate: vectors hold, what was touched is not (C3)."""

import base64
import dataclasses
import hashlib
import json
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import AuthorizationError
from odoo.addons.finance_integration.engine.instants import parse_instant
from odoo.addons.finance_integration.engine.signatures import Secret, SignedRequest, get_scheme, paypal
from odoo.addons.finance_integration.engine.signatures.hubspot import signed_address
from odoo.addons.finance_integration.simulators.paypal.signing import DEFAULT_URL, Authority, forged_body

VECTORS_FOLDER = Path(__file__).parent / "vectors"
VECTORS = json.loads((VECTORS_FOLDER / "vendor_signatures.json").read_text(encoding="utf-8"))
CERTIFICATES = VECTORS_FOLDER / "paypal_certificates"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)
BODY = b'{"id": "WH-1", "amount": "19.99"}'
URL = "https://hub.example/integration/v1/in/key"
WEBHOOK_ID = "4JH86294D6297924G"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def stranger():
    return Authority()


def request_with(headers, body=BODY, url=URL, certificates=b"", method="POST"):
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    return SignedRequest(method, url, pairs, body, certificates)


def verify(code, request, secrets, now=NOW, tolerance_seconds=300):
    return get_scheme(code).verify(request, secrets, now, tolerance_seconds)


def refusal(code, request, secrets, now=NOW):
    with pytest.raises(AuthorizationError) as caught:
        verify(code, request, secrets, now)
    return caught.value.code


# -- what vendors publish --------------------------------------------------------------------------------------


def vector_outcome(vector):
    """Walk the way of a request: the certificate's address first, then the signature."""
    headers = list(vector["headers"].items())
    certificates, value = b"", vector["secret"]
    if vector["scheme"] == "paypal":
        names = ("paypal_leaf", "digicert_sha2_ev_server_ca")
        certificates = b"".join((CERTIFICATES / f"{name}.pem").read_bytes() for name in names)
        value += "\n" + (CERTIFICATES / "digicert_ha_ev_root.pem").read_text(encoding="ascii")
    request = request_with(headers, vector["body"].encode(), vector["url"], certificates, vector["method"])
    scheme = get_scheme(vector["scheme"])
    try:
        scheme.certificate_url(request)
        verified = scheme.verify(request, [Secret("vendor", value)], parse_instant(vector["now"]), 300)
    except AuthorizationError as error:
        return error.code
    assert verified.secret_id == "vendor"
    return "accept"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['scheme']}-{v['expect']}-{v['source'][:50]}")
def test_vendor_vector(vector):
    assert vector_outcome(vector) == vector["expect"]


def test_the_vectors_are_all_there():
    counts = {}
    for vector in VECTORS:
        counts[vector["scheme"]] = counts.get(vector["scheme"], 0) + 1
    assert counts == {"shopify": 2, "hubspot_v3": 5, "paypal": 6}


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["expect"] == "accept"], ids=lambda v: v["scheme"])
def test_a_changed_body_of_a_vector_is_refused(vector):
    assert vector_outcome({**vector, "body": vector["body"] + " "}) == "signature_invalid"


def test_expired_certificates_of_paypal_do_not_count_today():
    vector = next(v for v in VECTORS if v["scheme"] == "paypal" and v["expect"] == "accept")
    assert vector_outcome({**vector, "now": "2026-03-02T12:00:00Z"}) == "signature_invalid"


def test_http_basic_vectors_of_rfc_7617():
    for pair, header in (
        ("Aladdin:open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test:123£", "Basic dGVzdDoxMjPCow=="),
    ):
        request = request_with({"Authorization": header})
        assert verify("basic", request, [Secret("1", pair)]).secret_id == "1"
        assert get_scheme("basic").sign(BODY, pair, NOW, "x") == {"Authorization": header}


# -- Shopify ---------------------------------------------------------------------------------------------------


def shopify_headers(body=BODY, secret="shpss_1", family="X-Shopify"):
    signature = get_scheme("shopify").sign(body, secret, NOW, "x")["X-Shopify-Hmac-Sha256"]
    return {f"{family}-Hmac-Sha256": signature}


@pytest.mark.parametrize("family", ["X-Shopify", "Shopify", "x-shopify", "SHOPIFY"])
def test_shopify_both_families_of_headers(family):
    verified = verify("shopify", request_with(shopify_headers(family=family)), [Secret("1", "shpss_1")])
    assert (verified.secret_id, verified.signed_at) == ("1", None)


def test_shopify_refuses_hostile_headers():
    secrets = [Secret("1", "shpss_1")]
    good = shopify_headers()
    both = [*good.items(), *shopify_headers(family="Shopify").items()]
    assert refusal("shopify", request_with(both), secrets) == "signature_malformed"
    assert refusal("shopify", request_with([*good.items(), *good.items()]), secrets) == "signature_malformed"
    assert refusal("shopify", request_with({}), secrets) == "signature_missing"
    value = good["X-Shopify-Hmac-Sha256"]
    for odd in (
        f"{value},{value}",
        value[:-2],
        "é" * 44,
        "=" * 44,
        hashlib.sha256(BODY).hexdigest(),
        "A" * 9000,
    ):
        headers = {"X-Shopify-Hmac-Sha256": odd}
        assert refusal("shopify", request_with(headers), secrets) == "signature_malformed"


# -- HubSpot ---------------------------------------------------------------------------------------------------


def hubspot(url=URL, now=NOW, secret="client-secret", **changed):
    headers = get_scheme("hubspot_v3").sign(BODY, secret, now, "x", url)
    return request_with(headers, **{"url": url, **changed})


def test_hubspot_signs_method_address_body_and_time():
    secrets = [Secret("1", "client-secret")]
    assert verify("hubspot_v3", hubspot(), secrets).signed_at == NOW
    assert refusal("hubspot_v3", hubspot(method="GET"), secrets) == "signature_invalid"
    assert refusal("hubspot_v3", hubspot(body=BODY + b" "), secrets) == "signature_invalid"
    moved = dataclasses.replace(hubspot(), url=URL.replace("https", "http"))
    assert refusal("hubspot_v3", moved, secrets) == "signature_invalid"
    later = [(name, "1772452800001" if "Timestamp" in name else value) for name, value in hubspot().headers]
    assert refusal("hubspot_v3", request_with(later), secrets) == "signature_invalid"


def test_hubspot_refuses_the_plain_hash_of_older_versions():
    plain = hashlib.sha256(b"client-secret" + BODY).hexdigest()
    headers = {"X-HubSpot-Signature": plain, "X-HubSpot-Signature-Version": "v1"}
    assert refusal("hubspot_v3", request_with(headers), [Secret("1", "client-secret")]) == "signature_missing"


@pytest.mark.parametrize(
    "text", ["1772452800", "17724528000000000", "-1772452800000", "1e12", "1772452800000 ", "４" * 13]
)
def test_hubspot_refuses_times_that_are_none(text):
    headers = [(name, text if "Timestamp" in name else value) for name, value in hubspot().headers]
    assert (
        refusal("hubspot_v3", request_with(headers), [Secret("1", "client-secret")]) == "signature_malformed"
    )


def test_hubspot_decodes_twelve_escapes_and_no_other():
    assert signed_address("/a%3a%2F%3f%40%21%24%27%28%29%2A%2c%3B") == "/a:/?@!$'()*,;"
    assert signed_address("/a%20b%26c%3Dd%25%23%2B") == "/a%20b%26c%3Dd%25%23%2B"
    assert signed_address("/%253A") == "/%253A"
    encoded = hubspot(url=URL + "?src=hs%3Aapp")
    decoded = dataclasses.replace(encoded, url=URL + "?src=hs:app")
    assert verify("hubspot_v3", decoded, [Secret("1", "client-secret")]).secret_id == "1"


# -- PayPal ----------------------------------------------------------------------------------------------------


def paypal_request(authority, body=BODY, webhook_id=WEBHOOK_ID, **changed):
    headers = authority.sign(
        changed.pop("signed_body", body), webhook_id, NOW, url=changed.pop("cert_url", DEFAULT_URL)
    )
    headers |= changed.pop("headers", {})
    return request_with(headers, body, certificates=changed.pop("certificates", authority.chain_pem))


def paypal_secret(authority, webhook_id=WEBHOOK_ID, name="1", **window):
    return Secret(name, authority.secret(webhook_id), **window)


def test_paypal_accepts_its_own_and_says_when(authority):
    verified = verify("paypal", paypal_request(authority), [paypal_secret(authority)])
    assert (verified.secret_id, verified.signed_at) == ("1", NOW)
    assert get_scheme("paypal").certificate_url(paypal_request(authority)) == DEFAULT_URL


def test_paypal_refuses_what_was_signed_for_another_webhook_or_by_somebody_else(authority, stranger):
    secrets = [paypal_secret(authority)]
    assert refusal("paypal", paypal_request(authority, webhook_id="OTHER1"), secrets) == "signature_invalid"
    assert refusal("paypal", paypal_request(stranger), secrets) == "signature_invalid"
    foreign_key = paypal_request(stranger, certificates=authority.chain_pem)
    assert refusal("paypal", foreign_key, secrets) == "signature_invalid"
    assert refusal("paypal", paypal_request(authority, signed_body=b"{}"), secrets) == "signature_invalid"


def test_paypal_without_an_own_root_only_public_ones_count(authority):
    assert refusal("paypal", paypal_request(authority), [Secret("1", WEBHOOK_ID)]) == "signature_invalid"


@pytest.mark.parametrize(
    "pem", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_paypal_refuses_certificates_that_are_none(authority, pem):
    request = paypal_request(authority, certificates=pem)
    assert refusal("paypal", request, [paypal_secret(authority)]) == "signature_invalid"


def test_paypal_refuses_another_name_and_a_certificate_that_has_ended(authority):
    other_name = Authority(name="messageverificationcerts.paypal.com.evil.example")
    assert refusal("paypal", paypal_request(other_name), [paypal_secret(other_name)]) == "signature_invalid"
    ended = Authority(end=NOW - timedelta(days=1))
    assert refusal("paypal", paypal_request(ended), [paypal_secret(ended)]) == "signature_invalid"
    # The sandbox's certificate proves nothing to what claims to come from the live service.
    live = paypal_request(authority, cert_url=DEFAULT_URL.replace("sandbox.", ""))
    assert refusal("paypal", live, [paypal_secret(authority)]) == "signature_invalid"


HOSTILE_URLS = (
    "https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1",
    "http://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com:8443/v1/notifications/certs/CERT-1",
    "https://user@api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://evil.example#@api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1?x=1",
    "https://api.sandbox.paypal.com/v1/notifications/certs/../../x/CERT-1",
    "https://api.sandbox.paypal.com/v1/oauth2/token",
    "https://169.254.169.254/v1/notifications/certs/CERT-1",
    "file:///v1/notifications/certs/CERT-1",
    "https://[::1/v1/notifications/certs/CERT-1",
)


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_paypal_names_no_address_outside_paypal(authority, url):
    with pytest.raises(AuthorizationError) as caught:
        get_scheme("paypal").certificate_url(paypal_request(authority, headers={"PAYPAL-CERT-URL": url}))
    assert caught.value.code == "signature_malformed"


def test_paypal_a_host_that_an_administrator_allowed_serves_a_sandbox_of_ones_own(authority):
    url = "http://127.0.0.1:9000/v1/notifications/certs/CERT-1"
    request = paypal_request(authority, cert_url=url)
    assert get_scheme("paypal").certificate_url(request, ("127.0.0.1",)) == url
    assert verify("paypal", request, [paypal_secret(authority)]).secret_id == "1"


def test_paypal_each_header_is_needed_once_and_as_documented(authority):
    secrets = [paypal_secret(authority)]
    headers = dict(paypal_request(authority).headers)
    for name, value in headers.items():
        rest = [pair for pair in headers.items() if pair[0] != name]
        for changed, code in (
            (rest, "signature_missing"),
            ([*headers.items(), (name.lower(), value)], "signature_malformed"),
            ([*rest, (name, "x" * 9000)], "signature_malformed"),
        ):
            request = request_with(changed, certificates=authority.chain_pem)
            assert refusal("paypal", request, secrets) == code
            with pytest.raises(AuthorizationError):
                get_scheme("paypal").certificate_url(request)
    for name, odd in (
        ("PAYPAL-AUTH-ALGO", "SHA1withRSA"),
        ("PAYPAL-TRANSMISSION-ID", "a|b"),
        ("PAYPAL-TRANSMISSION-TIME", "2026-03-02"),
        ("PAYPAL-TRANSMISSION-TIME", "2026-03-02T12:00:00Z|x"),
        ("PAYPAL-TRANSMISSION-SIG", base64.b64encode(b"short").decode()),
    ):
        request = paypal_request(authority, headers={name: odd})
        assert refusal("paypal", request, secrets) == "signature_malformed"


def test_paypal_a_body_with_the_same_checksum_passes_and_is_therefore_not_trusted(authority):
    forged = forged_body(BODY, b'{"id": "WH-1", "amount": "9999.00", "x": "')
    assert forged != BODY and zlib.crc32(forged) == zlib.crc32(BODY)
    request = paypal_request(authority, forged, signed_body=BODY)
    assert verify("paypal", request, [paypal_secret(authority)]).secret_id == "1"
    assert not get_scheme("paypal").signs_body


@pytest.mark.parametrize(
    "value", ["not an id!", "WH|1", WEBHOOK_ID + "\n-----BEGIN CERTIFICATE-----\nAA==\n"]
)
def test_paypal_refuses_secrets_of_another_form(authority, value):
    assert refusal("paypal", paypal_request(authority), [Secret("1", value)]) == "secret_unusable"
    with pytest.raises(AuthorizationError):
        get_scheme("paypal").check_secret(value, NOW)
    get_scheme("paypal").check_secret(WEBHOOK_ID, NOW)


def test_paypal_knows_public_roots():
    assert paypal._public_roots() is paypal._public_roots()


# -- client certificates ---------------------------------------------------------------------------------------

TOKEN = "proxy-token-of-thirty-two-characters"


def certificate_headers(authority, token=TOKEN):
    der = base64.b64encode(_der(authority)).decode()
    return {"Client-Cert": f":{der}:", "X-Finance-Integration-Proxy": token}


def _der(authority):
    from cryptography.hazmat.primitives.serialization import Encoding

    return authority.leaf.public_bytes(Encoding.DER)


def certificate_secret(authority, token=TOKEN, name="1", **window):
    return Secret(name, f"{hashlib.sha256(_der(authority)).hexdigest()} {token}", **window)


def test_client_certificate_counts_with_the_proxys_token_alone(authority, stranger):
    secrets = [certificate_secret(authority)]
    assert (
        verify("client_certificate", request_with(certificate_headers(authority)), secrets).secret_id == "1"
    )
    for headers, code in (
        (certificate_headers(stranger), "signature_invalid"),
        (certificate_headers(authority, "x" * 32), "signature_invalid"),
        ({"Client-Cert": certificate_headers(authority)["Client-Cert"]}, "signature_missing"),
        ({"X-Finance-Integration-Proxy": TOKEN}, "signature_missing"),
        ({**certificate_headers(authority), "Client-Cert": "no colons"}, "signature_malformed"),
        ({**certificate_headers(authority), "Client-Cert": ":AAAA:"}, "signature_malformed"),
    ):
        assert refusal("client_certificate", request_with(headers), secrets) == code
    twice = [*certificate_headers(authority).items(), ("client-cert", ":AAAA:")]
    assert refusal("client_certificate", request_with(twice), secrets) == "signature_malformed"


def test_client_certificate_ends_with_its_validity(authority):
    request = request_with(certificate_headers(authority))
    late = datetime(2046, 1, 1, tzinfo=timezone.utc)
    assert (
        refusal("client_certificate", request, [certificate_secret(authority)], late) == "signature_invalid"
    )
    for odd in ("abc", "0" * 64, f"{'0' * 64} short", f"{'g' * 64} {TOKEN}"):
        assert refusal("client_certificate", request, [Secret("1", odd)]) == "secret_unusable"


# -- all of them -----------------------------------------------------------------------------------------------


def test_basic_refuses_what_is_no_user_and_password():
    secrets = [Secret("1", "hub:secret")]
    good = get_scheme("basic").sign(BODY, "hub:secret", NOW, "x")["Authorization"]
    assert (
        verify("basic", request_with({"authorization": good.replace("Basic", "bASIC")}), secrets).secret_id
        == "1"
    )
    for odd in (
        "Bearer abc",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"hubsecret").decode(),
        "Basic é",
    ):
        assert refusal("basic", request_with({"Authorization": odd}), secrets) == "signature_malformed"
    for value in ("hub", ":secret", "hub:"):
        assert (
            refusal("basic", request_with({"Authorization": good}), [Secret("1", value)]) == "secret_unusable"
        )
    other = "Basic " + base64.b64encode(b"hub:Secret").decode()
    assert refusal("basic", request_with({"Authorization": other}), secrets) == "signature_invalid"


def _made(code, authority):
    """Return (request, secrets valid now, old and new) of a scheme, as (old request, new request, secrets)."""
    hour = timedelta(hours=1)
    if code == "paypal":
        old, new = paypal_request(authority, webhook_id="OLD1"), paypal_request(authority, webhook_id="NEW1")
        values = [authority.secret("OLD1"), authority.secret("NEW1")]
    elif code == "client_certificate":
        old, new = (request_with(certificate_headers(authority, token)) for token in ("o" * 32, "n" * 32))
        values = [certificate_secret(authority, token).value for token in ("o" * 32, "n" * 32)]
    else:
        values = [get_scheme(code).generate_secret() for _time in range(2)]
        old, new = (request_with(get_scheme(code).sign(BODY, value, NOW, "x", URL)) for value in values)
    secrets = [
        Secret("old", values[0], valid_until=NOW + hour),
        Secret("new", values[1], valid_from=NOW - hour),
    ]
    return old, new, secrets


CODES = ("shopify", "hubspot_v3", "paypal", "basic", "client_certificate")


@pytest.mark.parametrize("code", CODES)
def test_old_and_new_secret_are_valid_during_a_rotation(code, authority):
    old, new, secrets = _made(code, authority)
    assert verify(code, old, secrets).secret_id == "old"
    assert verify(code, new, secrets).secret_id == "new"
    late = NOW + timedelta(hours=2)
    assert refusal(code, old, secrets, late) == "signature_invalid"
    assert refusal(code, old, secrets[:1], late) == "secret_missing"
    assert refusal(code, old, [*secrets, Secret("3", " ")]) == "secret_missing"
    assert refusal(code, old, []) == "secret_missing"


@pytest.mark.parametrize("code", CODES)
@given(text=st.text(max_size=200))
def test_arbitrary_header_values_are_refused_by_name(code, text, authority):
    request, _new, secrets = _made(code, _AUTHORITY)
    for name, value in request.headers:
        if text == value:
            continue
        changed = [(key, text if key == name else kept) for key, kept in request.headers]
        try:
            get_scheme(code).certificate_url(dataclasses.replace(request, headers=changed))
            get_scheme(code).verify(dataclasses.replace(request, headers=changed), secrets, NOW, 300)
        except AuthorizationError as error:
            assert error.code.startswith("signature_")
        else:
            pytest.fail(f"{name} replaced by {text!r} and accepted")


_AUTHORITY = Authority()


@pytest.mark.parametrize("code", ["basic", "client_certificate", "paypal"])
def test_schemes_that_leave_the_body_unsigned_say_so_and_keep_no_secret(code):
    scheme = get_scheme(code)
    assert not scheme.signs_body
    assert not {"authorization", "x-finance-integration-proxy"} & set(scheme.kept_headers)
