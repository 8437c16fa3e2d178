# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's files are what the hub's contract says, also where half of one is missing."""

import gzip
import io
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.batch import NO_TOTALS, differences
from odoo.addons.finance_integration.engine.formats.base import Limits, Trailer
from odoo.addons.finance_integration.simulators.partner import files
from odoo.addons.finance_integration.simulators.partner.file_demo import payroll_csv


def read(file_format, content):
    """Return (number of events, what was counted, what was declared) as the hub reads a file."""
    counted, declared, events = NO_TOTALS, None, 0
    stream = io.BufferedReader(io.BytesIO(content))
    for found in get_connector("generic").read_file(file_format, stream, "f", Limits(), {"time_zone": "UTC"}):
        if isinstance(found, Trailer):
            declared = found.totals
        else:
            assert found.problem is None
            events += 1
            counted = counted.plus(found.totals)
    return events, counted, declared


def test_a_complete_payroll_run_adds_up():
    events, counted, declared = read("entries_csv", payroll_csv(date(2026, 3, 1), 4))
    assert (events, counted.count, counted.sums) == (4, 8, {"USD": Decimal("4000.00")})
    assert differences(declared, counted) == ()


def test_half_of_one_says_what_is_missing():
    _events, counted, declared = read("entries_csv", payroll_csv(date(2026, 3, 1), 6, sent=3))
    missing = {row.currency: row.missing for row in differences(declared, counted)}
    assert missing == {None: Decimal(6), "USD": Decimal(3000)}


@pytest.mark.parametrize("trailer", [True, False])
def test_movements(trailer):
    rows = [
        ("m-1", "payment", "2026-03-01T12:00:00Z", "10.00", "USD", ""),
        ("m-2", "fee", "2026-03-01T12:00:00Z", "-0.30", "USD", ""),
    ]
    _events, counted, declared = read("movements_csv", files.movements_csv(rows, trailer=trailer))
    assert counted.sums == {"USD": Decimal("9.70")}
    assert declared == (counted if trailer else None)


def test_a_file_appears_whole_under_its_name(tmp_path):
    path = files.put(tmp_path / "in", "a.csv", b"content", packed=True)
    assert [child.name for child in path.parent.iterdir()] == ["a.csv.gz"]
    assert gzip.decompress(path.read_bytes()) == b"content"
