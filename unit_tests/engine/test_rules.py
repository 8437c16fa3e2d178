# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Documents that contradict themselves are refused; nothing is corrected."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.canonical import (
    KINDS,
    MOVEMENT_TYPES,
    Amount,
    BalanceMovement,
    BankLine,
    BankStatement,
    Customer,
    EntryLine,
    Invoice,
    InvoiceLine,
    InvoicePosted,
    JournalEntry,
    LineTax,
    PartyRef,
    PaymentFailed,
    PaymentSettled,
    ProviderBalance,
    Source,
    rules,
)
from odoo.addons.finance_integration.engine.canonical.reference_code import AnalyticDimension, ReferenceCode
from odoo.addons.finance_integration.engine.canonical.rules import MONEY_IN, MONEY_OUT, check
from odoo.addons.finance_integration.engine.errors import ContractError

HEAD = {
    "source": Source(system="shop", object_id="1"),
    "occurred_at": datetime(2025, 3, 1, 12, tzinfo=timezone.utc),
}
DAY = date(2025, 3, 1)
CENTS = st.integers(1, 10**9).map(lambda count: Decimal(count).scaleb(-2))


def money(text, currency="EUR"):
    return Amount(value=Decimal(text), currency=currency)


def refused(document, provider=None):
    with pytest.raises(ContractError) as caught:
        check(document, provider)
    return caught.value.code, caught.value.params.get("path")


def line(net="10.00", tax="2.00", quantity="1", price=None, **fields):
    return InvoiceLine(
        description="A",
        quantity=Decimal(quantity),
        unit_price=Decimal(price if price is not None else net),
        net_amount=None if net is None else Decimal(net),
        taxes=() if tax is None else (LineTax(code="V20", amount=Decimal(tax)),),
        **fields,
    )


def invoice(*lines, net=None, tax=None, gross="12.00", **fields):
    fields = {"issuer": "source", "number": "R-1", "currency": "EUR", **fields}
    return Invoice(
        **HEAD,
        issue_date=DAY,
        customer=PartyRef(name="Anna"),
        lines=lines or (line(),),
        total_net=None if net is None else Decimal(net),
        total_tax=None if tax is None else Decimal(tax),
        total_gross=None if gross is None else Decimal(gross),
        **fields,
    )


def movement(amount, kind="payment", **fields):
    return BalanceMovement(**HEAD, movement_id="ch_1", type=kind, amount=amount, **fields)


# --- invoices


def test_an_invoice_that_adds_up_passes():
    assert check(invoice(net="10.00", tax="2.00")) == ()
    assert check(invoice(line(), line("5.50", "1.10"), net="15.50", tax="3.10", gross="18.60")) == ()
    assert check(invoice(document_type="credit_note")) == ()


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (invoice(gross="12.01"), "total_gross"),
        (invoice(net="10.01"), "total_net"),
        (invoice(tax="2.01"), "total_tax"),
        (invoice(line(tax="1.99")), "total_gross"),
        (invoice(line(), line()), "total_gross"),
        (invoice(line(tax=None), gross="12.00"), "total_gross"),
        (
            invoice(
                line(price="9.00"),
            ),
            "lines[0].net_amount",
        ),
        (invoice(line(quantity="2", price="10.00")), "lines[0].net_amount"),
        (invoice(line(price="10.01")), "lines[0].net_amount"),
        (invoice(line(None, None, price="1"), issuer="odoo", net="1", tax="1", gross="3"), "total_gross"),
    ],
)
def test_totals_that_do_not_add_up(document, path):
    assert refused(document) == ("totals_do_not_add_up", path)


@given(st.lists(st.tuples(CENTS, CENTS), min_size=1, max_size=8), st.integers(-500, 500))
def test_any_difference_of_a_cent_is_found(amounts, cents_off):
    lines = [line(str(net), str(tax)) for net, tax in amounts]
    gross = sum(net + tax for net, tax in amounts) + Decimal(cents_off).scaleb(-2)
    document = invoice(*lines, gross=str(gross))
    if cents_off == 0:
        assert check(document) == ()
    elif gross >= 0:
        assert refused(document) == ("totals_do_not_add_up", "total_gross")


@pytest.mark.parametrize(
    ("net", "quantity", "price", "discount"),
    [
        ("10.00", "3", "3.3333", None),
        ("6.67", "2", "3.333", None),
        ("0.01", "1", "0.005", None),
        ("9.00", "1", "10.00", "10"),
        ("6.67", "1", "10.00", "33.3333"),
        ("0.00", "1", "10.00", "100"),
        ("0.00", "0", "10.00", None),
    ],
)
def test_lines_agree_with_their_price_within_half_a_cent(net, quantity, price, discount):
    fields = {} if discount is None else {"discount_percent": Decimal(discount)}
    check(invoice(line(net, "0.00", quantity, price, **fields), gross=net))


def test_a_price_may_contain_the_tax():
    check(invoice(line("10.00", "2.00", quantity="1", price="12.00")))
    check(invoice(line("8.33", "1.67", quantity="1", price="10.00"), gross="10.00"))


def test_rounding_follows_the_currency():
    assert check(invoice(line("33", "0", "1", "33.4"), gross="33", currency="JPY")) == ()
    assert (
        refused(invoice(line("33", "0", "1", "33.6"), gross="33", currency="JPY"))[0]
        == "totals_do_not_add_up"
    )
    assert (
        refused(invoice(line("1.000", "0", "1", "1.001"), gross="1.000", currency="KWD"))[0]
        == "totals_do_not_add_up"
    )


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (invoice(number=None), "number"),
        (invoice(gross=None), "total_gross"),
        (invoice(line(None, None, price="10")), "lines[0].net_amount"),
        (invoice(line(tax=None, tax_codes=("V20",)), gross="10.00"), "lines[0].taxes"),
        (invoice(line(discount_percent=Decimal(101))), "lines[0].discount_percent"),
        (invoice(line(discount_percent=Decimal(-1))), "lines[0].discount_percent"),
    ],
)
def test_an_issued_document_brings_its_facts(document, path):
    assert refused(document) == ("schema_violation", path)


def test_odoo_issues_without_them():
    document = invoice(
        line(None, None, price="10", tax_codes=("V20",)), issuer="odoo", number=None, gross=None
    )
    assert check(document) == ()
    # The tax is Odoo's to compute: a stated total need not be explained by the lines.
    assert check(invoice(line(tax=None, tax_codes=("V20",)), issuer="odoo", number=None, gross="12.00")) == ()


def test_signs():
    discount = line("-2.00", "-0.40", price="-2.00")
    assert check(invoice(line(), discount, gross="9.60")) == ()
    negative = line("-10.00", "-2.00", price="-10.00")
    assert refused(invoice(negative, gross="-12.00")) == ("amount_sign", "total_gross")
    facts = {"gross": "9.60", "document_type": "credit_note"}  # it gives something back, whatever it nets
    assert check(invoice(line(), discount, **facts)) == ()
    facts["gross"] = "-12.00"
    assert refused(invoice(negative, **facts)) == ("amount_sign", "total_gross")
    asked_for = invoice(line(), discount, issuer="odoo", number=None, **facts | {"gross": "9.60"})
    assert refused(asked_for) == ("amount_sign", "lines[1].net_amount")


def test_remarks():
    assert check(invoice(due_date=date(2025, 2, 1))) == ("due_before_issue",)
    assert check(invoice(due_date=DAY)) == ()
    free = line("0.00", "0.00", price="10.00", discount_percent=Decimal(100))
    assert check(invoice(free, gross="0.00")) == ("total_is_zero",)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (invoice(line("10.001", "2.00"), gross="12.001"), "amount_not_exact"),
        (invoice(line(tax="2.001"), gross="12.001"), "amount_not_exact"),
        (invoice(currency="XYZ"), "unknown_currency"),
        (invoice(currency="XAU"), "unknown_currency"),
    ],
)
def test_invoice_amounts_exist_in_their_currency(document, code):
    assert refused(document)[0] == code


# --- movements and balances


@pytest.mark.parametrize("kind", MOVEMENT_TYPES)
@given(CENTS)
def test_the_sign_says_the_same_as_the_type(kind, value):
    came_in, went_out = movement(money(value), kind), movement(money(-value), kind)
    if kind in MONEY_OUT:
        assert refused(came_in) == ("amount_sign", "amount.value")
    else:
        assert check(came_in) == ()
    if kind in MONEY_IN:
        assert refused(went_out) == ("amount_sign", "amount.value")
    else:
        assert check(went_out) == ()


def test_types_without_a_direction():
    assert set(MOVEMENT_TYPES) - MONEY_IN - MONEY_OUT == {"fee", "conversion", "unknown"}


def test_zero_and_failed_movements():
    assert refused(movement(money("0.00")))[0] == "amount_zero"
    assert check(movement(money("0.00"), changes_balance=False)) == ()
    for status in ("failed", "cancelled"):
        assert refused(movement(money("1.00"), status=status)) == ("schema_violation", "status")
        assert check(movement(money("1.00"), status=status, changes_balance=False)) == ()
    assert check(movement(money("1.00"), status="pending", subject_to_return=True)) == ()


def test_conversion():
    assert check(movement(money("10.00"), settled=money("10.80", "USD"))) == ()
    assert check(movement(money("10.00"), settled=money("10.00"))) == ("settled_without_conversion",)
    assert refused(movement(money("10.00"), settled=money("9.99"))) == (
        "totals_do_not_add_up",
        "settled.value",
    )
    turned = movement(money("-10.00"), "fee", settled=money("10.80", "USD"))
    assert refused(turned) == ("amount_sign", "settled.value")
    assert refused(movement(money("10.00"), settled=money("1.001", "USD")))[0] == "amount_not_exact"


@pytest.mark.parametrize(
    ("largest", "too_large", "currency"),
    [
        ("9999999999999.99", "10000000000000.00", "EUR"),
        ("999999999999999", "1000000000000000", "JPY"),
        ("999999999999.999", "1000000000000.000", "KWD"),
    ],
)
def test_an_amount_that_the_books_cannot_keep_to_the_cent_is_refused(largest, too_large, currency):
    assert check(movement(money(largest, currency))) == ()
    assert refused(movement(money(too_large, currency)))[0] == "amount_too_large"


def test_what_cannot_exist_at_the_provider_is_refused():
    assert check(movement(money("1.50", "MGA"))) == ()
    assert refused(movement(money("1.50", "MGA")), "stripe")[0] == "amount_not_exact"
    assert refused(movement(money("5.50", "ISK")), "stripe")[0] == "amount_not_exact"
    assert check(movement(money("5", "ISK")), "stripe") == ()
    assert check(movement(money("1.50")), "somebody") == ()


def balance(**fields):
    fields = {"closing": money("15.00"), "time_zone": "Europe/Vienna", **fields}
    return ProviderBalance(**HEAD, account="acct", date=DAY, **fields)


def test_provider_balance():
    assert check(balance()) == ()
    assert check(balance(closing=money("-1.00"))) == ()
    assert check(balance(opening=money("20.00"), movement_total=money("-5.00"), movement_count=2)) == ()
    differs = balance(opening=money("20.00"), movement_total=money("-4.99"))
    assert refused(differs) == ("totals_do_not_add_up", "closing.value")
    assert refused(balance(opening=money("1", "USD"))) == ("schema_violation", "opening.currency")
    assert refused(balance(time_zone="Mars/Base")) == ("schema_violation", "time_zone")
    assert refused(balance(closing=money("0.001")))[0] == "amount_not_exact"


def bank_line(**fields):
    fields = {"line_id": "L-1", "amount": money("15.00"), **fields}
    return BankLine(**HEAD, account_number="BE71096123456769", booking_date=DAY, **fields)


def test_bank_lines():
    assert check(bank_line()) == ()
    assert check(bank_line(amount=money("-15.00"), original=money("-12.00", "USD"), returns="L-0")) == ()
    assert refused(bank_line(original=money("-12.00", "USD"))) == ("amount_sign", "original.value")
    assert refused(bank_line(returns="L-1")) == ("schema_violation", "returns")
    assert refused(bank_line(amount=money("0.001")))[0] == "amount_not_exact"


def bank_statement(**fields):
    fields = {
        "opening": money("10.00"),
        "closing": money("15.00"),
        "first_date": DAY,
        "last_date": DAY,
        **fields,
    }
    return BankStatement(**HEAD, account_number="BE71096123456769", statement_id="2026/1", **fields)


def test_bank_statements():
    assert check(bank_statement()) == ()
    assert check(bank_statement(line_total=money("5.00"), line_count=0)) == ()
    assert refused(bank_statement(line_total=money("4.99"))) == ("totals_do_not_add_up", "closing.value")
    assert refused(bank_statement(opening=money("1", "USD"))) == ("schema_violation", "opening.currency")
    assert refused(bank_statement(last_date=DAY - timedelta(days=1))) == ("schema_violation", "last_date")


# --- entries, customers, events


def entry(*lines, total=None, currency="EUR"):
    return JournalEntry(
        **HEAD,
        reference="PAY",
        date=DAY,
        currency=currency,
        lines=lines,
        total_debit=None if total is None else Decimal(total),
    )


def debit(text):
    return EntryLine(account="6000", debit=Decimal(text))


def credit(text):
    return EntryLine(account="3600", credit=Decimal(text))


def test_entries():
    assert check(entry(debit("10.00"), credit("4.00"), credit("6.00"), total="10.00")) == ()
    assert refused(entry(debit("10.00"), credit("9.99")))[0] == "unbalanced_entry"
    assert refused(entry(debit("10.00"), credit("10.00"), total="9.99")) == (
        "totals_do_not_add_up",
        "total_debit",
    )
    assert refused(entry(debit("0.00"), credit("0.00"))) == ("schema_violation", "lines[0]")
    assert refused(entry(debit("-1.00"), credit("-1.00"))) == ("amount_sign", "lines[0]")
    assert refused(entry(debit("1.001"), credit("1.001")))[0] == "amount_not_exact"
    assert refused(entry(debit("1.5"), credit("1.5"), currency="JPY"))[0] == "amount_not_exact"
    both = EntryLine(account="1", debit=Decimal(1), credit=Decimal(1))
    for odd in (both, EntryLine(account="1")):
        assert refused(entry(debit("1.00"), odd)) == ("schema_violation", "lines[1]")


@given(st.lists(CENTS, min_size=1, max_size=20), st.integers(-3, 3))
def test_an_entry_balances_to_the_cent(amounts, cents_off):
    total = sum(amounts) + Decimal(cents_off).scaleb(-2)
    if total <= 0:
        return
    document = entry(*(debit(str(amount)) for amount in amounts), credit(str(total)))
    if cents_off:
        assert refused(document)[0] == "unbalanced_entry"
    else:
        assert check(document) == ()


def test_customer_currency():
    assert check(Customer(**HEAD, name="Anna", currency="EUR")) == ()
    assert check(Customer(**HEAD, name="Anna")) == ()
    assert refused(Customer(**HEAD, name="Anna", currency="ABC"))[0] == "unknown_currency"


def test_published_events():
    dates = {"accounting_date": DAY, "company": "C"}
    posted = {"invoice_id": "1", "document_type": "invoice", "entry_number": "1", "issue_date": DAY, **dates}
    amounts = {"total_gross": money("12.00"), "total_tax": money("2.00"), "amount_due": money("12.00")}
    assert check(InvoicePosted(**HEAD, **posted, **amounts)) == ()
    mixed = {**amounts, "amount_due": money("1.00", "USD")}
    assert refused(InvoicePosted(**HEAD, **posted, **mixed)) == ("schema_violation", "amount_due.currency")
    settled = {
        "movement_id": "1",
        "movement_type": "payment",
        "entry_number": "1",
        "invoice_id": "1",
        "invoice_number": "1",
    }
    rest = {"invoice_status": "paid", "applied": money("1.00"), "invoice_amount_due": money("0.00")}
    assert check(PaymentSettled(**HEAD, **settled, **dates, **rest, amount=money("1.10", "USD"))) == ()
    assert (
        refused(PaymentSettled(**HEAD, **settled, **dates, **rest, amount=money("1.001")))[0]
        == "amount_not_exact"
    )
    assert check(PaymentFailed(**HEAD, movement_id="1", company="C", amount=money("1.00"))) == ()
    assert (
        refused(PaymentFailed(**HEAD, movement_id="1", company="C", amount=money("1", "ABC")))[0]
        == "unknown_currency"
    )


def test_the_schema_is_checked_first():
    assert refused(movement(money("NaN"))) == ("schema_violation", "amount.value")
    assert refused(movement(money("1.00"), "gift")) == ("schema_violation", "type")
    with pytest.raises(TypeError):
        check(movement(Amount(value=1.5, currency="EUR")))


def test_every_kind_has_a_rule():
    assert {one for versions in KINDS.values() for one in versions.values()} == set(rules._RULES)


# --- codes of the source -------------------------------------------------------------------------------


def reference_code(**fields):
    return ReferenceCode(**{**HEAD, "catalogue": "tax", "code": "V", "label": "VAT", **fields})


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"valid_from": DAY, "valid_until": date(2025, 2, 28)}, "valid_until"),
        ({"parent": "V"}, "parent"),
        ({"code": "*"}, "code"),
        ({"parent": "*"}, "code"),
        ({"rate_percent": Decimal(101)}, "rate_percent"),
        ({"rate_percent": Decimal(-1)}, "rate_percent"),
    ],
)
def test_a_code_that_contradicts_itself_is_refused(fields, path):
    with pytest.raises(ContractError) as caught:
        check(reference_code(**fields))
    assert (caught.value.code, caught.value.params["path"]) == ("schema_violation", path)


def test_codes_and_dimensions_of_one_day_are_fine():
    assert check(reference_code(valid_from=DAY, valid_until=DAY, rate_percent=Decimal("5.5"))) == ()
    dimension = AnalyticDimension(**HEAD, dimension="Cost centre", code="1", label="One", valid_until=DAY)
    assert check(dimension) == ()
