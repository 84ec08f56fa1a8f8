"""The sandbox: labels drawn and read back in a process of their own, with bounds of memory and of time.

What is drawn came from people: a text nobody thought of may cost this process its life, but not the one
that serves. It is told nothing of the database, and answers on its output alone.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from biobank import errors
from biobank.errors import Fact, Refusal, RuleBroken
from biobank.labels.layouts import Layout, layout_for
from biobank.labels.proofing import Verdict, judged, verdict
from biobank.labels.shapes import Arranged, Face
from biobank.labels.stock import Stock
from biobank.texts import N_

PDF, ZPL, TSPL, BROTHER = "pdf", "zpl", "tspl", "brother"

MEMORY = 1 << 30
"""Bytes of address space; a page of half a metre square at 600 dpi takes 600 MB of it."""
SECONDS = 120
_MILLIMETRE = 1000
_LATE = N_(
    "Making these %(count)s labels took longer than %(most)s s, so it was stopped and nothing was printed. "
    "Print fewer at a time, or look for a text or a size that is out of the ordinary."
)
_LARGE = N_(
    "Making these %(count)s labels took more than %(most)s MB of memory, so it was stopped and nothing was "
    "printed. Print fewer at a time, or look for a text or a size that is out of the ordinary."
)
_TOLD = ("BIOBANK_PDF_FONT", "LANG", "LC_ALL", "PATH", "SYSTEMROOT")


class Work(Struct, frozen=True):
    """Labels to be made in one of the languages above; the offsets are micrometres right and down.

    Without a layout each face has the one that suits what it is stuck to.
    """

    faces: tuple[Face, ...]
    stock: Stock
    layout: Layout | None = None
    language: str = PDF
    dpi: int = 300
    skip: int = 0
    offset_x_um: int = 0
    offset_y_um: int = 0


class Prepared(Struct, frozen=True, tag=True):
    """What may be sent, if all verdicts are good: a PDF is one part; for a printer each label is one."""

    parts: tuple[bytes, ...]
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()


class Refused(Struct, frozen=True, tag=True):
    """A refusal on its way between processes."""

    kind: str
    slug: str
    message: str
    field: str | None
    facts: dict[str, Fact]

    def again(self) -> Refusal:
        """The refusal as it was raised."""
        kind: type[Refusal] = getattr(errors, self.kind)
        return kind(self.slug, self.message, field=self.field, **self.facts)


_answers = msgspec.msgpack.Decoder(Prepared | Refused)


def prepare(work: Work) -> Prepared:
    """Draws and reads back in this process. Refused like a drawing, or like the printer's language."""
    from biobank.labels.fitting import Arranging

    arranging = {
        of: Arranging(work.layout or layout_for(of, work.stock), work.stock, work.dpi)
        for of in {face.of for face in work.faces}
    }
    labels = [arranging[face.of].arranged(face) for face in work.faces]
    pairs = list(_page(work, labels) if work.language == PDF else _each(work, labels))
    parts = tuple(part for part, _verdict in pairs if part)
    warnings = dict.fromkeys(warning for each in arranging.values() for warning in each.warnings)
    return Prepared(parts, tuple(verdict for _part, verdict in pairs), tuple(warnings))


def prepared(work: Work, *, memory: int = MEMORY, seconds: int = SECONDS) -> Prepared:
    """`prepare` in a process of its own.

    Refused as there, and (`label_worker_killed`) when it took more memory or time than it was given.
    """
    limits = (str(memory), str(seconds))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "biobank.labels.sandbox", *limits],
            input=msgspec.msgpack.encode(work),
            env=surroundings(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _killed(_LATE, work, seconds) from None
    if done.returncode == -signal.SIGXCPU:
        raise _killed(_LATE, work, seconds)
    if done.returncode != 0:
        raise _killed(_LARGE, work, memory >> 20)
    answer: Prepared | Refused = _answers.decode(done.stdout)
    if isinstance(answer, Refused):
        raise answer.again()
    return answer


def surroundings() -> dict[str, str]:
    """What the other process is told of this one: where the code and the font are, and no secret."""
    told = {name: os.environ[name] for name in _TOLD if name in os.environ}
    return {**told, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}


def _page(work: Work, labels: Sequence[Arranged]) -> Iterator[tuple[bytes, Verdict]]:
    """The PDF beside its first verdict, nothing beside the others."""
    from biobank.labels import drawing

    x, y = work.offset_x_um / _MILLIMETRE, work.offset_y_um / _MILLIMETRE
    pdf = drawing.sheet(
        work.faces, work.stock, work.layout, dpi=work.dpi, skip=work.skip, offset_x=x, offset_y=y
    )
    for each in judged(pdf, labels, work.stock, skip=work.skip, offset_x=x, offset_y=y):
        yield (pdf if each.serial == 1 else b""), each


def _each(work: Work, labels: Sequence[Arranged]) -> Iterator[tuple[bytes, Verdict]]:
    """Each label in the printer's language, beside the verdict on the dots that it will burn."""
    from biobank.labels import brother, tspl, zpl
    from biobank.labels.dots import dots

    written = {ZPL: zpl.written, TSPL: tspl.written, BROTHER: brother.written}[work.language]
    sent = written(labels, stock=work.stock, offset_x_um=work.offset_x_um, offset_y_um=work.offset_y_um)
    for serial, (label, part) in enumerate(zip(labels, sent, strict=True), 1):
        yield part, verdict(serial, label, dots(label).image)


def _killed(message: str, work: Work, most: int) -> RuleBroken:
    return RuleBroken("label_worker_killed", message, field="codes", count=len(work.faces), most=most)


def _limit(memory: int, seconds: int) -> None:
    """What this process may take from now on; it writes no file and leaves no core."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Reads work from the input, writes what became of it to the output: both are msgpack."""
    _limit(int(sys.argv[1]), int(sys.argv[2]))
    answer: Prepared | Refused
    try:
        answer = prepare(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Work))
    except Refusal as refusal:
        answer = Refused(
            type(refusal).__name__, refusal.slug, refusal.message, refusal.field, dict(refusal.facts)
        )
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
