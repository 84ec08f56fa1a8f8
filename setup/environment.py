"""The virtual environment `.venv`, filled from hash-checked lock files; runs on a bare Python."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from setup.packages import Missing, install

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
COMMAND = '#!/bin/sh\nexec "$(dirname "$0")/python" -m biobank "$@"\n'


def prepare(locks: Sequence[Path]) -> None:
    """Make `.venv` if need be and install each lock that changed since it was last installed.

    Refuses (`Missing`) a folder that cannot be written to and a Python that cannot make environments.
    """
    require_writable(CHECKOUT)
    if not _runs(PYTHON):
        _make()
    for lock in locks:
        stamp = VENV / f"{lock.stem}.installed"
        wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(lock)
            stamp.write_text(wanted)
    _reach_the_checkout()


def require_writable(folder: Path) -> None:
    """Try it: permission bits do not tell of a read-only disk."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = f"The folder {folder} cannot be written to ({error.strerror})"
        raise Missing(f"{reason}: keep the checkout where you may write.") from error


def _make() -> None:
    if find_spec("ensurepip") is None:  # Debian splits it off into a package of its own
        install("python3-venv")
    print(f"Making {VENV.name} with Python {sys.version.split()[0]} ...", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def _install(lock: Path) -> None:
    print(f"Installing {lock.name} ...", flush=True)
    _run([str(PYTHON), "-m", "pip", "install", "-qq", "--require-hashes", "--requirement", str(lock)])


def _reach_the_checkout() -> None:
    """Let the environment import this checkout, and give it the `biobank` command."""
    [packages] = VENV.glob("lib/python*/site-packages")
    (packages / "biobank-checkout.pth").write_text(f"{CHECKOUT}\n")
    command = VENV / "bin" / "biobank"
    command.write_text(COMMAND)
    command.chmod(0o755)


def _runs(python: Path) -> bool:
    """Whether the environment is whole: its Python may have been removed, its making interrupted."""
    try:
        return (
            subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode
            == 0
        )
    except OSError:
        return False


def _run(command: Sequence[str]) -> None:
    """Run a command; its own last words say best what went wrong."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise Missing("The environment .venv could not be filled; the reason stands above.")


if __name__ == "__main__":
    try:
        prepare([CHECKOUT / name for name in sys.argv[1:]])
    except Missing as missing:
        sys.exit(str(missing))
