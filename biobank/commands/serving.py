"""Serving pages and the API."""

import ipaddress
import signal
import socket
import ssl
import sys
from types import FrameType
from typing import TYPE_CHECKING

import rich_click as click

from biobank.commands import running
from biobank.commands.founding import address, tell_link
from biobank.errors import Refusal
from biobank.settings import Settings
from biobank.texts import N_

if TYPE_CHECKING:
    from uvicorn import Config

    from biobank.database import Database

WAIT_FOR_REQUESTS = 20
"""Seconds that requests under way have to end when it is told to stop."""


@click.command()
@click.option(
    "--demo", is_flag=True, help="Serve the demonstration; one of 18 participants if there is none."
)
@click.option(
    "--plain-http",
    is_flag=True,
    help="Allow plain HTTP on an address that other machines reach, where something else keeps them out.",
)
def serve(demo: bool, plain_http: bool) -> None:  # noqa: FBT001 - flags of the command line
    """Serve the pages and the API until told to stop."""
    found = running.chosen(demo=demo)
    require_private(found, plain_http=plain_http)
    require_tls(found)
    if demo:
        begin_demo(found)
    with running.opened(found) as database, bind(found) as listening:
        config = configure(found, database)
        tell_address(found, database)
        run(config, listening)


def begin_demo(found: Settings) -> None:
    """Make a slice of the demonstration where there is none, and say how all of it is made."""
    from biobank.commands.demo.course import FIRST_ONES, PARTICIPANTS
    from biobank.commands.demo.making import make

    if make(found, FIRST_ONES):
        message = N_("Made %(some)s of the demonstration's %(all)s participants. All of them: biobank demo")
        running.say(message, some=FIRST_ONES, all=PARTICIPANTS)


def require_private(found: Settings, *, plain_http: bool) -> None:
    """Refused: passwords in the clear to other machines, unless a proxy with TLS is in front."""
    if found.secure or plain_http or is_loopback(found.host):
        return
    message = N_(
        "%(host)s is reached from other machines, and passwords would travel in the clear. Set"
        " BIOBANK_TLS_CERT and BIOBANK_TLS_KEY, or BIOBANK_TRUSTED_PROXIES, or say --plain-http."
    )
    raise Refusal("plain_http", message, host=found.host)


def require_tls(found: Settings) -> None:
    """Refused: a certificate or a key that cannot be read, or that do not belong together."""
    if not found.tls_cert:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.tls_cert, found.tls_key or None)
    except OSError as error:
        message = N_("The TLS certificate or its key cannot be used: %(why)s.")
        raise Refusal("tls_unusable", message, why=error.strerror or str(error)) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(found: Settings) -> socket.socket:
    """Take the port before anything is said. Refused: a port somebody else has, an address not ours."""
    family = socket.AF_INET6 if ":" in found.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((found.host, found.port))
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        why = error.strerror if isinstance(error, OSError) else str(error)
        message = N_("Port %(port)s of %(host)s cannot be used: %(why)s. Choose another by BIOBANK_PORT.")
        raise Refusal(
            "port_unusable", message, port=found.port, host=found.host, why=why or str(error)
        ) from None
    return listening


def configure(found: Settings, database: "Database") -> "Config":
    """The server: one process, its requests logged by the application itself."""
    import uvicorn

    from biobank import logs
    from biobank.app import create_app

    application = create_app(found, database, spools=found.spooler)
    logs.write_json()
    return uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(found.trusted_proxies),
        forwarded_allow_ips=list(found.trusted_proxies),
        ssl_certfile=found.tls_cert or None,
        ssl_keyfile=found.tls_key or None,
        timeout_graceful_shutdown=WAIT_FOR_REQUESTS,
    )


def tell_address(found: Settings, database: "Database") -> None:
    """Say where it is; and as long as nobody has come in, how the first person does."""
    from biobank import accounts, clock

    secret = clock.new_secret()
    invited = database.write(lambda session: accounts.invite_first(session, secret))
    running.say(N_("Biobank serves %(address)s"), address=address(found))
    if invited:
        tell_link(found, invited, secret)
    sys.stdout.flush()


def run(config: "Config", listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; what is under way is answered first, and the exit code is 0."""
    import uvicorn

    def leave(_: int, __: FrameType | None) -> None:
        raise SystemExit(0)

    # uvicorn gives the signal on once it has stopped: by then it means to leave.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, leave)
    uvicorn.Server(config).run(sockets=[listening])
