# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What nobody agreed to, and what nobody may see."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from decimal import Decimal

from odoo.addons.finance_integration.connectors.base import Connector, Envelope, InboundEvent
from odoo.addons.finance_integration.engine.canonical import decode, encode, kind_of
from odoo.addons.finance_integration.engine.errors import IntegrationError
from odoo.addons.finance_integration.engine.json_guard import parse_json
from odoo.addons.finance_integration.engine.redaction import redact

from .cases import UNKNOWN_TYPE, Case, DeviationError, expect, inbound_events, outcome

CRASHES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
# What a field can hold that nobody agreed to. The decimal stands for a JSON number with a fraction.
ODD_VALUES = (None, [], {}, ["odd"], {"odd": "odd"}, 10**30, -1, 0, "odd", "", True, Decimal("1.5"))


def check_unknown_type(connector: Connector, case: Case) -> None:
    """An event type that is not in the table is named as such, whatever its body holds."""
    if case.stage_of_error in ("envelope", "pull"):
        return
    for event in inbound_events(connector, case):
        strange = dataclasses.replace(
            event, envelope=dataclasses.replace(event.envelope, event_type=UNKNOWN_TYPE)
        )
        found = outcome(lambda: connector.transform(strange))  # noqa: B023
        expect(found == "unknown_event_type", f"{found}")


def check_odd_bodies(connector: Connector, case: Case) -> None:
    """Each field in turn is replaced and left out: a named error or valid documents, never a crash."""
    if case.pull:
        body = json.loads(case.answer().body, parse_float=Decimal)

        def run(changed) -> None:
            raw = json.dumps(changed, default=str).encode()
            page = connector.pull_page(
                case.pull["pull"],
                case.pull["cursor"],
                dataclasses.replace(case.answer(), body=raw),
                case.settings,
            )
            for envelope, each in page.events:
                _valid(connector.transform(InboundEvent(envelope, each, case.settings)))
    else:
        body = parse_json(case.raw)

        def run(changed) -> None:
            envelope = connector.read_envelope(changed, case.envelope_headers())
            expect(isinstance(envelope, Envelope), "read_envelope returned something else")
            _valid(connector.transform(InboundEvent(envelope, changed, case.settings)))

    for place, changed in _variations(body):
        try:
            run(changed)
        except IntegrationError:
            continue
        except CRASHES as crash:
            raise DeviationError(f"{place}: {type(crash).__name__}: {crash}") from crash


def _valid(documents: list) -> None:
    for document in documents:
        kind, version = kind_of(document)
        decode(kind, version, encode(document))


def _variations(body) -> Iterator[tuple[str, object]]:
    for odd in ODD_VALUES:
        yield f"body = {odd!r}", odd
    for path in list(_paths(body)):
        for odd in ODD_VALUES:
            yield f"{path} = {odd!r}", _replaced(body, path, odd)
        yield f"{path} left out", _replaced(body, path, None, leave_out=True)


def _paths(node, path: tuple = ()) -> Iterator[tuple]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _replaced(body, path: tuple, value, leave_out: bool = False):
    changed = copy.deepcopy(body)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if leave_out:
        del parent[path[-1]]
    else:
        parent[path[-1]] = copy.deepcopy(value)
    return changed


def check_redaction(connector: Connector, case: Case) -> None:
    """No value under a sensitive key is left in what a person sees."""
    body = json.loads(case.answer().body) if case.pull else parse_json(case.raw)
    shown = json.dumps(redact(body, connector.spec.sensitive_keys), default=str, ensure_ascii=False)
    texts = list(_texts(body, connector.spec.sensitive_keys))
    public = {text for text, sensitive in texts if not sensitive}
    for text, sensitive in texts:
        # A word that also stands in the open ("refund") is no secret; a short one would be found by chance.
        if sensitive and len(text) > 3 and not any(text in other for other in public):
            expect(text not in shown, "a value under a sensitive key is shown")


def _texts(node, keys: frozenset, sensitive: bool = False) -> Iterator[tuple[str, bool]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, False
            yield from _texts(value, keys, sensitive or key.lower() in keys)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, keys, sensitive)
    elif isinstance(node, str):
        yield node, sensitive
