# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes of UN/ECE Recommendation 20 mean a unit of Odoo by themselves; everything else has to be mapped."""

import re

import pytest

from odoo.addons.finance_integration.engine.mapping_values import WITHOUT_DEFAULT, values_of
from odoo.addons.finance_integration.engine.units import STANDARD, standard_unit


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("C62", "uom.product_uom_unit"),
        ("HUR", "uom.product_uom_hour"),
        ("KGM", "uom.product_uom_kgm"),
        ("KMT", "uom.product_uom_km"),
        ("KTM", "uom.product_uom_km"),
        # Another spelling is another code: nothing is guessed.
        ("hur", None),
        ("HOUR", None),
        ("", None),
        ("*", None),
    ],
)
def test_a_code_of_the_standard_means_itself(code, unit):
    assert standard_unit(code) == unit


def test_codes_are_as_the_standard_writes_them():
    assert len(STANDARD) == 32
    shape = re.compile(r"[A-Z][A-Z0-9]{1,2}")
    assert all(shape.fullmatch(code) for code in STANDARD)


def test_units_of_lines_are_codes_that_need_a_meaning_and_never_a_default():
    lines = [{"unit": "BOX", "product": "P"}, {"unit": None}, {"description": "x"}, {"unit": "HUR"}]
    assert list(values_of("invoice", {"lines": lines})) == [
        ("product", "P"),
        ("unit", "BOX"),
        ("unit", "HUR"),
    ]
    assert "unit" in WITHOUT_DEFAULT
