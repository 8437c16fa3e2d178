# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An account is proposed where type and name say so, and never where one of them does not."""

import pytest

from odoo.addons.finance_integration.engine.chart_proposal import ROLES, Account, Found, propose

BANK_FEES = Account(1, "620000", "Bank Fees", "expense", reconcile=False)
MERCHANT = Account(2, "621000", "Merchant fees", "expense", reconcile=False)
TRANSFER = Account(3, "101701", "Liquidity Transfer", "asset_current", reconcile=True)
UNID = Account(4, "219000", "Unidentified receipts", "liability_current", reconcile=True)
CHART = (BANK_FEES, MERCHANT, TRANSFER, UNID)


def test_the_better_word_wins_not_the_lower_code():
    assert propose("FEE", CHART) == Found(2, "merchant fee")


def test_what_the_company_has_chosen_itself_goes_first():
    other = Account(9, "100000", "Payouts in transit", "asset_current", reconcile=True)
    assert propose("TRANSIT", (*CHART, other)) == Found(9, "payouts in transit")
    assert propose("TRANSIT", (*CHART, other), chosen=3) == Found(3, "")


def test_what_the_company_has_chosen_does_not_count_where_its_type_does_not_fit():
    assert propose("TRANSIT", (BANK_FEES, UNID), chosen=1) is None


@pytest.mark.parametrize(
    "account",
    [
        Account(5, "1", "Unidentified receipts", "liability_current", reconcile=False),  # cannot be matched
        Account(5, "1", "Unidentified receipts", "asset_current", reconcile=True),  # would be an asset
        Account(5, "1", "Customer deposits", "liability_current", reconcile=True),  # something else
    ],
)
def test_what_does_not_fit_is_not_proposed(account):
    assert propose("UNID", [account]) is None


def test_one_account_has_one_meaning():
    assert propose("FEE", CHART, taken={2}) == Found(1, "bank fee")
    assert propose("FEE", CHART, taken={1, 2}) is None


def test_equal_words_are_told_apart_by_the_code():
    twins = [
        Account(8, "300", "Bank fees b", "expense", reconcile=False),
        Account(7, "200", "Bank fees a", "expense", reconcile=False),
    ]
    assert propose("FEE", twins) == Found(7, "bank fee")
    assert propose("FEE", reversed(twins)) == Found(7, "bank fee")


def test_charts_of_other_countries():
    assert (
        propose(
            "FEE", [Account(1, "6855", "Nebenkosten des Geldverkehrs", "expense", reconcile=False)]
        ).account_id
        == 1
    )
    assert (
        propose("TRANSIT", [Account(1, "1460", "Geldtransit", "asset_current", reconcile=True)]).account_id
        == 1
    )


def test_an_unknown_role_gets_nothing():
    assert propose("REV", CHART) is None


def test_words_can_be_found_at_all():
    """Names are compared in lower case: a word with a capital would never be found."""
    for role in ROLES.values():
        assert all(word == word.casefold() for word in role.words)
