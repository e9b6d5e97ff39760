"""How often one address may ask: counted in the memory of each process, in a window that slides over a minute."""

from __future__ import annotations

import ipaddress
import math
import time
from typing import Any

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.errors import TooManyRequestsError
from app.identity.rights import Right
from app.settings import ServerSettings

UNCOUNTED = frozenset({"service"})
"""Health and readiness: who watches the service must not be turned away."""
NETWORK_BITS_IPV6 = 64
"""One subscriber has as many addresses of IPv6 as the last 64 bits can count."""


class RateLimiter:
    """Counts what each address did in the last minute."""

    def __init__(self) -> None:
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, name: str, per_minute: int, address: str) -> None:
        """Count one attempt.

        Parameters
        ----------
        name : str
            What is counted; each name counts for itself.
        per_minute : int
            Most attempts in any minute.
        address : str
            Who attempts.

        Raises
        ------
        TooManyRequestsError
            If it is one too many; it says how long to wait.
        """
        item = RateLimitItemPerMinute(per_minute)
        if self._windows.hit(item, name, address):
            return
        wait = max(1, math.ceil(self._windows.get_window_stats(item, name, address).reset_time - time.time()))
        raise TooManyRequestsError(
            "Too many attempts from your address.", f"Try again in {wait} seconds.", retry_after=wait
        )


def address_of(request: Request) -> str:
    """Return the address that a request is counted for: that of the client, of IPv6 its network.

    Behind a proxy that ``KVART_TRUSTED_PROXIES`` names it is what the proxy tells in ``X-Forwarded-For``.
    """
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, NETWORK_BITS_IPV6), strict=False))


def count_attempt(request: Request, name: str, per_minute: int) -> None:
    """Count one attempt of the client.

    Raises
    ------
    TooManyRequestsError
        If it is one too many.
    """
    limiter: RateLimiter = request.app.state.rate_limiter
    limiter.count(name, per_minute, address_of(request))


def count_public(request: Request, right: Right) -> None:
    """Count a request that carries no credential, or none that holds, where something is looked up for it.

    What stores something is counted apart from what reads: far less of it is needed.

    Raises
    ------
    TooManyRequestsError
        If it is one too many.
    """
    settings: ServerSettings = request.app.state.settings.server
    if right.collection in UNCOUNTED:
        return
    if right.audited_as == "collection":
        count_attempt(request, "public reports", settings.public_reports_per_minute)
    else:
        count_attempt(request, "public reads", settings.public_reads_per_minute)


def rate_limited(name: str, per_minute: int) -> Any:
    """Return a dependency of a route that refuses more than ``per_minute`` requests of one address.

    Parameters
    ----------
    name : str
        What is counted; routes of the same name share one count.
    per_minute : int
        Most requests in any minute.
    """

    def refuse_too_many(request: Request) -> None:
        count_attempt(request, name, per_minute)

    return Depends(refuse_too_many)
