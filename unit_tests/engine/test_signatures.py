# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signatures: vendors' vectors hold, everything that was touched is refused."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import AuthorizationError
from odoo.addons.finance_integration.engine.signatures import SCHEMES, Secret, SignedRequest, get_scheme

VECTORS = json.loads((Path(__file__).parent / "vectors" / "signatures.json").read_text(encoding="utf-8"))
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=timezone.utc)
BODY = b'{"id": "evt_1", "amount": 1999}'
TOLERANCE_SECONDS = 300
# The schemes that sign body and time in headers of their own; the others: test_vendor_signatures.py.
CODES = ("standard_webhooks_v1", "standard_webhooks_v1a", "stripe")
# Generated once: property tests only read them.
SECRETS = {code: SCHEMES[code].generate_secret() for code in CODES}


def request_with(headers, body=BODY):
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    return SignedRequest("POST", "https://hub.example/in", pairs, body)


def verify(code, request, secrets=None, now=NOW):
    if secrets is None:
        secrets = [Secret("1", SECRETS[code])]
    return get_scheme(code).verify(request, secrets, now, TOLERANCE_SECONDS)


def signed(code, body=BODY, now=NOW, secret=None):
    return get_scheme(code).sign(body, secret or SECRETS[code], now, "evt_1")


def refusal(code, request, secrets=None, now=NOW):
    with pytest.raises(AuthorizationError) as caught:
        verify(code, request, secrets, now)
    return caught.value.code


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['scheme']}-{vector['source'][:60]}")
def test_vendor_vector(vector):
    now = datetime.fromtimestamp(vector["now"], timezone.utc)
    request = request_with(vector["headers"], vector["body"].encode())
    secrets = [Secret("vendor", vector["secret"])]
    if vector["expect"] == "accept":
        assert verify(vector["scheme"], request, secrets, now).secret_id == "vendor"
    else:
        refusal(vector["scheme"], request, secrets, now)


def test_the_vectors_cover_every_scheme_here():
    assert {vector["scheme"] for vector in VECTORS} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_own_signature_is_accepted_and_says_when(code):
    verified = verify(code, request_with(signed(code)))
    assert (verified.secret_id, verified.signed_at) == ("1", NOW)
    assert {name.lower() for name in signed(code)} == set(get_scheme(code).kept_headers)


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_any_flipped_bit_of_the_body_is_refused(code, data):
    body = data.draw(st.binary(min_size=1, max_size=60))
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    touched = bytearray(body)
    touched[bit // 8] ^= 1 << (bit % 8)
    headers = signed(code, body)
    assert verify(code, request_with(headers, body)).secret_id == "1"
    assert refusal(code, request_with(headers, bytes(touched))) == "signature_invalid"


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_any_changed_character_of_a_header_is_refused(code, data):
    headers = signed(code)
    name = data.draw(st.sampled_from(sorted(headers)))
    text = headers[name]
    position = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=text[position]))
    headers[name] = text[:position] + other + text[position + 1 :]
    assert refusal(code, request_with(headers)).startswith("signature_")


@pytest.mark.parametrize("code", CODES)
@given(st.text(max_size=200))
def test_arbitrary_headers_are_refused_by_name(code, text):
    for name in signed(code):
        assert refusal(code, request_with({**signed(code), name: text})).startswith("signature_")


@pytest.mark.parametrize("code", CODES)
def test_each_missing_or_repeated_header_is_refused(code):
    headers = signed(code)
    for name, value in headers.items():
        rest = [(key, text) for key, text in headers.items() if key != name]
        assert refusal(code, request_with(rest)) == "signature_missing"
        assert refusal(code, request_with([*rest, (name, " ")])) == "signature_missing"
        twice = [*headers.items(), (name.upper(), value)]
        assert refusal(code, request_with(twice)) == "signature_malformed"


@pytest.mark.parametrize("code", CODES)
def test_header_names_are_found_in_any_case(code):
    headers = {name.upper(): value for name, value in signed(code).items()}
    assert verify(code, request_with(headers)).secret_id == "1"


@pytest.mark.parametrize("code", CODES)
def test_the_clock_window_holds_in_both_directions(code):
    request = request_with(signed(code))
    edge = timedelta(seconds=TOLERANCE_SECONDS)
    beyond = timedelta(seconds=TOLERANCE_SECONDS + 1)
    assert verify(code, request, now=NOW + edge).secret_id == "1"
    assert verify(code, request, now=NOW - edge).secret_id == "1"
    assert refusal(code, request, now=NOW + beyond) == "signature_stale"
    assert refusal(code, request, now=NOW - beyond) == "signature_future"


@pytest.mark.parametrize("code", CODES)
def test_wrong_and_missing_secrets_are_refused(code):
    request = request_with(signed(code))
    other = Secret("2", get_scheme(code).generate_secret())
    assert refusal(code, request, [other]) == "signature_invalid"
    assert refusal(code, request, []) == "secret_missing"
    assert refusal(code, request, [Secret("1", "")]) == "secret_missing"
    assert refusal(code, request, [Secret("1", SECRETS[code]), Secret("2", "  ")]) == "secret_missing"


@pytest.mark.parametrize("code", CODES)
def test_a_signature_under_an_empty_key_never_counts(code):
    with pytest.raises(AuthorizationError) as caught:
        get_scheme(code).sign(BODY, "", NOW, "evt_1")
    assert caught.value.code == "secret_missing"


@pytest.mark.parametrize("code", CODES)
def test_two_secrets_are_valid_during_a_rotation(code):
    hour = timedelta(hours=1)
    fresh = get_scheme(code).generate_secret()
    secrets = [
        Secret("old", SECRETS[code], valid_until=NOW + hour),
        Secret("new", fresh, valid_from=NOW - hour),
    ]
    assert verify(code, request_with(signed(code)), secrets).secret_id == "old"
    assert verify(code, request_with(signed(code, secret=fresh)), secrets).secret_id == "new"
    late = NOW + 2 * hour
    assert refusal(code, request_with(signed(code, now=late)), secrets, late) == "signature_invalid"
    only_old = secrets[:1]
    assert refusal(code, request_with(signed(code, now=late)), only_old, late) == "secret_missing"
    early = NOW - 2 * hour
    assert refusal(code, request_with(signed(code, now=early)), secrets[1:], early) == "secret_missing"


def test_the_value_of_a_secret_is_never_shown():
    assert "whsec_abc" not in repr(Secret("1", "whsec_abc"))


def test_generated_secrets_differ():
    for scheme in SCHEMES.values():
        if scheme.code != "paypal":  # whose ids are given out by PayPal
            assert scheme.generate_secret() != scheme.generate_secret()


def test_there_is_no_default_scheme():
    with pytest.raises(KeyError):
        get_scheme("none")


def test_stripe_ignores_other_schemes_and_refuses_odd_headers():
    good = signed("stripe")["Stripe-Signature"]
    weaker = good.replace("v1=", "v0=")
    assert refusal("stripe", request_with({"Stripe-Signature": weaker})) == "signature_missing"
    for odd in (good + ",t=1", good + ",nonsense", good + ",v1=aa" * 30, good.replace("t=", "t=-")):
        assert refusal("stripe", request_with({"Stripe-Signature": odd})) == "signature_malformed"
    any_fits = good + ",v1=" + "0" * 64
    assert verify("stripe", request_with({"Stripe-Signature": any_fits})).secret_id == "1"
    assert refusal("stripe", request_with({"Stripe-Signature": good + "," * 9000})) == "signature_malformed"


def test_standard_webhooks_takes_an_unpadded_secret():
    padded = "whsec_" + "QUFB" * 8 + "QQ=="
    bare = padded.rstrip("=")
    headers = signed("standard_webhooks_v1", secret=padded)
    assert signed("standard_webhooks_v1", secret=bare) == headers
    assert verify("standard_webhooks_v1", request_with(headers), [Secret("bare", bare)]).secret_id == "bare"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("standard_webhooks_v1", "whsec_c2hvcnQ="),
        ("standard_webhooks_v1", "whsec_" + "QUFB" * 40),
        ("standard_webhooks_v1", "whsec_not base64!"),
        ("standard_webhooks_v1", "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="),
        ("standard_webhooks_v1a", "whpk_c2hvcnQ="),
        ("standard_webhooks_v1a", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("standard_webhooks_v1a", "whsk_" + "QUFB" * 21 + "QQ=="),
    ],
)
def test_standard_webhooks_refuses_keys_of_another_form(code, value):
    assert refusal(code, request_with(signed(code)), [Secret("1", value)]) == "secret_unusable"


def test_standard_webhooks_ids_hold_no_dot():
    scheme = get_scheme("standard_webhooks_v1")
    for event_id in ("a.b", "", "x" * 256, "a b", "é"):
        with pytest.raises(ValueError, match="event id"):
            scheme.sign(BODY, SECRETS["standard_webhooks_v1"], NOW, event_id)
    headers = {**signed("standard_webhooks_v1"), "webhook-id": "evt.1"}
    assert refusal("standard_webhooks_v1", request_with(headers)) == "signature_malformed"


def test_standard_webhooks_refuses_odd_lists():
    good = signed("standard_webhooks_v1")
    signature = good["webhook-signature"]
    for odd in ("nonsense", f"{signature} nonsense", " ".join([signature] * 21)):
        request = request_with({**good, "webhook-signature": odd})
        assert refusal("standard_webhooks_v1", request) == "signature_malformed"
    with pytest.raises(AuthorizationError) as caught:
        get_scheme("standard_webhooks_v1").sign(BODY, "whsec_c2hvcnQ=", NOW, "evt_1")
    assert caught.value.code == "secret_unusable"


def test_the_border_between_id_and_timestamp_cannot_be_moved():
    headers = signed("standard_webhooks_v1")
    moved = {**headers, "webhook-id": f"evt_1.{headers['webhook-timestamp']}", "webhook-timestamp": "123"}
    assert refusal("standard_webhooks_v1", request_with(moved)) == "signature_malformed"


def test_a_public_key_is_enough_to_verify():
    scheme = get_scheme("standard_webhooks_v1a")
    secret = SECRETS["standard_webhooks_v1a"]
    public = scheme.public_key(secret)
    assert public.startswith("whpk_")
    request = request_with(signed("standard_webhooks_v1a"))
    assert verify("standard_webhooks_v1a", request, [Secret("public", public)]).secret_id == "public"
    with pytest.raises(AuthorizationError):
        scheme.sign(BODY, public, NOW, "evt_1")


def test_versions_do_not_stand_in_for_each_other():
    symmetric = signed("standard_webhooks_v1")
    renamed = {**symmetric, "webhook-signature": symmetric["webhook-signature"].replace("v1,", "v1a,")}
    assert refusal("standard_webhooks_v1", request_with(renamed)) == "signature_missing"
    assert refusal("standard_webhooks_v1a", request_with(renamed)) == "signature_invalid"
