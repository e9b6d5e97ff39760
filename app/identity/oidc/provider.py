"""The issuer: its addresses and keys, found by discovery, kept, and renewed no more often than is polite."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from app.identity.oidc.fetching import IssuerClient, UnusableAnswerError, unavailable
from app.logs import LOG

DISCOVERY = "/.well-known/openid-configuration"
FRESH_SECONDS = 3600.0
"""After that the keys are asked for again."""
LAST_GOOD_SECONDS = 24 * 3600.0
"""How long keys are used while the issuer does not answer."""
PAUSE_SECONDS = 30.0
"""Between two questions, whatever tokens arrive: nobody makes the service press the issuer."""
MOST_KEYS = 100

KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The algorithms of signatures that are accepted, each with the kind of key it takes."""


@dataclass(frozen=True)
class Knowledge:
    """What the issuer said of itself, and when (seconds of a monotonic clock).

    Attributes
    ----------
    keys : dict of str to dict
        JSON Web Keys by their identifier.
    authorization_endpoint, token_endpoint : str or None
        Where browsers sign in and where codes are redeemed.
    secret_in_header : bool
        Whether the token endpoint takes the client's secret as basic authentication.
    learned_at : float
    """

    keys: dict[str, dict[str, Any]]
    authorization_endpoint: str | None
    token_endpoint: str | None
    secret_in_header: bool
    learned_at: float


class Provider:
    """An OpenID Connect issuer.

    Parameters
    ----------
    issuer : str
        Compared with the ``iss`` of tokens character by character.
    client : IssuerClient
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, issuer: str, client: IssuerClient, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self.client = client
        self._clock = clock
        self._knowledge: Knowledge | None = None
        self._asked_at: float | None = None
        self._asking = threading.Lock()

    def key(self, identifier: str, algorithm: str) -> PyJWK | None:
        """Return a key of the issuer, None if it has none of that identifier for that algorithm.

        Raises
        ------
        IdentityProviderUnavailableError
            If nothing is known of the issuer and it does not answer.
        """
        found = self.knowledge().keys.get(identifier)
        if found is None:
            found = self.knowledge(renew=True).keys.get(identifier)
        if found is None or found.get("kty") != KEY_TYPES.get(algorithm) or found.get("alg", algorithm) != algorithm:
            return None
        try:
            return PyJWK(found, algorithm)
        except PyJWTError:
            return None

    def knowledge(self, *, renew: bool = False) -> Knowledge:
        """Return what is known of the issuer; it is asked where that is too old, or on demand, but never often.

        Raises
        ------
        IdentityProviderUnavailableError
            If nothing is known of the issuer and it does not answer.
        """
        known = self._usable()
        if known is not None and not renew and self._clock() - known.learned_at < FRESH_SECONDS:
            return known
        with self._asking:
            if self._asked_at is None or self._clock() - self._asked_at >= PAUSE_SECONDS:
                self._asked_at = self._clock()
                self._ask()
        known = self._usable()
        if known is None:
            raise unavailable()
        return known

    def _usable(self) -> Knowledge | None:
        known = self._knowledge
        return known if known is not None and self._clock() - known.learned_at < LAST_GOOD_SECONDS else None

    def _ask(self) -> None:
        """Ask for addresses and keys; what was known stays where the answer cannot be used."""
        try:
            self._knowledge = self._learn()
        except UnusableAnswerError as error:
            LOG.warning("the identity provider cannot be used", extra={"fields": {"reason": str(error)}})

    def _learn(self) -> Knowledge:
        told = self.client.get_json(self.issuer.rstrip("/") + DISCOVERY)
        if told.get("issuer") != self.issuer:
            raise UnusableAnswerError(f"it calls itself {str(told.get('issuer'))[:200]!r}, not KVART_OIDC_ISSUER")
        keys = self.client.get_json(_text(told, "jwks_uri") or "").get("keys")
        if not isinstance(keys, list):
            raise UnusableAnswerError("it tells no keys")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Knowledge(
            keys={key["kid"]: key for key in keys[:MOST_KEYS] if _may_sign(key)},
            authorization_endpoint=self._allowed(_text(told, "authorization_endpoint")),
            token_endpoint=self._allowed(_text(told, "token_endpoint")),
            secret_in_header=not isinstance(methods, list) or "client_secret_basic" in methods,
            learned_at=self._clock(),
        )

    def _allowed(self, address: str | None) -> str | None:
        return address if address is not None and self.client.is_allowed(address) else None


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) else None


def _may_sign(key: Any) -> bool:
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str):
        return False
    operations = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
