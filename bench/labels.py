"""Labels: sheets and a roll against an image for each label and against a PDF written by hand.

All draw the same ids and the same texts; only ours fits them. "By the library" is ours with each symbol
drawn by `qrcode` with its version, level and mask fixed, where ours has linear tables. Figures are labels a
second of this process's own time, the best of several turns taken by each in its order; then bytes a label
and the most memory that 1,000, 10,000 and 100,000 labels take.
"""

import random
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import qrcode
from qrcode.util import MODE_ALPHA_NUM, QRData
from reportlab.pdfgen.canvas import Canvas
from stdnum.iso7064 import mod_37_36

from biobank.labels.drawing import parts, sheet
from biobank.labels.fitting import Arranging
from biobank.labels.layouts import layout_for
from biobank.labels.shapes import POINT, Box, Face, Font, Line, Of
from biobank.labels.stock import STOCKS, Stock
from biobank.labels.symbols import qr

LABELS = 480
TURNS = 5
FLOOR_TURNS = 2
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Draw = Callable[[Sequence[Face], Stock], bytes]
Row = tuple[str, float, float, float, str]


def rows() -> list[Row]:
    """Operation, ours, floor, ratio, target: labels a second, then bytes a label, then kilobytes."""
    measured = []
    alike, different = ("alike", _alike(LABELS)), ("all different", _different(LABELS))
    for stock, (kind, faces), image_target, hand_target in (
        (STOCKS["herma-4100"], alike, ">= 40", "reported"),
        (STOCKS["herma-4100"], different, ">= 8", "reported"),
        (STOCKS["ttlw-2016"], alike, ">= 40", "reported"),
        (STOCKS["ttlw-2016"], different, ">= 8", "reported"),
        (STOCKS["roll-33x13"], alike, "reported", ">= 0.15"),
        (STOCKS["roll-33x13"], different, "reported", "reported"),
    ):
        ours = _speed(sheet, faces, stock, TURNS)
        for name, draw, target in (
            ("an image each", _image_each, image_target),
            ("by hand", _by_hand, hand_target),
        ):
            floor = _speed(draw, faces, stock, FLOOR_TURNS)
            operation = f"{stock.name}, texts {kind}, against {name}"
            measured.append((operation, ours, floor, ours / floor, target))
    return [*measured, _by_the_library(alike[1]), *_bytes(alike[1]), *_memory()]


def _by_the_library(faces: Sequence[Face]) -> Row:
    """Ours without the linear tables."""
    stock, tables = STOCKS["herma-4100"], qr.image
    floor = _speed(_image_each, faces, stock, FLOOR_TURNS)
    qr.image = _library_image
    try:
        ours = _speed(sheet, faces, stock, FLOOR_TURNS)
    finally:
        qr.image = tables
    return f"{stock.name}, symbols by the library, against an image each", ours, floor, ours / floor, ">= 8"


def _library_image(code: str) -> bytes:
    symbol = qrcode.QRCode(version=1, error_correction=qrcode.ERROR_CORRECT_H, mask_pattern=qr.MASK, border=0)
    symbol.add_data(QRData(code, mode=MODE_ALPHA_NUM))
    symbol.make(fit=False)
    lines = ("".join("01"[bool(module)] for module in row).ljust(24, "0") for row in symbol.get_matrix())
    return int("".join(lines), 2).to_bytes(63, "big")


def _bytes(faces: Sequence[Face]) -> list[Row]:
    made = []
    for stock in (STOCKS["herma-4100"], STOCKS["roll-33x13"]):
        ours, floor = (len(draw(faces, stock)) / len(faces) for draw in (sheet, _image_each))
        operation = f"{stock.name}, bytes a label, against an image each"
        made.append((operation, ours, floor, ours / floor, "reported"))
    return made


def _memory() -> list[Row]:
    """The most that drawing holds at a time (kB), against what it holds for 1,000 labels."""
    stock = STOCKS["herma-4100"]
    least = _peak(1_000, stock)
    return [
        (f"{count:,} labels of {stock.name}, memory (kB)", peak, least, peak / least, "flat")
        for count in (10_000, 100_000)
        for peak in (_peak(count, stock),)
    ]


def _peak(count: int, stock: Stock) -> float:
    tracemalloc.start()
    try:
        for _part in parts(_stream(count), stock):
            pass
        return tracemalloc.get_traced_memory()[1] / 1000
    finally:
        tracemalloc.stop()


def _stream(count: int) -> Iterator[Face]:
    for index in range(count):
        fields = {"material": "EDTA plasma", "event": f"V{index % 12:02}", "number": f"{index % 8 + 1}/8"}
        yield Face(f"S{index:09}", Of.SPECIMEN, fields)


def _speed(draw: Draw, faces: Sequence[Face], stock: Stock, turns: int) -> float:
    draw(faces[:20], stock)
    return len(faces) / min(_seconds(draw, faces, stock) for _ in range(turns))


def _seconds(draw: Draw, faces: Sequence[Face], stock: Stock) -> float:
    start = time.process_time()
    draw(faces, stock)
    return time.process_time() - start


def _alike(count: int) -> list[Face]:
    """A batch as it is printed: few materials, events and amounts, aliquots 1 to 8."""
    return [
        _tube(
            code,
            ("EDTA plasma", "serum", "stab. stool")[index % 3],
            f"V{index % 4:02}",
            "500 uL",
            f"{index % 8 + 1}/8",
        )
        for index, code in enumerate(_codes(count))
    ]


def _different(count: int) -> list[Face]:
    """The worst case: no text occurs twice, and some have to shrink."""
    return [
        _tube(code, f"stab. stool {index}", f"SURGERY+{index}M", f"{index + 1} uL", f"{index + 1}/{count}")
        for index, code in enumerate(_codes(count))
    ]


def _tube(code: str, material: str, event: str, amount: str, number: str) -> Face:
    fields = {"material": material, "event": event, "amount": amount, "number": number}
    return Face(code, Of.SPECIMEN, fields)


def _box(stock: Stock) -> Box:
    """Where the symbol stands."""
    return Arranging(layout_for(Of.SPECIMEN, stock), stock, 300).symbols[0].box


def _codes(count: int) -> list[str]:
    chance = random.Random(1)  # noqa: S311 (a bench's seeded chance)
    made: list[str] = []
    while len(made) < count:
        body = "S" + "".join(chance.choice(CROCKFORD) for _ in range(8))
        check = mod_37_36.calc_check_digit(body)
        if check in CROCKFORD:
            made.append(body + check)
    return made


def _image_each(faces: Sequence[Face], stock: Stock) -> bytes:
    """The usual way: `qrcode` draws a picture, reportlab places it and each string."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(stock.page_width / POINT, stock.page_height / POINT))
    box = _box(stock)
    side = box.width / POINT
    for index, face in enumerate(faces):
        place = index % stock.per_page
        if index and not place:
            canvas.showPage()
        x, y = (edge / POINT for edge in stock.corner(place))
        y = stock.page_height / POINT - y
        code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_H, border=0)
        code.add_data(face.code)
        picture = code.make_image().get_image()
        canvas.drawInlineImage(picture, x + box.x / POINT, y - box.bottom / POINT, side, side)
        for line in _lines(face):
            canvas.setFont(line.font.value, line.size)
            canvas.drawString(x + line.x / POINT, y - line.baseline / POINT, line.text)
    canvas.save()
    return file.getvalue()


def _by_hand(faces: Sequence[Face], stock: Stock) -> bytes:
    """The floor: bytes put together for this one layout, nothing measured, nothing escaped."""
    box = _box(stock)
    side, down = box.width / POINT, box.bottom / POINT
    labels = []
    for index, face in enumerate(faces):
        x, y = (edge / POINT for edge in stock.corner(index % stock.per_page))
        y = stock.page_height / POINT - y
        texts = " ".join(
            f"BT /{'F2' if line.font is Font.BOLD else 'F1'} {line.size} Tf {line.x / POINT:.4f} "
            f"{-line.baseline / POINT:.4f} Td ({line.text}) Tj ET"
            for line in _lines(face)
        )
        labels.append(
            f"q 1 0 0 1 {x:.4f} {y:.4f} cm q {side:.4f} 0 0 {side:.4f} {box.x / POINT:.4f} {-down:.4f} cm "
            f"BI /W 21 /H 21 /IM true /D [1 0] /F /AHx ID {qr.image(face.code).hex()}> EI Q {texts} Q"
        )
    starts = range(0, len(labels), stock.per_page)
    return _document(["\n".join(labels[start : start + stock.per_page]) for start in starts], stock)


def _lines(face: Face) -> tuple[Line, ...]:
    """Fixed places, as a program made for one label would have them."""
    return (
        Line(face.code, 13, 4, 8, Font.BOLD),
        Line(face.fields["material"], 13, 6, 6, Font.BOLD),
        Line(face.fields["event"], 13, 8, 6, Font.REGULAR),
        Line(face.fields["number"], 27, 8, 6, Font.BOLD),
        Line(face.fields["amount"], 13, 10, 6, Font.REGULAR),
    )


def _document(pages: Sequence[str], stock: Stock) -> bytes:
    """A whole PDF of uncompressed pages: catalogue, page tree, two fonts, cross-references."""
    kids = " ".join(f"{5 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    size = f"{stock.page_width / POINT:.4f} {stock.page_height / POINT:.4f}"
    for index, content in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents {6 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    written, places = ["%PDF-1.4\n"], []
    at = len(written[0])
    for number, each in enumerate(objects, 1):
        places.append(at)
        written.append(f"{number} 0 obj\n{each}\nendobj\n")
        at += len(written[-1])
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    written.append(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}")
    written.append(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n")
    return "".join(written).encode("latin-1")


def main() -> None:
    print(f"{'operation (labels/s)':72} {'ours':>9} {'floor':>9} {'ratio':>8}  target")
    for operation, ours, floor, ratio, target in rows():
        print(f"{operation:72} {ours:9,.0f} {floor:9,.0f} {ratio:8.2f}  {target}")


if __name__ == "__main__":
    main()
