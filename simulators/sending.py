# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How outside systems deliver their events: at least once, in no guaranteed order, patiently.

Vendors promise that and no more (for Stripe: https://docs.stripe.com/webhooks, retries for up to three
days, duplicates and disorder possible). Times are short here and every number of tries is bounded.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import requests
from urllib3.exceptions import HTTPError

from .clock import Clock, SystemClock, seconds

MAX_ANSWER_BYTES = 65_536


@dataclasses.dataclass(frozen=True)
class Event:
    """One event on its way: the same id always goes with the same bytes."""

    id: str
    type: str
    body: bytes


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the receiver said; status 0 = nothing, the connection failed."""

    status: int
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""

    @property
    def good(self) -> bool:
        """Return whether the receiver took the event."""
        return 200 <= self.status < 300


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One try of one delivery; ``number`` counts from 1."""

    event_id: str
    number: int
    answer: Answer


@dataclasses.dataclass(frozen=True)
class SendingPolicy:
    """How often a delivery is tried, and what the network does to a series of deliveries.

    ``duplicate_percent`` of the events are delivered twice; an event may be delivered up to
    ``reorder_window`` places from its own; ``pause_ms`` lies between two deliveries.
    """

    max_attempts: int = 5
    first_wait_ms: int = 250
    max_wait_ms: int = 5_000
    timeout_seconds: int = 20
    duplicate_percent: int = 0
    reorder_window: int = 0
    pause_ms: int = 0
    seed: int = 1


class Signer(Protocol):
    """Makes the headers that prove who sent an event."""

    def headers(self, event: Event, timestamp: int) -> dict[str, str]:
        """Return the headers for ``event`` sent at ``timestamp`` (seconds since 1970)."""


Post = Callable[[str, Mapping[str, str], bytes, int], Answer]


def post_over_http(url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: int) -> Answer:
    """Send a POST request; a connection that fails gives status 0. Redirects are not followed."""
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=timeout_seconds, allow_redirects=False, stream=True
        ) as answer:
            content = answer.raw.read(MAX_ANSWER_BYTES, decode_content=True)
            return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content)
    except (requests.RequestException, HTTPError, OSError):
        return Answer(0)


def disorder(events: Iterable[Event], policy: SendingPolicy) -> list[Event]:
    """Return the deliveries that the network makes of ``events``: some twice, some early or late."""
    chance = random.Random(f"disorder/{policy.seed}")
    placed: list[tuple[int, int, Event]] = []
    for place, event in enumerate(events):
        copies = 2 if chance.randrange(100) < policy.duplicate_percent else 1
        for _copy in range(copies):
            placed.append((place + chance.randint(0, policy.reorder_window), len(placed), event))
    placed.sort(key=lambda entry: entry[:2])
    return [event for _place, _number, event in placed]


class Sender:
    """Delivers events to one address and keeps count.

    ``post``, ``sleep_ms`` and ``clock`` can be replaced, so that a test needs neither socket nor time.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        policy: SendingPolicy | None = None,
        *,
        post: Post = post_over_http,
        clock: Clock | None = None,
        sleep_ms: Callable[[int], None] = lambda ms: time.sleep(ms / 1000),
        keep_attempts: int = 10_000,
    ):
        self.url = url
        self.signer = signer
        self.policy = policy or SendingPolicy()
        self.attempts: deque[Attempt] = deque(maxlen=keep_attempts)
        self.counts: Counter[str] = Counter()
        self._post = post
        self._clock = clock or SystemClock()
        self._sleep_ms = sleep_ms

    def deliver(
        self, event: Event, *, signer: Signer | None = None, max_attempts: int | None = None
    ) -> Answer:
        """Deliver one event, again and again until it is taken or the tries are spent.

        Returns the last answer.
        """
        tries = max_attempts or self.policy.max_attempts
        for number in range(1, tries + 1):
            timestamp = seconds(self._clock.now)
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "simulated-outside-system/1",
                **(signer or self.signer).headers(event, timestamp),
            }
            answer = self._post(self.url, headers, event.body, self.policy.timeout_seconds)
            self.attempts.append(Attempt(event.id, number, answer))
            self.counts["attempts"] += 1
            if answer.good:
                self.counts["delivered"] += 1
                return answer
            if number < tries:
                self._sleep_ms(self._wait_ms(number, answer))
        self.counts["given up"] += 1
        return answer

    def deliver_all(self, events: Iterable[Event]) -> list[Answer]:
        """Deliver a series under the policy's disorder and return the last answer to each delivery."""
        answers = []
        for event in disorder(events, self.policy):
            answers.append(self.deliver(event))
            if self.policy.pause_ms:
                self._sleep_ms(self.policy.pause_ms)
        return answers

    def _wait_ms(self, number: int, answer: Answer) -> int:
        wait = min(self.policy.first_wait_ms * 2 ** (number - 1), self.policy.max_wait_ms)
        asked = answer.headers.get("retry-after", "")
        if asked.isascii() and asked.isdigit() and len(asked) <= 6:
            wait = max(wait, int(asked) * 1000)
        return min(wait, self.policy.max_wait_ms)
