"""What the upgrade check calls a loss, a gain and a difference."""

from unittest import mock

from devtools import upgrade, upgrade_facts
from devtools.upgrade_facts import Facts, gains, losses, schema_differences

COLUMNS = {"account_move": ("id", "name"), "integration_audit_leaf": ("id", "digest")}


def facts(moves=3, leaves=5, digest="a", columns=None, **more):
    rows = {"account_move": moves, "integration_audit_leaf": leaves, "integration_lane": 2, **more}
    columns = columns or COLUMNS
    return Facts(rows, dict.fromkeys(columns, (9, digest)), columns)


def compared(before, after, now="a"):
    with mock.patch.object(upgrade_facts, "digest", return_value=(9, now)) as asked:
        found = losses(before, after)
    return found, asked


def test_the_same_is_no_loss_and_only_the_older_rows_are_compared():
    found, asked = compared(facts(), facts(leaves=8))
    assert found == []
    assert [call.args[2:] for call in asked.call_args_list] == [
        ("account_move", ("id", "name"), 9),
        ("integration_audit_leaf", ("id", "digest"), 9),
    ]


def test_fewer_rows_more_entries_other_contents_and_lost_columns_are_told():
    assert compared(facts(), facts(moves=2))[0] == ["account_move has 2 rows instead of 3"]
    assert compared(facts(), facts(moves=4))[0] == ["account_move has 4 rows instead of 3"]
    assert compared(facts(), facts(), now="b")[0] == [
        "the contents of account_move have changed",
        "the contents of integration_audit_leaf have changed",
    ]
    lost = facts(columns={"account_move": ("id",), "integration_audit_leaf": ("id", "digest")})
    assert compared(facts(), lost)[0] == ["account_move has lost {'name'}"]


def test_a_table_may_go_when_it_was_empty():
    before, after = facts(integration_old=0, integration_older=1), facts()
    assert compared(before, after)[0] == ["the table integration_older is gone with its 1 rows"]


def test_a_second_upgrade_must_add_nothing():
    assert gains(facts(), facts()) == []
    assert gains(facts(), facts(leaves=6)) == ["a second upgrade added 1 rows to integration_audit_leaf"]


def test_the_schema_is_that_of_a_fresh_database():
    fresh = {"column": {"a.x int4"}, "index": {"one"}, "trigger": {"guard"}}
    upgraded = {"column": {"a.x int4", "a.old int4"}, "index": {"one", "stale"}, "trigger": set()}
    # Odoo keeps the columns of fields that are gone.
    assert schema_differences(fresh, upgraded) == ["left over index: stale", "missing trigger: guard"]


def test_a_commit_that_is_not_there_is_a_sentence():
    try:
        upgrade.resolve("no-such-commit")
    except upgrade.Stop as problem:
        assert "no commit 'no-such-commit'" in str(problem)
    else:
        raise AssertionError("taken")
