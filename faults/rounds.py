# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Break one thing while events come in, wait until everything is worked off again, measure; then the next thing."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import money_invariants
from .feed import Delivery, Feed
from .hub import LEFT, OPEN_OUT, RECOVERY_SECONDS, Hub
from .outcome import Outcome
from .shots import Volley

DELIVERIES = 14
CONNECTIONS = 4
TRIES = 3
PROMISED_SECONDS = 15


class Rounds:
    """The rounds of a scenario on one hub; ``acknowledged`` collects over all of them."""

    def __init__(self, hub: Hub, outcome: Outcome, feed: Feed):
        self.hub = hub
        self.outcome = outcome
        self.feed = feed
        self.acknowledged: dict[tuple[int, str], str] = {}
        # Odoo's first process ends when it finds no database while it replaces a worker.
        self.revived = 0

    def prepare(self) -> None:
        """Let the customers be known."""
        self._volley([self.feed.customer(party, 1) for party in self.feed.parties]).join(RECOVERY_SECONDS)
        self.settle()

    def play(self, name: str, breaking: Callable[[], str | None], deliveries: int = DELIVERIES) -> bool:
        """Send, break, wait until nothing is left; ``breaking`` returns what it did, None where it found nothing.

        Returns whether it was broken. The time from the breaking until everything is worked off is noted.
        """
        for _try in range(TRIES):
            volley = self._volley(self.feed.business(deliveries))
            said = breaking()
            began = time.monotonic()
            self._revive_until(lambda volley=volley: not volley.is_sending(), "everything is sent")
            self.settle()
            if said is None:
                continue
            seconds = time.monotonic() - began
            self.outcome.shots += 1
            self.outcome.kills += 1
            self.outcome.recovered_in(seconds)
            late = (
                ""
                if seconds <= PROMISED_SECONDS
                else f" (more than the {PROMISED_SECONDS} s that are promised)"
            )
            self.outcome.note(f"{name}: {said}; everything worked off {seconds:.1f} s later{late}")
            return True
        self.outcome.fail([f"{name}: there was nothing to break in {TRIES} tries"])
        return False

    def settle(self) -> None:
        """Wait until the inbox, the outbox and the money are worked off."""
        hub = self.hub
        self._revive_until(
            lambda: (
                not hub.one(LEFT)
                and not hub.one(OPEN_OUT)
                and not money_invariants.money_is_applied_to_its_invoice(hub)
            ),
            "everything is worked off",
        )

    def _revive_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; meanwhile start a server that has ended, as its service manager would."""

        def holds() -> bool:
            if not self.hub.server.is_running():
                self.revived += 1
                self.hub.restart()
            return condition()

        self.hub.wait(holds, RECOVERY_SECONDS, what)

    def _volley(self, deliveries: list[Delivery]) -> Volley:
        volley = Volley(self.hub, deliveries, connections=CONNECTIONS)
        # One memory for all rounds.
        volley.acknowledged.events = self.acknowledged
        return volley.start()


def wait_for(find: Callable[[], list], seconds: float = 15.0) -> list:
    """Return what ``find`` finds as soon as it finds something, [] after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.01)
    return []
