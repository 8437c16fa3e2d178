# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What connectors promise about batches and questions, and how the generic one keeps it (E9, E15)."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.registry import all_connectors, get_connector
from odoo.addons.finance_integration.engine.canonical import (
    KINDS,
    CreditAnswer,
    CreditQuery,
    Source,
    decode,
)
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.json_guard import parse_json

NOW = datetime(2026, 3, 2, 15, tzinfo=timezone.utc)
GENERIC = get_connector("generic")
HEAD = {"source": {"system": "shop", "object_id": "o-1"}, "occurred_at": "2026-03-02T15:00:00Z"}
QUESTION = {"kind": "query.credit", "schema_version": "1", **HEAD, "customer": "C-1"}


def event(event_type="customer.updated", data=None, **more):
    return {
        "type": event_type,
        "timestamp": "2026-03-02T15:00:00Z",
        "data": data or {"kind": "customer", **HEAD},
        **more,
    }


@pytest.mark.parametrize("code", sorted(all_connectors()))
def test_what_a_connector_answers_exists(code):
    spec = get_connector(code).spec
    assert all(kind in KINDS and kind.startswith("query.") for kind in spec.queries)
    assert not spec.queries or spec.signature_schemes
    assert not spec.accepts_batches or spec.signature_schemes


# -- batches -----------------------------------------------------------------------------------------------------


def test_an_event_of_a_batch_names_itself():
    envelope = GENERIC.read_envelope(event(id="evt-1"), {})
    assert (envelope.event_id, envelope.object_key) == ("evt-1", "customer:o-1")


def test_alone_the_header_names_it_whatever_stands_inside():
    assert GENERIC.read_envelope(event(id="inside"), {"webhook-id": "outside"}).event_id == "outside"


@pytest.mark.parametrize("wrong", [None, 7, "", "two words", "i" * 256, ["1"], "ünïcode", "a\nb"])
def test_an_event_that_does_not_name_itself_is_refused(wrong):
    body = event() if wrong is None else event(id=wrong)
    with pytest.raises(ContractError) as refused:
        GENERIC.read_envelope(body, {})
    assert refused.value.code == "schema_violation"


@pytest.mark.parametrize(
    ("data", "sums"),
    [
        ({"kind": "invoice", "currency": "EUR", "total_gross": "12.00"}, {"EUR": Decimal("12.00")}),
        ({"kind": "movement", "amount": {"value": "-5.00", "currency": "USD"}}, {"USD": Decimal("-5.00")}),
        (
            {
                "kind": "entry",
                "currency": "EUR",
                "lines": [{"debit": "1.50"}, {"credit": "3.00"}, {"debit": "1.50"}],
            },
            {"EUR": Decimal("3.00")},
        ),
        ({"kind": "customer"}, {}),
        ({"kind": "invoice", "currency": "EUR"}, {}),
        ({"kind": "movement", "amount": {"value": 1.5, "currency": "USD"}}, {}),
        ({"kind": "movement", "amount": "many"}, {}),
        ({"kind": "movement", "amount": {"value": "1.00", "currency": "XXQ"}}, {}),
    ],
)
def test_what_an_event_adds_to_the_totals(data, sums):
    assert GENERIC.control_amounts("any", event(data=data)) == sums


def test_a_connector_that_says_nothing_adds_nothing():
    assert get_connector("stripe").control_amounts("charge.succeeded", {"data": {}}) == {}
    assert not get_connector("stripe").spec.accepts_batches


# -- questions ---------------------------------------------------------------------------------------------------


def test_a_question_is_read_as_a_document():
    question = GENERIC.read_query({**QUESTION, "amount": {"value": "10.00", "currency": "EUR"}}, {})
    assert isinstance(question, CreditQuery)
    assert (question.customer, question.amount.value) == ("C-1", Decimal("10.00"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**QUESTION, "kind": "invoice"}, "unknown_question"),
        ({**QUESTION, "kind": None}, "unknown_question"),
        ({**QUESTION, "kind": {"query.credit": 1}}, "unknown_question"),
        ([], "unknown_question"),
        ("query.credit", "unknown_question"),
        (None, "unknown_question"),
        ({**QUESTION, "schema_version": "2"}, "unknown_kind"),
        ({**QUESTION, "schema_version": ["1"]}, "unknown_kind"),
        ({**QUESTION, "more": 1}, "schema_violation"),
    ],
)
def test_what_is_no_question(body, code):
    with pytest.raises(ContractError) as refused:
        GENERIC.read_query(body, {})
    assert refused.value.code == code


def test_a_connector_without_questions_answers_none():
    with pytest.raises(ContractError) as refused:
        get_connector("stripe").read_query(QUESTION, {})
    assert refused.value.code == "unknown_question"


def test_an_answer_is_written_as_its_contract_says():
    answer = CreditAnswer(
        source=Source(system="odoo", object_id="ans_1"),
        occurred_at=NOW,
        query_id="q-1",
        outcome="answered",
        decided_by="facts",
        company="C",
        took_ms=3,
        purpose="hold",
        decision="stop",
        reasons=("customer_on_hold",),
    )
    body = parse_json(GENERIC.write_answer(answer))
    assert (body.pop("kind"), body.pop("schema_version")) == ("answer.credit", "1")
    assert decode("answer.credit", "1", body) == answer
