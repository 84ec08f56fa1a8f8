"""PDF: a document written page by page, so that a sheet of any length takes the memory of one page.

As ISO 32000-1 has it: objects in any order, the table of their places at the end. A page's content is the
operators of whoever draws. The two standard fonts are named, the Chinese one is embedded with the signs
that were used. The same content always gives the same bytes: nothing is dated, and nothing is compressed.
"""

from array import array
from collections.abc import Iterator, Mapping

from biobank.labels import fonts
from biobank.labels.shapes import POINT, Font, Line

_CATALOGUE, _TREE, _REGULAR, _BOLD, _RESOURCES = range(1, 6)
_NAMES: Mapping[Font, str] = {Font.REGULAR: "/F1", Font.BOLD: "/F2", Font.CHINESE: "/F3"}
"""What a page's operators call the fonts."""

_TURNED: Mapping[int, str] = {0: "1 0 0 1", 90: "0 -1 1 0", 180: "-1 0 0 -1", 270: "0 1 -1 0"}
"""The first four numbers of a text matrix (PDF's y runs up)."""

_ESCAPES = {code: f"\\{code:03o}" for code in (*b"()\\", *range(128, 256))}
"""What a PDF string spells as an octal escape; WinAnsi above ASCII among it."""
_HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"


class Document:
    """A document being written; whoever makes it takes the parts in order, `end` last."""

    def __init__(self, title: str, width: float, height: float) -> None:
        """All pages are of one size (mm)."""
        self.title = title
        self.top = f"{height / POINT:.4f}"
        self.box = f"[0 0 {width / POINT:.4f} {self.top}]"
        self.embedded = _Embedded()
        self._places = array("Q", bytes(8 * (_RESOURCES + 1)))
        self._pages = array("L")
        self._at = 0

    def start(self) -> bytes:
        self._at = len(_HEADER)
        return _HEADER

    def page(self, content: str) -> bytes:
        """A page of these operators (Latin-1), which measure from its top-left corner (`point`)."""
        data = f"1 0 0 1 0 {self.top} cm\n{content}".encode("latin-1")
        stream = self._object(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(data), data))
        self._pages.append(len(self._places))
        page = self._object(
            f"<< /Type /Page /Parent {_TREE} 0 R /MediaBox {self.box} /Resources {_RESOURCES} 0 R "
            f"/Contents {len(self._places) - 1} 0 R >>".encode()
        )
        return stream + page

    def text(self, line: Line) -> str:
        """The operators of a line, about the point that its place is measured from."""
        place = f"{point(line.x, line.baseline)} Td"
        if line.rotation:
            place = f"{_TURNED[line.rotation]} {point(line.x, line.baseline)} Tm"
        if line.font is Font.CHINESE:
            shown = self.embedded.string(line.text)
        else:
            shown = f"({line.text.encode('cp1252').decode('latin-1').translate(_ESCAPES)})"
        return f"BT {_NAMES[line.font]} {line.size:g} Tf {place} {shown} Tj ET"

    def end(self) -> Iterator[bytes]:
        """What the pages share, and where everything stands."""
        names = f"{_NAMES[Font.REGULAR]} {_REGULAR} 0 R {_NAMES[Font.BOLD]} {_BOLD} 0 R"
        if self.embedded.glyphs:
            names += f" {_NAMES[Font.CHINESE]} {len(self._places)} 0 R"
            for body in self.embedded.objects(len(self._places)):
                yield self._object(body)
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        yield self._object(
            f"<< /Type /Catalog /Pages {_TREE} 0 R "
            "/ViewerPreferences << /PrintScaling /None /Duplex /Simplex >> >>".encode(),
            _CATALOGUE,
        )
        yield self._object(f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>".encode(), _TREE)
        for number, font in ((_REGULAR, Font.REGULAR), (_BOLD, Font.BOLD)):
            kind = f"/Subtype /Type1 /BaseFont /{font.value} /Encoding /WinAnsiEncoding"
            yield self._object(f"<< /Type /Font {kind} >>".encode(), number)
        yield self._object(f"<< /Font << {names} >> >>".encode(), _RESOURCES)
        title = self.title.encode("utf-16-be").hex()
        yield self._object(f"<< /Title <feff{title}> >>".encode())
        yield self._places_table()

    def _places_table(self) -> bytes:
        count = len(self._places)
        table = "".join(f"{place:010} 00000 n \n" for place in self._places[1:])
        return (
            f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n"
            f"<< /Size {count} /Root {_CATALOGUE} 0 R /Info {count - 1} 0 R >>\n"
            f"startxref\n{self._at}\n%%EOF\n"
        ).encode()

    def _object(self, body: bytes, number: int = 0) -> bytes:
        """An object under the next number, or under one that was kept for it."""
        if number:
            self._places[number] = self._at
        else:
            number = len(self._places)
            self._places.append(self._at)
        written = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        self._at += len(written)
        return written


def point(x: float, y: float) -> str:
    """Millimetres to the right and down, as PDF points to the right and up."""
    return f"{x / POINT:.4f} {-y / POINT:.4f}"


class _Embedded:
    """The Chinese font: a composite one (ISO 32000-1, 9.7) of the glyphs that were used, in their order."""

    def __init__(self) -> None:
        self.glyphs: dict[int, int] = {}
        """The number that a glyph of the font's file has in the document, from 1."""
        self.signs: list[str] = []
        """The first sign that each of them stood for."""

    def string(self, text: str) -> str:
        face = fonts.embedded()
        return f"<{''.join(f'{self._number(sign, face.charToGlyph[ord(sign)]):04x}' for sign in text)}>"

    def _number(self, sign: str, glyph: int) -> int:
        if glyph not in self.glyphs:
            self.glyphs[glyph] = len(self.glyphs) + 1
            self.signs.append(sign)
        return self.glyphs[glyph]

    def objects(self, first: int) -> Iterator[bytes]:
        """The font under that number, and its parts under the next."""
        face = fonts.embedded()
        name = f"/AAAAAA+{Font.CHINESE.value}"
        widths = " ".join(f"{face.charWidths[ord(sign)]:g}" for sign in self.signs)
        yield (
            f"<< /Type /Font /Subtype /Type0 /BaseFont {name} /Encoding /Identity-H "
            f"/DescendantFonts [{first + 1} 0 R] /ToUnicode {first + 4} 0 R >>"
        ).encode()
        yield (
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont {name} /CIDToGIDMap /Identity "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {first + 2} 0 R /DW 1000 /W [1 [{widths}]] >>"
        ).encode()
        box = " ".join(f"{edge:g}" for edge in face.bbox)
        yield (
            f"<< /Type /FontDescriptor /FontName {name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 "
            f"/Ascent {face.ascent:g} /Descent {face.descent:g} /CapHeight {face.capHeight:g} /StemV 80 "
            f"/FontFile2 {first + 3} 0 R >>"
        ).encode()
        file = face.makeSubset([ord(sign) for sign in self.signs])
        yield b"<< /Length %d /Length1 %d >>\nstream\n%b\nendstream" % (len(file), len(file), file)
        meaning = self._meaning().encode()
        yield b"<< /Length %d >>\nstream\n%b\nendstream" % (len(meaning), meaning)

    def _meaning(self) -> str:
        """Which sign each number is, for searching and copying (9.10.3); 100 a block at most."""
        pairs = [
            f"<{number:04x}> <{sign.encode('utf-16-be').hex()}>" for number, sign in enumerate(self.signs, 1)
        ]
        starts = range(0, len(pairs), 100)
        blocks = [pairs[start : start + 100] for start in starts]
        body = "\n".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{body}\n"
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
        )
