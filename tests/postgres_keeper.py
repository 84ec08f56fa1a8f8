"""Keeps one PostgreSQL server alive for exactly as long as somebody holds its standard input open.

The end of the input is the only way it ends, so a test run that is killed leaves neither a server nor
a folder behind. Called as `python postgres_keeper.py BINARIES [SETTING=VALUE ...]`; it says the server's
folder, in which the socket stands, once the server answers. It runs on a bare Python.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

SETTINGS = (
    "listen_addresses=''",  # reached by the socket in its own folder alone: nobody else gets in
    "max_connections=100",
    "shared_buffers=64MB",
    "dynamic_shared_memory_type=mmap",  # containers often have a tiny /dev/shm
    "timezone=UTC",
)


def keep(binaries: Path, settings: Sequence[str]) -> None:
    """Make a cluster, start it, wait for the end of the input, stop it and remove everything."""
    folder = Path(tempfile.mkdtemp(prefix="biobank-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", pwd.getpwnam("nobody").pw_gid)
            binaries = _readable(binaries, folder)
        _start(binaries, folder, settings)
        sys.stdout.write(f"{folder}\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            _run(folder, binaries / "pg_ctl", "stop", "-m", "immediate", "-D", folder / "data")
        shutil.rmtree(folder)


def _start(binaries: Path, folder: Path, settings: Sequence[str]) -> None:
    data, log = folder / "data", folder / "log"
    how = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    _run(folder, binaries / "initdb", "-D", data, *how)
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{line}\n" for line in (*SETTINGS, f"unix_socket_directories='{folder}'", *settings))
    _run(folder, binaries / "pg_ctl", "start", "-w", "-D", data, "-l", log)


def _readable(binaries: Path, folder: Path) -> Path:
    """Copy what came in a wheel, with the libraries beside it: `nobody` may not be able to read in there."""
    if not binaries.is_relative_to(sys.prefix):
        return binaries
    server, wheel = binaries.parents[:2]
    copy = folder / "wheel" / wheel.name / server.name
    shutil.copytree(server, copy, symlinks=True)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    shutil.copytree(libraries, folder / "wheel" / libraries.name)
    return copy / binaries.name


def _run(folder: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's commands, as the folder's owner: PostgreSQL refuses root."""
    run = partial(subprocess.run, command, cwd=folder, capture_output=True, text=True, check=False)
    run = partial(run, env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"})  # without anybody's PGDATA or PGHOST
    owner = folder.stat()
    as_root = os.geteuid() == 0
    done = run(user=owner.st_uid, group=owner.st_gid, extra_groups=()) if as_root else run()
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2:])
