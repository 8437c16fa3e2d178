# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the simulators sign must hold against the vendors' published vectors."""

import json
from pathlib import Path

import pytest

from simulators.partner.signing import (
    BadSignatureError,
    PartnerSigner,
    key_of,
    make_secret,
    signature,
    verify,
)
from simulators.sending import Event
from simulators.stripe.webhook import HEADER, StripeSigner, sign
from simulators.stripe.webhook import signature as stripe_signature

VECTORS = json.loads((Path(__file__).parent / "vectors" / "signature_vectors.json").read_text())["vectors"]
STRIPE = [vector for vector in VECTORS if vector["scheme"] == "stripe v1"]
STANDARD = [vector for vector in VECTORS if vector["scheme"] == "standard-webhooks v1"]


def _v1(vector):
    parts = [part.partition("=") for part in vector["headers"]["Stripe-Signature"].split(",")]
    return {name: value for name, _sign, value in reversed(parts)}


@pytest.mark.parametrize("vector", [vector for vector in STRIPE if "v1" in _v1(vector)])
def test_stripe_signature_equals_the_published_one_exactly_where_it_is_genuine(vector):
    given = _v1(vector)
    computed = stripe_signature(vector["body"].encode(), vector["secret"], int(given["t"]))
    # Too old is still genuine: time is the receiver's business.
    genuine = vector["expect"] == "accept" or vector.get("note") == "outside 300 s"
    assert (computed == given["v1"]) is genuine


def test_there_are_vectors():
    assert (len(STRIPE), len(STANDARD)) == (6, 3)


def test_stripe_header_carries_one_signature_per_secret_while_a_secret_is_rolled():
    signer = StripeSigner("whsec_old")
    event = Event("evt_1", "charge.succeeded", b"{}")
    old = stripe_signature(b"{}", "whsec_old", 5)
    new = stripe_signature(b"{}", "whsec_new", 5)
    assert signer.headers(event, 5) == {HEADER: f"t=5,v1={old}"}
    signer.roll("whsec_new")
    assert signer.headers(event, 5) == {HEADER: f"t=5,v1={old},v1={new}"}
    signer.expire()
    assert signer.headers(event, 5) == {HEADER: f"t=5,v1={new}"}


def test_nothing_is_signed_without_a_secret():
    with pytest.raises(ValueError, match="empty secret"):
        stripe_signature(b"{}", "", 1)
    with pytest.raises(ValueError, match="at least one"):
        sign(b"{}", [], 1)
    for secret in ("", "whsec_"):
        with pytest.raises(ValueError, match="empty secret"):
            key_of(secret)


@pytest.mark.parametrize("vector", STANDARD)
def test_standard_webhooks_vectors(vector):
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = vector["body"].encode()
    if vector["expect"] == "accept":
        assert verify(headers, body, [vector["secret"]], vector["now"]) == headers["webhook-id"]
        ours = signature(headers["webhook-id"], int(headers["webhook-timestamp"]), body, vector["secret"])
        assert ours in headers["webhook-signature"].split(" ")
    else:
        with pytest.raises(BadSignatureError):
            verify(headers, body, [vector["secret"]], vector["now"])


def test_the_receiver_refuses_what_is_off():
    secret, event = make_secret("s"), Event("msg_1", "t", b'{"type":"t"}')
    headers = PartnerSigner(secret).headers(event, 1000)
    assert verify(headers, event.body, [make_secret("other"), secret], 1300) == "msg_1"
    for changed, body, now in (
        ({}, event.body + b" ", 1000),
        ({}, event.body, 1301),
        ({}, event.body, 699),
        ({"webhook-id": "msg_2"}, event.body, 1000),
        ({"webhook-id": ""}, event.body, 1000),
        ({"webhook-timestamp": "1000.0"}, event.body, 1000),
        ({"webhook-signature": ""}, event.body, 1000),
        ({"webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")}, event.body, 1000),
    ):
        with pytest.raises(BadSignatureError):
            verify({**headers, **changed}, body, [secret], now)


def test_a_partner_secret_is_rolled_with_two_signatures():
    first, second = make_secret(1), make_secret(2)
    signer, event = PartnerSigner(first), Event("msg_1", "t", b"{}")
    signer.roll(second)
    headers = signer.headers(event, 10)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (first, second):
        assert verify(headers, b"{}", [secret], 10) == "msg_1"


def test_unpadded_secrets_are_read():
    assert key_of("whsec_" + "QUJD" + "RA") == b"ABCD"
