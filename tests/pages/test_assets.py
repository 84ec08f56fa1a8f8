"""What the built pages load comes from us alone, and the sources keep our rules."""

import json
import re
from pathlib import Path

import pytest

from biobank.pages.build_assets import ASSETS, STATIC, build

# Names that stand in Swagger UI and are compared or parsed, never asked for. Each with its reason.
NAMES_ONLY = {
    "http://json-schema.org/": "the names of JSON Schema's dialects",
    "https://json-schema.org/": "the names of JSON Schema's dialects",
    "https://spec.openapis.org/": "the names of OpenAPI's dialects",
    "https://example.com/": "the base on which a relative address is parsed",
    "https://base$": "the base on which a relative address is parsed",
    "https://실례.com/": "the text on which a browser's parsing of addresses is tried",
}


@pytest.fixture(scope="module")
def built() -> Path:
    build()
    return STATIC


def served(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in {".css", ".js", ".json"})


def addresses(text: str) -> list[str]:
    found = re.findall(r"(?:https?:)?//[\w가-힣$][^\s\"'`)<>\\]*\.?[^\s\"'`)<>\\]*", text)
    return [address for address in found if address.startswith("http")]


def test_the_bundle_names_no_foreign_address(built: Path) -> None:
    allowed = ("http://www.w3.org/", *NAMES_ONLY)
    foreign = {
        f"{file.name}: {address}"
        for file in served(built)
        for address in addresses(file.read_text(encoding="utf-8"))
        if not address.startswith(allowed)
    }
    assert foreign == set()


def test_every_page_but_the_api_viewer_names_only_w3_namespaces(built: Path) -> None:
    entry = json.loads((built / "manifest.json").read_text())["src/app.js"]
    for name in [entry["file"], *entry["css"]]:
        found = addresses((built / name).read_text(encoding="utf-8"))
        assert [address for address in found if not address.startswith("http://www.w3.org/")] == []


def test_every_allowed_name_is_still_needed(built: Path) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in served(built))
    assert [name for name in NAMES_ONLY if name not in text] == []


def test_the_manifest_names_files_that_exist(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    for entry in ("src/app.js", "src/swagger.js"):
        for name in [manifest[entry]["file"], *manifest[entry]["css"]]:
            assert re.fullmatch(r"\w+-[\w-]{8}\.(js|css)", name)
            assert (built / name).is_file()


def test_styles_and_fonts_fit_a_slow_tablet(built: Path) -> None:
    entry = json.loads((built / "manifest.json").read_text())["src/app.js"]
    sizes = {name: (built / name).stat().st_size for name in [entry["file"], *entry["css"], *entry["assets"]]}
    assert sum(sizes.values()) < 256_000, sizes


def test_the_licence_of_everything_shipped_is_in_the_bundle(built: Path) -> None:
    text = (built / "third-party.txt").read_text(encoding="utf-8")
    shipped = json.loads((ASSETS / "package.json").read_text())["dependencies"]
    assert [name for name, version in shipped.items() if f"{name} {version} (" not in text] == []


def test_a_second_build_has_nothing_to_do(built: Path) -> None:
    assert build() is False


def test_the_lock_names_no_address() -> None:
    lock = (ASSETS / "package-lock.json").read_text(encoding="utf-8")
    assert re.findall(r"https?:|\"resolved\"|registry\.", lock) == []


def test_every_version_is_exact() -> None:
    package = json.loads((ASSETS / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@pytest.mark.parametrize("banned", ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function"])
def test_our_sources_never_write_markup_or_code_from_text(banned: str) -> None:
    assert [file.name for file in (ASSETS / "src").rglob("*.js") if banned in file.read_text()] == []


def test_every_custom_element_stays_short() -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in (ASSETS / "src").rglob("*.js")}
    assert {name: length for name, length in lengths.items() if length >= 250} == {}
