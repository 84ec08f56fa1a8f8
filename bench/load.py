"""A load of HTTP requests to our own server on this machine: one after another, or many at once.

The client is a bare protocol on uvloop, so that it costs little beside the server it shares the
machine with. Every answer's status is looked at.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any
from urllib.parse import urlencode

import uvloop

from biobank import web

HOST = "127.0.0.1"


class Unwanted(RuntimeError):
    """An answer of another status than 200 or 201."""


class _Client(asyncio.Protocol):
    """One kept connection that sends a request when the answer to the one before is whole."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answered: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport

    async def ask(self, request: bytes) -> bytes:
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answered

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self.buffer = b""
        if self.answered and not self.answered.done():
            if head.split(b" ", 2)[1] not in (b"200", b"201"):
                self.answered.set_exception(Unwanted((head + body)[:600].decode()))
            else:
                self.answered.set_result(body)


def get(path: str, cookie: str = "") -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\ncookie: {cookie}\r\n\r\n".encode()


def post(path: str, body: bytes, token: str, command: object) -> bytes:
    """The bytes of a POST of JSON by a program."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer {token}\r\n"
        f"idempotency-key: {command}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def submit(path: str, told: Mapping[str, str], secret: str, command: object) -> bytes:
    """The bytes of a form that a page of this session sends."""
    body = urlencode({"csrf": web.csrf_token(secret), "command": str(command), **told})
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\ncookie: {web.COOKIE}={secret}\r\n"
        f"hx-request: true\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def latency(port: int, requests: Sequence[bytes], warm: int = 50) -> float:
    """The median milliseconds of requests sent one after another on one connection."""
    return median(taken for taken, _ in conversation(port, requests)[warm:])


def conversation(port: int, requests: Sequence[bytes]) -> list[tuple[float, bytes]]:
    """Requests sent one after another on one connection: milliseconds and body of each answer."""

    async def run() -> list[tuple[float, bytes]]:
        _, client = await asyncio.get_running_loop().create_connection(_Client, HOST, port)
        answers = []
        for request in requests:
            start = time.perf_counter()
            body = await client.ask(request)
            answers.append(((time.perf_counter() - start) * 1000, body))
        client.transport.close()
        return answers

    return uvloop.run(run())


def throughput(port: int, request: Callable[[int], bytes], connections: int, seconds: float) -> float:
    """Requests a second over so many connections, each sending its next when it is answered."""

    async def run() -> float:
        loop = asyncio.get_running_loop()
        clients = [(await loop.create_connection(_Client, HOST, port))[1] for _ in range(connections)]
        counts = [0] * connections
        ends = time.perf_counter() + seconds

        async def one(place: int) -> None:
            while time.perf_counter() < ends:
                await clients[place].ask(request(place * 7919 + counts[place]))
                counts[place] += 1

        await asyncio.gather(*(one(place) for place in range(connections)))
        for client in clients:
            client.transport.close()
        return sum(counts) / seconds

    return uvloop.run(run())
