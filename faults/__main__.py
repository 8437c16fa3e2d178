# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""``./dev faults [scenario …]``: break real servers on purpose, look at everything afterwards, say what held."""

from __future__ import annotations

import argparse
import random
import signal
import sys
from pathlib import Path

import psycopg2

from devtools import environment
from devtools.errors import Stop
from simulators.odoo_setup import SetupError

from . import report
from .outcome import Outcome
from .scenarios import SCENARIOS, SWEEPS
from .sweep.shot import WORKLOADS


def main(arguments: list[str]) -> int:
    """Run the chosen scenarios; 0 only when every invariant held."""
    options = _options(arguments)
    # Ended from outside, the servers that were started end too.
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(143))
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    env = environment.ready()
    if env is None:
        raise Stop("Odoo is not set up yet: ./dev setup")
    print(f"seed {seed}  (repeat with: ./dev faults --seed {seed})")
    outcomes = [_run(env, name, seed, options) for name in options.scenario or SCENARIOS]
    print()
    print(report.table(outcomes))
    failed = sum(bool(outcome.problems) for outcome in outcomes)
    print(f"{len(outcomes) - failed} held, {failed} broken, seed {seed}")
    if options.results:
        options.results.write_text(report.markdown(outcomes, seed), encoding="utf-8")
        print(f"written to {options.results}")
    return 1 if failed else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"one or more of: {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--seed", type=int, help="repeat a run (default: a new one, printed)")
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="K",
        help="crash sweep: kill at every K-th statement (default: each)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=WORKLOADS,
        help="crash sweep: this workload; can be repeated",
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="write what held to FILE as Markdown")
    options = parser.parse_args(arguments)
    unknown = set(options.scenario) - set(SCENARIOS)
    if unknown:
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}")
    if options.every < 1:
        parser.error("--every is at least 1")
    return options


def _run(env, name: str, seed: int, options: argparse.Namespace) -> Outcome:
    outcome = Outcome(name)
    print(f"\n{name}", flush=True)
    sizes = {"every": options.every, "only": options.only} if name in SWEEPS else {}
    try:
        SCENARIOS[name](env, outcome, seed, **sizes)
    except (AssertionError, Stop, SetupError, psycopg2.Error) as reason:
        outcome.fail([str(reason)])
    outcome.ended()
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
