"""Ports for servers that run as processes of their own, given to nobody else before they listen."""

import os
import socket
from itertools import count

FIRST, MANY = 20_000, 12_000
"""Below those that a system hands out by itself, to whoever connects or asks for any port."""

_asked = count(os.getpid() * 37)


def free() -> int:
    """A port of this machine at which nobody listens; each call and each process begins at another one."""
    while True:
        port = FIRST + next(_asked) % MANY
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
