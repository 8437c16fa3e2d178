"""Fetch Debian packages into a private folder; nothing of the system changes."""

import os
import shutil
from pathlib import Path

from . import apt_sources, paths, processes
from .errors import Stop

NO_APT = "This machine has no apt"
# Another installation may be going on.
LOCK_PATIENCE = ("-o", "DPkg::Lock::Timeout=180")
MACHINE_HOOKS = ("APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success", "DPkg::Post-Invoke")


def available() -> bool:
    """Whether Debian's tools are here at all."""
    return all(shutil.which(tool) for tool in ("apt-get", "apt-config", "dpkg"))


class PrivateApt:
    """apt-get with package lists and a cache of its own, on the machine's own mirror."""

    def __init__(self, folder: Path, suites: tuple[str, ...]):
        if not available():
            raise Stop(f"{NO_APT}: apt-get, apt-config and dpkg are needed.")
        self.folder = folder
        self.suites = suites
        self.log = paths.LOGS / "setup-apt.log"

    def update(self) -> None:
        """Fetch the package lists of our suites from the first configured mirror that has them."""
        sources = apt_sources.archive_sources(apt_sources.configured_sources(), apt_sources.codename())
        if not sources:
            raise Stop("apt is configured for no Debian archive on this machine.")
        for source in sources:
            self._write_list(source)
            result = processes.run([*self._command(), "update"], log=self.log, check=False)
            if not result.returncode:
                return
        raise Stop(
            f"apt could not fetch the package lists of {', '.join(self.suites)} from this machine's Debian "
            f"mirror: no network, or the mirror lacks them.\n    (details: {paths.relative(self.log)})"
        )

    def download(self, packages, into: Path) -> None:
        """Download ``packages`` (``name`` or ``name/suite``) into the folder ``into``."""
        into.mkdir(parents=True, exist_ok=True)
        processes.run(
            [*self._command(), "download", *packages],
            log=self.log,
            cwd=into,
            failure=f"apt could not download {', '.join(packages)}.",
        )

    def _write_list(self, source: apt_sources.Source) -> None:
        for sub in ("lists/partial", "cache/archives/partial", "etc"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        keyring = str(apt_sources.KEYRING) if apt_sources.KEYRING.is_file() else source.signed_by
        options = f"[signed-by={keyring}] " if keyring else ""
        lines = [f"deb {options}{source.uri} {suite} main\n" for suite in self.suites]
        (self.folder / "etc" / "sources.list").write_text("".join(lines), encoding="utf-8")
        self._settings_file().write_text(self._settings(), encoding="utf-8")

    def _settings_file(self) -> Path:
        return self.folder / "etc" / "apt.conf"

    def _settings(self) -> str:
        """Our own folders for everything apt writes, and none of the machine's hooks."""
        values = {
            "Dir::Etc::sourcelist": self.folder / "etc" / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "APT::Update::Error-Mode": "any",
        }
        if os.geteuid() == 0:
            values["APT::Sandbox::User"] = "root"
        clear = [f"#clear {name};" for name in MACHINE_HOOKS]
        return "\n".join([*clear, *(f'{name} "{value}";' for name, value in values.items())]) + "\n"

    def _command(self) -> list[str]:
        return ["apt-get", "-q", "-c", str(self._settings_file())]


def extract(debs: Path, prefix: Path) -> None:
    """Unpack every package of ``debs`` below ``prefix``."""
    for deb in sorted(debs.glob("*.deb")):
        processes.run(["dpkg", "-x", deb, prefix], failure=f"{deb.name} could not be unpacked.")


def install_on_system(packages, *, log: Path) -> bool:
    """Install packages on the machine itself, if this user may without being asked anything."""
    if not available():
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and (not shutil.which("sudo") or processes.run([*sudo, "true"], check=False).returncode):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*sudo, "apt-get", "-q", "-y", "--no-install-recommends", *LOCK_PATIENCE, "install", *packages]
    if not processes.run(install, log=log, check=False, env=environment).returncode:
        return True
    processes.run([*sudo, "apt-get", "-q", *LOCK_PATIENCE, "update"], log=log, check=False, env=environment)
    return not processes.run(install, log=log, check=False, env=environment).returncode
