# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who is perhaps the same, why, and how sure that is (M3)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.duplicates import (
    LEGAL_FORMS,
    MAX_BLOCK,
    PROBABLE_FROM,
    Subject,
    compare,
    hidden_key,
    keys_of,
    normal_code,
    normal_email,
    normal_name,
    normal_phone,
    own_domain,
    suspicions,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH", "MULLER und SOHNE"),
        ("Anna's Bakery, Inc.", "annas bakery"),
        ("L’Oréal", "LOREAL SA"),
        ("Société Générale S.A.", "Generale Societe SA"),
        ("Łódź Sp. z o.o.", "Lodz sp zoo"),
        ("The Baker Company Ltd.", "Baker"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
        ("A\u200bnn\u202ea", "anna"),
        ("Ørsted A/S", "Orsted A S"),
        ("Weiß KG", "WEISS"),
    ],
)
def test_names_that_are_one(one, other):
    assert normal_name(one) == normal_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Anna Bakery", "Ben Bakery"), ("株式会社山田", "株式会社田中"), ("Limited", "Company")],
)
def test_names_that_are_two(one, other):
    assert normal_name(one) != normal_name(other)
    assert normal_name(one)


def test_codes_addresses_and_numbers_in_one_spelling():
    assert normal_code("DE 123.456-789") == normal_code("de123456789") == "DE123456789"
    assert [normal_code(text) for text in ("", "/", "--", "0000", "1")] == [""] * 5
    assert normal_email(" Anna@Bakery.Example ") == "anna@bakery.example"
    assert [normal_email(text) for text in ("", "anna", "@x.y", "a b@x.y", "a@localhost")] == [""] * 5
    assert normal_phone("+49 (30) 1234567") == normal_phone("030/1234567") == "301234567"
    assert normal_phone("١٢٣٤٥٦٧") == "1234567"
    assert normal_phone("12345") == ""
    assert own_domain("a@gmail.com") == ""
    assert own_domain("a@bakery.example") == "bakery.example"


def found(**facts):
    """Return the suspicion between two subjects; each fact is given as a pair."""
    one = Subject(1, **{name: values[0] for name, values in facts.items()})
    other = Subject(2, **{name: values[1] for name, values in facts.items()})
    return compare(one, other)


def test_the_same_tax_number_is_exact():
    same = found(name=("Anna", "Somebody else"), tax_ids=(("DE123456789",), ("DE 123 456 789",)))
    assert (same.exact, same.reasons, same.confidence) == (True, ("tax_id",), 95)


def test_the_same_mail_and_name_are_exact_one_of_them_is_probable():
    mail = (("a@bakery.example",), ("A@bakery.example",))
    both = found(name=("Anna GmbH", "ANNA"), emails=mail)
    assert (both.exact, both.reasons) == (True, ("email", "name"))
    one = found(name=("Anna", "Ben"), emails=mail)
    assert (one.exact, one.reasons, one.confidence) == (False, ("email",), 75)


def test_names_that_are_alike_are_probable_only_with_more():
    alike = {"name": ("Schmidt Consulting", "Schmitt Consulting")}
    assert found(**alike) is None
    more = found(**alike, phones=(("030 1234567",), ("+49 30 1234567",)))
    assert (more.exact, set(more.reasons)) == (False, {"name_alike", "phone"})
    assert more.confidence >= PROBABLE_FROM


def test_other_tax_numbers_speak_against_it():
    against = found(
        name=("Anna", "Anna"),
        emails=(("office@bakery.example",), ("office@bakery.example",)),
        tax_ids=(("DE1",), ("DE2",)),
    )
    assert against is None or (not against.exact and "tax_id" in against.against)
    assert found(name=("Anna", "Anna"), tax_ids=(("DE111",), ("DE222",))) is None


def test_a_shared_domain_or_a_public_one_is_no_duplicate():
    assert found(name=("Anna", "Ben"), emails=(("a@bakery.example",), ("b@bakery.example",))) is None
    assert found(name=("Anna", "Ben"), emails=(("a@gmail.com",), ("b@gmail.com",))) is None


def test_companies_are_kept_apart_and_families_together():
    same = {"name": ("Anna", "Anna"), "tax_ids": (("DE123456789",), ("DE123456789",))}
    assert found(**same, company=(1, 2)) is None
    assert found(**same, company=(1, None)).exact
    assert found(name=("Shirt", "Shirt"), family=(7, 7)) is None
    assert found(name=("Shirt", "Shirt"), barcodes=(("4006381333931",), ("4006381333931",))).exact
    assert found(name=("Shirt", "Shirt"), barcodes=(("4006381333931",), ("4006381333948",))) is None


texts = st.text(max_size=12)
few = st.sampled_from(["", "Anna", "Anna GmbH", "Ben", "Bänn", "anna bakery", "Bakery Anna Ltd"])
codes = st.lists(st.sampled_from(["", "DE1", "DE123456789", "x@y.zz", "0301234567"]), max_size=2).map(tuple)
subjects = st.builds(
    Subject,
    id=st.integers(1, 40),
    name=st.one_of(few, texts),
    tax_ids=codes,
    ibans=codes,
    emails=codes,
    phones=codes,
    references=codes,
    barcodes=codes,
    country=st.sampled_from(["", "DE", "US"]),
    is_company=st.sampled_from([None, True, False]),
    company=st.sampled_from([None, 1, 2]),
)


@given(texts)
def test_a_normal_form_is_its_own(text):
    assert normal_name(normal_name(text)) == normal_name(text)
    assert normal_code(normal_code(text)) == normal_code(text)
    assert normal_email(normal_email(text)) == normal_email(text)


@given(st.lists(st.sampled_from(["anna", "bakery", "sons", "muller"]), min_size=1, max_size=4), st.data())
def test_order_case_and_legal_form_do_not_matter(words, data):
    other = data.draw(st.permutations(words))
    form = data.draw(st.sampled_from(sorted(LEGAL_FORMS)))
    assert normal_name(" ".join(words).upper()) == normal_name(" ".join([*other, form]))


@given(subjects, subjects)
def test_comparing_is_symmetric_and_bounded(one, other):
    there, back = compare(one, other), compare(other, one)
    if one.id != other.id:
        assert there == back
    if there:
        assert PROBABLE_FROM <= there.confidence <= 100
        assert there.first < there.second
        assert there.reasons
        # Nothing that is suspected escapes because it is not compared.
        assert keys_of(one) & keys_of(other)


@given(st.lists(subjects, max_size=15, unique_by=lambda subject: subject.id))
def test_blocks_find_what_comparing_all_finds(group):
    by_blocks = {(row.first, row.second): row for row in suspicions(group)}
    by_all = {
        (row.first, row.second): row
        for place, one in enumerate(group)
        for other in group[place + 1 :]
        if (row := compare(one, other))
    }
    assert by_blocks == by_all


def test_a_crowd_under_one_key_costs_no_square():
    crowd = [Subject(number, name="Walk-in customer") for number in range(1, 5001)]
    assert list(suspicions(crowd)) == []
    pairs = [
        Subject(number, name=f"Customer {number // 2} Alpha", tax_ids=(f"DE{number // 2:09}",))
        for number in range(2, 4002)
    ]
    started = time.monotonic()
    assert len(list(suspicions(pairs))) == 2000
    assert time.monotonic() - started < 20
    assert MAX_BLOCK < 100


def test_a_stored_key_tells_nobody_and_takes_any_text():
    assert hidden_key("tax_id:DE123") == hidden_key("tax_id:DE123") != hidden_key("tax_id:DE124")
    assert len(hidden_key("name:\ud800")) == 32
    for text in ("x" * 1_000_000, "\ud800", "\u202e" * 50, "🧁"):
        assert all(len(key) < 500 for key in keys_of(Subject(1, name=text, emails=(text,), tax_ids=(text,))))
