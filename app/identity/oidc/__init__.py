"""OpenID Connect: who the organisation's own sign-in vouches for.

``fetching`` asks the issuer and nobody else, ``provider`` knows its addresses and keys, ``tokens`` checks what was
signed with them, ``claims`` reads roles, ``code_flow`` signs a browser in, and ``connection`` puts them together.
"""

from app.identity.oidc.claims import TokenIdentity
from app.identity.oidc.code_flow import CodeFlow, SignInAttempt
from app.identity.oidc.connection import IssuerConnection, connect_issuer
from app.identity.oidc.provider import Provider
from app.identity.oidc.tokens import TokenVerifier

__all__ = [
    "CodeFlow",
    "IssuerConnection",
    "Provider",
    "SignInAttempt",
    "TokenIdentity",
    "TokenVerifier",
    "connect_issuer",
]
