"""Runs the web service until it is asked to stop."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from app.audit import service as audit
from app.audit.events import OPERATOR
from app.database.roles import DatabaseRole
from app.database.sessions import Database, open_database
from app.errors import InvalidInputError
from app.identity import links
from app.logs import configure_logs
from app.main import create_app
from app.municipalities import service as municipalities
from app.settings import Settings

STOP_WITHIN_SECONDS = 10
KEEP_ALIVE_S = 125
"""Longer than the reverse proxies and clients keep an idle connection (Caddy 120 s, nginx 60 s): they close it first.

A connection that the service closes at the moment of the next request is a request that fails.
"""
WAITING_CONNECTIONS = 2048
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared with, not bound to

Announce = Callable[[str, list[str], str | None], None]


def serve(settings: Settings, announce: Announce) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are finished first.

    Parameters
    ----------
    settings : Settings
    announce : callable
        Called as soon as requests are answered, with the address, the codes of the municipalities and, on the embedded
        database, the link by which its administrator signs in once.

    Raises
    ------
    InvalidInputError
        If the host or the port cannot be listened at.
    DatabaseUnavailableError
        If the database cannot be opened.
    """
    listener = listen(settings.server.host, settings.server.port)
    with listener:
        database = open_database(settings.database)
        codes = _municipality_codes(database)
        configure_logs()
        config = uvicorn.Config(
            create_app(settings, database),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        address = address_of(listener)
        link = local_administrator_link(database, settings.identity.public_url or address)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _nothing_is_left_to_do)
        _AnnouncingServer(config, lambda: announce(address, codes, link)).run(sockets=[listener])


def local_administrator_link(database: Database, origin: str) -> str | None:
    """Return the link by which the administrator of the embedded database signs in once; None on a server database.

    Whoever can start the service on its embedded database can read all of it: the link gives away nothing more. On a
    server nothing is made or printed unless somebody asks for it with ``kvart users link``.
    """
    if database.cluster is None:
        return None
    with database.transaction(DatabaseRole.IDENTITY) as session:
        link = links.local_administrator_link(session)
        if link is None:
            return None
        what = {"collection": "accounts", "action": "link", "name": links.LOCAL_ADMINISTRATOR}
        audit.record(session, audit.AuditEvent("alteration", None, OPERATOR, what))
    return link.address(origin)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at the host and port.

    Raises
    ------
    InvalidInputError
        If it cannot, with the reason.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)  # without its protocol asyncio would leave Nagle's delay on
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(WAITING_CONNECTIONS)
        except OSError:
            listener.close()
            raise
    except socket.gaierror as error:
        raise InvalidInputError(
            f"There is no host {host!r} to listen at.", "Use --host 127.0.0.1, or 0.0.0.0 for every network."
        ) from error
    except OSError as error:
        raise InvalidInputError(*_refusal(host, port, error)) from error
    return listener


def _refusal(host: str, port: int, error: OSError) -> tuple[str, str]:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use.", "Stop the program that uses it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used without further rights.", "Choose one above 1023 with --port."
    return f"Cannot listen at {host}:{port}: {error.strerror}.", "Use --host 127.0.0.1, or an address of this machine."


def address_of(listener: socket.socket) -> str:
    """Return the address by which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    plain = f"[{host}]" if ":" in host else host
    return f"http://{ANY_ADDRESS.get(host, plain)}:{port}"


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def _nothing_is_left_to_do(_number: int, _frame: FrameType | None) -> None:
    """Receive the signal that uvicorn raises again after its orderly end."""


def _municipality_codes(database: Database) -> list[str]:
    with database.transaction() as session:
        return [code for code, _ in municipalities.municipality_names(session)]
