"""Sending to printers: the one place that opens a socket, and only to a printer that is a row.

What goes wrong before the first byte is told apart from what goes wrong after it by who calls: `opened`
fails while nothing has left this machine; `send` and `require_printed` fail when nobody knows what came out.

Sources: Zebra, ZPL II Programming Guide (`~HS`, `~JA`); TSC, TSPL/TSPL2 Programming (`<ESC>!?`, `<ESC>!.`).
"""

import os
import re
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

from biobank.errors import RuleBroken
from biobank.tables import Printer, PrinterLanguage
from biobank.texts import N_

_SLICE = 4096
"""Bytes given to the printer at a time: a slow one has its whole patience for each."""

_ZPL_STATUS, _ZPL_CANCEL = b"~HS\n", b"~JA\n"
_TSPL_STATUS, _TSPL_CANCEL = b"\x1b!?", b"\x1b!."
_STATUS = re.compile(rb"\x02([^\x02\x03]*)\x03")
_JAMMED, _PAPER_OUT, _RIBBON_OUT, _HEAD_OPEN, _PAUSED, _PRINTING = 0x02, 0x04, 0x08, 0x01, 0x10, 0x20


class Patience(Struct, frozen=True):
    """How long a printer may take (s): to be reached, to take or to answer, to print a label.

    `between` two questions so long is waited; `spool` is what the system's `lp` may take, and `stack` what
    all labels of one may, whatever the printer says meanwhile.
    """

    connect: float = 5.0
    answer: float = 10.0
    label: float = 20.0
    between: float = 0.25
    spool: float = 45.0
    stack: float = 900.0


PATIENCE = Patience()


class Status(Struct, frozen=True):
    """What a printer says of itself: a fault as a refusal's slug, or none, and labels it has yet to print."""

    fault: str = ""
    left: int = 0


_FAULTS = {
    "printer_out_of_media": N_("The printer %(name)s has no labels left. Put in a new roll."),
    "printer_out_of_ribbon": N_("The printer %(name)s has no ribbon left. Put in a new one."),
    "printer_open": N_("The printer %(name)s is open. Close it."),
    "printer_paused": N_("The printer %(name)s is paused. Press its pause key."),
    "printer_unclear": N_(
        "The printer %(name)s answers, but not as printers of its language do. Is the language right?"
    ),
    "printer_jammed": N_("A label is stuck in the printer %(name)s. Take it out."),
}


def fault(slug: str, printer: Printer) -> RuleBroken:
    """What a printer says of itself, as a refusal."""
    return RuleBroken(slug, _FAULTS[slug], field="printer", name=printer.name)


class NotTaken(RuleBroken):
    """Labels that a print system did not take: surely none of them was printed."""


class Line:
    """A connection to a printer that is ready, for one stack of labels."""

    def __init__(
        self, printer: Printer, connected: socket.socket, patience: Patience, leaving: Callable[[], bool]
    ) -> None:
        self._printer = printer
        self._socket = connected
        self._patience = patience
        self._leaving = leaving

    def require_ready(self) -> None:
        """Refused: a printer that says that it cannot print; one that could say so, and says nothing."""
        status = self._status()
        if status and status.fault:
            raise fault(status.fault, self._printer)

    def send(self, stack: bytes) -> None:
        """Give it all of the bytes. Refused: a printer that takes no more, or that ended the connection."""
        view, end = memoryview(stack), time.monotonic() + self._patience.stack
        try:
            for start in range(0, len(view), _SLICE):
                self._leaving()  # a printer that takes it slowly has us say meanwhile that we are at it
                _require_before(end)
                self._socket.sendall(view[start : start + _SLICE])
        except OSError as error:
            raise self._broken(error) from error

    def require_printed(self) -> None:
        """Wait until everything is out of the printer.

        One that says nothing of itself has taken it once it ends the connection after us. Refused: a
        printer that stands still, says what is wrong, falls silent or ends the connection; what it still
        holds is cancelled, as far as it hears us, so that what did not come out by now never will.
        """
        if self._printer.language is PrinterLanguage.BROTHER:
            self._require_taken()
            return
        try:
            self._watch()
        except RuleBroken:
            self._cancel()
            raise

    def _watch(self) -> None:
        left, since, settled = -1, time.monotonic(), 0
        end = since + self._patience.stack
        while settled < 2:  # between taking up a label and printing it a printer may hold none for a moment
            status = self._status() or Status()
            if status.fault:
                raise fault(status.fault, self._printer)
            settled = 0 if status.left else settled + 1
            if status.left != left:
                left, since = status.left, time.monotonic()
            waited = time.monotonic() - since
            late = waited > self._patience.label or time.monotonic() > end
            if left and (late or (self._leaving() and waited > self._patience.answer)):
                message = N_("The printer %(name)s stopped in the middle of its labels. Look at it.")
                raise RuleBroken("printer_stuck", message, field="printer", name=self._printer.name)
            time.sleep(self._patience.between)

    def _require_taken(self) -> None:
        end = time.monotonic() + self._patience.stack
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(_SLICE):
                self._leaving()
                _require_before(end)
        except OSError as error:
            raise self._broken(error) from error

    def _status(self) -> Status | None:
        """What it says when it is asked; None of one that cannot be asked over the network."""
        if self._printer.language is PrinterLanguage.ZPL:
            return _zpl(self._asked(_ZPL_STATUS, lambda heard: len(_STATUS.findall(heard)) >= _ZPL_TEXTS))
        if self._printer.language is PrinterLanguage.TSPL:
            return _tspl(self._asked(_TSPL_STATUS, bool))
        return None

    def _asked(self, question: bytes, whole: Callable[[bytes], object]) -> bytes:
        heard, end = b"", time.monotonic() + self._patience.stack
        try:
            self._socket.sendall(question)
            while not whole(heard):
                _require_before(end)
                some = self._socket.recv(_SLICE)
                if not some or len(heard) > _SLICE:
                    raise ConnectionResetError("the printer ended the connection")
                heard += some
        except OSError as error:
            raise self._broken(error) from error
        return heard

    def _cancel(self) -> None:
        cancel = {PrinterLanguage.ZPL: _ZPL_CANCEL, PrinterLanguage.TSPL: _TSPL_CANCEL}
        with suppress(OSError):
            self._socket.sendall(cancel[self._printer.language])

    def _broken(self, error: OSError) -> RuleBroken:
        if isinstance(error, TimeoutError):
            return _silent(self._printer)
        message = N_("The printer %(name)s ended the connection. Look at it.")
        return RuleBroken("printer_broke_off", message, field="printer", name=self._printer.name)


def _require_before(end: float) -> None:
    """That it does not go on for ever: a printer may dribble, each byte within its time."""
    if time.monotonic() > end:
        raise TimeoutError


def _silent(printer: Printer) -> RuleBroken:
    message = N_(
        "The printer %(name)s fell silent: it takes nothing and says nothing. Look at it, and switch it off"
        " and on, so that it forgets what it has not printed yet."
    )
    return RuleBroken("printer_silent", message, field="printer", name=printer.name)


@contextmanager
def opened(
    printer: Printer, patience: Patience = PATIENCE, leaving: Callable[[], bool] = bool
) -> Iterator[Line]:
    """A connection to a label printer that is ready to print.

    Refused, with nothing sent but a question: a printer that cannot be reached, says nothing or that it
    cannot print.
    """
    with _connect(printer, patience) as connected:
        line = Line(printer, connected, patience, leaving)
        try:
            line.require_ready()
            yield line
        except RuleBroken:
            # Away at once: what still waits here for the printer must not come out when it wakes up.
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise


def _connect(printer: Printer, patience: Patience) -> socket.socket:
    try:
        connected = socket.create_connection((printer.address, printer.port), patience.connect)
        connected.settimeout(patience.answer)
        # A short queue of our own: what the printer did not take is noticed here and not by the next stack.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * _SLICE)
    except OSError as error:
        message = N_(
            "The printer %(name)s cannot be reached at %(address)s. Is it switched on, and is its cable in?"
        )
        raise RuleBroken(
            "printer_unreachable", message, field="printer", name=printer.name, address=printer.address
        ) from error
    return connected


def spool(printer: Printer, pdf: bytes, title: str, patience: Patience = PATIENCE) -> None:
    """Give a PDF to the system's `lp`, at true size.

    Refused: `NotTaken`, with nothing printed, where there is no `lp` and where it refuses; one that says
    nothing for too long may have taken it.
    """
    host = f"[{printer.address}]" if ":" in printer.address else printer.address
    server = ["-h", f"{host}:{printer.port}"] if host else []
    command = ["lp", *server, "-d", printer.queue, "-t", title, "-o", "print-scaling=none"]
    try:
        done = subprocess.run(
            command, input=pdf, capture_output=True, timeout=patience.spool, check=False, env=_surroundings()
        )
    except FileNotFoundError as error:
        message = N_("This machine has no command lp to print with. Install CUPS, or take the PDF along.")
        raise NotTaken("printer_lp_missing", message, field="printer", name=printer.name) from error
    except subprocess.TimeoutExpired as error:
        raise _silent(printer) from error
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()[:200] or str(done.returncode)
        message = N_("The queue %(queue)s of %(name)s did not take the labels: %(why)s")
        raise NotTaken(
            "printer_queue_refused", message, field="printer", queue=printer.queue, name=printer.name, why=why
        )


def _surroundings() -> dict[str, str]:
    """Nothing of ours but where programs are: what is set for us is no business of the print system."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


# --- what printers say ---

_ZPL_TEXTS = 3


def _zpl(heard: bytes) -> Status:
    """Of the three texts of `~HS`: paper, pause, labels waiting; then head, ribbon, labels of the batch."""
    first, second = (text.split(b",") for text in _STATUS.findall(heard)[:2])
    try:
        flags = {
            "printer_open": second[2] == b"1",
            "printer_out_of_media": first[1] == b"1",
            "printer_out_of_ribbon": second[3] == b"1",
            "printer_paused": first[2] == b"1",
        }
        left = int(first[4]) + int(second[8])
    except (IndexError, ValueError):
        return Status("printer_unclear")
    return Status(next((slug for slug, is_so in flags.items() if is_so), ""), left)


def _tspl(heard: bytes) -> Status:
    """Of the one byte of `<ESC>!?`: a bit for each fault, and one while it prints."""
    bits = heard[-1]
    flags = {
        "printer_open": _HEAD_OPEN,
        "printer_jammed": _JAMMED,
        "printer_out_of_media": _PAPER_OUT,
        "printer_out_of_ribbon": _RIBBON_OUT,
        "printer_paused": _PAUSED,
    }
    said = next((slug for slug, bit in flags.items() if bits & bit), "")
    return Status(said, int(bool(bits & _PRINTING)))
