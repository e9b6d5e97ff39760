"""Who a checked token speaks of, and the roles that its issuer gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.identity.roles import Role

EVERYWHERE = "*"
PREFIX = "kvart:"
MOST_ROLES = 1000
LONGEST_NAME = 200
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SEVERAL_ROLES = (Role.MUNICIPALITY, Role.OFFICER, Role.ANALYST, Role.COMMANDER, Role.ADMINISTRATOR)
"""Of several roles in one municipality the last in this order holds."""


@dataclass(frozen=True)
class TokenIdentity:
    """Whom an issuer vouches for.

    Attributes
    ----------
    issuer, subject : str
        Together they name one person or program for ever.
    name : str
        For people and the audit log; an issuer may change it.
    roles : mapping of str to Role
        Role by code of the municipality.
    service_role : Role or None
        Role in every municipality.
    """

    issuer: str
    subject: str
    name: str
    roles: Mapping[str, Role]
    service_role: Role | None


def identity_of(claims: Mapping[str, Any], roles_claim: str) -> TokenIdentity:
    """Return whom the claims of a checked token speak of.

    Parameters
    ----------
    claims : mapping
    roles_claim : str
        Claim with the roles; dots lead into objects. It is an object such as ``{"talsi": "analyst"}``, or a list of
        groups such as ``kvart:talsi:analyst``; ``*`` in place of the code means every municipality. Other groups, and
        roles that nobody can be given, are passed over.
    """
    roles: dict[str, Role] = {}
    for code, role in _roles_in(_lead(claims, roles_claim)):
        present = roles.get(code)
        if present is None or SEVERAL_ROLES.index(role) > SEVERAL_ROLES.index(present):
            roles[code] = role
    service_role = roles.pop(EVERYWHERE, None)
    return TokenIdentity(claims["iss"], claims["sub"], _name(claims), roles, service_role)


def _lead(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of that name, or what its dots lead to."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _roles_in(value: Any) -> Iterator[tuple[str, Role]]:
    for code, name in _pairs(value):
        if (code == EVERYWHERE or CODE.fullmatch(code)) and name in SEVERAL_ROLES:
            yield code, Role(name)


def _pairs(value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [(code, name) for code, name in list(value.items())[:MOST_ROLES] if isinstance(name, str)]
    groups = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    named = [group.removeprefix("/") for group in groups[:MOST_ROLES] if isinstance(group, str)]
    split = [group.removeprefix(PREFIX).split(":") for group in named if group.startswith(PREFIX)]
    return [(parts[0], parts[1]) for parts in split if len(parts) == 2]


def _name(claims: Mapping[str, Any]) -> str:
    for claim in ("preferred_username", "email", "name", "client_id", "sub"):
        value = claims.get(claim)
        if isinstance(value, str) and value.strip():
            return "".join(letter for letter in value.strip()[:LONGEST_NAME] if letter.isprintable())
    return ""
