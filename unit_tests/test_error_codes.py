# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Every error that the code raises exists, has the class of its exception and fills its sentence."""

import ast
import re
from pathlib import Path

import pytest

from odoo.addons.finance_integration.engine import errors
from odoo.addons.finance_integration.engine.error_catalogue import CODES

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("engine", "connectors", "models", "controllers")
CLASSES = ("ContractError", "MissingReferenceError", "BusinessError", "TransientError", "AuthorizationError")


def raised():
    """Yield (place, class name, code, names of params or None when they are not written out)."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or getattr(node.func, "id", None) not in (
                    *CLASSES,
                    "Finding",
                ):
                    continue
                if not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield place, node.func.id, node.args[0].value, _params(node)


def _params(node):
    values = {keyword.arg: keyword.value for keyword in node.keywords}
    value = values.get("params")
    if node.func.id == "Finding":
        value = node.args[1] if len(node.args) > 1 else None
    if value is None:
        return set()
    if not isinstance(value, ast.Dict):
        return None
    return {key.value for key in value.keys if isinstance(key, ast.Constant)}


RAISED = list(raised())


def test_the_scan_finds_the_code():
    assert len(RAISED) > 60


@pytest.mark.parametrize(("place", "name", "code", "params"), RAISED, ids=[row[0] for row in RAISED])
def test_code_is_known_and_its_sentence_is_filled(place, name, code, params):
    assert code in CODES, place
    if name != "Finding":
        assert getattr(errors, name).allowed_class is CODES[code].error_class, place
    if params is not None:
        texts = CODES[code].sentence + CODES[code].next_step
        assert set(re.findall(r"%\((\w+)\)s", texts)) <= params, place
