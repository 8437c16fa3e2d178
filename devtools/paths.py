"""Where everything lives: the checkout, its ``.dev`` folder and the user's cache."""

import hashlib
import os
from pathlib import Path

ADDON = "finance_integration"
ROOT = Path(__file__).resolve().parent.parent

DEV = ROOT / ".dev"
ADDONS_LINK_DIR = DEV / "addons"
ADDON_LINK = ADDONS_LINK_DIR / ADDON
RUN = DEV / "run"
LOGS = DEV / "log"
DATA = DEV / "data"
PYLIB = DEV / "pylib"
# Folders of the repository that are programs of their own, run with ``python -m``.
COMPANIONS = ("devtools", "simulators", "benchmarks", "faults")
# Folders of the repository that Odoo has no business in.
NO_PARTS = frozenset({"devtools", "docs", "node_modules", "process_tests", "unit_tests"})


def cache_dir() -> Path:
    """The user's cache: downloads, the Odoo source, virtual environments, database dumps."""
    override = os.environ.get("FI_CACHE")
    if override:
        return Path(override).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / ADDON


def checkout_id() -> str:
    """A short name of this checkout, for what several checkouts keep in one place."""
    return hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]


def relative(path: Path) -> str:
    """``path`` as a person in the checkout would write it."""
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)


def prepare_dev_folder() -> None:
    """Create ``.dev`` with the links that give the addon its technical name.

    The addon's folder there holds a link for each of its parts and not one link to the root:
    what walks through it (the export of terms does) would come back to ``.dev`` for ever.
    """
    for folder in (ADDONS_LINK_DIR, RUN, LOGS, DATA, PYLIB):
        folder.mkdir(parents=True, exist_ok=True)
    _link_parts(ADDON_LINK, ROOT)
    for name in COMPANIONS:
        if (ROOT / name / "__init__.py").is_file():
            _link(PYLIB / name, ROOT / name)


def _link_parts(folder: Path, root: Path) -> None:
    """Make ``folder`` hold exactly one link for each part of the addon."""
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(exist_ok=True)
    wanted = {part.name for part in root.iterdir() if _is_part(part)}
    for link in folder.iterdir():
        if link.name not in wanted and link.is_symlink():
            link.unlink(missing_ok=True)
    for name in wanted:
        _link(folder / name, root / name)


def _is_part(path: Path) -> bool:
    if path.name.startswith((".", "__pycache__")):
        return False
    return path.name not in NO_PARTS if path.is_dir() else path.suffix in {".py", ".md", ".rst"}


def _link(link: Path, target: Path) -> None:
    """Make ``link`` point at ``target``, replacing an older link atomically."""
    wanted = os.path.relpath(target, link.parent)
    if link.is_symlink() and str(link.readlink()) == wanted:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.symlink_to(wanted)
    temporary.replace(link)
