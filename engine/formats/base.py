# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the readers of all formats share: limits, and what a file yields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..batch import NO_TOTALS, ControlTotals
from ..errors import ContractError


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a file may be at most.

    ``max_ratio``       unpacked bytes per packed byte; counted only beyond ``free_unpacked_bytes``, because a
                        small file of blanks packs well without being a trap.
    ``max_unreadable``  records that cannot be read before reading stops.
    """

    max_bytes: int = 500_000_000
    max_unpacked_bytes: int = 2_000_000_000
    max_ratio: int = 200
    free_unpacked_bytes: int = 10_000_000
    max_record_characters: int = 1_000_000
    max_records: int = 5_000_000
    max_unreadable: int = 1000


@dataclasses.dataclass(frozen=True)
class Line:
    """One record as a format reads it.

    ``number``  counts records from 1; ``line`` is the line of the file on which it begins.
    ``value``   what it says (JSON value, or a row by column name); None where it could not be read.
    ``problem`` why it could not be read.
    """

    number: int
    line: int
    value: Any = None
    problem: ContractError | None = None


@dataclasses.dataclass(frozen=True)
class Trailer:
    """The control totals that the sender wrote into the file."""

    line: int
    totals: ControlTotals


@dataclasses.dataclass(frozen=True)
class FileEvent:
    """One event that a connector made of one record or of several that belong together.

    ``number``   counts events and unreadable records from 1: the position from which reading goes on.
    ``envelope`` and ``body``  as of a fetched event; None where the record could not be read (``problem``).
    ``totals``   how many records it took and what they sum up to.
    """

    number: int
    line: int
    envelope: Any = None
    body: Mapping[str, Any] | None = None
    totals: ControlTotals = NO_TOTALS
    problem: ContractError | None = None


def truncated(source: str, problem: str) -> ContractError:
    """Return the error for a file that is cut off."""
    return ContractError("file_truncated", problem, params={"source": source, "problem": problem})


def corrupt(source: str, problem: str) -> ContractError:
    """Return the error for a file that cannot be read at all."""
    return ContractError("file_corrupt", problem, params={"source": source, "problem": problem})


def too_large(source: str, problem: str) -> ContractError:
    """Return the error for a file beyond a limit."""
    return ContractError("file_too_large", problem, params={"source": source, "problem": problem})
