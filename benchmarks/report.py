# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Writes the results down: every figure with its target, its spread and its verdict."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from devtools import paths, processes
from devtools.environment import Environment

from .rounds import SPREAD_LIMIT_PERCENT, TRIES, Check, Figure

FILE = Path(__file__).resolve().parent / "results.md"
STORE = FILE.with_suffix(".jsonl")


@dataclasses.dataclass(frozen=True)
class Result:
    """What one part of the benchmark found, how long it took, and at which commit."""

    figures: list[Figure]
    checks: list[Check]
    seconds: float
    measured_at: str = ""


def lines(result: Result) -> list[str]:
    """Return the result as lines for the terminal."""
    told = [
        f"  {'holds ' if check.holds else 'BROKEN'}  {check.name}: {check.detail}" for check in result.checks
    ]
    for figure in result.figures:
        target = "" if figure.target is None else f" (target {figure.target})"
        told.append(
            f"  {figure.name}: {figure.ratio:.2f} ± {figure.spread_percent:.0f} %{target}: "
            f"{figure.verdict} [{figure.context}]"
        )
    return told


def exit_code(results: dict[str, Result]) -> int:
    """0 when every gate holds and every target is met."""
    good = all(
        all(check.holds for check in result.checks)
        and all(
            figure.verdict in ("met", "context") for figure in result.figures if figure.target is not None
        )
        for result in results.values()
    )
    return 0 if good else 1


def write(env: Environment, results: dict[str, Result], *, quick: bool) -> None:
    """Keep what each part found last, and write the page of all that is kept. A quick run goes to ``.dev`` only."""
    if quick:
        target = paths.LOGS / "benchmark.md"
        target.write_text(page(env, results, quick=True), encoding="utf-8")
        return
    kept = _kept() | {name: _as_kept(result) for name, result in results.items()}
    rows = (json.dumps({"part": name, **row}, ensure_ascii=False) for name, row in kept.items())
    STORE.write_text("\n".join(rows) + "\n", encoding="utf-8")
    FILE.write_text(
        page(env, {name: _as_result(row) for name, row in kept.items()}, quick=False), encoding="utf-8"
    )


def _kept() -> dict[str, dict]:
    if not STORE.is_file():
        return {}
    rows = [json.loads(line) for line in STORE.read_text(encoding="utf-8").splitlines()]
    return {row.pop("part"): row for row in rows}


def _as_kept(result: Result) -> dict:
    return {**dataclasses.asdict(result), "commit": _commit(), "date": str(datetime.now(timezone.utc).date())}


def _as_result(row: dict) -> Result:
    return Result(
        [Figure(**{**figure, "rounds": tuple(figure["rounds"])}) for figure in row["figures"]],
        [Check(**check) for check in row["checks"]],
        row["seconds"],
        f"{row['commit']}, {row['date']}",
    )


def _commit() -> str:
    found = processes.run(["git", "-C", paths.ROOT, "rev-parse", "--short", "HEAD"], check=False)
    return found.stdout.decode().strip()


def page(env: Environment, results: dict[str, Result], *, quick: bool) -> str:
    """Return the page of results in Markdown."""
    parts = ["# Results of the reference benchmark", "", *_machine(env), ""]
    if quick:
        parts += ["A quick run: few rounds, good for seeing that it works and for nothing else.", ""]
    meaning = (
        "A ratio is the median of its rounds; the spread says how far the farthest round is from it. "
        f"Above {SPREAD_LIMIT_PERCENT} % a ratio is measured again, {TRIES} times at most, and then refused. "
        "Absolute figures hold for this machine only."
    )
    parts += [
        meaning,
        "",
        "| Figure | Ratio | Spread | Rounds | Tries | Target | Verdict | Absolute |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results.values():
        for figure in result.figures:
            target = "–" if figure.target is None else f"≥ {figure.target}"
            rounds = ", ".join(f"{value:.2f}" for value in figure.rounds)
            parts.append(
                f"| {figure.name} | {figure.ratio:.2f} | {figure.spread_percent:.0f} % | {rounds} "
                f"| {figure.tries} | {target} | {figure.verdict} | {figure.context} |"
            )
    parts += ["", "| Gate | Holds | What was seen |", "| --- | --- | --- |"]
    for result in results.values():
        parts += [
            f"| {check.name} | {'yes' if check.holds else 'NO'} | {check.detail} |" for check in result.checks
        ]
    took = [
        f"- {name}: {result.seconds:.0f} s" + (f", commit {result.measured_at}" if result.measured_at else "")
        for name, result in results.items()
    ]
    return "\n".join([*parts, "", "Time taken by each part, and what it measured:", "", *took, ""])


def _machine(env: Environment) -> list[str]:
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    gigabytes = int(memory[1]) / 2**20 if memory else 0
    server = env.cluster.sql("SHOW server_version")[0]
    machine = (
        f"- Machine: {os.cpu_count()} cores ({model[1] if model else platform.machine()}), {gigabytes:.0f} GB, "
        f"{platform.system()}; database and client on the same machine"
    )
    versions = (
        f"- Versions: Odoo {env.source.version}, Python {platform.python_version()}, PostgreSQL {server}, "
        f"queue_job {metadata.version('odoo-addon-queue_job')}"
    )
    return [machine, versions]
