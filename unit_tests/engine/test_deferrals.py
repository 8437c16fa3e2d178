# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which engine defers is read from the settings of a company and the addons that are there."""

from odoo.addons.finance_integration.engine.deferrals import Own, engines, read_own

ENTERPRISE = {
    f"{part}_{kind}_{rest}"
    for kind in ("revenue", "expense")
    for part, rest in (
        ("generate_deferred", "entries_method"),
        ("deferred", "journal_id"),
        ("deferred", "account_id"),
    )
}


def read(fields=ENTERPRISE, **values):
    return read_own(fields, values.get, str.upper)


def test_without_such_settings_nothing_defers():
    assert read({"name", "currency_id"}) == []
    assert engines([], {"account", "stock"}) == []


def test_each_kind_with_how_and_what_it_lacks():
    found = read(
        generate_deferred_revenue_entries_method="on_validation",
        generate_deferred_expense_entries_method="manual",
        deferred_revenue_journal_id=7,
        deferred_expense_journal_id=7,
        deferred_expense_account_id=8,
    )
    assert found == [
        Own("revenue", automatic=True, lacks=("DEFERRED_REVENUE_ACCOUNT_ID",)),
        Own("expense", automatic=False),
    ]
    assert [one.key for one in found] == ["revenue on posting", "expense by hand"]


def test_an_engine_without_places_of_its_own_lacks_nothing():
    found = read(
        {"generate_deferred_revenue_entries_method"}, generate_deferred_revenue_entries_method="manual"
    )
    assert found == [Own("revenue", automatic=False)]


def test_all_engines_are_named():
    addons = {"account_cutoff_start_end_dates", "account_spread_cost_revenue", "account"}
    assert engines([Own("revenue", automatic=True)], addons) == [
        "",
        "Cost-Revenue Spread (OCA)",
        "Cut-off with start and end dates (OCA)",
    ]
