# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A short slice of ``./dev faults``: real servers, real connections, real kills (E1, E2, E3, E8, C3)."""

import pytest

from devtools import environment
from faults.outcome import Outcome
from faults.scenarios import at_once, bad_input, concurrency, crash_sweep, deliveries, kill_server
from simulators.partner.receiver import Troubles

SEED = 7


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


def held(scenario, env, **size):
    """Run a scenario in a small size; every invariant must hold."""
    outcome = Outcome(scenario.__name__)
    scenario(env, outcome, SEED, **size)
    assert outcome.problems == []


def test_the_same_event_over_many_connections_has_one_effect(env):
    held(concurrency.same_event, env, requests=50)


def test_two_contents_under_one_event_id_are_one_booking_and_one_conflict(env):
    held(concurrency.two_bodies, env, requests=50)


def test_overlapping_batches_store_each_event_once(env):
    held(at_once.batches, env, events=30, requests=16)


def test_a_question_asked_many_times_at_once_has_one_answer(env):
    held(at_once.questions, env, requests=40)


def test_bad_input_is_refused_or_kept_for_a_person(env):
    held(bad_input.run, env)


def test_a_killed_server_loses_nothing_and_books_nothing_twice(env):
    held(kill_server.run, env, deliveries=70, kills=1)


def test_a_bad_receiver_and_a_kill_do_not_keep_an_event_from_arriving(env):
    troubles = Troubles(percent=25, most=1, kinds=("500", "503", "reset"))
    held(deliveries.run, env, count=25, kills=1, troubles=troubles)


def test_what_is_killed_at_a_statement_goes_on_where_it_was(env):
    held(crash_sweep.run, env, every=90, only=("ingest", "drain", "delivery", "fetch"))


def test_a_sealer_that_is_killed_leaves_one_sound_chain(env):
    held(crash_sweep.run, env, every=7, only=("seal",))
