# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a request would change is kept in English with the sentence that it is, so everybody reads his language."""

import json

import pytest

from odoo.addons.finance_integration.engine.preview_words import WORDS, told


def test_a_part_holds_its_texts_and_which_sentences_they_are():
    row = told(
        {"field": "date", "before": "2026-03-02"},
        label="accounting_date",
        after=("first_open_day", {"day": "x"}),
    )
    assert row == {
        "field": "date",
        "before": "2026-03-02",
        "label": "Accounting date",
        "after": "first open day after x",
        "words": {"label": ["accounting_date", {}], "after": ["first_open_day", {"day": "x"}]},
    }
    # As it comes back from the database: a request is compared with what would change by now.
    assert json.loads(json.dumps(row)) == row


def test_a_part_that_says_something_already_keeps_it():
    row = told(told({}, label="stays"), after="taken_back")
    assert row["words"] == {"label": ["stays", {}], "after": ["taken_back", {}]}
    assert (row["label"], row["after"]) == ("stays", "taken back")


def test_a_sentence_that_nobody_knows_is_a_fault_of_the_program():
    with pytest.raises(KeyError):
        told({}, label="no such sentence")


def test_every_sentence_can_be_filled():
    facts = dict.fromkeys(("what", "same", "all", "day", "days", "entry", "account", "item"), "x")
    facts |= dict.fromkeys(("events", "amount", "currency", "lines", "count"), "x")
    assert all("%(" not in told({}, text=(code, facts))["text"] for code in WORDS)
