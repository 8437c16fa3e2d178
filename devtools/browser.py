"""Chromium for Odoo's browser tests."""

import os
import shutil

from . import apt, paths
from .console import say, warn

# The names Odoo's test runner looks for.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def find() -> str | None:
    """The browser on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure() -> bool:
    """Install Chromium if this user may; say plainly when browser tests will be skipped."""
    if find():
        return True
    if os.environ.get("FI_NO_BROWSER"):
        say("      no browser wanted (FI_NO_BROWSER): browser tests are skipped")
        return False
    say("      installing Chromium with apt-get")
    if apt.install_on_system(["chromium"], log=paths.LOGS / "setup-browser.log") and find():
        return True
    warn(
        "there is no Chromium and it could not be installed (apt-get needs root or sudo without a "
        "password): BROWSER TESTS ARE SKIPPED. Install it with: apt-get install chromium"
    )
    return False
