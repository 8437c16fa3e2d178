"""The list of files that are generated from code: ``./dev schemas`` writes them.

A generator is a script run with the environment's Python from the root of the repository; it
writes its files, and with ``--check`` writes nothing and ends with an exit code other than 0
when one is out of date.
"""

import os
import subprocess
from pathlib import Path

from . import paths
from .console import say

# (what it makes, the script that makes it)
GENERATORS: tuple[tuple[str, str], ...] = (
    (
        "the contracts and the pages of the state machine and of the rights",
        "unit_tests/engine/write_generated.py",
    ),
)


def run_all(python: Path, *, check: bool = False) -> int:
    """Run every generator; the exit code is the worst of theirs."""
    worst = 0
    for title, script in GENERATORS:
        say(f"{'checking' if check else 'writing'} {title}")
        command = [str(python), "-B", str(paths.ROOT / script), *(["--check"] if check else [])]
        env = {**os.environ, "PYTHONPATH": str(paths.PYLIB)}
        worst = max(worst, subprocess.run(command, cwd=paths.ROOT, env=env, check=False).returncode)
    return worst
