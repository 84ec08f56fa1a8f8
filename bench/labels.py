"""Labels: a sheet and a roll against an image for each label and against a PDF written by hand.

All three draw the same ids and the same texts; only ours fits them. Figures are labels a second
of this process's own time, the best of several turns taken by each in its order.
"""

import random
import time
from collections.abc import Callable, Sequence
from io import BytesIO

import qrcode
from reportlab.pdfgen.canvas import Canvas
from stdnum.iso7064 import mod_37_36

from biobank.labels import layout, qr
from biobank.labels.drawing import sheet
from biobank.labels.layout import POINT, Font, LabelFace, Line
from biobank.labels.stock import STOCKS, Stock

LABELS = 480
TURNS = 5
FLOOR_TURNS = 2
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Draw = Callable[[Sequence[LabelFace], Stock], bytes]
Row = tuple[str, float, float, float, str]


def rows() -> list[Row]:
    """Operation, ours, floor (both labels a second), ratio, target."""
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
    return measured


def _speed(draw: Draw, faces: Sequence[LabelFace], stock: Stock, turns: int) -> float:
    draw(faces[:20], stock)
    return len(faces) / min(_seconds(draw, faces, stock) for _ in range(turns))


def _seconds(draw: Draw, faces: Sequence[LabelFace], stock: Stock) -> float:
    start = time.process_time()
    draw(faces, stock)
    return time.process_time() - start


def _alike(count: int) -> list[LabelFace]:
    """A batch as it is printed: few materials, events and amounts, aliquots 1 to 8."""
    return [
        LabelFace(
            code,
            ("EDTA plasma", "serum", "stab. stool")[index % 3],
            f"V{index % 4:02}",
            "500 uL",
            f"{index % 8 + 1}/8",
        )
        for index, code in enumerate(_codes(count))
    ]


def _different(count: int) -> list[LabelFace]:
    """The worst case: no text occurs twice, and some have to shrink."""
    return [
        LabelFace(
            code, f"stab. stool {index}", f"SURGERY+{index}M", f"{index + 1} uL", f"{index + 1}/{count}"
        )
        for index, code in enumerate(_codes(count))
    ]


def _codes(count: int) -> list[str]:
    chance = random.Random(1)  # noqa: S311 (a bench's seeded chance)
    made: list[str] = []
    while len(made) < count:
        body = "S" + "".join(chance.choice(CROCKFORD) for _ in range(8))
        check = mod_37_36.calc_check_digit(body)
        if check in CROCKFORD:
            made.append(body + check)
    return made


def _image_each(faces: Sequence[LabelFace], stock: Stock) -> bytes:
    """The usual way: `qrcode` draws a picture, reportlab places it and each string."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(stock.page_width / POINT, stock.page_height / POINT))
    box = layout.symbol(stock)
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


def _by_hand(faces: Sequence[LabelFace], stock: Stock) -> bytes:
    """The floor: bytes put together for this one layout, nothing measured, nothing escaped."""
    box = layout.symbol(stock)
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


def _lines(face: LabelFace) -> tuple[Line, ...]:
    """Fixed places, as a program made for one label would have them."""
    return (
        Line(face.code, 13, 4, 8, Font.BOLD),
        Line(face.material, 13, 6, 6, Font.BOLD),
        Line(face.event, 13, 8, 6, Font.REGULAR),
        Line(face.number, 27, 8, 6, Font.BOLD),
        Line(face.amount, 13, 10, 6, Font.REGULAR),
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
