"""Cookies of a browser: their names and flags, and whether a request comes from our own pages.

Over https a cookie is ``Secure`` and named ``__Host-...``, so that no other host of the domain can set it. Over plain
http there are cookies at loopback addresses only: a password or a session has no business on a network in the clear.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.errors import ForbiddenError

SESSION = "kvart-session"
FORM = "kvart-form"
OIDC = "kvart-oidc"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def own_origin(request: Request) -> str:
    """Return the origin by which browsers know the service: ``KVART_PUBLIC_URL``, else that of the request."""
    public_url: str | None = request.app.state.settings.identity.public_url
    return public_url.rstrip("/") if public_url else f"{request.url.scheme}://{request.url.netloc}"


def is_secure(request: Request) -> bool:
    """Return whether the browser reaches the service by https."""
    return own_origin(request).startswith("https://")


def may_sign_in(request: Request) -> bool:
    """Return whether a secret may be sent this way: by https, or to this very machine."""
    return is_secure(request) or _is_loopback(urlsplit(own_origin(request)).hostname or "")


def read_cookie(request: Request, name: str) -> str | None:
    """Return the value of one of our cookies, under the name that fits the connection."""
    return request.cookies.get(_full_name(request, name))


def session_cookie(request: Request) -> str | None:
    """Return the secret of the login session that the browser sent."""
    return read_cookie(request, SESSION)


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """Give the browser a cookie that no script can read and no other site's form can send.

    Parameters
    ----------
    request : Request
    response : Response
    name, value : str
    seconds : int, optional
        How long it lasts; until the browser is closed where nothing is given.

    Notes
    -----
    ``SameSite=Lax``: a link from elsewhere, and the way back from the organisation's sign-in page, arrive signed in.
    """
    full_name, secure = _full_name(request, name), is_secure(request)
    response.set_cookie(full_name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Take a cookie back."""
    full_name, secure = _full_name(request, name), is_secure(request)
    response.delete_cookie(full_name, path="/", secure=secure, httponly=True, samesite="lax")


def require_own_page(request: Request) -> None:
    """Refuse an unsafe request that a page of another site sent.

    Raises
    ------
    ForbiddenError
        If the browser names another site as its origin.
    """
    if request.method in SAFE_METHODS:
        return
    fetch_site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign_site = fetch_site is not None and fetch_site not in {"same-origin", "none"}
    foreign_origin = origin is not None and origin != own_origin(request)
    if foreign_site or foreign_origin:
        raise ForbiddenError(
            "This request comes from a page of another site.",
            "Send it from a page of this service; behind a proxy set KVART_PUBLIC_URL.",
        )


def _full_name(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_secure(request) else name


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
