"""Finished-marks: a step is done when its stamp holds the hash of its inputs."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

COMPLETE = ".complete"


def digest(value) -> str:
    """A short hash of a JSON-able value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_complete(folder: Path) -> bool:
    """Whether ``folder`` was built to its end."""
    return (folder / COMPLETE).is_file()


def build_folder(folder: Path, build: Callable[[Path], None]) -> bool:
    """Build ``folder`` under a temporary name and rename it; say whether it had to be built."""
    if is_complete(folder):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.glob(f"{folder.name}.part-*"):
        shutil.rmtree(stale, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)
    part = folder.with_name(f"{folder.name}.part-{os.getpid()}")
    part.mkdir()
    build(part)
    (part / COMPLETE).write_text("", encoding="utf-8")
    part.rename(folder)
    return True


def build_in_place(folder: Path, build: Callable[[Path], None]) -> bool:
    """The same for folders that cannot be moved (virtual environments)."""
    if is_complete(folder):
        return False
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    build(folder)
    (folder / COMPLETE).write_text("", encoding="utf-8")
    return True
