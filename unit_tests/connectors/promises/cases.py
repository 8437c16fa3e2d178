# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fixtures as the suite reads them, and the error that it raises."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from pathlib import Path

from odoo.addons.finance_integration.connectors.base import Connector, HttpAnswer, InboundEvent, PullPage
from odoo.addons.finance_integration.engine.errors import IntegrationError
from odoo.addons.finance_integration.engine.json_guard import parse_json

UNKNOWN_TYPE = "never.heard_of"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)
URL = "https://odoo.example.com/integration/v1/in/test"


class DeviationError(AssertionError):
    """The connector does something that the suite forbids; the text says what."""


def expect(condition: object, text: str) -> None:
    if not condition:
        raise DeviationError(text)


@dataclasses.dataclass(frozen=True)
class Case:
    """One fixture folder, read."""

    name: str
    raw: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    pull: dict | None = None
    settings: dict = dataclasses.field(default_factory=dict)
    expected: list | None = None
    expected_error: dict | None = None

    @property
    def event_id(self) -> str:
        return f"msg_{self.name}"[:255]

    @property
    def stage_of_error(self) -> str | None:
        return self.expected_error["stage"] if self.expected_error else None

    def envelope_headers(self) -> dict:
        return {"webhook-id": self.event_id, **self.headers}

    def answer(self) -> HttpAnswer:
        told = self.pull["answer"]
        body = told["body"]
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return HttpAnswer(told["status"], told["headers"], raw)


def read_cases(folder: Path) -> list[Case]:
    """Return the fixtures below ``folder/fixtures``, sorted by name."""
    return [_read_case(path) for path in sorted((folder / "fixtures").iterdir()) if path.is_dir()]


def _read_case(path: Path) -> Case:
    def load(name: str, default):
        file = path / name
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else default

    request = path / "request.json"
    case = Case(
        name=path.name,
        raw=request.read_bytes() if request.exists() else b"",
        headers=load("headers.json", {}),
        pull=load("pull.json", None),
        settings=load("settings.json", {}),
        expected=load("expected.json", None),
        expected_error=load("expected_error.json", None),
    )
    expect(bool(case.raw) != bool(case.pull), f"{path.name}: exactly one of request.json and pull.json")
    expect(
        (case.expected is None) != (case.expected_error is None),
        f"{path.name}: exactly one of expected.json and expected_error.json",
    )
    return case


def inbound_events(connector: Connector, case: Case) -> list[InboundEvent]:
    """Return the events that a fixture brings in.

    :raises IntegrationError: the connector refuses it.
    """
    if case.pull:
        page = pulled(connector, case)
        return [InboundEvent(envelope, body, case.settings) for envelope, body in page.events]
    body = parse_json(case.raw)
    return [InboundEvent(connector.read_envelope(body, case.envelope_headers()), body, case.settings)]


def pulled(connector: Connector, case: Case) -> PullPage:
    return connector.pull_page(case.pull["pull"], case.pull["cursor"], case.answer(), case.settings)


def documents_of(connector: Connector, case: Case) -> list:
    return [document for event in inbound_events(connector, case) for document in connector.transform(event)]


def outcome(run) -> object:
    """Return what ``run`` returns, or the code of the IntegrationError that it raises."""
    try:
        return run()
    except IntegrationError as error:
        return error.code
