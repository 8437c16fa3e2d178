# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Entry point of ``./dev bench``."""

from __future__ import annotations

import argparse
import sys
import time

from devtools import environment
from devtools.errors import Stop

from . import (
    audit,
    batch,
    entries,
    idle,
    ingest,
    invoices,
    lanes,
    mixed,
    movements,
    old_rows,
    outbox,
    report,
    trivial,
    workbench,
)
from .rounds import Check
from .rpc import RpcError

PARTS = {
    "ingest": ingest.run,
    "storm": ingest.storm,
    "batch": batch.run,
    "latency": batch.half_load,
    "trivial": trivial.run,
    "invoices": invoices.run,
    "lanes": lanes.run,
    "poison": lanes.poison,
    "movements": movements.run,
    "mixed": mixed.run,
    "entries": entries.run,
    "outbox": outbox.run,
    "old_rows": old_rows.run,
    "workbench": workbench.run,
    "idle": idle.run,
    "audit": audit.run,
}
# Only when asked for by name.
LONG_PARTS = {"ten_million": old_rows.ten_million}


def main(arguments: list[str]) -> int:
    """Run the parts that were asked for; 0 when every gate holds and no target is missed."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", help=f"any of {', '.join(PARTS)} (default: all of these), {', '.join(LONG_PARTS)}"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: does it work, not how fast is it")
    options = parser.parse_args(arguments)
    parts = PARTS | LONG_PARTS
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    env = environment.ready()
    if env is None:
        raise Stop("Nothing is set up yet: run ./dev setup first.")
    results = {}
    for name in options.parts or PARTS:
        begin = time.monotonic()
        try:
            figures, checks = parts[name](env, _say, quick=options.quick)
        except (RpcError, OSError, RuntimeError) as problem:
            figures, checks = [], [Check(f"{name}: ran to its end", holds=False, detail=str(problem)[:2000])]
        results[name] = report.Result(figures, checks, time.monotonic() - begin)
        for line in report.lines(results[name]):
            _say(line)
    report.write(env, results, quick=options.quick)
    return report.exit_code(results)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as problem:
        sys.exit(str(problem))
