# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's receiver: what it refuses, what it remembers, how it fails."""

import json
import threading
from collections import Counter
from datetime import datetime, timezone

import pytest
import requests

from simulators.clock import SimulatedClock
from simulators.local_server import MAX_BODY_BYTES, serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import PartnerSigner, make_secret
from simulators.sending import Event, Sender, SendingPolicy

START = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)
NOW = 1_790_848_800
SECRET = make_secret("receiver")
RELIABLE = Troubles(percent=0)


def event(number=1, body=None):
    content = {"type": "invoice.posted", "n": number} if body is None else body
    return Event(f"msg_{number}", "invoice.posted", json.dumps(content).encode())


def receiver(troubles=RELIABLE, **options):
    return Receiver([SECRET], troubles=troubles, clock=SimulatedClock(START), **options)


def give(taker, given, **changed):
    headers = {**PartnerSigner(SECRET).headers(given, NOW), **changed}
    return taker.receive({name.title(): value for name, value in headers.items()}, given.body)


def test_a_signed_event_is_taken_once_however_often_it_comes():
    taker = receiver()
    for _time in range(3):
        verdict = give(taker, event())
        assert (verdict.status, verdict.body) == (200, {"received": "msg_1"})
    assert [(entry.id, entry.deliveries) for entry in taker.received()] == [("msg_1", 3)]
    assert taker.counts == Counter({"duplicates": 2, "received": 1})


def test_the_same_id_with_another_body_is_a_conflict_and_changes_nothing():
    taker = receiver()
    give(taker, event())
    assert give(taker, event(1, {"type": "invoice.posted", "n": 2})).status == 409
    assert taker.received()[0].body == event().body
    assert taker.counts["conflicts"] == 1


def test_what_is_not_signed_is_refused_and_not_kept():
    taker = receiver()
    assert give(taker, event(), **{"webhook-signature": "v1,AAAA"}).status == 401
    assert taker.receive({}, b"{}").status == 401
    assert (taker.received(), taker.counts["refused"]) == ([], 2)


@pytest.mark.parametrize("body", ["text", [1], {"kind": "x"}, None])
def test_a_signed_body_that_is_no_event_is_malformed(body):
    taker = receiver()
    given = Event("msg_1", "", json.dumps(body).encode())
    assert give(taker, given).status == 400
    assert taker.received() == []


def test_troubles_follow_from_the_seed_and_end():
    troubles = Troubles(percent=60, most=3)
    first = [troubles.of(7, f"msg_{number}", attempt) for number in range(200) for attempt in (1, 2, 3, 4)]
    assert first == [troubles.of(7, f"msg_{n}", attempt) for n in range(200) for attempt in (1, 2, 3, 4)]
    assert first != [troubles.of(8, f"msg_{n}", attempt) for n in range(200) for attempt in (1, 2, 3, 4)]
    assert set(first) == {None, *troubles.kinds}
    assert not any(first[3::4]), "the fourth try always succeeds"
    assert 80 < sum(kind is not None for kind in first[0::4]) < 160


def test_every_event_arrives_in_the_end():
    taker = receiver(Troubles(percent=100, most=2))
    for number in range(50):
        given = event(number)
        verdicts = [give(taker, given) for _try in range(3)]
        assert verdicts[-1].status == 200
        for verdict in verdicts[:-1]:
            assert verdict.status in (0, 200, 500, 503)
            assert (verdict.status == 503) is ("Retry-After" in verdict.headers)
    assert taker.counts["received"] == 50
    assert {entry.id for entry in taker.received()} == {f"msg_{number}" for number in range(50)}


def test_a_timeout_takes_the_event_without_saying_so():
    taker = receiver(Troubles(percent=100, most=1, kinds=("timeout",)))
    verdict = give(taker, event())
    assert verdict.action == "timeout"
    assert len(taker.received()) == 1
    assert give(taker, event()).action == "answer"
    assert taker.counts["duplicates"] == 1


def test_memory_is_bounded():
    taker = receiver(keep=5)
    for number in range(20):
        give(taker, event(number))
    assert [entry.id for entry in taker.received()] == [f"msg_{number}" for number in range(15, 20)]


def test_a_receiver_needs_a_secret():
    with pytest.raises(ValueError, match="believe anybody"):
        Receiver([])


def test_over_the_wire():
    taker = Receiver(
        [SECRET], seed=3, troubles=Troubles(percent=100, most=1, kinds=("500", "503", "reset", "timeout"))
    )
    with serving(receiver_server(taker, timeout_seconds=0)) as server:
        sender = Sender(
            server.url + PATH, PartnerSigner(SECRET), SendingPolicy(max_attempts=4), sleep_ms=lambda _ms: None
        )
        answers = [sender.deliver(event(number)) for number in range(30)]
        assert [answer.status for answer in answers] == [200] * 30
        assert [json.loads(answer.body) for answer in answers] == [
            {"received": f"msg_{n}"} for n in range(30)
        ]
        report = requests.get(server.url + "/_sim/received", timeout=5).json()
        assert (report["count"], report["events"][0]["body"]["n"]) == (30, 0)
        assert {kind for kind in report["counts"] if kind.startswith("trouble")} == {
            "trouble 500",
            "trouble 503",
            "trouble reset",
            "trouble timeout",
        }
        assert 0 in {attempt.answer.status for attempt in sender.attempts}, (
            "a reset shows as a failed connection"
        )
        assert requests.post(server.url + "/elsewhere", data=b"{}", timeout=5).status_code == 404
        assert server.server_address[0] == "127.0.0.1"


def test_the_server_reads_no_more_than_it_allows():
    with serving(receiver_server(receiver())) as server:
        answer = requests.post(
            server.url + PATH, headers={"Content-Length": str(MAX_BODY_BYTES + 1)}, timeout=5
        )
        assert answer.status_code == 413
        chunked = requests.post(server.url + PATH, data=iter([b"{}"]), timeout=5)
        assert chunked.status_code == 411


def test_many_at_once_are_all_answered():
    taker = receiver()
    results = []
    with serving(receiver_server(taker)) as server:

        def one(number):
            given = event(number)
            headers = PartnerSigner(SECRET).headers(given, NOW)
            results.append(
                requests.post(server.url + PATH, data=given.body, headers=headers, timeout=10).status_code
            )

        threads = [threading.Thread(target=one, args=(number % 8,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [200] * 24
    assert (taker.counts["received"], taker.counts["duplicates"]) == (8, 16)


def ask(taker, number, secret=SECRET):
    signed = PartnerSigner(secret).headers(Event(f"msg_{number}", "question", b""), NOW)
    return taker.asked(signed, f"msg_{number}")


def test_it_says_what_it_has_and_only_to_whom_it_knows():
    taker = receiver()
    assert ask(taker, 1).status == 404
    give(taker, event(1))
    assert (ask(taker, 1).status, ask(taker, 1).body) == (200, {"received": "msg_1"})
    assert ask(taker, 1, make_secret("stranger")).status == 401
    assert taker.received()[0].deliveries == 1
    assert ask(receiver(knows_the_question=False), 1).status == 405


def test_it_takes_over_first_and_confirms_when_it_is_through():
    taker = receiver(confirms="later")
    taken = give(taker, event())
    assert (taken.status, taken.body["status"]) == (202, "accepted")
    taker.settle("msg_1")
    assert (ask(taker, 1).status, ask(taker, 1).body["status"]) == (200, "received")


@pytest.mark.parametrize("kind", ["redirect", "garbage", "401", "422", "huge", "500", "429", "hang"])
def test_each_trouble_leaves_the_event_outside(kind):
    taker = receiver(Troubles(percent=100, most=1, kinds=(kind,)))
    verdict = give(taker, event())
    assert taker.received() == []
    if kind == "429":
        assert (verdict.status, verdict.headers["Retry-After"]) == (429, "1")
    assert give(taker, event()).status == 200


def test_one_event_twice_at_the_same_time_is_noticed():
    taker = receiver()
    taker.at_work("a", 1)
    taker.at_work("b", 1)
    assert taker.most_at_once == 1
    taker.at_work("a", 1)
    assert taker.most_at_once == 2
