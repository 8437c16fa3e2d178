"""Warnings and errors in the server log are found, known ones are let through."""

from devtools import log_check
from devtools.log_allow import ALLOWED, Allowed

LOG = """2026-01-02 03:04:05,678 12 INFO db odoo.modules.loading: loading
2026-01-02 03:04:05,678 12 INFO db devtools.current_test: tests/test_a.py::A::test_one
2026-01-02 03:04:06,000 12 WARNING db odoo.models: a field is odd
  with a second line
2026-01-02 03:04:06,000 12 ERROR ? odoo.sql_db: bad query: b'CREATE EXTENSION IF NOT EXISTS pg_trgm'
ERROR: extension "pg_trgm" is not available
2026-01-02 03:04:07,000 12 WARNING db odoo.models: a field is odd
""".splitlines()


def test_unexpected_records_are_found_with_their_test():
    """The record, its further lines and the test during which it came."""
    found = log_check.unexpected(LOG)
    assert [(record.level, record.test) for record in found] == [
        ("WARNING", "tests/test_a.py::A::test_one"),
        ("WARNING", "tests/test_a.py::A::test_one"),
    ]
    assert found[0].message == "a field is odd\n  with a second line"


def test_the_same_record_is_told_once():
    """Two of a kind are one entry with a count."""
    lines = log_check.describe(log_check.unexpected(LOG))
    assert lines[0] == "WARNING odoo.models: a field is odd (x2)"
    assert "during tests/test_a.py::A::test_one" in lines[1]


def test_an_entry_of_the_list_is_for_one_logger():
    """The same words from elsewhere are not let through."""
    allowed = Allowed(r"odoo\.models", "odd", "a reason")
    assert allowed.matches("odoo.models", "a field is odd")
    assert not allowed.matches("odoo.models.more", "a field is odd")
    assert not log_check.unexpected(LOG[2:3], (allowed,))


def test_every_entry_has_a_reason():
    """The list stays short and explained."""
    assert all(len(entry.reason) > 20 for entry in ALLOWED)
    assert len(ALLOWED) < 15


def test_a_log_that_is_missing_holds_nothing(tmp_path):
    """A run that wrote no log has no warnings."""
    assert log_check.check_file(tmp_path / "none.log") == []
