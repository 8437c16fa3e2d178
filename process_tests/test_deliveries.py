# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Real servers, a real kill between "sent" and "recorded" (E8). ``./dev faults`` has the longer ones."""

import pytest

from devtools import environment
from faults.outcome import Outcome
from faults.scenarios import lost_answers

SEED = 7


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


@pytest.mark.patient
def test_what_a_killed_server_had_sent_is_asked_for_and_arrives_once(env):
    outcome = Outcome("lost-answers")
    lost_answers.killed_while_sending(env, outcome, SEED)
    assert outcome.problems == []
