"""Bearer tokens: signed by the issuer, for this service, now; all others are refused with one and the same words."""

from __future__ import annotations

import re
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from app.identity.oidc.claims import TokenIdentity, identity_of
from app.identity.oidc.provider import KEY_TYPES, Provider
from app.identity.service import refusal
from app.logs import LOG

LEEWAY_SECONDS = 30
"""How far clocks may differ."""
LONGEST_TOKEN = 16 * 1024
LONGEST_IDENTIFIER = 255
SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]


class RefusedTokenError(Exception):
    """Why a token is refused: for the log, never for the caller."""


class TokenVerifier:
    """Checks tokens of one issuer.

    Parameters
    ----------
    provider : Provider
    audience : str
        What ``aud`` has to name.
    roles_claim : str
        Claim with the roles.
    """

    def __init__(self, provider: Provider, audience: str, roles_claim: str) -> None:
        self.provider = provider
        self.audience = audience
        self.roles_claim = roles_claim

    def verify(self, token: str) -> TokenIdentity:
        """Return whom the issuer vouches for.

        Raises
        ------
        UnauthenticatedError
            If the token does not hold; only the log says why.
        IdentityProviderUnavailableError
            If the keys of the issuer are not known and it does not answer.
        """
        return identity_of(self.claims(token), self.roles_claim)

    def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that holds.

        Raises
        ------
        UnauthenticatedError, IdentityProviderUnavailableError
            As in :meth:`verify`.
        """
        try:
            return self._checked(token)
        except (RefusedTokenError, PyJWTError, ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, RefusedTokenError) else type(error).__name__
            LOG.info("token refused", extra={"fields": {"reason": reason}})
            raise refusal() from error

    def _checked(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN or not SHAPE.fullmatch(token):
            raise RefusedTokenError("not the shape of a signed token")
        header = jwt.get_unverified_header(token)
        algorithm, identifier = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in KEY_TYPES or "crit" in header or "cty" in header:
            raise RefusedTokenError("algorithm or header not accepted")
        if str(header.get("typ", "JWT")).lower() not in TYPES:
            raise RefusedTokenError("not an access or identity token")
        if not isinstance(identifier, str) or len(identifier) > LONGEST_IDENTIFIER:
            raise RefusedTokenError("no identifier of a key")
        key = self.provider.key(identifier, algorithm)
        if key is None:
            raise RefusedTokenError("unknown key")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self.audience,
            issuer=self.provider.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED, "enforce_minimum_key_length": True},
        )
        if not 0 < len(claims["sub"]) <= LONGEST_IDENTIFIER or not claims["sub"].isprintable():
            raise RefusedTokenError("a subject that is no name")
        return claims
