# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Rights and duties as data: the tables fit together, and conflicts are found, refused and never invented."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import access
from odoo.addons.finance_integration.engine.access import matrix_document, segregation

ROOT = Path(__file__).resolve().parents[2]
GROUPS = sorted(
    {group for duty in access.DUTIES.values() for group in duty.groups}
    | {group for verb in access.VERBS.values() for group in verb.groups}
    | {"sales_team.group_sale_salesman"}
)
some_groups = st.sets(st.sampled_from(GROUPS))


def test_every_method_and_field_asks_for_a_right_that_exists():
    asked = {verb for names in access.METHODS.values() for verb in names.values()}
    asked |= {verb for names in access.FIELDS.values() for verb in names.values()}
    assert asked <= set(access.VERBS)
    # Asked for by the models themselves: of secrets when they are written, of contents when they are read.
    assert set(access.VERBS) - asked <= {"manage_credentials", "view_payload"}


def test_the_administrator_neither_approves_nor_resolves():
    for verb in ("approve", "resolve", "replay", "review_access", "view_payload"):
        assert access.ADMINISTRATOR not in access.VERBS[verb].groups, verb
    for verb in ("configure", "manage_credentials"):
        assert access.VERBS[verb].groups == (access.ADMINISTRATOR,)


def test_service_users_hold_no_right():
    assert not any(access.SERVICE in verb.groups for verb in access.VERBS.values())


def test_what_a_second_person_does_asks_for_a_second_factor():
    assert {name for name, verb in access.VERBS.items() if verb.second_factor} == {
        "approve",
        "decide",
        "manage_credentials",
        "review_access",
    }


@pytest.mark.parametrize("row", access.CONFLICTS, ids=lambda row: row.code)
def test_a_conflict_is_between_two_known_duties(row):
    assert row.first != row.second
    assert {row.first, row.second} <= set(access.DUTIES)
    assert row.level in segregation.LEVELS
    assert row.why
    # One group must not make the conflict by itself: nobody could hold it.
    assert not set(access.DUTIES[row.first].groups) & set(access.DUTIES[row.second].groups)


def test_a_pair_stands_once_in_the_matrix():
    pairs = [frozenset((row.first, row.second)) for row in access.CONFLICTS]
    assert len(set(pairs)) == len(pairs)
    assert len({row.code for row in access.CONFLICTS}) == len(access.CONFLICTS)


def test_administrator_and_approver_conflict():
    [row] = access.conflicts_of([access.ADMINISTRATOR, access.APPROVER])
    assert row.code == "administer_approve"
    assert all(
        access.is_refused(row, policy, real) for policy in segregation.POLICIES for real in (True, False)
    )


def test_pairs_for_real_books_are_refused_by_policy():
    [row] = access.conflicts_of([access.ADMINISTRATOR, "account.group_account_invoice"])
    assert [
        (policy, real)
        for policy in segregation.POLICIES
        for real in (False, True)
        if access.is_refused(row, policy, real)
    ] == [("production", True), ("strict", False), ("strict", True)]
    with pytest.raises(ValueError, match="unknown policy"):
        access.is_refused(row, "loose", in_production=True)


@given(some_groups, some_groups)
def test_more_rights_never_mean_fewer_conflicts(one, other):
    assert set(access.conflicts_of(one)) <= set(access.conflicts_of(one | other))


@given(some_groups, some_groups)
def test_taking_away_is_never_a_new_conflict(one, other):
    assert access.new_conflicts(one | other, one) == ()
    assert set(access.new_conflicts(one, one | other)) == set(access.conflicts_of(one | other)) - set(
        access.conflicts_of(one)
    )


@given(some_groups)
def test_a_conflict_needs_a_group_of_both_sides(groups):
    for row in access.conflicts_of(groups):
        for duty in (row.first, row.second):
            assert groups & set(access.DUTIES[duty].groups)


def test_acts_that_stand_against_each_other():
    assert access.opposing("change.approve", ["change.withdraw", "change.ask"]) == "change.ask"
    assert access.opposing("change.approve", ["change.approve", "message.retry"]) is None
    assert access.opposing("credential.approve", ["credential.rotate"]) == "credential.rotate"
    assert access.opposing("credential.approve", ["credentials"]) is None
    assert access.opposing("bank.trust", []) is None
    with pytest.raises(KeyError):
        access.opposing("no such act", [])


@pytest.mark.parametrize("act", sorted(access.ACTS))
def test_each_act_is_opposed_by_each_of_its_list_and_by_no_stranger(act):
    for name in access.ACTS[act]:
        assert access.opposing(act, ["message.done", name + "x" if name.endswith(".") else name])
    assert access.opposing(act, ["message.done", "connection.activate"]) is None


def test_the_policy_s_pairs_are_there():
    """The pairs of the accounting policy, each at least as an act or as a pair of rights."""
    acts = {(act, against) for act, rows in access.ACTS.items() for against in rows}
    wanted = {
        ("bank.trust", "bank.create"), ("payment.release", "bank.trust"), ("payment.release", "bill.enter"),
        ("mapping.approve", "mapping.create"), ("replay.approve", "replay.request"), ("journal.review", "journal.post"),
        ("task.review", "task.prepare"), ("reconciliation.review", "reconciliation.prepare"),
        ("late_posting.ask", "lock.set"), ("cash.apply", "credit_note.issue"), ("fx_task.sign", "rate.change"),
        ("override.approve", "override.ask"),
    }  # fmt: skip
    assert wanted <= acts


def test_the_page_is_generated_from_the_tables():
    rights = (ROOT / "security" / "ir.model.access.csv").read_text(encoding="utf-8")
    page = matrix_document.markdown(rights)
    assert (ROOT / "docs" / matrix_document.FILE_NAME).read_text(encoding="utf-8") == page
    for names in access.METHODS.values():
        assert all(f"`{name}`" in page for name in names)


def test_the_page_says_what_the_file_of_access_rights_says():
    text = "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
    text += "a,a,model_integration_thing,group_auditor,1,0,0,0\nb,b,model_integration_thing,group_operator,1,1,0,0\n"
    assert "| `integration.thing` | r | rw | rw |  | r |  |" in matrix_document.markdown(text)


def test_nobody_but_administrators_reads_secrets():
    text = (ROOT / "security" / "ir.model.access.csv").read_text(encoding="utf-8")
    rows = [
        row
        for row in csv.DictReader(io.StringIO(text))
        if row["model_id:id"] == "model_integration_credential"
    ]
    assert {row["group_id:id"] for row in rows} == {"group_administrator"}


def test_what_shows_a_duty_shows_one_of_the_matrix():
    assert set(access.DUTY_ACTIONS) <= set(access.DUTIES)
    assert access.duty_of("change.approve") == "approve"
    assert access.duty_of("credential.propose") == "administer_connections"
    assert access.duty_of("credentials") is None
    assert access.duty_of("message.done") is None
    names = [name for duty in access.DUTY_ACTIONS.values() for name in duty]
    assert len(names) == len(set(names))


@given(st.sets(st.sampled_from(sorted(access.DUTIES))))
def test_both_halves_are_found_and_never_one_alone(done):
    found = access.conflicts_done(done)
    assert {row.code for row in found} == {
        row.code for row in access.CONFLICTS if {row.first, row.second} <= done
    }
