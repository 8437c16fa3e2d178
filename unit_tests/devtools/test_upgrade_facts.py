"""What the upgrade check calls a loss, a gain and a difference."""

import dataclasses
from decimal import Decimal
from unittest import mock

from devtools import paths, upgrade, upgrade_facts
from devtools.upgrade_facts import Facts, Match, declarations, declared, gains, losses, schema_differences

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


MATCH = Match(11, Decimal("80.00"), 12, Decimal("-80.00"), Decimal("80.00"))
MADE = "11|12|80.00"
ITEMS = ("11|0.00|3", "12|0.00|3")


class Books:
    """Answers of a database, in the order in which it is asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def sql(self, query, _database):
        self.asked.append(query)
        return list(self.answers.pop(0))


def upgraded(*answers, partials=1, now="a"):
    """Return what is wrong where one match was declared, and ``answers`` are what the books say of it."""
    columns = {"account_partial_reconcile": ("id",), "account_move_line": ("id", "amount_residual")}
    before = dataclasses.replace(facts(columns=columns, account_partial_reconcile=0), matches=(MATCH,))
    after = facts(columns=columns, account_partial_reconcile=partials)
    after.cluster, after.database = Books(*answers), "db"
    return compared(before, after, now)[0]


def test_a_declared_match_is_expected_once_and_exactly():
    assert upgraded([MADE], ITEMS) == []
    # A second match, another one, another amount, and none.
    for made in ([MADE, "13|14|5.00"], ["11|13|80.00"], ["11|12|79.99"], []):
        [told, *_count] = upgraded(made, partials=len(made))
        assert told.startswith("the upgrade declared the matches [(11, 12, Decimal('80.00'))] and made ["), (
            made
        )
    assert "account_partial_reconcile has 1 rows instead of 0" in upgraded([MADE, "13|14|5.00"], partials=2)


def test_the_items_of_a_declared_match_are_looked_at():
    assert upgraded([MADE], ["11|80.00|3", "12|0.00|3"]) == [
        "journal item 11: 80.00 is open, matching number 3"
    ]
    assert upgraded([MADE], ["11|0.00|3", "12|0.00|"]) == [
        "journal item 12: 0.00 is open, matching number none"
    ]
    # Of all other items nothing may change.
    assert "the contents of account_move_line have changed" in upgraded([MADE], ITEMS, now="b")


def test_only_what_a_match_changes_of_its_items_is_left_out_of_the_digest():
    books = Books(["9|x"], ["9|x"], ["9|x"])
    columns = ("id", "balance", "amount_residual")
    upgrade_facts.digest(books, "db", "account_move_line", columns, 9, (MATCH,))
    upgrade_facts.digest(books, "db", "account_move_line", columns, 9)
    upgrade_facts.digest(books, "db", "account_move", ("id", "amount_residual"), 9, (MATCH,))
    left_out = "CASE WHEN id NOT IN (11, 12) THEN amount_residual::text END"
    assert [left_out in query for query in books.asked] == [True, False, False]
    assert all('"id"::text' in query for query in books.asked)
    assert '"balance"::text' in books.asked[0]


def test_declarations_are_those_of_the_scripts_that_the_upgrade_runs():
    [payouts] = declarations(paths.ROOT / "migrations", "19.0.1.0.0")
    assert "integration_movement" in payouts
    assert list(declarations(paths.ROOT / "migrations", "19.0.1.1.0")) == []
    books = Books(["11|80.00|12|-80.00|80.00"])
    assert declared(books, "db", paths.ROOT / "migrations", "19.0.1.0.0") == (MATCH,)
    assert books.asked == [payouts]


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
