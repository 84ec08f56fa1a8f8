"""The three lock files, made anew from pyproject.toml: to run, to develop, to build."""

import subprocess
import sys
import tomllib
from collections.abc import Sequence

from setup.environment import CHECKOUT

HOW = (
    "--generate-hashes",
    "--no-emit-index-url",  # an address of one registry is of no use to who has another
    "--no-emit-find-links",
    "--no-header",
    "--strip-extras",
    "--allow-unsafe",
    "--quiet",
)


def lock(wishes: Sequence[str]) -> None:
    """Compile them in the order in which each holds the next; `wishes` go to pip-compile (`--upgrade`)."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    to_build = [*project["build-system"]["requires"], *project["project"]["optional-dependencies"]["assets"]]
    _compile("requirements.lock", "pyproject.toml", *wishes)
    _compile(
        "requirements-dev.lock", "pyproject.toml", "--extra=dev", "--constraint=requirements.lock", *wishes
    )
    _compile(
        "requirements-build.lock",
        "-",
        "--constraint=requirements-dev.lock",
        *wishes,
        lines="\n".join(to_build),
    )


def _compile(name: str, *arguments: str, lines: str = "") -> None:
    print(f"Locking {name} ...", flush=True)
    command = [sys.executable, "-m", "piptools", "compile", *HOW, f"--output-file={name}", *arguments]
    subprocess.run(command, cwd=CHECKOUT, input=lines, text=True, check=True)


if __name__ == "__main__":
    lock(sys.argv[1:])
