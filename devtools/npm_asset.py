"""The one browser script that Debian strips from Odoo: its absence fails every browser test."""

import shutil
import tarfile
import tempfile
from pathlib import Path

from . import paths, processes
from .console import warn

PACKAGE = "@mediapipe/selfie_segmentation@0.1.1675465747"
SCRIPT = "selfie_segmentation.js"
STAND_IN = "// Not shipped with this copy of Odoo: background blur in video calls is not available.\n"


def supply(addons: Path) -> None:
    """Put the script where the ``mail`` addon expects it."""
    target = addons / "mail" / "static" / "lib" / "selfie_segmentation" / SCRIPT
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = _from_npm()
    if content is None:
        warn("npm could not supply the video-call blur script; an empty one stands in for it")
        content = STAND_IN.encode()
    target.write_bytes(content)


def _from_npm() -> bytes | None:
    if not shutil.which("npm"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        log = paths.LOGS / "setup-npm.log"
        result = processes.run(["npm", "pack", "--silent", PACKAGE], log=log, cwd=folder, check=False)
        archives = list(Path(folder).glob("*.tgz"))
        if result.returncode or not archives:
            return None
        with tarfile.open(archives[0]) as archive:
            member = archive.extractfile(f"package/{SCRIPT}")
            return member.read() if member else None
