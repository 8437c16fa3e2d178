"""A pytest plugin: write the outcome counts to a file, mark each test in Odoo's log."""

import json
import logging
import os
from pathlib import Path

COUNTS_FILE = "FI_TEST_COUNTS"
_logger = logging.getLogger("devtools.current_test")


def pytest_runtest_logstart(nodeid: str) -> None:
    """Put the name of the test into the log, so that a warning can be traced to it."""
    _logger.info("%s", nodeid)


def pytest_terminal_summary(terminalreporter) -> None:
    """Sum up: errors count as failed, expected failures as skipped."""
    target = os.environ.get(COUNTS_FILE)
    if not target or os.environ.get("PYTEST_XDIST_WORKER"):
        return
    stats = terminalreporter.stats

    def count(*outcomes: str) -> int:
        return sum(len(stats.get(outcome, ())) for outcome in outcomes)

    counts = {
        "passed": count("passed", "xpassed"),
        "failed": count("failed", "error"),
        "skipped": count("skipped", "xfailed"),
    }
    Path(target).write_text(json.dumps(counts), encoding="utf-8")
