"""What the arguments of ``./dev test`` select."""

import pytest

from devtools import outcome, selection
from devtools.errors import Stop


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with one test of each kind."""
    for name in ("unit_tests/engine/test_money.py", "tests/test_ingest.py", "models/message.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setenv("FI_CALLED_FROM", str(tmp_path))
    return tmp_path


def test_nothing_named_is_everything(root):
    """Options alone do not select."""
    chosen = selection.parse(["-x", "-k", "unit"], root)
    assert chosen.runners == {"unit": [], "odoo": [], "process": []}
    assert chosen.options == ["-x", "-k", "unit"]


def test_paths_go_to_their_runner(root):
    """By the folder they are in, names inside a file included."""
    chosen = selection.parse(["tests/test_ingest.py::T::test_x", "unit_tests/engine", "--durations=3"], root)
    assert chosen.runners == {"odoo": ["tests/test_ingest.py::T::test_x"], "unit": ["unit_tests/engine"]}
    assert chosen.options == ["--durations=3"]


def test_words_select_a_runner(root):
    """``unit`` and ``odoo``."""
    assert selection.parse(["unit"], root).runners == {"unit": []}
    assert selection.parse(["odoo", "-n", "2"], root).options == ["-n", "2"]


def test_paths_are_taken_from_where_the_command_was_called(root, monkeypatch):
    """As a person in a folder types them."""
    monkeypatch.setenv("FI_CALLED_FROM", str(root / "tests"))
    assert selection.parse(["test_ingest.py"], root).runners == {"odoo": ["tests/test_ingest.py"]}


@pytest.mark.parametrize("argument", ["models/message.py", "tests/test_none.py", "everything"])
def test_what_is_no_test_is_refused(root, argument):
    """With a sentence."""
    with pytest.raises(Stop, match="neither"):
        selection.parse([argument], root)


@pytest.mark.parametrize(
    ("arguments", "cores", "spread"),
    [
        ([], 2, ["-n", "2", "--dist", "loadscope"]),
        (["odoo", "-k", "refused"], 16, ["-n", "4", "--dist", "loadscope"]),
        (["odoo", "-n", "0"], 2, []),
        (["odoo", "-n3"], 2, []),
        (["tests/test_ingest.py"], 2, []),
        (["odoo"], 1, []),
    ],
)
def test_a_whole_folder_is_spread_over_the_cores(root, arguments, cores, spread):
    """And a chosen file is not."""
    assert selection.parse(arguments, root).spread("odoo", cores) == spread


def test_the_closing_line_and_the_exit_code():
    """Nothing run is a failure too."""
    total = outcome.Outcome(3, 0, 1) + outcome.Outcome(2, 0, 0)
    assert total.line() == "5 passed, 0 failed, 1 skipped"
    assert total.exit_code == 0
    assert outcome.Outcome(5, 1, 0).exit_code == 1
    assert outcome.Outcome(0, 0, 4).exit_code == 1


def test_a_run_that_broke_off_is_a_failure(tmp_path):
    """Whatever it had counted."""
    counts = tmp_path / "counts"
    assert outcome.read(counts, 3) == outcome.Outcome(failed=1)
    counts.write_text('{"passed": 4, "failed": 0, "skipped": 0}', encoding="utf-8")
    assert outcome.read(counts, 2) == outcome.Outcome(4, 1, 0)
    assert outcome.read(counts, 0) == outcome.Outcome(4, 0, 0)
    counts.write_text('{"passed": 4, "failed": 2, "skipped": 0}', encoding="utf-8")
    assert outcome.read(counts, 1) == outcome.Outcome(4, 2, 0)
