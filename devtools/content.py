"""The content of the addon that an installation depends on, as a hash."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from . import paths

# Folders that are no part of what Odoo installs.  ``static`` is read when a page is served.
NOT_INSTALLED = frozenset(
    {"tests", "unit_tests", "process_tests", "docs", "static", "node_modules", *paths.COMPANIONS},
)
NOT_INSTALLED_SUFFIXES = frozenset({".pot", ".md", ".rst", ".pyc", ".toml", ".lock", ".mjs"})


def installed_files(root: Path = paths.ROOT) -> Iterator[Path]:
    """Files of the addon that an installation reads."""
    for folder, subfolders, files in os.walk(root):
        here = Path(folder)
        subfolders[:] = sorted(name for name in subfolders if _is_installed(here, name, root))
        for name in sorted(files):
            if here == root and name not in {"__init__.py", "__manifest__.py"}:
                continue
            if not name.startswith(".") and Path(name).suffix not in NOT_INSTALLED_SUFFIXES:
                yield here / name


def _is_installed(parent: Path, name: str, root: Path) -> bool:
    if name.startswith((".", "__pycache__")):
        return False
    return parent != root or name not in NOT_INSTALLED


def addon_hash(root: Path = paths.ROOT) -> str:
    """A hash over names and contents of the installed files."""
    total = hashlib.sha256()
    for file in installed_files(root):
        try:
            data = file.read_bytes()
        except FileNotFoundError:  # moved away while we look
            continue
        total.update(f"{file.relative_to(root)}\0{len(data)}\0".encode())
        total.update(data)
    return total.hexdigest()[:16]
