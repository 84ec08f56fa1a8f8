"""Packages of the system, installed where we are allowed to."""

import os
import shutil
import subprocess
from functools import cache


class Missing(Exception):
    """What cannot be had; its message is one line that says how to get it."""


def may_install() -> bool:
    """Whether this is a Debian-like system and we are its root."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*names: str) -> None:
    """Install packages of the system; refuses (`Missing`) where we may not, or where it fails."""
    by_hand = f"Needed: {' '.join(names)}. Install with: apt-get install {' '.join(names)}"
    if not may_install():
        raise Missing(f"{by_hand} (as root), or your system's equal.")
    print(f"Installing {' '.join(names)} with apt-get ...", flush=True)
    _refresh()
    words = _apt("install", "--yes", "--no-install-recommends", *names)
    if words is not None:
        raise Missing(f"{by_hand}. It was tried just now: {words}")


@cache
def _refresh() -> None:
    """Fetch the lists of packages once; an old list may do, so a failure is left to what follows."""
    _apt("update")


def _apt(*arguments: str) -> str | None:
    """Run apt-get; None when it went well, else its last words."""
    command = ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
    return None if done.returncode == 0 else said[-1]
