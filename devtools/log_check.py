"""Warnings and errors in an Odoo server log are failures unless they are on the short list."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .log_allow import ALLOWED, Allowed

RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ "
    r"(?P<level>[A-Z]+) (?P<database>\S+) (?P<logger>[^\s:]+): (?P<text>.*)$"
)
BAD_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})
TEST_LOGGER = "devtools.current_test"
SHOWN_LINES = 12


@dataclass
class Record:
    """One record of the log with the lines that belong to it."""

    level: str
    logger: str
    text: str
    more: list[str] = field(default_factory=list)
    test: str = ""

    @property
    def message(self) -> str:
        """The whole text of the record."""
        return "\n".join([self.text, *self.more])


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Group the lines of a log into records; note during which test each was written."""
    current, test = None, ""
    for line in lines:
        match = RECORD.match(line.rstrip("\n"))
        if not match:
            if current is not None:
                current.more.append(line.rstrip("\n"))
            continue
        if current is not None:
            yield current
        if match["logger"] == TEST_LOGGER:
            current, test = None, match["text"]
            continue
        current = Record(match["level"], match["logger"], match["text"], test=test)
    if current is not None:
        yield current


def unexpected(lines: Iterable[str], allowed: tuple[Allowed, ...] = ALLOWED) -> list[Record]:
    """The records that should not be there."""
    return [
        record
        for record in records(lines)
        if record.level in BAD_LEVELS
        and not any(entry.matches(record.logger, record.message) for entry in allowed)
    ]


def check_file(log: Path) -> list[Record]:
    """The unexpected records of a log file."""
    if not log.is_file():
        return []
    with log.open(encoding="utf-8", errors="replace") as stream:
        return unexpected(stream)


def describe(found: list[Record]) -> list[str]:
    """Lines for the person, each kind of record once."""
    kinds: dict[tuple[str, str, str], list[Record]] = {}
    for record in found:
        kinds.setdefault((record.level, record.logger, record.text), []).append(record)
    lines = []
    for (level, logger, text), group in kinds.items():
        times = f" (x{len(group)})" if len(group) > 1 else ""
        lines.append(f"{level} {logger}: {text}{times}")
        if group[0].test:
            lines.append(f"    during {group[0].test}")
        more = [line for line in group[0].more if line.strip()]
        shown = more if len(more) <= SHOWN_LINES else ["…", *more[-SHOWN_LINES:]]
        lines.extend(f"    {line}" for line in shown)
    return lines
