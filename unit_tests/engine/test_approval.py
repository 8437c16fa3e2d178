# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Approvals: more money never needs fewer people, nobody decides twice or about the own request, in no one's name."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.approval import (
    APPROVE,
    KINDS,
    MAX_HOURS,
    MONEY_KINDS,
    REFUSE,
    Decision,
    Delegation,
    NotEntitled,
    Person,
    Policy,
    Subject,
    Tier,
    belongs_to,
    choose,
    choose_for_all,
    content_digest,
    deadline,
    decides_as,
    delegation_fault,
    is_agreed,
    open_tier,
    preview_core,
    preview_facts,
)

PEOPLE = range(1, 8)
GROUPS = ("approver", "controller")
amounts = st.decimals(min_value=0, max_value=10**9, places=2)
tiers = st.builds(Tier, group=st.sampled_from(GROUPS), count=st.integers(1, 3))
policies = st.builds(
    Policy,
    id=st.integers(1, 1000),
    tiers=st.lists(tiers, min_size=1, max_size=3).map(tuple),
    kind=st.sampled_from([None, "write_off", "replay", "flow"]),
    company=st.sampled_from([None, 1, 2]),
    currency=st.sampled_from(["USD", "EUR"]),
    amount_from=amounts,
)
people = st.builds(Person, id=st.sampled_from(PEOPLE), groups=st.frozensets(st.sampled_from(GROUPS)))
subjects = st.builds(
    Subject,
    kind=st.sampled_from(["write_off", "replay", "flow", "mapping"]),
    company=st.sampled_from([1, 2]),
    amounts=st.none() | st.fixed_dictionaries({"USD": amounts, "EUR": amounts}),
)


def approvals(policy):
    return policy.approvals if policy else 0


@given(st.lists(policies, max_size=6), policies, subjects)
def test_another_policy_never_takes_anything_away(known, more, subject):
    assert approvals(choose([*known, more], subject)) >= approvals(choose(known, subject))


@given(st.lists(policies, max_size=6), subjects, amounts)
def test_more_money_never_needs_fewer_people(known, subject, more):
    if subject.amounts is None:
        return
    larger = Subject(
        subject.kind, subject.company, {code: amount + more for code, amount in subject.amounts.items()}
    )
    assert approvals(choose(known, larger)) >= approvals(choose(known, subject))


@given(st.lists(policies, max_size=6), subjects)
def test_an_amount_that_nobody_knows_is_the_largest_where_money_decides(known, subject):
    unknown = Subject(subject.kind, subject.company, None)
    needed = approvals(choose(known, unknown))
    if subject.kind in MONEY_KINDS:
        assert needed >= approvals(choose(known, subject))
    else:
        assert needed <= approvals(choose(known, subject))


@given(st.lists(policies, max_size=6), subjects)
def test_a_credit_counts_like_a_debit(known, subject):
    turned = subject.amounts and {code: -amount for code, amount in subject.amounts.items()}
    assert choose(known, Subject(subject.kind, subject.company, turned)) == choose(known, subject)


@given(st.lists(policies, max_size=6), subjects)
def test_what_holds_belongs_to_the_company_and_the_kind(known, subject):
    chosen = choose(known, subject)
    if chosen:
        assert chosen.company in (None, subject.company)
        assert chosen.kind in (None, subject.kind)


def test_the_default_limits_of_write_offs():
    lead = Policy(1, (Tier("lead"),), kind="write_off")
    controller = Policy(2, (Tier("controller"),), kind="write_off", currency="EUR", amount_from=Decimal(500))
    for amount, chosen in (("499.99", lead), ("500", controller), ("-500", controller), ("0", lead)):
        assert choose([lead, controller], Subject("write_off", 1, {"EUR": Decimal(amount)})) == chosen
    # No rate to the policy's currency: nobody can say that it is little.
    assert choose([lead, controller], Subject("write_off", 1, {"USD": Decimal(1)})) == controller
    assert choose([lead], Subject("flow", 1)) is None


def test_among_equals_the_companys_own_then_the_kind_then_the_nearest_threshold():
    general, kind = Policy(9, (Tier("approver"),)), Policy(8, (Tier("approver"),), kind="flow")
    own = Policy(7, (Tier("controller"),), company=1)
    assert choose([general, kind, own], Subject("flow", 1)) == own
    assert choose([general, kind, own], Subject("flow", 2)) == kind
    near = Policy(1, (Tier("approver"),), currency="EUR", amount_from=Decimal(90))
    far = Policy(2, (Tier("approver"),), currency="USD", amount_from=Decimal(91))
    subject = Subject("flow", 1, {"EUR": Decimal(100), "USD": Decimal(110)})
    assert choose([near, far], subject) == near


@given(st.lists(tiers, min_size=1, max_size=3), people, st.lists(people, max_size=30), st.data())
def test_whoever_comes_nobody_counts_twice_and_the_requester_never(wanted, requester, visitors, data):
    """People come in any order, with any delegations: what they are let do keeps the two-person rule."""
    decisions = []
    for person in visitors:
        delegators = data.draw(st.lists(people, max_size=3))
        before = open_tier(wanted, decisions)
        try:
            behalf = decides_as(wanted, decisions, {requester.id}, person, delegators)
        except NotEntitled as refused:
            assert refused.reason
            continue
        rightful = person if behalf == person.id else next(row for row in delegators if row.id == behalf)
        assert belongs_to(wanted[before], rightful) or any(
            row.id == behalf and belongs_to(wanted[before], row) for row in delegators
        )
        decisions.append(Decision(person.id, behalf))
    rights = [decision.behalf for decision in decisions]
    hands = [decision.person for decision in decisions]
    assert requester.id not in rights + hands
    assert len(set(rights)) == len(rights)
    assert len(set(hands)) == len(hands)
    assert all(decisions[i].behalf not in hands[:i] for i in range(len(decisions)))
    needed = sum(tier.count for tier in wanted)
    assert len(decisions) <= needed
    assert is_agreed(wanted, decisions) == (len(decisions) == needed)


def test_tiers_come_one_after_the_other():
    wanted = (Tier("approver", count=2), Tier("controller"))
    ann, ben = Person(1, frozenset({"approver"})), Person(2, frozenset({"approver"}))
    cfo = Person(3, frozenset({"controller"}))
    with pytest.raises(NotEntitled, match="not_entitled"):
        decides_as(wanted, [], {9}, cfo)
    decisions = [Decision(1, 1)]
    with pytest.raises(NotEntitled, match="twice"):
        decides_as(wanted, decisions, {9}, ann)
    assert decides_as(wanted, decisions, {9}, ben) == 2
    decisions.append(Decision(2, 2))
    assert open_tier(wanted, decisions) == 1
    assert decides_as(wanted, decisions, {9}, cfo) == 3
    decisions.append(Decision(3, 3))
    assert (open_tier(wanted, decisions), is_agreed(wanted, decisions)) == (None, True)
    with pytest.raises(NotEntitled, match="decided"):
        decides_as(wanted, decisions, {9}, ben)


def test_one_refusal_ends_it():
    wanted = (Tier("approver", count=2),)
    decisions = [Decision(1, 1, APPROVE), Decision(2, 2, REFUSE)]
    assert open_tier(wanted, decisions) is None
    assert not is_agreed(wanted, decisions)


def test_nobody_decides_in_the_name_of_who_asked():
    """A asks, B holds A's delegation: A → B → A."""
    asker = Person(1, frozenset({"approver"}))
    with pytest.raises(NotEntitled, match="delegated_by_barred"):
        decides_as((Tier("approver"),), [], {asker.id}, Person(2), [asker])


def test_one_right_counts_once_whoever_uses_it():
    owner, hand = Person(1, frozenset({"approver"})), Person(2)
    wanted = (Tier("approver", count=2),)
    used = [Decision(2, 1)]
    with pytest.raises(NotEntitled, match="twice"):
        decides_as(wanted, used, {9}, owner)
    with pytest.raises(NotEntitled, match="delegated_twice"):
        decides_as(wanted, [Decision(1, 1)], {9}, hand, [owner])


DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("new", "others", "fault"),
    [
        ((1, 1, 0, 5), [], "self"),
        ((1, 2, 5, 0), [], "dates"),
        ((1, 2, 0, 366), [], "too_long"),
        ((1, 2, 0, 365), [], None),
        ((1, 2, 0, 5), [(2, 1, 5, 9)], "circle"),
        ((1, 2, 0, 5), [(2, 1, 6, 9)], None),
        ((1, 2, 0, 5), [(2, 3, 0, 9), (3, 1, 0, 9)], "circle"),
        ((1, 2, 0, 5), [(1, 3, 0, 9), (3, 2, 0, 9)], None),
    ],
)
def test_what_cannot_be_delegated(new, others, fault):
    def row(delegator, delegate, first, last):
        return Delegation(delegator, delegate, DAY + timedelta(first), DAY + timedelta(last))

    assert delegation_fault(row(*new), [row(*other) for other in others]) == fault


def test_what_is_no_policy():
    for wrong in (
        Tier,
        lambda: Tier("approver", count=0),
        lambda: Tier(people=frozenset({1}), count=2),
        lambda: Policy(1, ()),
        lambda: Policy(1, (Tier("approver"),), kind="unheard of"),
        lambda: Policy(1, (Tier("approver"),), amount_from=Decimal(-1)),
        lambda: Policy(1, (Tier("approver"),), amount_from=Decimal(1)),
        lambda: Subject("unheard of", 1),
    ):
        with pytest.raises(ValueError):
            wrong()
    assert set(KINDS) > MONEY_KINDS


def test_an_approval_ends():
    now = datetime(2026, 3, 2, 15, tzinfo=timezone.utc)
    assert deadline(now, 24) == datetime(2026, 3, 3, 15, tzinfo=timezone.utc)
    for hours in (0, -1, MAX_HOURS + 1):
        with pytest.raises(ValueError):
            deadline(now, hours)


def test_words_may_change_what_would_change_may_not():
    row = {"field": "state", "label": "State", "before": "draft", "after": "live"}
    preview = {"rows": [row], "notes": ["Good to know"]}
    other_words = {"rows": [{**row, "label": "Zustand"}], "notes": []}
    assert content_digest(preview_core(preview)) == content_digest(preview_core(other_words))
    for name, value in (("before", "shadow"), ("after", "retired"), ("field", "mode")):
        changed = {"rows": [{**row, name: value}]}
        assert content_digest(preview_core(preview)) != content_digest(preview_core(changed))
    with pytest.raises(TypeError):
        content_digest({"amount": 1.5})


def test_what_is_several_kinds_at_once_needs_what_the_most_demanding_asks_for():
    one = Policy(id=1, tiers=(Tier(group=1, people=frozenset(), count=1),))
    two = Policy(id=2, tiers=(Tier(group=1, people=frozenset(), count=2),), kind="mapping", company=7)
    subjects = [Subject("bundle", 7), Subject("mapping", 7)]
    assert choose([one, two], subjects[0]) is one
    assert choose_for_all([one, two], subjects) is two
    assert choose_for_all([one, two], [Subject("bundle", 8), Subject("mapping", 8)]) is one
    assert choose_for_all([two], [Subject("bundle", 7)]) is None


def test_previews_are_compared_without_which_sentence_a_text_is():
    """A version that tells it beside the text does not make older requests outdated; another text does."""
    bare = {"rows": [], "entries": [{"change": "unchanged", "title": "2 events"}], "digest": "d"}
    told = {
        **bare,
        "entries": [{**bare["entries"][0], "words": {"title": ["replay_unchanged", {"events": 2}]}}],
    }
    assert preview_facts(bare) == preview_facts(told)
    assert preview_core(bare) != preview_core(told)
    other = {**told, "entries": [{**told["entries"][0], "title": "3 events"}]}
    assert preview_facts(other) != preview_facts(told)
