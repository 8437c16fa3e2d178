# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who owns a field, what becomes of a write by somebody else, and rules that contradict each other (M1)."""

import random
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.owned_columns import (
    CUSTOMER,
    LAYOUTS,
    PRODUCT,
    SUPPLIER,
    layouts_of,
    watched,
)
from odoo.addons.finance_integration.engine.ownership import (
    ANY_FIELD,
    CONFLICT_RULES,
    DEFAULTS,
    FIELDS,
    GUARDED,
    JUDGED_DOCUMENTS,
    ODOO,
    ROLES,
    Rule,
    Verdict,
    judge,
    judge_document,
    owners_of,
    problems,
    rule_for,
    together,
)

NOW = datetime(2026, 3, 2, tzinfo=timezone.utc)
ids = st.integers(1, 6)
owners = st.sampled_from([ODOO, *(f"role:{role}" for role in ROLES), "connection:1", "connection:2"])
rules = st.builds(
    Rule,
    object=st.just("customer"),
    field=st.sampled_from([ANY_FIELD, "name", "tax_id"]),
    owners=st.lists(owners, min_size=1, max_size=2, unique=True).map(tuple),
    conflict=st.sampled_from(CONFLICT_RULES),
    company=st.one_of(st.none(), ids),
    connection=st.one_of(st.none(), ids),
    fills_empty=st.booleans(),
)


@pytest.mark.parametrize(
    ("object_type", "field", "expected"),
    [
        ("customer", "name", ("role:crm",)),
        ("customer", "tax_id", (ODOO,)),
        ("customer", "payment_term", (ODOO,)),
        ("customer", "credit_limit", (ODOO,)),
        ("customer", "hold", (ODOO,)),
        ("supplier", "name", ("role:procurement",)),
        ("supplier", "bank", (ODOO,)),
        ("supplier", "tax_id", (ODOO,)),
        ("product", "price", (ODOO,)),
        ("product", "name", (ODOO,)),
        ("product", "tax_category", (ODOO,)),
        ("product", "accounts", (ODOO,)),
        ("order", ANY_FIELD, ("role:crm", "role:shop")),
        ("fulfilment", ANY_FIELD, ("role:shop", "role:stock")),
        ("invoice", "tax_amount", ("role:tax_engine", "role:billing", "role:shop")),
        ("movement", ANY_FIELD, ("role:processor",)),
        ("bank_statement", ANY_FIELD, ("role:bank",)),
        ("receipt", ANY_FIELD, ("role:procurement",)),
        ("supplier_invoice", "release", (ODOO,)),
        ("expense", "approval", ("role:expense",)),
        ("payroll", "amounts", ("role:payroll",)),
        ("ledger", "locks", (ODOO,)),
    ],
)
def test_the_shipped_matrix(object_type, field, expected):
    assert rule_for(DEFAULTS, object_type, field, 1, 2).owners == expected


def test_the_shipped_matrix_speaks_of_everything_and_does_not_contradict_itself():
    assert problems(DEFAULTS) == []
    for object_type, fields in FIELDS.items():
        for field in (*fields, ANY_FIELD):
            assert rule_for(DEFAULTS, object_type, field, None, None), (object_type, field)


def test_what_costs_money_is_never_overruled_by_being_the_newest():
    for rule in DEFAULTS:
        if rule.field in GUARDED:
            assert rule.conflict == "ask", rule


@given(st.lists(rules, max_size=12), ids, ids, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_does_not_matter(given_rules, company, connection, shuffle):
    assume(len({rule.key for rule in given_rules}) == len(given_rules))
    found = rule_for(given_rules, "customer", "name", company, connection)
    mixed = list(given_rules)
    shuffle.shuffle(mixed)
    assert rule_for(mixed, "customer", "name", company, connection) == found


@given(st.lists(rules, max_size=12), ids, ids)
def test_the_more_specific_rule_goes_before(given_rules, company, connection):
    found = rule_for(given_rules, "customer", "name", company, connection)
    fitting = [
        rule
        for rule in given_rules
        if rule.field in ("name", ANY_FIELD)
        and rule.company in (None, company)
        and rule.connection in (None, connection)
    ]
    assert (found is None) == (not fitting)
    if found and found.field == ANY_FIELD:
        assert all(rule.field == ANY_FIELD for rule in fitting)
    if found:
        same_field = [rule for rule in fitting if rule.field == found.field]
        assert found.connection is not None or all(rule.connection is None for rule in same_field)


@given(rules, st.dictionaries(st.sampled_from(ROLES), st.lists(ids, max_size=3)), st.one_of(st.none(), ids))
def test_an_owner_is_odoo_or_a_connection(rule, cast, home):
    for owner in owners_of(rule, cast, home):
        assert owner == ODOO or owner.startswith("connection:")
    if ODOO in rule.owners:
        assert ODOO in owners_of(rule, cast, home)


def test_a_vacant_role_is_played_by_who_brought_the_record():
    rule = Rule("customer", ANY_FIELD, ("role:crm",))
    assert owners_of(rule, {}, 7) == {"connection:7"}
    assert owners_of(rule, {"crm": [3]}, 7) == {"connection:3"}
    assert owners_of(rule, {}, None) == frozenset()
    both = Rule("order", ANY_FIELD, ("role:crm", "role:shop"))
    assert owners_of(both, {"shop": [4]}, 7) == {"connection:4"}


@given(
    rules, st.sampled_from(["connection:1", ODOO]), st.sets(st.sampled_from(["connection:2", ODOO, "connection:1"])),
    st.booleans(), st.integers(-5, 5),
)  # fmt: skip
def test_somebody_elses_value_lands_only_for_a_stated_reason(rule, writer, owner_set, is_empty, seconds):
    verdict = judge(
        rule,
        writer,
        frozenset(owner_set),
        is_empty=is_empty,
        told_at=NOW + timedelta(seconds=seconds),
        known_at=NOW,
    )
    if verdict.lands:
        assert (
            writer in owner_set
            or not owner_set
            or (is_empty and rule.fills_empty)
            or (rule.conflict == "newest_wins" and seconds > 0)
        )
    else:
        assert writer not in owner_set
        assert verdict.action == ("ask" if rule.conflict == "ask" else "keep_out")


def test_the_same_instant_is_not_newer():
    rule = Rule("customer", "name", (ODOO,), "newest_wins")
    verdict = judge(rule, "connection:1", frozenset({ODOO}), is_empty=False, told_at=NOW, known_at=NOW)
    assert (verdict.action, verdict.why) == ("keep_out", "older")
    unknown = judge(rule, "connection:1", frozenset({ODOO}), is_empty=False, told_at=NOW, known_at=None)
    assert unknown.lands


def test_a_second_name_never_overwrites():
    rule = Rule("customer", ANY_FIELD, ("connection:1",))
    verdict = judge(rule, "connection:1", frozenset({"connection:1"}), is_empty=True, second_name=True)
    assert (verdict.lands, verdict.why) == (False, "second_name")


def test_without_a_rule_a_person_is_asked():
    assert judge(None, "connection:1", frozenset({ODOO}), is_empty=True).action == "ask"


def scoped(connection, *owned_by, conflict="owner_wins", company=1):
    names = tuple(owner if owner == ODOO else f"connection:{owner}" for owner in owned_by)
    return Rule("customer", "name", names, conflict, company, connection)


def kinds(found):
    return [problem.kind for problem in found]


def test_circular_ownership_is_found():
    assert kinds(problems([scoped(1, 2), scoped(2, 1)])) == ["circular"]
    three = [scoped(1, 2), scoped(2, 3), scoped(3, 1)]
    assert kinds(problems(three)) == ["circular"]
    assert {rule.connection for rule in problems(three)[0].rules} == {1, 2, 3}
    # A way that leads into a circle is not part of it.
    assert {rule.connection for rule in problems([*three, scoped(4, 1)])[0].rules} == {1, 2, 3}


def test_a_circle_over_roles_is_found():
    by_role = [
        Rule("customer", "name", ("role:crm",), company=1, connection=1),
        Rule("customer", "name", ("role:shop",), company=1, connection=2),
    ]
    assert kinds(problems(by_role, {"crm": [2], "shop": [1]})) == ["circular"]
    assert problems(by_role, {"crm": [2], "shop": [2]}) == []


def test_ways_that_end_are_no_circle():
    assert problems([scoped(1, 2), scoped(2, 2)]) == []
    assert problems([scoped(1, 2), scoped(2, ODOO)]) == []
    assert problems([scoped(1, 2), scoped(2, 1, 2)]) == []
    assert problems([scoped(1, 2), scoped(2, 1, company=2)]) == []


def test_rivals_and_doubles_are_found():
    assert kinds(problems([scoped(1, 1), scoped(2, 2)])) == ["rivals"]
    assert problems([scoped(1, 1, conflict="newest_wins"), scoped(2, 2, conflict="newest_wins")]) == []
    assert "twice" in kinds(problems([scoped(1, 1), scoped(1, ODOO)]))


@pytest.mark.parametrize(
    "rule",
    [
        Rule("nothing", ANY_FIELD, (ODOO,)),
        Rule("customer", "shoe_size", (ODOO,)),
        Rule("customer", "name", ()),
        Rule("customer", "name", ("role:astrologer",)),
        Rule("customer", "name", ("connection:",)),
        Rule("customer", "name", ("connection:\u0661",)),
        Rule("customer", "name", (ODOO,), "loudest_wins"),
    ],
)
def test_what_does_not_exist_is_refused(rule):
    assert "unknown" in kinds(problems([rule]))


@given(st.lists(st.tuples(ids, st.lists(ids, min_size=1, max_size=2, unique=True)), max_size=8))
def test_circles_are_found_exactly_where_everybody_waits_for_others(pairs):
    """A circle exists if and only if the connections that give way can be followed without end."""
    leaves = {writer: set() if writer in others else set(others) for writer, others in dict(pairs).items()}
    found = problems([scoped(writer, *others) for writer, others in dict(pairs).items()])
    remaining = dict(leaves)
    while ends := [writer for writer, others in remaining.items() if not others & remaining.keys()]:
        for writer in ends:
            del remaining[writer]
    assert ("circular" in kinds(found)) == bool(remaining)


def test_many_rules_are_judged_quickly():
    chain = [scoped(number, number + 1) for number in range(300)]
    random.Random(1).shuffle(chain)
    assert problems(chain) == []


def test_a_bank_account_is_given_to_nobody_by_no_rule():
    for others in (("role:procurement",), ("connection:1",), (ODOO, "connection:1")):
        [problem] = problems([Rule("supplier", "bank", others, "ask")])
        assert problem.kind == "reserved"
    assert [one.kind for one in problems([Rule("supplier", "bank", (ODOO,), "newest_wins")])] == ["reserved"]
    assert problems([Rule("supplier", "bank", (ODOO,), "ask", company=1)]) == []


def test_what_concerns_more_than_one_record_or_role_is_asked():
    lands, kept, asked = Verdict("accept", "owner"), Verdict("keep_out", "owner_wins"), Verdict("ask", "ask")
    assert together(lands) == lands
    assert together(lands, others=[lands]) == lands
    assert together(lands, shared=True) == Verdict("ask", "shared")
    assert together(lands, others=[lands, kept]) == Verdict("ask", "other_role")
    assert together(lands, others=[asked]) == Verdict("ask", "other_role")
    # What does not land anyway says why by itself.
    assert together(kept, shared=True, others=[asked]) == kept


def test_where_the_fields_stand():
    assert {name: set(layout.columns) - set(FIELDS[name]) for name, layout in LAYOUTS.items()} == {
        "customer": set(), "supplier": set(), "product": set(),
    }  # fmt: skip
    assert PRODUCT.field_of["list_price"] == PRODUCT.field_of["lst_price"] == "price"
    assert PRODUCT.source_key("accounts", 3) == "accounts@3"
    assert (CUSTOMER.source_key("payment_term", 3), SUPPLIER.source_key("payment_term", 3)) == (
        "payment_term@3",
        "supplier.payment_term@3",
    )
    assert CUSTOMER.source_key("name", 3) == SUPPLIER.source_key("name", 3) == "name"
    assert CUSTOMER.home != SUPPLIER.home
    assert SUPPLIER.holds_same(CUSTOMER, "name") and not SUPPLIER.holds_same(CUSTOMER, "payment_term")
    assert [layout.object for layout in layouts_of("res.partner")] == ["customer", "supplier"]
    assert watched("product.product")["list_price"] == "lst_price"
    assert set(watched("res.partner")) >= {"name", "property_supplier_payment_term_id", "vat"}
    assert PRODUCT.by_field({"lst_price": "4", "company_id": 1}) == {"price": {"lst_price": "4"}}
    assert PRODUCT.shared <= set(PRODUCT.columns)


def test_documents_are_kept_out_by_rules_of_a_company_alone():
    shipped = [rule for rule in DEFAULTS if rule.object in ("invoice", "order", "fulfilment")]
    assert len(shipped) == 4
    theirs = frozenset({"connection:2"})
    assert {judge_document(rule, "connection:1", theirs) for rule in shipped} == {Verdict("accept", "nobody")}
    assert judge_document(None, "connection:1", theirs).lands
    own = Rule("invoice", ANY_FIELD, ("connection:2",), company=1)
    assert judge_document(own, "connection:2", theirs) == Verdict("accept", "owner")
    assert judge_document(own, "connection:1", frozenset()) == Verdict("accept", "nobody")
    # That others may fill in what is empty is said of fields: a document is there or not.
    assert own.fills_empty
    assert judge_document(own, "connection:1", theirs) == Verdict("keep_out", "owner_wins")
    assert not judge_document(own, "connection:1", frozenset({ODOO})).lands
    asked = Rule("invoice", ANY_FIELD, ("connection:2",), "ask", company=1)
    assert judge_document(asked, "connection:1", theirs) == Verdict("ask", "ask")
    newest = Rule("invoice", ANY_FIELD, ("connection:2",), "newest_wins", company=1)
    assert judge_document(newest, "connection:1", theirs) == Verdict("accept", "newest")


def test_the_rules_about_documents_can_be_made_and_none_is_about_money():
    for object_type, field in JUDGED_DOCUMENTS.values():
        assert field == ANY_FIELD or field in FIELDS[object_type]
    assert "movement" not in JUDGED_DOCUMENTS
