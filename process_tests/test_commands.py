# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each command loads with all its parts: a name that one part has lost would end every other part, too."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("command", "part"), [("benchmarks", "ten_million"), ("faults", "crash-sweep"), ("devtools", "bench")]
)
def test_the_command_tells_its_parts(command, part):
    told = subprocess.run(
        [sys.executable, "-m", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert part in told.stdout
