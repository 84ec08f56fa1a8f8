"""Files that are no text, too much of it, or something else by its name: rows B35 to B37 and B41 to B45."""

import base64
import io
import zipfile
from collections.abc import Iterator

from tests.hostile.furnished import Known
from tests.hostile.row import Row, form, order
from tests.world import MANAGER, PROTOCOL

_MIXED = "multipart/form-data"


def rows(known: Known) -> list[Row]:
    """All of them, in front of a furnished world."""
    return [row for some in (_parts(known), _texts(known), _archives(known), _protocols()) for row in some]


def multipart(boundary: str, parts: list[tuple[str, str, bytes]], *, closed: bool = True) -> bytes:
    """Parts of a form: each with its name, the name of its file where it is one, and what is in it."""
    found = b""
    for name, file, data in parts:
        named = f'; filename="{file}"' if file else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        found += head.encode() + data + b"\r\n"
    return found + (f"--{boundary}--\r\n".encode() if closed else b"")


def _parts(known: Known) -> Iterator[Row]:
    path = f"/boxes/{known.boxes[2]}/file"
    file = ("file", "scan.txt", b"A1,1\n")
    told = {"Content-Type": f"{_MIXED}; boundary=b"}
    many = [("x", "", b"1")] * 2_000
    for sent, headers in (
        (multipart("b", many), told),
        (multipart("b", [file]), {"Content-Type": _MIXED}),
        (multipart("b", [file], closed=False), told),
        (multipart("other", [file]), told),
        (b"\xff" * 100, told),
    ):
        yield form("B35", path, sent, 400, "unreadable", headers=headers)


def _texts(known: Known) -> Iterator[Row]:
    for number, data, slug in (
        ("B36", "Rack,RÄK\nA1,\xe9\n".encode("latin-1"), "rack_file_not_text"),
        ("B37", b"A1," + b"x" * 131_073 + b"\n", "line_unreadable"),
        ("B38", b"A1,1\x00\n", "rack_file_not_text"),
        ("B38", b'A1,"1\n', "line_unreadable"),
        ("B38", b"A1" + b"," * 10_000, "rack_file_too_long"),
        ("B38", b"A1,1\n" * 20_000, "rack_file_too_long"),
        ("B38", b"", "rack_file_empty"),
    ):
        sent = {"content": base64.b64encode(data).decode(), "box": known.boxes[2], "rack": known.boxes[2]}
        yield order(number, "/rack-files", sent, 400, slug)
    for content in ("not base64!", "====", "QQ=", "\u00e9"):
        sent = {"content": content, "box": known.boxes[2]}
        yield order("B36", "/rack-files", sent, 400, "file_not_base64")


def _archives(known: Known) -> Iterator[Row]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 100_000)
        archive.writestr("../../evil", b"x")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
    for number, data, name, slug in (
        ("B41", packed.getvalue(), "rack.xlsx", "rack_file_not_text"),
        ("B42", packed.getvalue(), "rack.xlsm", "rack_file_not_text"),
        ("B44", svg, "rack.svg", "wells_not_found"),
        ("B44", png, "rack.png", "rack_file_not_text"),
        ("B45", packed.getvalue(), "rack.zip", "rack_file_not_text"),
    ):
        sent = {"content": base64.b64encode(data).decode(), "name": name, "box": known.boxes[2]}
        yield order(number, "/rack-files", sent, 400, slug)


def _protocols() -> Iterator[Row]:
    kind = {"Content-Type": "application/toml"}
    for number, data, slug in (
        ("B1", PROTOCOL.replace(b"A study", b"A\\u0000study"), "input_refused"),
        ("B3", PROTOCOL.replace(b"A study", b"\xff"), "protocol_unreadable"),
        ("B5", PROTOCOL.replace(b"day = 30", b"day = " + b"9" * 400), "input_refused"),
        ("B7", PROTOCOL.replace(b"day = 30", b"day = nan"), "input_refused"),
        ("B12", PROTOCOL.replace(b"day = 30", b"day = 30\nday = 31"), "protocol_unreadable"),
        ("B13", PROTOCOL.replace(b"day = 30", b"day = 30\nis_admin = true"), "input_refused"),
        ("B16", b"x = " + b"[" * 50_000 + b"]" * 50_000, "protocol_unreadable"),
        ("B17", b"", "input_refused"),
    ):
        for path in ("/studies", "/study-previews"):
            yield order(number, path, data, 400, slug, headers=kind, person=MANAGER)
    yield order("B18", "/studies", PROTOCOL, 415, "wrong_media_type", person=MANAGER)
