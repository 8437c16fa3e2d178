# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""``./dev faults [scenario …] [--seed N] [--quick]``: run the scenarios and print what held and what did not."""

from __future__ import annotations

import argparse
import random
import signal
import sys

from devtools import environment
from devtools.errors import Stop

from .outcome import Outcome
from .scenarios import SCENARIOS


def main(arguments: list[str]) -> int:
    """Run the chosen scenarios; 0 only when every invariant held."""
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"one or more of: {', '.join(SCENARIOS)}")
    parser.add_argument("--seed", type=int, help="repeat a run (default: a new one, printed)")
    options = parser.parse_args(arguments)
    unknown = set(options.scenario) - set(SCENARIOS)
    if unknown:
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}")
    # Ended from outside, the servers that were started end too.
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(143))
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    env = environment.ready()
    if env is None:
        raise Stop("Odoo is not set up yet: ./dev setup")
    print(f"seed {seed}  (repeat with: ./dev faults --seed {seed})")
    outcomes = [_run(env, name, seed) for name in options.scenario or SCENARIOS]
    print()
    for outcome in outcomes:
        print(f"{'BROKEN' if outcome.problems else 'held  '}  {outcome.name}  ({outcome.seconds:.0f} s)")
    failed = sum(bool(outcome.problems) for outcome in outcomes)
    print(f"{len(outcomes) - failed} held, {failed} broken, seed {seed}")
    return 1 if failed else 0


def _run(env, name: str, seed: int) -> Outcome:
    outcome = Outcome(name)
    print(f"\n{name}", flush=True)
    try:
        SCENARIOS[name](env, outcome, seed)
    except (AssertionError, Stop) as reason:
        outcome.fail([str(reason)])
    outcome.ended()
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
