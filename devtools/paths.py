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
    """Create ``.dev`` with the links that give the addon its technical name."""
    for folder in (ADDONS_LINK_DIR, RUN, LOGS, DATA, PYLIB):
        folder.mkdir(parents=True, exist_ok=True)
    _link(ADDON_LINK, ROOT)
    for name in COMPANIONS:
        if (ROOT / name / "__init__.py").is_file():
            _link(PYLIB / name, ROOT / name)


def _link(link: Path, target: Path) -> None:
    """Make ``link`` point at ``target``, replacing an older link atomically."""
    wanted = os.path.relpath(target, link.parent)
    if link.is_symlink() and str(link.readlink()) == wanted:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.symlink_to(wanted)
    temporary.replace(link)
