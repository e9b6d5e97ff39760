"""The connection of the service to its issuer, as the settings say."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts
from app.identity.caller import Caller
from app.identity.oidc.claims import TokenIdentity
from app.identity.oidc.code_flow import CodeFlow
from app.identity.oidc.fetching import IssuerClient
from app.identity.oidc.provider import Provider
from app.identity.oidc.tokens import TokenVerifier
from app.identity.service import refusal
from app.settings import IdentitySettings


@dataclass(frozen=True)
class IssuerConnection:
    """What the service does with its issuer.

    Attributes
    ----------
    provider : Provider
    tokens : TokenVerifier
        For bearer tokens.
    code_flow : CodeFlow or None
        For browsers; None where no client is set.
    """

    provider: Provider
    tokens: TokenVerifier
    code_flow: CodeFlow | None

    def caller_of(self, database: Database, token: str) -> Caller:
        """Return who calls with a bearer token; the issuer is asked before a connection to the database is taken.

        Raises
        ------
        UnauthenticatedError
            If the token does not hold, or an account of that person is disabled here.
        IdentityProviderUnavailableError
            If the keys of the issuer are not known and it does not answer.
        """
        identity = self.tokens.verify(token)
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return _caller(session, identity)

    def close(self) -> None:
        """Close the connections."""
        self.provider.client.close()


def connect_issuer(settings: IdentitySettings) -> IssuerConnection | None:
    """Return the connection to the issuer of the settings, None where none is set; nothing is asked yet.

    Raises
    ------
    InvalidInputError
        If the issuer is no https address.
    """
    if settings.oidc_issuer is None:
        return None
    hosts = [host.strip() for host in settings.oidc_other_hosts.split(",") if host.strip()]
    provider = Provider(settings.oidc_issuer, IssuerClient(settings.oidc_issuer, hosts))
    claim, client_id, secret = settings.oidc_roles_claim, settings.oidc_client_id, settings.oidc_client_secret
    audience = settings.oidc_audience or client_id or ""
    plain = None if secret is None else secret.get_secret_value()
    flow = None if client_id is None else CodeFlow(provider, client_id, plain, claim)
    return IssuerConnection(provider, TokenVerifier(provider, audience, claim), flow)


def _caller(session: Session, identity: TokenIdentity) -> Caller:
    account = accounts.find_external_account(session, identity)
    if account is not None and account.disabled_at is not None:
        raise refusal()
    return Caller(
        "token",
        name=accounts.external_name(identity) if account is None else account.name,
        account_id=None if account is None else account.id,
        roles=identity.roles,
        service_role=identity.service_role,
    )
