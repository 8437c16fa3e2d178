# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What people read can be translated: whole sentences go through the marker, and what fills them comes afterwards."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("engine", "connectors", "models", "wizards", "controllers", "report")
MARKERS = ("_", "_lt")


def calls(folders=FOLDERS):
    """Yield (place, first argument) of every call of a marker."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from calls_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT))


def calls_in(text, place):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.args and _is_marker(node.func):
            yield f"{place}:{node.lineno}", node.args[0]


def _is_marker(func):
    if isinstance(func, ast.Attribute):
        return func.attr == "_" and not isinstance(func.value, ast.Constant)
    return isinstance(func, ast.Name) and func.id in MARKERS


def is_made(node):
    """Whether a text is put together before it is marked: no translator ever sees the whole of it."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return True
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def test_the_scan_finds_the_sentences():
    assert sum(1 for _call in calls()) > 2000


def test_no_sentence_is_put_together_before_it_is_translated():
    assert [place for place, text in calls() if is_made(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "env._(f'{count} records')",
        "_('%s records' % count)",
        "self.env._('{} records'.format(count))",
        "_lt('records: ' + str(count))",
    ],
)
def test_the_scan_catches(text):
    assert [is_made(node) for _place, node in calls_in(text, "x")] == [True]


def test_whole_sentences_pass():
    text = (
        "self.env._('%s records', count)\n_('two '\n  'parts')\nenv._(info.sentence)\nenv._(WORDS[f'{x}'])\n"
    )
    assert [is_made(node) for _place, node in calls_in(text, "x")] == [False] * 4


def test_several_values_of_a_sentence_have_names():
    """A translator may have to turn them round."""
    found = [
        place
        for place, text in calls()
        if isinstance(text, ast.Constant) and len(re.findall(r"%[sd]", str(text.value).replace("%%", ""))) > 1
    ]
    assert found == []


# -- labels of choices -----------------------------------------------------------------------------------------


def choices():
    """Yield (place, name of the function) of the choices that a method gives."""
    for folder in ("models", "wizards"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("_selection_"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def bare_labels(function):
    """Return the labels of a choice that a method gives and that no marker has seen."""
    return [
        pair.elts[1].value
        for pair in ast.walk(function)
        if isinstance(pair, ast.Tuple)
        and len(pair.elts) == 2
        and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in pair.elts)
        and " " in pair.elts[1].value + " "
    ]


def test_labels_that_a_method_gives_go_through_the_marker():
    """What stands in a field's own list is found by the extractor of Odoo; what a method returns is not."""
    found = {place: bare_labels(function) for place, function in choices()}
    assert len(found) > 10
    assert {place: labels for place, labels in found.items() if labels} == {}


def test_labels_without_the_marker_are_seen():
    function = ast.parse(
        "def _selection_x(self):\n    return [('a', 'Anna'), ('b', self.env._('Ben'))]"
    ).body[0]
    assert bare_labels(function) == ["Anna"]
