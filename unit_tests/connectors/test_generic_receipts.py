# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How a generic receiver confirms an event and answers whether it has one; how it signs that (E8)."""

from datetime import timedelta

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, Receipt
from odoo.addons.finance_integration.connectors.generic.receipts import question, read_receipt, read_status
from odoo.addons.finance_integration.engine.signatures import Secret, get_scheme
from odoo.addons.finance_integration.engine.signatures.receipts import receipt_is_signed
from odoo.addons.finance_integration.unit_tests.connectors.promises.cases import NOW

BODY = b'{"id": "evt_1"}'


def answer(status, body):
    return HttpAnswer(status, {}, body)


@pytest.mark.parametrize(
    ("status", "body", "verdict", "reason"),
    [
        (200, b'{"id": "evt_1"}', "received", ""),
        (200, b'{"received": "evt_1"}', "received", ""),
        (200, b'{"id": "evt_1", "status": "received"}', "received", ""),
        (202, b'{"id": "evt_1", "status": "accepted"}', "accepted", ""),
        (200, b'{"id": "evt_1", "status": "refused", "reason": "no such order"}', "refused", "no such order"),
        (200, b'{"id": "evt_2", "status": "received"}', "unsaid", ""),
        (404, b"<html>", "missing", ""),
        (410, b"", "missing", ""),
        (405, b"", "unsaid", ""),
        (500, b'{"id": "evt_1"}', "unsaid", ""),
    ],
)
def test_what_a_receiver_says(status, body, verdict, reason):
    assert read_status("evt_1", answer(status, body)) == Receipt(verdict, reason)


def test_a_long_reason_is_bounded_and_what_was_cut_off_says_nothing():
    body = b'{"id": "evt_1", "status": "refused", "reason": "' + b"x" * 1000 + b'"}'
    assert len(read_receipt("evt_1", answer(200, body)).reason) == 200
    assert read_receipt("evt_1", HttpAnswer(200, {}, BODY, cut_off=True)) == Receipt("unsaid")


def test_the_question_stands_below_the_delivery_address():
    assert question("evt_1", "https://a.example.com/hook/").url == "https://a.example.com/hook/evt_1"
    assert question("evt_1", "https://a.example.com/hook?t=7").url == "https://a.example.com/hook/evt_1?t=7"
    assert question("evt/../1", "https://a.example.com/h").url == "https://a.example.com/h/evt%2F..%2F1"


@pytest.mark.parametrize("code", ["standard_webhooks_v1", "standard_webhooks_v1a"])
def test_a_signed_receipt(code):
    scheme = get_scheme(code)
    value = scheme.generate_secret()
    public = scheme.public_key(value) if code.endswith("a") else value
    secrets = [Secret("other", get_scheme("standard_webhooks_v1").generate_secret()), Secret("1", public)]
    headers = scheme.sign(BODY, value, NOW, "evt_1")
    assert receipt_is_signed(headers, BODY, "evt_1", secrets, NOW)
    assert not receipt_is_signed(headers, BODY + b" ", "evt_1", secrets, NOW)
    assert not receipt_is_signed(headers, BODY, "evt_2", secrets, NOW)
    assert not receipt_is_signed(headers, BODY, "evt_1", secrets[:1], NOW)
    assert not receipt_is_signed(headers, BODY, "evt_1", secrets, NOW + timedelta(seconds=301))
    assert not receipt_is_signed({}, BODY, "evt_1", secrets, NOW)
    assert not receipt_is_signed({**headers, "webhook-id": "evt_2"}, BODY, "evt_2", secrets, NOW)
