"""Who calls, as every use case sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.identity.purposes import Purpose
from app.identity.roles import Role

CallerKind = Literal["anonymous", "account", "key", "token", "reporter", "command"]


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes
    ----------
    kind : str
        How the caller was recognised: by a session (``account``), an API key, a bearer token, the secret link of a
        report, or as the operator of a command; or not at all.
    name : str
        Name of the account for the audit log; empty for the public.
    account_id : int or None
        Account behind a session or key.
    roles : mapping of str to Role
        Role by code of the municipality.
    service_role : Role or None
        Role in every municipality and in what belongs to none.
    scopes : tuple of str or None
        What a key is narrowed to, as ``collection:action`` with ``*`` for any; None for everything its role may.
    purpose : Purpose or None
        Purpose of use that holds where the request gives none.
    csrf_token_hash : str or None
        Hash of the token that unsafe requests of a session must carry; None where the caller sends no cookie.
    """

    kind: CallerKind
    name: str = ""
    account_id: int | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    service_role: Role | None = None
    scopes: tuple[str, ...] | None = None
    purpose: Purpose | None = None
    csrf_token_hash: str | None = None

    def role_in(self, municipality_code: str | None) -> Role:
        """Return the role in a municipality, or (None) in what belongs to no municipality."""
        if self.service_role is not None:
            return self.service_role
        return self.roles.get(municipality_code, Role.PUBLIC) if municipality_code is not None else Role.PUBLIC


ANONYMOUS = Caller("anonymous")
