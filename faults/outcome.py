# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a scenario tells: what it did and measured, and what did not hold."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """Notes and failures of one scenario; printed while it runs."""

    name: str
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    shots: int = 0
    kills: int = 0
    slowest_recovery_seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def note(self, text: str) -> None:
        """Say what was done or measured."""
        self.notes.append(text)
        print(f"    {text}", flush=True)

    def expect(self, what: str, got: object, wanted: object) -> None:
        """Compare; a difference is a failure."""
        if got != wanted:
            self.fail([f"{what}: {got!r} instead of {wanted!r}"])

    def fail(self, problems: list[str]) -> None:
        """Add what does not hold."""
        for text in problems:
            print(f"    BROKEN  {text}", flush=True)
        self.problems += problems

    def recovered_in(self, seconds: float) -> None:
        """Note how long it took until work went on; the longest is told."""
        self.slowest_recovery_seconds = max(self.slowest_recovery_seconds, seconds)

    def ended(self) -> None:
        """Take the time."""
        self.seconds = time.monotonic() - self.began
