"""Settings: everything an installation may choose, read from `BIOBANK_...` once at start."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from biobank.errors import Malformed

_FLAGS = {"yes": True, "no": False}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation chose. `from_environment` reads it; tests build it directly."""

    home: Path = Path("var")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    tls_cert: str = ""
    tls_key: str = ""
    trusted_proxies: tuple[str, ...] = ()
    threads: int = 8
    pdf_font: str = ""
    spooler: bool = True

    @property
    def url(self) -> str:
        """The database's address: the one set, else the embedded file in the home folder."""
        return self.database_url or f"sqlite:///{self.home / 'biobank.db'}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by TLS, here or at a proxy in front."""
        return bool(self.tls_cert or self.trusted_proxies)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `BIOBANK_HOME`, `BIOBANK_PORT` and the rest; a value of the wrong shape is refused by name."""
    chosen: dict[str, object] = {}
    for name, kind in Settings.__annotations__.items():
        text = environment.get(f"BIOBANK_{name.upper()}", "")
        if text:
            chosen[name] = _read(name, kind, text)
    return Settings(**chosen)  # type: ignore[arg-type]  # each value was made by _read for its own field


def _read(name: str, kind: object, text: str) -> object:
    if kind is int:
        if not (text.isascii() and text.isdigit()):
            raise Malformed(
                "setting_unreadable",
                "BIOBANK_%(name)s must be a whole number, not “%(value)s”.",
                name=name.upper(),
                value=text,
            )
        return int(text)
    if kind is bool:
        if text not in _FLAGS:
            raise Malformed(
                "setting_unreadable",
                "BIOBANK_%(name)s must be yes or no, not “%(value)s”.",
                name=name.upper(),
                value=text,
            )
        return _FLAGS[text]
    if kind is Path:
        return Path(text)
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())
