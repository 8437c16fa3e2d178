# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The conformance suite: what every connector must do, run on every one of its fixtures.

``test_conformance.py`` generates the tests; a partner runs the same suite on a folder of their own with
``suite_failures(connector, folder)``. A fixture is a folder ``fixtures/<case>/`` with

``request.json``         the body of a webhook as sent (headers are made with the signature scheme), or
``pull.json``            ``{"pull", "cursor", "answer": {"status", "headers", "body"}}``;
``headers.json``         further headers of the request, optional;
``settings.json``        settings of the connection, optional;
``expected.json``        ``[{"kind", "version", "document"}]``, or
``expected_error.json``  ``{"stage": "envelope" | "transform" | "pull", "code", "path"?}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from odoo.addons.finance_integration.connectors.base import Connector
from odoo.addons.finance_integration.engine.errors import IntegrationError

from .promises.cases import read_cases
from .promises.documents import check_documents, check_envelope, check_purity, check_result
from .promises.doing import calls, check_call
from .promises.exchange import check_folder, check_needs, check_outbound, check_pull, check_receipts
from .promises.oddities import check_odd_bodies, check_redaction, check_unknown_type
from .promises.signatures import check_clock, check_rotation, check_signature

SIGNATURE_CHECKS = (check_signature, check_clock, check_rotation)
CASE_CHECKS = (
    check_result,
    check_documents,
    check_purity,
    check_envelope,
    check_unknown_type,
    check_odd_bodies,
    check_redaction,
)


def all_checks(
    connector: Connector, folder: Path, settings: dict
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Return every check of one connector as (name, function without arguments)."""
    yield "folder", lambda: check_folder(connector, folder)
    yield "needs", lambda: check_needs(connector)
    for case in read_cases(folder):
        for check in CASE_CHECKS:
            yield f"{case.name}-{check.__name__[6:]}", lambda check=check, case=case: check(connector, case)
        for code in connector.spec.signature_schemes if case.raw else ():
            for check in SIGNATURE_CHECKS:
                yield (
                    f"{case.name}-{code}-{check.__name__[6:]}",
                    lambda check=check, case=case, code=code: check(connector, case, code),
                )
    for pull in connector.spec.pulls:
        yield f"pull-{pull}", lambda pull=pull: check_pull(connector, pull, settings)
    for call in calls(connector, settings):
        yield f"doing-{call[0]}", lambda call=call: check_call(*call)
    if connector.spec.outbound_events:
        yield "receipts", lambda: check_receipts(connector)
    for event_type in connector.spec.outbound_events:
        yield f"outbound-{event_type}", lambda event_type=event_type: check_outbound(connector, event_type)


SETTINGS = {
    "time_zone": "Europe/Brussels",
    "reference_keys": ["invoice_number", "order_id"],
    "outside_account": "suite.myshopify.com",
}


def suite_failures(connector: Connector, folder: Path, settings: dict | None = None) -> list[str]:
    """Run the whole suite on one connector folder and return what failed, as readable lines."""
    failures = []
    for name, check in all_checks(connector, folder, settings or SETTINGS):
        try:
            check()
        except (AssertionError, IntegrationError) as failure:
            failures.append(f"{name}: {failure}")
    return failures
