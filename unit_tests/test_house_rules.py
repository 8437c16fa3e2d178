"""The house rules hold in the whole repository, and each rule catches what it is there for."""

import subprocess
from pathlib import Path

import pytest

from devtools import house_rules as rules

REPOSITORY = rules.Tree(Path(__file__).resolve().parent.parent)
RULES = (
    rules.pure_code_imports_odoo,
    rules.imports_against_the_direction,
    rules.long_files,
    rules.long_functions,
    rules.floats_in_pure_code,
    rules.naive_times,
    rules.sudo_in_posting,
    rules.evaluated_text,
    rules.tables_with_formulas,
    rules.traps_in_xml,
    rules.broad_excepts,
    rules.places_of_one_machine,
    rules.tests_not_imported,
    rules.libraries_out_of_step,
    rules.undeclared_libraries,
    rules.data_files_not_loaded,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule):
    """No offence in the repository."""
    offences = rule(REPOSITORY)
    assert not offences, f"{rule.__doc__}\n  " + "\n  ".join(offences)


def test_the_allow_list_names_files_that_exist():
    """An entry whose file is gone is dropped from the list."""
    assert set(rules.BROAD_EXCEPT_ALLOWED) <= set(REPOSITORY.files)
    assert all(rules.BROAD_EXCEPT_ALLOWED.values())


# What each rule must catch: (rule, path, text).
OFFENCES = (
    (rules.tables_with_formulas, "models/a.py", "import csv\ncsv.writer(None).writerow(['=1'])\n"),
    (rules.tables_with_formulas, "wizards/a.py", "import csv\ncsv.DictWriter(None, [])\n"),
    (rules.traps_in_xml, "connectors/x/a.py", "from xml.etree import ElementTree\n"),
    (rules.traps_in_xml, "engine/a.py", "from lxml import etree\n"),
    (rules.pure_code_imports_odoo, "engine/a.py", "from odoo import models\n"),
    (rules.pure_code_imports_odoo, "connectors/x/a.py", "import odoo.tools\n"),
    (rules.pure_code_imports_odoo, "engine/a.py", "def f():\n    import odoo\n"),
    (
        rules.pure_code_imports_odoo,
        "engine/a.py",
        "import importlib\nimportlib.import_module('odoo.fields')\n",
    ),
    (rules.imports_against_the_direction, "engine/sub/a.py", "from ...connectors import base\n"),
    (rules.imports_against_the_direction, "engine/a.py", "from .. import models\n"),
    (rules.imports_against_the_direction, "connectors/x/a.py", "from ...models.messaging import message\n"),
    (rules.imports_against_the_direction, "models/a.py", "from ..controllers import webhook\n"),
    (rules.imports_against_the_direction, "models/a.py", "from ..wizards import replay\n"),
    (
        rules.imports_against_the_direction,
        "models/a.py",
        "from odoo.addons.finance_integration.controllers import webhook\n",
    ),
    (rules.long_files, "models/a.py", "\n" * (rules.MAX_FILE_LINES + 1)),
    (rules.long_functions, "models/a.py", "def f():\n" + "    pass\n" * rules.MAX_FUNCTION_LINES),
    (rules.floats_in_pure_code, "engine/a.py", "x = float('1')\n"),
    (rules.naive_times, "models/a.py", "import datetime\ndatetime.datetime.now()\n"),
    (rules.naive_times, "models/a.py", "from datetime import datetime\ndatetime.utcnow()\n"),
    (rules.sudo_in_posting, "models/posting/a.py", "def f(self):\n    return self.sudo()\n"),
    (rules.sudo_in_posting, "models/posting/a.py", "def f(self):\n    return self.env(su=True)\n"),
    (rules.sudo_in_posting, "models/posting/a.py", "def f(self):\n    return self.with_user(SUPERUSER_ID)\n"),
    (rules.evaluated_text, "models/a.py", "eval('1')\n"),
    (rules.broad_excepts, "models/a.py", "try:\n    pass\nexcept Exception:\n    pass\n"),
    (rules.broad_excepts, "models/a.py", "try:\n    pass\nexcept:\n    pass\n"),
    (rules.broad_excepts, "models/a.py", "try:\n    pass\nexcept (ValueError, Exception):\n    pass\n"),
    (rules.places_of_one_machine, "docs/a.md", "see " + "/home" + "/somebody/x\n"),
    (rules.places_of_one_machine, "dev", "curl https://files." + "pythonhosted." + "org/x\n"),
    (rules.tests_not_imported, "tests/test_a.py", ""),
    (rules.tests_not_imported, "tests/sub/test_a.py", ""),
    (rules.data_files_not_loaded, "views/a.xml", ""),
    (rules.undeclared_libraries, "connectors/x/a.py", "import zstandard\n"),
    (rules.libraries_out_of_step, "requirements.txt", "msgspec>=0.20\n"),
)


def _tree(folder: Path, files: dict[str, str]) -> rules.Tree:
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return rules.Tree(folder)


@pytest.mark.parametrize(
    ("rule", "path", "text"), OFFENCES, ids=lambda value: getattr(value, "__name__", None)
)
def test_the_rule_catches(rule, path, text, tmp_path):
    """Each rule sees an offence planted for it."""
    files = {"__manifest__.py": "{'name': 'x'}\n", "tests/__init__.py": "", path: text}
    assert rule(_tree(tmp_path, files))


def test_what_is_right_passes(tmp_path):
    """Imports down the layers, aware times, narrow excepts and cleaning up are all fine."""
    files = {
        "controllers/a.py": "from ..models import b\nfrom ..engine.money import Money\n",
        "models/b.py": (
            "import datetime\nimport msg_spec\nfrom . import c\n"
            "from odoo import models\n"
            "from ..connectors import base\n"
            "from .posting import entry\n"
            "try:\n    datetime.datetime.now(datetime.timezone.utc)\n"
            "except ValueError:\n    pass\n"
            "except BaseException:\n    raise\n"
        ),
        "connectors/x/c.py": "from ...engine import money\nfrom .. import base\n",
        "engine/d.py": "from .money import Money\n",
        "tests/__init__.py": "from . import test_a\nfrom .sub import test_b\n",
        "tests/test_a.py": "",
        "tests/sub/test_b.py": "",
        "__manifest__.py": "{'external_dependencies': {'python': ['Msg_Spec']}, 'data': ['views/a.xml']}",
        "views/a.xml": "",
        "requirements.txt": "# libraries\nmsg-spec>=1\n",
    }
    tree = _tree(tmp_path, files)
    assert [offence for rule in RULES for offence in rule(tree)] == []


def test_folders_that_do_not_exist_are_no_offence(tmp_path):
    """A young repository passes."""
    tree = _tree(tmp_path, {"README.md": "hello\n"})
    assert [offence for rule in RULES for offence in rule(tree)] == []
