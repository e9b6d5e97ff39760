"""API keys against a real database."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.identity import accounts, keys
from app.identity.roles import Role
from app.identity.service import Credential, authenticate


def test_a_key_acts_for_its_account(session: Session) -> None:
    accounts.create_account(session, "ada")
    accounts.grant(session, "ada", Role.ANALYST)
    key = keys.create_key(session, "ada")
    caller = authenticate(session, Credential("bearer", key.secret))
    assert (caller.kind, caller.name, caller.role_in("talsi"), caller.scopes) == (
        "key",
        "ada",
        Role.ANALYST,
        ("*:read",),
    )
