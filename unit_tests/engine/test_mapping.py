# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a code means on a day: one answer per day, whatever is changed, and nothing else changes with it (M2)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import mapping
from odoo.addons.finance_integration.engine.errors import BusinessError, MissingReferenceError
from odoo.addons.finance_integration.engine.mapping import Table, Verdict, Version

START = date(2026, 1, 1)
DAYS = [START + timedelta(days=number) for number in range(-3, 33)]
ends = st.one_of(st.none(), st.sampled_from(DAYS[3:-3]))


def version(number, valid_from=None, valid_until=None, value="A", target="x", **facts):
    return Version(number, "tax", value, valid_from, valid_until, target, **facts)


@st.composite
def histories(draw):
    """Versions of one value without a day in common, in any order, some with gaps between them."""
    cuts = sorted(draw(st.sets(st.sampled_from(DAYS[3:-3]), max_size=6)))
    spans, begin = [], None
    for cut in cuts:
        spans.append((begin, cut))
        begin = cut + timedelta(days=1)
    spans.append((begin, None))
    kept = [span for span in spans if draw(st.booleans())]
    return draw(st.permutations([version(n, *span, target=f"t{n}") for n, span in enumerate(kept, 1)]))


def after(versions, steps, new):
    """Return the versions in force when a change was carried out."""
    by_id = {row.id: row for row in versions}
    cut = dict(steps.cut)
    left = []
    for row in versions:
        if row.id in steps.replaced:
            continue
        until = cut.get(row.id, row.valid_until)
        left.append(version(row.id, row.valid_from, until, target=row.target))
    left += [
        version(100 + n, first, last, target=by_id[old].target)
        for n, (old, first, last) in enumerate(steps.continued)
    ]
    return left + ([new] if new else [])


@given(histories(), ends, ends)
def test_a_change_gives_its_days_the_new_meaning_and_no_other_day(versions, valid_from, valid_until):
    if valid_from and valid_until and valid_until < valid_from:
        with pytest.raises(ValueError):
            mapping.plan_change(versions, valid_from, valid_until)
        return
    new = version(99, valid_from, valid_until, target="new")
    changed = after(versions, mapping.plan_change(versions, valid_from, valid_until), new)
    for day in DAYS:
        meanings = [row.target for row in changed if row.holds_on(day)]
        before = [row.target for row in versions if row.holds_on(day)]
        assert meanings == (["new"] if new.holds_on(day) else before)


@given(histories(), ends, ends)
def test_an_end_takes_its_days_away_and_leaves_the_others(versions, valid_from, valid_until):
    if valid_from and valid_until and valid_until < valid_from:
        return
    ended = after(versions, mapping.plan_change(versions, valid_from, valid_until), None)
    span = version(0, valid_from, valid_until)
    for day in DAYS:
        meanings = [row.target for row in ended if row.holds_on(day)]
        assert meanings == (
            [] if span.holds_on(day) else [row.target for row in versions if row.holds_on(day)]
        )


@given(ends, ends, ends, ends)
def test_overlap_is_a_day_in_common(first_from, first_until, from_, until):
    if (first_from and first_until and first_until < first_from) or (from_ and until and until < from_):
        return
    common = [
        day
        for day in DAYS
        if version(1, first_from, first_until).holds_on(day) and version(2, from_, until).holds_on(day)
    ]
    assert mapping.overlaps(first_from, first_until, from_, until) == bool(common)


@given(histories(), st.sampled_from(DAYS), st.booleans())
def test_a_value_has_one_answer_per_day(versions, day, with_default):
    default = [version(50, value="*", target="any other")] if with_default else []
    table = Table([*versions, *default])
    answer = table.look_up("tax", "A", day)
    counting = [row for row in versions if row.holds_on(day)]
    assert len(counting) <= 1
    if counting:
        assert (answer.verdict, answer.version) == (Verdict.EXACT, counting[0])
    elif versions:
        assert answer.verdict is Verdict.EXPIRED  # never the default: somebody has ended it
    else:
        assert answer.verdict is (Verdict.DEFAULT if with_default else Verdict.MISSING)


def test_kinds_and_values_are_kept_apart():
    table = Table([version(1, value="A"), Version(2, "account", "A", None, None, "y")])
    assert table.kinds == {"tax", "account"}
    assert table.look_up("account", "A", START).version.target == "y"
    assert table.look_up("journal", "A", START).verdict is Verdict.MISSING
    assert table.look_up("tax", "a", START).verdict is Verdict.MISSING  # codes are taken to the letter


def test_first_and_last_day_belong_to_a_version():
    table = Table([version(1, START, START + timedelta(days=1))])
    verdicts = [table.look_up("tax", "A", START + timedelta(days=n)).verdict for n in (-1, 0, 1, 2)]
    assert verdicts == [Verdict.EXPIRED, Verdict.EXACT, Verdict.EXACT, Verdict.EXPIRED]


def test_the_nearest_version_is_named_where_none_counts():
    table = Table([version(1, None, START), version(2, START + timedelta(days=20), None)])
    assert table.look_up("tax", "A", START + timedelta(days=3)).version.id == 1
    assert table.look_up("tax", "A", START + timedelta(days=18)).version.id == 2


@pytest.mark.parametrize(
    ("versions", "code"),
    [
        ([], "mapping_missing"),
        ([version(1, None, START - timedelta(days=1))], "mapping_expired"),
        ([version(1, usable=False)], "mapping_target_archived"),
        ([version(1, value="*", usable=False)], "mapping_target_archived"),
    ],
)
def test_what_cannot_be_booked_has_its_own_error(versions, code):
    with pytest.raises(MissingReferenceError) as refused:
        Table(versions).resolve("tax", "A", START, "Tax")
    assert refused.value.code == code
    # One cause for all days: the day is no parameter, parameters make the cause.
    assert refused.value.params == {"mapping": "Tax", "value": "A", "code": "tax"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "empty"), ("  ", "empty"), (None, "empty"), ("x" * 256, "too long"), ("x" * 1_000_000, "too long"),
     ("a\nb", "not printable"), ("a\x00b", "not printable")],
)  # fmt: skip
def test_a_code_that_nobody_can_read_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        mapping.clean_value(text)


def test_a_code_is_kept_without_blanks_around_it():
    assert mapping.clean_value(" VAT 20 ") == "VAT 20"
    assert (
        mapping.clean_value("=1+1") == "=1+1"
    )  # a code may look like a formula; only a spreadsheet must not run it


# -- analytic shares -----------------------------------------------------------------------------------------


def plan_of(account):
    return account // 10


@st.composite
def whole(draw, plan):
    """A distribution over accounts of one plan that adds up to 100."""
    accounts = draw(st.sets(st.integers(plan * 10, plan * 10 + 9), min_size=1, max_size=4))
    cuts = sorted(draw(st.sets(st.integers(1, 99), min_size=len(accounts) - 1, max_size=len(accounts) - 1)))
    edges = [0, *cuts, 100]
    return {str(account): edges[n + 1] - edges[n] for n, account in enumerate(sorted(accounts))}


@given(whole(1), whole(2), whole(3))
def test_codes_of_different_plans_multiply_and_stay_whole(one, two, three):
    together = mapping.combine([one, two, three], plan_of)
    assert mapping.broken_plan(together, plan_of) is None
    for distribution in (one, two, three):
        for account, share in distribution.items():
            assert sum(s for key, s in together.items() if account in key.split(",")) == share


@given(whole(1))
def test_one_code_stays_as_it_is(one):
    assert mapping.combine([one], plan_of) == {key: Decimal(share) for key, share in one.items()}


@given(whole(1), whole(1))
def test_two_codes_of_one_plan_contradict_each_other(one, two):
    with pytest.raises(BusinessError) as refused:
        mapping.combine([one, two], plan_of)
    assert refused.value.code == "analytic_contradiction"


@pytest.mark.parametrize(
    ("distribution", "plan"),
    [({"11": 100}, None), ({"11": 60, "12": 40}, None), ({"11,21": 60, "12": 40}, 2), ({"11": 99}, 1),
     ({"11": 33.33, "12": 33.33, "13": 33.34}, None), ({"11": 60.5, "12": 40}, 1)],
)  # fmt: skip
def test_each_plan_gets_exactly_100_percent(distribution, plan):
    assert mapping.broken_plan(distribution, plan_of) == plan


@pytest.mark.parametrize(
    "distribution",
    [{}, None, [], {"x": 100}, {"11": 0}, {"11": -5, "12": 105}, {"11,12": 100}, {"11": True}, {"11": float("nan")},
     {"": 100}, {str(n): 1 for n in range(1001)}],
)  # fmt: skip
def test_what_is_no_distribution_is_refused(distribution):
    with pytest.raises((ValueError, ArithmeticError)):
        mapping.broken_plan(distribution, plan_of)


# -- lists of codes ------------------------------------------------------------------------------------------


def test_a_list_of_codes_does_not_run_in_a_circle():
    above = {"B": "A", "C": "B", "X": "Y", "Y": "X"}
    assert mapping.circle_above("A", "C", above) == "B"
    assert mapping.circle_above("A", "A", {}) == "A"
    assert mapping.circle_above("D", "C", above) is None
    assert mapping.circle_above("D", None, above) is None
    assert (
        mapping.circle_above("D", "X", above) is None
    )  # a circle of others is not this code's, and ends the walk


@given(st.dictionaries(st.sampled_from("ABCDEF"), st.sampled_from("ABCDEF")), st.sampled_from("ABCDEF"))
def test_whoever_finds_no_circle_adds_none(above, parent):
    above.pop("Z", None)
    if mapping.circle_above("Z", parent, above) is None:
        way, step = [], parent
        while step is not None and step not in way:
            way.append(step)
            step = above.get(step)
        assert "Z" not in way
