# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""As what Stripe keeps a tax number, and which of those that are there have to go."""

import json

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer
from odoo.addons.finance_integration.connectors.stripe import tax_numbers
from odoo.addons.finance_integration.engine.errors import ContractError


@pytest.mark.parametrize(
    ("number", "country", "kind", "value"),
    [
        ("BE 0477.472.701", "BE", "eu_vat", "BE0477472701"),
        ("BE0477472701", "US", "eu_vat", "BE0477472701"),  # a company from elsewhere that is registered there
        ("EL123456789", "GR", "eu_vat", "EL123456789"),
        ("XI123456789", "GB", "eu_vat", "XI123456789"),
        ("GB 999 9999 73", "GB", "gb_vat", "GB999999973"),
        ("GB999999973", "DE", "gb_vat", "GB999999973"),
        ("CHE-123.456.789 MWST", "CH", "ch_vat", "CHE-123.456.789 MWST"),
        ("CHE123456789TVA", "", "ch_vat", "CHE-123.456.789 TVA"),
        ("NO123456785MVA", "NO", "no_vat", "123456785MVA"),
        ("123456789", "US", "us_ein", "12-3456789"),
        ("51824753556", "AU", "au_abn", "51824753556"),
        ("11.222.333/4444-55", "BR", "br_cnpj", "11.222.333/4444-55"),
        ("123456789RT0002", "CA", "ca_gst_hst", "123456789RT0002"),
        ("ESA123456AB7", "MX", "mx_rfc", "ESA123456AB7"),  # no Spanish one
    ],
)
def test_the_type_follows_from_number_and_country(number, country, kind, value):
    assert tax_numbers.named(number, country) == {"type": kind, "value": value}


@pytest.mark.parametrize(
    ("number", "country"),
    [("123", "US"), ("0477472701", "BE"), ("CHE-123.456.789", "CH"), ("123456789", "GB"), ("X1", "")],
)
def test_what_fits_nothing_has_no_type(number, country):
    assert tax_numbers.named(number, country) == {"value": number}


@pytest.mark.parametrize("number", ["", "  ", "/", "-"])
def test_no_number(number):
    assert tax_numbers.named(number, "BE") == {}


def answer(*listed):
    data = [dict(zip(("id", "type", "value", "object"), (*one, "tax_id"), strict=True)) for one in listed]
    return HttpAnswer(200, {}, json.dumps({"object": "list", "data": data, "has_more": False}).encode())


def test_what_is_there_is_kept_and_what_it_replaces_goes():
    number = {"type": "eu_vat", "value": "BE0477472701"}
    there = answer(
        ("txi_1", "eu_vat", "be 0477.472.701"), ("txi_2", "eu_vat", "BE1"), ("txi_3", "us_ein", "12-3456789")
    )
    assert tax_numbers.found(there, number, None) == ("txi_1", ["txi_2"])
    assert tax_numbers.found(there, {"type": "gb_vat", "value": "GB999999973"}, "txi_1") == (None, ["txi_1"])
    assert tax_numbers.found(there, {"value": "?"}, "txi_3") == (None, ["txi_3"])
    assert tax_numbers.found(there, {}, None) == (None, [])


def test_strange_answers_are_named():
    with pytest.raises(ContractError):
        tax_numbers.found(HttpAnswer(200, {}, b'{"object": "tax_id", "data": []}'), {}, None)
    with pytest.raises(ContractError):
        tax_numbers.written(HttpAnswer(200, {}, b'{"object": "customer", "id": "cus_1", "type": "x"}'))
    tax_numbers.removed(HttpAnswer(404, {}, b"{}"))
