"""Get Odoo 19 Community: a folder the user names, the Debian package, or a git clone."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import apt, npm_asset, paths, processes, stamps
from .console import say, warn
from .errors import Stop

SERIES = "19.0"
REPOSITORY = "https://github.com/odoo/odoo"
# Debian's package links to these; the fonts of the last two moved their files after bookworm.
DEBIAN_PACKAGES = (
    "odoo-19/sid",
    "libjs-jquery/sid",
    "libjs-underscore/sid",
    "libjs-jquery-form/sid",
    "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid",
    "fonts-ocr-b/sid",
    "fonts-font-awesome/bookworm",
    "fonts-inconsolata/bookworm",
)
DEBIAN_SUITES = ("sid", "bookworm")
RECIPE = 3


@dataclass(frozen=True)
class OdooSource:
    """Where Odoo is: the folder to import from, its addons folders, and a name of the version."""

    library: Path
    addons: tuple[Path, ...]
    version: str


def find() -> OdooSource | None:
    """The source if it is here already, without any download."""
    if os.environ.get("ODOO_PATH"):
        return _named_by_user(Path(os.environ["ODOO_PATH"]).expanduser().absolute())
    for folder, describe in ((_debian_folder(), _debian_source), (_git_folder(), _git_source)):
        if stamps.is_complete(folder):
            return describe(folder)
    return None


def ensure() -> OdooSource:
    """The source, downloaded when it is not here yet."""
    found = find()
    if found:
        return found
    processes.require_disk_space(paths.cache_dir(), 3000)
    problems = []
    for fetch in (_fetch_debian, _fetch_git):
        try:
            return fetch()
        except Stop as problem:
            problems.append(str(problem))
            say(f"      {str(problem).splitlines()[0]}")
    raise Stop(
        "Odoo 19 could not be fetched. Set ODOO_PATH to a folder with Odoo 19 Community, or see why:\n  - "
        + "\n  - ".join(problems)
    )


def _debian_folder() -> Path:
    return paths.cache_dir() / "odoo" / f"debian-{stamps.digest([DEBIAN_PACKAGES, RECIPE])}"


def _git_folder() -> Path:
    return paths.cache_dir() / "odoo" / f"git-{SERIES}"


def _fetch_debian() -> OdooSource:
    folder = _debian_folder()
    stamps.build_folder(folder, _build_debian)
    return _debian_source(folder)


def _build_debian(part: Path) -> None:
    debs = part / "debs"
    _download_debs(debs)
    say("      unpacking")
    versions = sorted(deb.name for deb in debs.glob("*.deb"))
    (part / "versions.json").write_text(json.dumps(versions), encoding="utf-8")
    apt.extract(debs, part)
    shutil.rmtree(debs)
    library = part / "usr" / "lib" / "python3" / "dist-packages"
    # A second copy of the addons, which nothing reads.
    shutil.rmtree(library / "addons", ignore_errors=True)
    mend_dangling_links(part)
    npm_asset.supply(library / "odoo" / "addons")


def _download_debs(debs: Path) -> None:
    private = apt.PrivateApt(paths.cache_dir() / "apt", DEBIAN_SUITES)
    packages = DEBIAN_PACKAGES
    try:
        private.update()
    except Stop:
        # A mirror without the older suite: its fonts then come from sid, and links are mended.
        private = apt.PrivateApt(paths.cache_dir() / "apt", DEBIAN_SUITES[:1])
        packages = tuple(name.partition("/")[0] for name in DEBIAN_PACKAGES)
        private.update()
    say("      downloading the Debian package odoo-19 (123 MB) and what it links to")
    private.download(packages, debs)


def _debian_source(folder: Path) -> OdooSource:
    library = folder / "usr" / "lib" / "python3" / "dist-packages"
    versions = json.loads((folder / "versions.json").read_text(encoding="utf-8"))
    return OdooSource(library, (library / "odoo" / "addons",), stamps.digest(versions))


def mend_dangling_links(prefix: Path) -> None:
    """Point links whose target moved at the file of the same name; drop those that have none."""
    by_name = {file.name: file for file in (prefix / "usr" / "share").rglob("*") if file.is_file()}
    for link in [path for path in prefix.rglob("*") if path.is_symlink() and not path.exists()]:
        target = by_name.get(link.readlink().name) or by_name.get(link.name)
        link.unlink()
        if target:
            link.symlink_to(os.path.relpath(target, link.parent))
        else:
            warn(f"the Odoo package lacks {link.name}; that font or script will be missing")


def _fetch_git() -> OdooSource:
    folder = _git_folder()
    stamps.build_folder(folder, _build_git)
    return _git_source(folder)


def _build_git(part: Path) -> None:
    if not shutil.which("git"):
        raise Stop("git is missing, so Odoo cannot be cloned.")
    say(f"      cloning {REPOSITORY}, branch {SERIES}")
    processes.run(
        ["git", "clone", "--quiet", "--depth", "1", "--branch", SERIES, REPOSITORY, part / "odoo"],
        log=paths.LOGS / "setup-git.log",
        failure=f"git could not clone {REPOSITORY}: no network, or it is not reachable from here.",
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
    )


def _git_source(folder: Path) -> OdooSource:
    return _named_by_user(folder / "odoo")


def _named_by_user(folder: Path) -> OdooSource:
    release = folder / "odoo" / "release.py"
    if not release.is_file():
        raise Stop(f"ODOO_PATH={folder} holds no Odoo: there is no odoo/release.py in it.")
    text = release.read_text(encoding="utf-8")
    match = re.search(r"version_info\s*=\s*\((\d+),\s*(\d+)", text)
    if not match or f"{match[1]}.{match[2]}" != SERIES:
        raise Stop(f"ODOO_PATH={folder} is not Odoo {SERIES}.")
    addons = tuple(path for path in (folder / "addons", folder / "odoo" / "addons") if path.is_dir())
    return OdooSource(folder, addons, stamps.digest([str(folder), text, _revision(folder)]))


def _revision(folder: Path) -> str:
    if not (folder / ".git").exists() or not shutil.which("git"):
        return ""
    result = processes.run(["git", "-C", folder, "rev-parse", "HEAD"], check=False)
    return result.stdout.decode().strip()
