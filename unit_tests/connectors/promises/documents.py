# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""From the wire to canonical documents: the right ones, exact, always the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

from odoo.addons.finance_integration.connectors.base import Connector
from odoo.addons.finance_integration.engine.canonical import Amount, decode, encode, kind_of, rules
from odoo.addons.finance_integration.engine.errors import IntegrationError
from odoo.addons.finance_integration.engine.money import check_exact

from .cases import Case, documents_of, expect, inbound_events, outcome, pulled


def wire_form(documents: list) -> list[dict]:
    """Return documents as ``expected.json`` writes them."""
    result = []
    for document in documents:
        kind, version = kind_of(document)
        result.append({"kind": kind, "version": version, "document": encode(document)})
    return result


def check_result(connector: Connector, case: Case) -> None:
    """The fixture gives exactly the expected documents, or the expected error at the expected stage."""
    stage = "pull" if case.pull else "envelope"
    try:
        events = inbound_events(connector, case)
        stage = "transform"
        documents = [document for event in events for document in connector.transform(event)]
    except IntegrationError as error:
        wanted = case.expected_error
        expect(wanted, f"unexpected error {error}")
        found = (stage, error.code, error.params.get("path"))
        expect(
            found == (wanted["stage"], wanted["code"], wanted.get("path", found[2])), f"{found} for {wanted}"
        )
        return
    expect(case.expected is not None, f"no error, although {case.expected_error} is expected")
    found = wire_form(documents)
    expect(found == case.expected, f"{case.name}: {json.dumps(found, indent=1)}")


def check_documents(connector: Connector, case: Case) -> None:
    """Every document keeps to its contract and to the accounting rules; amounts are exact."""
    if case.expected_error:
        return
    for document in documents_of(connector, case):
        kind, version = kind_of(document)
        expect(
            decode(kind, version, encode(document)) == document, "the wire form gives another document back"
        )
        rules.check(document, connector.spec.code)
        for amount in _amounts(document):
            check_exact(amount.value, amount.currency)
        expect(document.occurred_at.utcoffset() is not None, "occurred_at has no time zone")


def _amounts(value: object) -> Iterator[Amount]:
    if isinstance(value, Amount):
        yield value
    elif hasattr(value, "__struct_fields__"):
        for name in value.__struct_fields__:
            yield from _amounts(getattr(value, name))
    elif isinstance(value, tuple):
        for part in value:
            yield from _amounts(part)


def check_purity(connector: Connector, case: Case) -> None:
    """The same event gives the same result twice and is not changed; its id stays on redelivery."""
    if case.stage_of_error in ("envelope", "pull"):
        return
    first, second = inbound_events(connector, case), inbound_events(connector, case)
    expect([event.envelope for event in first] == [event.envelope for event in second], "the envelope varies")
    for event in first:
        before = copy.deepcopy((event.body, dict(event.settings)))
        results = [outcome(lambda: wire_form(connector.transform(event))) for _time in range(2)]  # noqa: B023
        expect(results[0] == results[1], "transforming twice gives two results")
        expect((event.body, dict(event.settings)) == before, "the transformer changes its input")
    if case.pull:
        cursor, settings = copy.deepcopy(case.pull["cursor"]), copy.deepcopy(case.settings)
        page = pulled(connector, case)
        expect((case.pull["cursor"], case.settings) == (cursor, settings), "the pull changes its input")
        expect(json.loads(json.dumps(page.cursor)) == page.cursor, "the cursor does not survive as JSON")


def check_envelope(connector: Connector, case: Case) -> None:
    """What the hub stores fits its columns; events of one page have different ids."""
    if case.stage_of_error in ("envelope", "pull"):
        return
    envelopes = [event.envelope for event in inbound_events(connector, case)]
    for envelope in envelopes:
        for name in ("event_id", "event_type", "object_key"):
            value = getattr(envelope, name)
            expect(isinstance(value, str) and 0 < len(value) <= 255, f"{name} = {value!r}")
        expect(envelope.version is None or type(envelope.version) is int, "version is no number")
        expect(envelope.occurred_at is None or envelope.occurred_at.utcoffset() is not None, "no time zone")
        _check_number(envelope)
        known = connector.spec.events.get(envelope.event_type)
        expect(known or case.expected_error, f"the event table lacks {envelope.event_type}")
    expect(len({envelope.event_id for envelope in envelopes}) == len(envelopes), "two events, one id")
    numbered = [(event.series, event.sequence) for event in envelopes if event.sequence is not None]
    expect(len(set(numbered)) == len(numbered), "two events, one number")


def _check_number(envelope) -> None:
    """The number of an event is a whole number that a column can hold; a series names what is numbered."""
    number, series = envelope.sequence, envelope.series
    expect(number is None or (type(number) is int and 0 <= number < 2**63), f"sequence = {number!r}")
    expect(series is None or (isinstance(series, str) and 0 < len(series) <= 64), f"series = {series!r}")
    expect(series is None or number is not None, "a series without a number")
