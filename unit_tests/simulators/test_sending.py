# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Delivery: at least once, bounded, patient, in any order; no sockets here."""

from collections import Counter
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from simulators.clock import SimulatedClock
from simulators.sending import Answer, Event, Sender, SendingPolicy, disorder
from simulators.stripe.webhook import HEADER, StripeSigner, signature

START = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)
NOW = 1_790_848_800


def events(count):
    return [Event(f"evt_{number}", "charge.succeeded", b"{%d}" % number) for number in range(count)]


class Post:
    """Answers as planned, then with 200, and keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def __call__(self, url, headers, body, timeout_seconds):
        self.sent.append((url, headers, body, timeout_seconds))
        return self.answers.pop(0) if self.answers else Answer(200)


def sender(post, slept, **policy):
    return Sender(
        "https://hub.example/in",
        StripeSigner("whsec_a"),
        SendingPolicy(**policy),
        post=post,
        clock=SimulatedClock(START),
        sleep_ms=slept.append,
    )


def test_every_try_is_signed_anew_and_the_body_stays_the_same():
    post, slept = Post(Answer(500), Answer(0), Answer(302)), []
    answer = sender(post, slept).deliver(events(1)[0])
    assert answer.status == 200
    assert [body for _url, _headers, body, _timeout in post.sent] == [b"{0}"] * 4
    expected = f"t={NOW},v1={signature(b'{0}', 'whsec_a', NOW)}"
    assert {headers[HEADER] for _url, headers, _body, _timeout in post.sent} == {expected}
    assert slept == [250, 500, 1_000]


def test_tries_are_bounded():
    post, slept = Post(*[Answer(503)] * 50), []
    hub = sender(post, slept, max_attempts=4, max_wait_ms=600)
    assert hub.deliver(events(1)[0]).status == 503
    assert (len(post.sent), slept) == (4, [250, 500, 600])
    assert hub.counts == Counter({"attempts": 4, "given up": 1})


def test_retry_after_is_honoured_but_never_beyond_the_limit():
    slept = []
    sender(Post(Answer(429, {"retry-after": "2"})), slept).deliver(events(1)[0])
    sender(Post(Answer(429, {"retry-after": "999999"})), slept).deliver(events(1)[0])
    sender(Post(Answer(429, {"retry-after": "soon"})), slept).deliver(events(1)[0])
    assert slept == [2_000, 5_000, 250]


def test_another_signer_and_a_single_try_for_a_forgery():
    post, slept = Post(Answer(401)), []
    answer = sender(post, slept).deliver(events(1)[0], signer=StripeSigner("whsec_b"), max_attempts=1)
    assert (answer.status, len(post.sent), slept) == (401, 1, [])
    assert post.sent[0][1][HEADER].endswith(signature(b"{0}", "whsec_b", NOW))


@given(st.integers(0, 60), st.integers(0, 100), st.integers(0, 8), st.integers(0, 5))
def test_disorder_loses_nothing_and_adds_only_copies(count, percent, window, seed):
    policy = SendingPolicy(duplicate_percent=percent, reorder_window=window, seed=seed)
    sent = disorder(events(count), policy)
    assert sent == disorder(events(count), policy)
    counted = Counter(event.id for event in sent)
    assert set(counted) == {event.id for event in events(count)}
    assert set(counted.values()) <= {1, 2}
    if not percent and not window:
        assert sent == events(count)
    if percent == 100:
        assert len(sent) == 2 * count


def test_a_series_is_delivered_with_its_copies():
    post, slept = Post(), []
    hub = sender(post, slept, duplicate_percent=100, pause_ms=5)
    assert [answer.status for answer in hub.deliver_all(events(3))] == [200] * 6
    assert slept == [5] * 6
