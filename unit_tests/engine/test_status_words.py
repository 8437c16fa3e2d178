# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The list of the hub's own status words holds every word that its contracts can say, each once."""

from typing import get_args, get_type_hints

import pytest

from odoo.addons.finance_integration.engine.canonical.customer import Customer
from odoo.addons.finance_integration.engine.canonical.movement import BalanceMovement, DisputeFacts
from odoo.addons.finance_integration.engine.canonical.queries import Decision
from odoo.addons.finance_integration.engine.status_words import ABOUT, STATUS_WORDS


def words(about):
    return {word.code for word in STATUS_WORDS if word.about == about}


def literal(document, field):
    return set(get_args(get_type_hints(document)[field]))


def test_each_word_stands_once_with_what_it_means():
    assert len({word.key for word in STATUS_WORDS}) == len(STATUS_WORDS) == 30
    assert {word.about for word in STATUS_WORDS} == set(ABOUT)
    assert all(word.label and word.code for word in STATUS_WORDS)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("customer", literal(Customer, "status")),
        ("movement", literal(BalanceMovement, "status")),
        ("dispute", literal(DisputeFacts, "state")),
        ("decision", set(get_args(Decision))),
    ],
)
def test_the_list_is_what_the_contracts_say(about, said):
    assert words(about) == said
