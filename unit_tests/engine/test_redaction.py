# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Nothing sensitive survives redaction, nothing is changed in place, nothing hangs."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import redaction
from odoo.addons.finance_integration.engine.redaction import MASK, mask_text, redact, redact_headers

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=10)
KEYS = st.sampled_from(["id", "email", "Client-Secret", "client_secret", "bank", "PASSWORD", "x"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def test_example():
    body = {"id": "1", "Card": {"CVC": "123", "last4": "4242"}, "list": [{"client-secret": "s"}], "email": ""}
    assert redact(body, {"last4", "email"}) == {
        "id": "1",
        "Card": {"CVC": MASK, "last4": MASK},
        "list": [{"client-secret": MASK}],
        "email": "",
    }


@given(VALUES)
def test_the_original_is_untouched_and_the_shape_stays(value):
    before = copy.deepcopy(value)
    shown = redact(value, {"email", "bank"})
    assert value == before
    check_shape(value, shown)
    json.dumps(shown)


def check_shape(value, shown):
    if isinstance(value, dict):
        assert list(shown) == list(value)
        for key, part in value.items():
            if redaction.normal_key(key) in {"email", "bank", "clientsecret", "password"}:
                assert shown[key] == (MASK if part not in (None, "") else part)
            else:
                check_shape(part, shown[key])
    elif isinstance(value, list):
        assert len(shown) == len(value)
        for part, shown_part in zip(value, shown, strict=True):
            check_shape(part, shown_part)
    else:
        assert shown == value


def test_a_structure_that_contains_itself_ends():
    loop = {"name": "a"}
    loop["self"] = [loop]
    shown = json.dumps(redact(loop))
    assert shown.count('"name"') <= redaction.MAX_DEPTH
    both = []
    both.extend([both, both])
    redact(both)


def test_size_is_bounded():
    assert len(redact(list(range(redaction.MAX_PARTS * 2)))) <= redaction.MAX_PARTS
    assert len(redact({"a": "x" * 10**6})["a"]) == redaction.MAX_TEXT_CHARACTERS + 1
    deep = "secret-inside"
    for _level in range(100):
        deep = [deep]
    assert "secret-inside" not in json.dumps(redact(deep))


def test_bytes_are_counted_not_shown():
    assert redact({"body": b"abc"}) == {"body": "<3 bytes>"}


@pytest.mark.parametrize(
    "name",
    [
        *["Authorization", "Proxy-Authorization", "COOKIE", "Set-Cookie", "X-Api-Key", "Stripe-Signature"],
        *["webhook-signature", "X-Shopify-Hmac-Sha256", "X-Vault-Token", "PAYPAL-AUTH-ALGO", "client-secret"],
    ],
)
def test_headers_that_carry_secrets_are_hidden(name):
    assert redact_headers([(name, "abc")]) == [(name, MASK)]


def test_other_headers_stay_in_order():
    headers = {"Content-Type": "application/json", "webhook-id": "msg_1", "From": "anna@example.com"}
    assert redact_headers(headers) == [
        ("Content-Type", "application/json"),
        ("webhook-id", "msg_1"),
        ("From", f"{MASK}@example.com"),
    ]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to anna.b+c@mail.example.com now", f"write to {MASK}@mail.example.com now"),
        ("IBAN AT61 1904 3002 3457 3201.", f"IBAN AT{MASK}3201."),
        ("DE89370400440532013000", f"DE{MASK}3000"),
        ("card 4242 4242 4242 4242 declined", f"card {MASK}4242 declined"),
        ("card 4242-4242-4242-4242", f"card {MASK}4242"),
        ("378282246310005", f"{MASK}0005"),
        ("key whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", f"key whsec_{MASK}"),
        ("sk_live_abcdefgh1234", f"sk_{MASK}"),
    ],
)
def test_free_text_is_masked(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INV/2025/00012",
        "4242 4242 4242 4241",
        "order 1234567890123",
        "DE89370400440532013001",
        "a @ b",
        "2025-03-01 12:00:00",
    ],
)
def test_ordinary_text_stays_readable(text):
    assert mask_text(text) == text


@given(st.text(max_size=300))
def test_masking_never_fails(text):
    assert isinstance(mask_text(text), str)


@pytest.mark.parametrize("unit", ["a@", "A1", "1 ", "a.", "AB12 ", "a@a.", "whsec_"])
def test_masking_ends_on_hostile_text(unit):
    assert len(mask_text(unit * 200_000)) <= redaction.MAX_TEXT_CHARACTERS + 100
