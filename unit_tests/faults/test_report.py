# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a run found is shown in columns, and written with what was broken."""

from faults import report
from faults.outcome import Outcome


def outcomes():
    held = Outcome("crash-sweep", shots=12, kills=11, slowest_recovery_seconds=1.25, seconds=30.4)
    held.notes.append("drain: 300 statements")
    broken = Outcome("database", seconds=5.0)
    broken.problems.append("numbering has no gaps: 7 of 8")
    return [held, broken]


def test_the_table_has_a_line_per_scenario_in_columns():
    lines = report.table(outcomes()).splitlines()
    assert lines[0].split() == ["scenario", "shots", "kills", "recovered", "in", "took", "invariants"]
    assert lines[1].split() == ["crash-sweep", "12", "11", "1.2", "s", "30", "s", "held"]
    assert lines[2].split() == ["database", "-", "-", "-", "5", "s", "BROKEN", "(1)"]
    assert lines[1].index("12") == lines[2].index("-") == lines[0].index("shots")


def test_the_page_names_the_seed_and_what_is_broken():
    page = report.markdown(outcomes(), seed=41)
    assert "`./dev faults --seed 41`" in page
    assert "| crash-sweep | 12 | 11 | 1.2 s | 30 s | held |" in page
    assert "- drain: 300 statements" in page
    assert "- **broken**: numbering has no gaps: 7 of 8" in page
