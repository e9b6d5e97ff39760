"""What happens around every request: identifier, log line, safe headers, body cap, and no error without a document."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import build_problem
from app.logs import LOG, log_context
from app.problems import ProblemResponse, unexpected_problem

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""Set where the answer does not set its own."""
STRICT_TRANSPORT = "max-age=31536000"
"""For a year browsers use https only; subdomains are the operator's to decide, at the proxy."""


class RequestFrame:
    """Gives each request an identifier and a nonce, each answer its headers, each error a document, each call a line.

    The log and the metrics name the route, not the address: identifiers and filters may be personal data.

    Parameters
    ----------
    app : ASGIApp
    observe : callable
        Called after each request with the method, the route, the status and the seconds.
    """

    def __init__(self, app: ASGIApp, observe: Callable[[str, str, int, float], None]) -> None:
        self.app = app
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {}).update(request_id=request_id, nonce=secrets.token_urlsafe(16))
        begin = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            await send(message)

        with log_context(request_id=request_id):
            try:
                await self.app(scope, receive, send_framed)
            except ClientDisconnect:
                LOG.info("the caller went away", extra={"fields": {"route": _route(scope)}})
            except Exception:
                LOG.exception("unexpected error", extra={"fields": {"route": _route(scope)}})
                if status:
                    raise
                await ProblemResponse(unexpected_problem(request_id))(scope, receive, send_framed)
            finally:
                self._tell(scope["method"], _route(scope), status, time.perf_counter() - begin)

    def _tell(self, method: str, route: str, status: int, seconds: float) -> None:
        self.observe(method, route, status, seconds)
        fields = {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
        LOG.info("request", extra={"fields": fields})


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "none")


class PublicAddress:
    """Lets the service know itself by one address, whatever host a request names: no link leads to another.

    Parameters
    ----------
    app : ASGIApp
    public_url : str
        Origin by which browsers reach the service.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        origin = urlsplit(public_url)
        self.scheme, self.host = origin.scheme, origin.netloc.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {**scope, "scheme": self.scheme, "headers": [(b"host", self.host), *others]}
        await self.app(scope, receive, send)


class BodyCap:
    """Refuses a body of more bytes than its address may take, before and while it arrives.

    A body that is both measured and chunked may end elsewhere for a proxy than for us: it is refused, and the
    connection closed (RFC 9112, 6.3).

    Parameters
    ----------
    app : ASGIApp
    most_bytes : callable
        From method and path to the cap in bytes.
    refuse : callable
        From request and problem document to the answer for what is too large.
    """

    def __init__(
        self,
        app: ASGIApp,
        most_bytes: Callable[[str, str], int],
        refuse: Callable[[Request, dict[str, Any]], Response],
    ) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cap = self.most_bytes(scope["method"], scope["path"])
        sentence = f"The body is larger than the {cap:,} bytes that this address takes."
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            problem = build_problem(HTTPStatus.BAD_REQUEST, "bad_request", "The body has two lengths.")
            await ProblemResponse(problem, {"Connection": "close"})(scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if not re.fullmatch(r"\d{1,18}", declared, re.ASCII) or int(declared) > cap:
            problem = build_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", sentence)
            await self.refuse(Request(scope), problem)(scope, receive, send)
            return
        received = 0

        async def receive_capped() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > cap:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
            return message

        await self.app(scope, receive_capped, send)
