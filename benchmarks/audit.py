# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the audit trail costs while invoices are posted, and how fast an export of it is verified."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from devtools.environment import Environment

from .invoices import Ways
from .rounds import Check, Figure, until_fit
from .stage import Stage

TOOL = Path(__file__).resolve().parent.parent / "tools" / "verify_audit.py"
COST_TARGET = 0.95
ENTRIES_PER_SECOND = 50_000
INVOICES = 200
ENTRIES = 200_000
SECONDS = 300


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Measure the share of the trail in the time of the drain, then seal, export and verify a long trail."""
    rounds, invoices, entries = (2, 60, 20_000) if quick else (5, INVOICES, ENTRIES)
    with Stage(env, "audit") as stage:
        ways = Ways(stage, {"drain": invoices})
        figures = until_fit(lambda: [_cost(stage, ways, rounds, say)], say)
        trail = _Trail(stage, entries)
        verified = until_fit(lambda: [trail.figure(rounds, say)], say)
        return [*figures, *verified], [trail.fast(), trail.whole()]


def _cost(stage: Stage, ways: Ways, rounds: int, say: Callable[[str], None]) -> Figure:
    """How fast the drain would be without its entries, as the part of its time that is spent otherwise."""
    ratios, told = [], []
    for _round in range(rounds):
        before = _spent(stage)
        speed = ways.speed("drain")
        entries, total = (now - then for now, then in zip(_spent(stage), before, strict=True))
        ratios.append(1 - entries / total)
        told.append(100 * entries / total)
        say(f"audit: {speed:.1f} invoices/s, {told[-1]:.2f} % of the drain's time are audit entries")
    return Figure(
        "Audit: posting with entries / without (time of the drain that is not spent on them)",
        tuple(ratios),
        COST_TARGET,
        f"{min(told):.2f}–{max(told):.2f} % of the time",
    )


def _spent(stage: Stage) -> tuple[float, float]:
    """Return (seconds on audit entries, seconds of the drain) of all batches so far."""
    return stage.rows(
        "SELECT COALESCE(sum(entry_seconds), 0)::float8, COALESCE(sum(drain_seconds), 0)::float8"
        " FROM finance_integration_bench_cost"
    )[0]


class _Trail:
    """A long trail: entries copied within the database, sealed and exported by the product."""

    def __init__(self, stage: Stage, entries: int):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-audit-")
        self.path = Path(self._folder.name) / "export.ndjson"
        self.entries = stage.rpc.call("finance.integration.bench", "make_trail", entries, str(self.path))
        self.speeds: list[float] = []
        self.tool = _load(TOOL)

    def figure(self, rounds: int, say: Callable[[str], None]) -> Figure:
        """Verify the export, and hash the same bytes line by line, in turn."""
        ratios = []
        self.speeds = []
        for _round in range(rounds):
            bare = _timed(self._hash)
            seconds = _timed(lambda: self.tool.verify(self.path))
            self.speeds.append(self.entries / seconds)
            ratios.append(bare / seconds)
            say(
                f"audit: {self.speeds[-1]:,.0f} entries/s verified, SHA-256 alone in {bare / seconds:.0%} of the time"
            )
        return Figure(
            "Audit: SHA-256 of the same lines / verification of the export, one process",
            tuple(ratios),
            None,
            f"{min(self.speeds):,.0f}–{max(self.speeds):,.0f} entries/s",
        )

    def _hash(self) -> None:
        with self.path.open("rb") as file:
            for line in file:
                hashlib.sha256(line).hexdigest()

    def fast(self) -> Check:
        """The slowest round is fast enough."""
        return Check(
            f"Audit: at least {ENTRIES_PER_SECOND:,} entries/s verified in one process",
            min(self.speeds) >= ENTRIES_PER_SECOND,
            f"{min(self.speeds):,.0f} entries/s in the slowest round",
        )

    def whole(self) -> Check:
        """The verification looks at everything: a changed entry in the middle is named."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        place = next(
            place for place in range(len(lines) // 2, len(lines)) if lines[place].startswith(b'{"leaf"')
        )
        number = json.loads(lines[place])["id"]
        lines[place] = lines[place].replace(b'"action":"', b'"action":"x', 1)
        self.path.write_bytes(b"".join(lines))
        try:
            self.tool.verify(self.path)
            found = "nothing was found"
        except self.tool.BrokenError as problem:
            found = str(problem)
        return Check("Audit: a changed entry is named", found == f"entry {number} was changed", found)


def _timed(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
