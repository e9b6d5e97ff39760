"""Requests to the issuer and to nobody else: named hosts only, no redirects, few bytes, little time."""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from app.errors import IdentityProviderUnavailableError, InvalidInputError

MOST_BYTES = 512 * 1024
LONGEST_SECONDS = 5.0
HINT = "Try again in a moment; the operator finds the reason in the log."


class UnusableAnswerError(Exception):
    """What the issuer answered cannot be used; the message says why, for the log."""


class IssuerClient:
    """Asks the hosts of one issuer.

    Parameters
    ----------
    issuer : str
        Its address: https, or http on this very machine.
    other_hosts : iterable of str
        Further hosts (with the port, if it is not the usual one) that may be asked.

    Raises
    ------
    InvalidInputError
        If the issuer is not such an address.
    """

    def __init__(self, issuer: str, other_hosts: Iterable[str] = ()) -> None:
        parts = _split(issuer)
        if parts is None or parts.query:
            raise InvalidInputError(
                f"KVART_OIDC_ISSUER is {issuer[:200]!r}, which is no https address.",
                "Give the issuer as its provider writes it, for example https://login.example/realms/town.",
            )
        self._hosts = frozenset({parts.netloc.lower(), *(host.lower() for host in other_hosts)})
        self.origins = (f"{parts.scheme}://{parts.netloc}", *(f"https://{host}" for host in other_hosts))
        """The issuer's origin and those of the other hosts."""
        self._client = httpx.Client(
            timeout=LONGEST_SECONDS,
            follow_redirects=False,
            trust_env=False,
            verify=ssl.create_default_context(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    def is_allowed(self, address: str) -> bool:
        """Return whether the address may be asked."""
        parts = _split(address)
        return parts is not None and parts.netloc.lower() in self._hosts

    def get_json(self, address: str) -> dict[str, Any]:
        """Return the JSON object at an address.

        Raises
        ------
        UnusableAnswerError
            If the address may not be asked, does not answer in time, or answers anything else.
        """
        return self._ask("GET", address)

    def post_form(
        self, address: str, fields: Mapping[str, str], credentials: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a form, with credentials in the Authorization header where given, and return the JSON answer.

        Raises
        ------
        UnusableAnswerError
            As in :meth:`get_json`.
        """
        return self._ask("POST", address, data=dict(fields), auth=credentials)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, address: str, **content: Any) -> dict[str, Any]:
        if not self.is_allowed(address):
            raise UnusableAnswerError(f"{address[:200]!r} is not on a host that may be asked (KVART_OIDC_OTHER_HOSTS)")
        deadline = time.monotonic() + LONGEST_SECONDS
        body = bytearray()
        try:
            with self._client.stream(method, address, **content) as answer:
                if answer.status_code != httpx.codes.OK or "content-encoding" in answer.headers:
                    raise UnusableAnswerError(f"{address} answered {answer.status_code}")
                for chunk in answer.iter_raw():
                    body += chunk
                    if len(body) > MOST_BYTES or time.monotonic() > deadline:
                        raise UnusableAnswerError(f"{address} answered too much or too slowly")
            told = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise UnusableAnswerError(f"{address}: {type(error).__name__}") from error
        if not isinstance(told, dict):
            raise UnusableAnswerError(f"{address} answered no JSON object")
        return told


def unavailable() -> IdentityProviderUnavailableError:
    """Return the error that callers are told; the reason is for the log."""
    return IdentityProviderUnavailableError("The identity provider does not answer.", HINT)


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address that may be asked at all: https, or http at a loopback address."""
    try:
        parts = urlsplit(address)
        port_is_plain = parts.port is None or parts.port > 0
    except ValueError:
        return None
    plain = address.isascii() and address.isprintable() and not ({" ", "\\"} & set(address))
    if not (plain and port_is_plain and parts.hostname) or "@" in parts.netloc or parts.fragment:
        return None
    return parts if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)) else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
