"""Counts of test outcomes and the one closing line."""

import json
from dataclasses import dataclass
from pathlib import Path

PYTEST_OK, PYTEST_FAILED, PYTEST_NOTHING_RAN = 0, 1, 5


@dataclass(frozen=True)
class Outcome:
    """How many tests passed, failed (errors included) and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )

    def line(self) -> str:
        """The closing line."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def exit_code(self) -> int:
        """Zero only when something ran and nothing failed."""
        return 0 if self.passed and not self.failed else 1


def read(counts: Path, exit_code: int) -> Outcome:
    """The outcome of a pytest run: a run that broke off counts as a failure."""
    try:
        outcome = Outcome(**json.loads(counts.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        outcome = Outcome()
    if exit_code not in {PYTEST_OK, PYTEST_NOTHING_RAN} and not outcome.failed:
        outcome += Outcome(failed=1)
    return outcome
