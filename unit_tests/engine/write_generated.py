# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Write ``contracts/``, ``docs/state_machine.md`` and ``docs/access_matrix.md``; with ``--check`` only compare.

python unit_tests/engine/write_generated.py [--check]
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def generated_texts() -> dict[Path, str]:
    """Return the text of every generated file, by path."""
    from odoo.addons.finance_integration.engine import lifecycle_document
    from odoo.addons.finance_integration.engine.access import matrix_document
    from odoo.addons.finance_integration.engine.canonical import KINDS, schemas

    texts = {ROOT / "docs" / lifecycle_document.FILE_NAME: lifecycle_document.markdown()}
    access = (ROOT / "security" / "ir.model.access.csv").read_text(encoding="utf-8")
    texts[ROOT / "docs" / matrix_document.FILE_NAME] = matrix_document.markdown(access)
    for kind, versions in KINDS.items():
        for version in versions:
            path = ROOT / "contracts" / schemas.file_name(kind, version)
            texts[path] = schemas.schema_text(kind, version)
    return texts


def main(arguments: list[str]) -> int:
    """Write or check; the exit code is 1 when a checked file is out of date."""
    stale = [
        path
        for path, text in generated_texts().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run {Path(__file__).name}\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated_texts()[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    # The package names of the addon exist on an Odoo server only; the tests' conftest makes them.
    spec = importlib.util.spec_from_file_location("unit_tests_conftest", ROOT / "unit_tests" / "conftest.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    sys.exit(main(sys.argv[1:]))
