"""Which Chromium the journeys drive: one of this machine, Playwright's own, or the system's package.

`python -m tests.support.browser` installs one where there is none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# It drives pages of this machine only, so it need not isolate, and must not phone home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONGEST_INSTALL = 600


def find() -> str | None:
    """Return the path of a Chromium, or nothing."""
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in on_path if path), None) or _playwrights_own()


def install() -> str | None:
    """Install one by Playwright's own means, else by the system's, and return its path, or nothing."""
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    if found := find():
        return found
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    _try(*root, "apt-get", "update")
    _try(*root, "apt-get", "install", "-y", "--no-install-recommends", "chromium")
    return find()


def main() -> None:
    """Make sure that there is a Chromium."""
    if find():
        return
    print("Installing Chromium for the tests.", flush=True)
    if not install():
        sys.exit(
            "adieu: the tests need Chromium, which could not be installed; install it and run this again."
        )


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _try(*command: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, timeout=LONGEST_INSTALL, capture_output=True, check=False, env=environ)
    except (OSError, subprocess.TimeoutExpired):
        return


if __name__ == "__main__":
    main()
