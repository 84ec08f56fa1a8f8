"""A label printer on the loopback, and everything that can go wrong with one."""

import itertools
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from biobank.tables import PrinterLanguage

PORT = 9100
_LABEL = {
    PrinterLanguage.ZPL: re.compile(rb"\^XA.*?\^XZ", re.DOTALL),
    PrinterLanguage.TSPL: re.compile(rb"CLS\r\n.*?PRINT 1(?:,1)?\r\n", re.DOTALL),
    PrinterLanguage.BROTHER: re.compile(rb"\x1biz.*?[\x0c\x1a]", re.DOTALL),
}
_ASKED = {PrinterLanguage.ZPL: b"~HS", PrinterLanguage.TSPL: b"\x1b!?"}
_CANCELLED = {PrinterLanguage.ZPL: b"~JA", PrinterLanguage.TSPL: b"\x1b!."}
_addresses = itertools.count(2)


class FakePrinter:
    """Prints what it is sent, as a list of labels, until a fault is set.

    `refuses` connections; `mute`, it reads and says nothing; `hangs_after` so many bytes it reads nothing
    any more; `resets_after` so many it resets the connection, `closes_after` it ends it in order;
    `labels_left` on its roll, then it holds what it has and says so; `slow` it reads a little at a time;
    `stuck` it prints nothing and says nothing is wrong; `says` is a fault that it tells of; `babbles` it
    never ends what it says once it was sent everything.
    """

    def __init__(self, language: PrinterLanguage = PrinterLanguage.ZPL) -> None:
        self.language = language
        process = os.getpid()
        self.address = f"127.{1 + (process >> 8) % 254}.{process % 256}.{next(_addresses)}"
        self.printed: list[bytes] = []
        self.held: list[bytes] = []
        self.refuses = self.mute = self.slow = self.paused = self.stuck = self.babbles = False
        self.says = ""
        self.hangs_after = self.resets_after = self.closes_after = -1
        self.labels_left = 1_000_000
        self.connections = 0
        self._switched_on = 0
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listening = self._listen()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._listening.close()
        for thread in (self._thread, *self._threads):
            thread.join(5)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Switched off meanwhile."""
        self.refuses = True
        self._listening.close()
        self._thread.join(5)
        yield
        self.refuses = False
        self._listening = self._listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def mended(self) -> None:
        """Switched off and on, with nothing wrong any more: it knows nothing of what it was sent before."""
        self._switched_on += 1
        self.mute = self.slow = self.paused = self.stuck = False
        self.says = ""
        self.hangs_after = self.resets_after = self.closes_after = -1
        self.refill()

    def refill(self) -> None:
        """A new roll: what it still holds comes out."""
        self.labels_left = 1_000_000
        self._print()

    def _listen(self) -> socket.socket:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A short queue, so that a printer that hangs is felt by who sends to it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        listening.bind((self.address, PORT))
        listening.listen(8)
        listening.settimeout(0.05)
        return listening

    def _accept(self) -> None:
        while not (self._ends.is_set() or self.refuses):
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(0.05)
            heard, taken, since = b"", 0, self._switched_on
            while not self._ends.is_set() and since == self._switched_on:
                if 0 <= self.hangs_after <= taken:
                    self._ends.wait(0.05)
                    continue
                if 0 <= self.resets_after <= taken:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if 0 <= self.closes_after <= taken:
                    return
                try:
                    some = connection.recv(512 if self.slow else 4096)
                except TimeoutError:
                    continue
                if not some:
                    break
                if self.slow:
                    time.sleep(0.002)
                taken += len(some)
                heard = self._take(connection, heard + some)
            self._babble(connection)

    def _babble(self, connection: socket.socket) -> None:
        while self.babbles and not self._ends.wait(0.01):
            connection.sendall(b"?")

    def _take(self, connection: socket.socket, heard: bytes) -> bytes:
        """Print the whole labels of what was heard, answer what was asked; the rest is heard on."""
        for label in _LABEL[self.language].findall(heard):
            self.held.append(label)
        heard = _LABEL[self.language].sub(b"", heard)
        cancelled, asked = _CANCELLED.get(self.language), _ASKED.get(self.language)
        if cancelled and cancelled in heard:
            self.held.clear()
            heard = heard.replace(cancelled, b"")
        self._print()
        while asked and asked in heard:
            heard = heard.replace(asked, b"", 1)
            if not self.mute:
                connection.sendall(self._status())
        return heard

    def _print(self) -> None:
        while self.held and self.labels_left > 0 and not (self.paused or self.stuck):
            self.labels_left -= 1
            self.printed.append(self.held.pop(0))

    def _status(self) -> bytes:
        out = self.labels_left <= 0
        if self.language is PrinterLanguage.TSPL:
            jammed = 0x02 * (self.says == "jammed")
            return bytes([jammed | 0x04 * out | 0x10 * self.paused | 0x20 * bool(self.held)])
        if self.says == "nonsense":
            return b"\x02?\x03" * 3
        first = f"030,{out:d},{self.paused:d},0102,{len(self.held):03d},0,0,0,000,0,0,0"
        second = f"001,0,{self.says == 'open':d},{self.says == 'no ribbon':d},1,2,6,0,00000000,1,000"
        texts = (first, second, "1234,0")
        return "".join(f"\x02{text}\x03\r\n" for text in texts).encode()
