"""The virtual environments: one with Odoo, a light one for the pure tests."""

import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import apt, paths, processes, stamps
from .console import say, warn
from .errors import Stop
from .odoo_source import OdooSource

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
RUNTIME = paths.ROOT / "requirements.txt"
CONSTRAINTS = REQUIREMENTS / "constraints.txt"
RECIPE = 2
UNUSED_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Venv:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def bytecode_env(self) -> dict[str, str]:
        """Keep compiled modules beside the environment: none in the checkout, none compiled twice."""
        return {"PYTHONPYCACHEPREFIX": str(self.folder / "pycache")}

    def program(self, name: str) -> Path:
        """One of its commands."""
        return self.folder / "bin" / name


def full(source: OdooSource) -> Venv:
    """The environment with Odoo (it may not be built yet)."""
    files = [RUNTIME, *(REQUIREMENTS / f"{name}.txt" for name in ("odoo", "oca", "tools")), CONSTRAINTS]
    return Venv(paths.cache_dir() / "venv" / f"full-{_key(files, [source.version, str(source.library)])}")


def pure() -> Venv:
    """The environment of the pure tests (it may not be built yet)."""
    files = [RUNTIME, REQUIREMENTS / "pure.txt", CONSTRAINTS]
    return Venv(paths.cache_dir() / "venv" / f"pure-{_key(files, [])}")


def is_ready(venv: Venv) -> bool:
    """Whether it was built to its end."""
    return stamps.is_complete(venv.folder)


def _key(files: list[Path], more: list[str]) -> str:
    texts = [_without_comments(file) for file in files]
    return stamps.digest([RECIPE, sys.version_info[:3], sys.base_prefix, texts, more])


def _base_python() -> str:
    """The interpreter to build with, also when we run inside one of our environments."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _without_comments(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return sorted(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def ensure_full(source: OdooSource) -> Venv:
    """Build the environment with Odoo if it is missing."""
    venv = full(source)

    def build(_folder: Path) -> None:
        files = [REQUIREMENTS / "odoo.txt", REQUIREMENTS / "tools.txt", RUNTIME]
        _create(venv)
        _install(venv, files)
        (venv.site_packages / "odoo_source.pth").write_text(f"{source.library}\n", encoding="utf-8")
        _pip(venv, ["--no-deps", "-r", str(REQUIREMENTS / "oca.txt")], constrained=True)
        _check_import(venv)

    if stamps.build_in_place(venv.folder, build):
        _drop_old(venv)
    (venv.folder / stamps.COMPLETE).touch()
    return venv


def ensure_pure() -> Venv:
    """Build the light environment if it is missing."""
    venv = pure()

    def build(_folder: Path) -> None:
        _create(venv)
        _install(venv, [REQUIREMENTS / "pure.txt", RUNTIME])

    if stamps.build_in_place(venv.folder, build):
        _drop_old(venv)
    (venv.folder / stamps.COMPLETE).touch()
    return venv


def ensure_lint() -> Venv:
    """Build the environment of the linters' launcher if it is missing."""
    file = REQUIREMENTS / "lint.txt"
    venv = Venv(paths.cache_dir() / "venv" / f"lint-{_key([file], [])}")

    def build(_folder: Path) -> None:
        _create(venv)
        _pip(venv, ["-r", str(file)], constrained=False)

    stamps.build_in_place(venv.folder, build)
    (venv.folder / stamps.COMPLETE).touch()
    return venv


def add_package(venv: Venv, package: str) -> None:
    """Install one more package into an environment."""
    _pip(venv, [package], constrained=False)


def _create(venv: Venv) -> None:
    log = paths.LOGS / "setup-venv.log"
    processes.require_disk_space(venv.folder, 1500)
    if not processes.run([_base_python(), "-c", "import ensurepip"], check=False).returncode:
        made = processes.run([_base_python(), "-m", "venv", venv.folder], log=log, check=False)
        if not made.returncode:
            return
    say("      this Python has no ensurepip; taking pip from Debian's package python3-pip-whl")
    processes.run(
        [_base_python(), "-m", "venv", "--clear", "--without-pip", venv.folder],
        log=log,
        failure="This Python cannot make virtual environments: its module venv is missing "
        "(on Debian: apt-get install python3-venv).",
    )
    wheel = _pip_wheel()
    processes.run(
        [venv.python, f"{wheel}/pip", "install", "--quiet", "pip"],
        log=log,
        failure="pip could not be installed into the virtual environment.",
    )


def _pip_wheel() -> Path:
    hint = "Install the package python3-venv (apt-get install python3-venv) and try again."
    if not apt.available():
        raise Stop(f"This Python has no ensurepip and there is no apt to get pip with. {hint}")
    folder = paths.cache_dir() / "pip-wheel"

    def build(part: Path) -> None:
        private = apt.PrivateApt(paths.cache_dir() / "apt-pip", ("sid",))
        private.update()
        private.download(["python3-pip-whl"], part / "debs")
        apt.extract(part / "debs", part)

    stamps.build_folder(folder, build)
    wheels = sorted(folder.rglob("pip-*.whl"))
    if not wheels:
        raise Stop(f"Debian's package python3-pip-whl holds no pip. {hint}")
    return wheels[-1]


def _install(venv: Venv, files: list[Path]) -> None:
    arguments = [part for file in files for part in ("-r", str(file))]
    if CONSTRAINTS.is_file() and not os.environ.get("FI_UNPINNED"):
        if _pip(venv, arguments, constrained=True, check=False):
            return
        warn("the tested versions do not fit this Python; taking the newest ones that do")
    _pip(venv, arguments, constrained=False)


def _pip(venv: Venv, arguments: list[str], *, constrained: bool, check: bool = True) -> bool:
    command = [venv.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-warn-conflicts", "--prefer-binary", *arguments]
    if constrained and CONSTRAINTS.is_file() and not os.environ.get("FI_UNPINNED"):
        command += ["-c", CONSTRAINTS]
    result = processes.run(
        command,
        log=paths.LOGS / "setup-pip.log",
        check=check,
        failure="pip could not install the Python packages: no network, or a package is not to be had.",
    )
    return not result.returncode


def _check_import(venv: Venv) -> None:
    processes.run(
        [venv.python, "-c", "import odoo.cli, odoo.release, odoo.addons.queue_job.job as j; j.__name__"],
        cwd=venv.folder,
        failure="Odoo was installed but cannot be imported.",
    )


def _drop_old(venv: Venv) -> None:
    """Remove environments of the same kind that were not used for days."""
    kind = venv.folder.name.partition("-")[0]
    for folder in venv.folder.parent.glob(f"{kind}-*"):
        mark = folder / stamps.COMPLETE
        age = time.time() - (mark if mark.exists() else folder).stat().st_mtime
        if folder != venv.folder and age > UNUSED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
