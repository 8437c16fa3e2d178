"""Run pylint-odoo on the Odoo part of the addon under its technical name.

The repository's root is the addon, so its folder may have any name, and pylint takes the name
from the real path; a copy in a temporary folder gives it the right one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ADDON = "finance_integration"
ROOT = Path(__file__).resolve().parents[2]
# Not Odoo code: pure Python that ruff reads, and programs beside the addon.
NOT_ODOO = frozenset(
    {
        "benchmarks",
        "connectors",
        "devtools",
        "docs",
        "engine",
        "faults",
        "node_modules",
        "simulators",
        "unit_tests",
    },
)


def main() -> int:
    """Run pylint with the settings of ``pyproject.toml``."""
    if not (ROOT / "__manifest__.py").is_file():
        print("there is no __manifest__.py yet: nothing to check")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT, Path(folder) / ADDON, ignore=_ignore, symlinks=True)
        command = [sys.executable, "-m", "pylint", f"--rcfile={ROOT / 'pyproject.toml'}", "--jobs=2", ADDON]
        result = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, check=False)
    output = (result.stdout + result.stderr).decode(errors="replace")
    # Name files as they are named in the repository.
    print(output.replace(f"{ADDON}/", ""), end="")
    return result.returncode


def _ignore(folder: str, names: list[str]) -> set[str]:
    hidden = {name for name in names if name.startswith((".", "__pycache__"))}
    return hidden | NOT_ODOO.intersection(names) if Path(folder) == ROOT else hidden


def _environment() -> dict[str, str]:
    """Ours, with no place to import a module from but pylint's own."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


if __name__ == "__main__":
    sys.exit(main())
