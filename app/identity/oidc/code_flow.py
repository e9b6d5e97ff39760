"""Signing a browser in at the organisation: authorization code with PKCE, state and nonce (OpenID Connect Core 3.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from app.identity.oidc.claims import TokenIdentity, identity_of
from app.identity.oidc.fetching import UnusableAnswerError, unavailable
from app.identity.oidc.provider import Provider
from app.identity.oidc.tokens import TokenVerifier
from app.identity.service import refusal
from app.logs import LOG

LONGEST_CODE = 2048


@dataclass(frozen=True)
class SignInAttempt:
    """One attempt of one browser, held together by a secret in its cookie.

    Attributes
    ----------
    secret : str
        State, nonce and the code verifier are derived from it, so that nothing is kept on our side.
    """

    secret: str

    @classmethod
    def new(cls) -> SignInAttempt:
        """Return an attempt with a new secret."""
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        """Ties the way back to the browser that left."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Ties the identity token to this attempt."""
        return self._derived("nonce")

    @property
    def code_verifier(self) -> str:
        """Ties the code to whoever started the attempt (RFC 7636)."""
        return self._derived("code verifier")

    @property
    def code_challenge(self) -> str:
        """What the issuer is told of the code verifier."""
        digest = hashlib.sha256(self.code_verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _derived(self, label: str) -> str:
        return hmac.new(self.secret.encode(), label.encode(), hashlib.sha256).hexdigest()


class CodeFlow:
    """Signs browsers in at one issuer.

    Parameters
    ----------
    provider : Provider
    client_id : str
    client_secret : str or None
        None for a public client.
    roles_claim : str
    """

    def __init__(self, provider: Provider, client_id: str, client_secret: str | None, roles_claim: str) -> None:
        self.provider = provider
        self.client_id = client_id
        self._client_secret = client_secret
        self._verifier = TokenVerifier(provider, client_id, roles_claim)

    def authorization_address(self, attempt: SignInAttempt, return_address: str) -> str:
        """Return where to send the browser.

        Raises
        ------
        IdentityProviderUnavailableError
            If the issuer does not answer or names no such address on its hosts.
        """
        endpoint = self.provider.knowledge().authorization_endpoint
        if endpoint is None:
            raise unavailable()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": return_address,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def redeem(self, attempt: SignInAttempt, code: str, return_address: str) -> TokenIdentity:
        """Return whom the issuer vouches for.

        Parameters
        ----------
        attempt : SignInAttempt
            Of this browser; its state was compared.
        code : str
            What the browser brought back.
        return_address : str
            As it was in the authorization address.

        Raises
        ------
        UnauthenticatedError
            If the code or the identity token does not hold.
        IdentityProviderUnavailableError
            If the keys of the issuer are not known and it does not answer.
        """
        endpoint = self.provider.knowledge().token_endpoint
        if endpoint is None:
            raise unavailable()
        fields = {
            "grant_type": "authorization_code",
            "code": code[:LONGEST_CODE],
            "redirect_uri": return_address,
            "code_verifier": attempt.code_verifier,
        }
        try:
            told = self.provider.client.post_form(endpoint, fields | self._client_fields(), self._credentials())
        except UnusableAnswerError as error:
            LOG.info("code refused", extra={"fields": {"reason": str(error)}})
            raise refusal() from error
        claims = self._verifier.claims(str(told.get("id_token")))
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        foreign = claims.get("azp", self.client_id) != self.client_id or (len(audience) > 1 and "azp" not in claims)
        if foreign or claims.get("nonce") != attempt.nonce:
            raise refusal()
        return identity_of(claims, self._verifier.roles_claim)

    def _credentials(self) -> tuple[str, str] | None:
        if self._client_secret is None or not self.provider.knowledge().secret_in_header:
            return None
        return quote_plus(self.client_id), quote_plus(self._client_secret)

    def _client_fields(self) -> dict[str, str]:
        if self._credentials() is not None:
            return {}
        secret = {"client_secret": self._client_secret} if self._client_secret is not None else {}
        return {"client_id": self.client_id} | secret
