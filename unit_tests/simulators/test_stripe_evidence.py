# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the hub hands in as evidence arrives at the simulated account as it was meant."""

from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer
from odoo.addons.finance_integration.connectors.stripe.connector import CONNECTOR
from odoo.addons.finance_integration.engine.errors import ContractError

from simulators.clock import SimulatedClock
from simulators.stripe.api import StripeApi
from simulators.stripe.state import StripeAccount

KEY = "sk_test_evidence_0001"
PDF = b"%PDF-1.4\r\n--not-a-boundary\r\n%%EOF\r\n"


@pytest.fixture
def account():
    account = StripeAccount("evidence", SimulatedClock(datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)))
    account.open_dispute(account.charge(5000, "eur", settled=True)["id"])
    return account


@pytest.fixture
def call(account):
    api = StripeApi(account, KEY)

    def send(request):
        parts = urlsplit(request.url)
        answer = api.handle(request.method, parts.path, parts.query, request.headers, request.body)
        return HttpAnswer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.body)

    return send


def test_a_file_and_texts_arrive_and_the_key_is_found(account, call):
    [dispute] = account.disputes
    request = CONNECTOR.evidence_upload('a"b.pdf', "application/pdf", PDF, "k-1-7", {}, KEY)
    assert request.url == "https://files.stripe.com/v1/files"
    assert KEY.encode() not in request.body
    file_id = CONNECTOR.evidence_uploaded(call(request))
    assert CONNECTOR.evidence_uploaded(call(request)) == file_id
    assert account.files[file_id]["size"] == len(PDF)
    assert not CONNECTOR.evidence_submitted(call(CONNECTOR.evidence_find(dispute, {}, KEY)), "k-1")
    texts = {"customer_name": "Ines & Söhne", "uncategorized_text": "1 = 1\nline"}
    request = CONNECTOR.evidence_submit(dispute, texts, {"receipt": file_id}, "k-1", {}, KEY)
    assert CONNECTOR.evidence_submitted(call(request), "k-1")
    assert CONNECTOR.evidence_submitted(call(CONNECTOR.evidence_find(dispute, {}, KEY)), "k-1")
    held = account.disputes[dispute]
    assert held["evidence"] == {**held["evidence"], **texts, "receipt": file_id}
    assert (held["status"], held["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert call(request).status == 200  # the same key: the first answer again
    assert held["evidence_details"]["submission_count"] == 1


def test_what_stripe_would_not_take_is_refused_before_it_is_sent():
    for name, content in (("text/plain", b"x"), ("application/pdf", b""), ("image/png", b"x" * 5_000_001)):
        with pytest.raises(ContractError):
            CONNECTOR.evidence_upload("f", name, content, "k", {}, KEY)
    for texts, files in (
        ({"odd": "x"}, {}),
        ({}, {"customer_name": "file_1"}),
        ({"customer_name": "x" * 20_001}, {}),
    ):
        with pytest.raises(ContractError):
            CONNECTOR.evidence_submit("dp_1", texts, files, "k", {}, KEY)
