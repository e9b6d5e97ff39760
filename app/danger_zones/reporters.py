"""What tells reporters apart and nothing else: a salted key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata

from sqlalchemy.orm import Session

from app.danger_zones import repository

SALT_BYTES = 32


def identity_of(contact: str | None, address: str | None) -> str | None:
    """Return what a reporter is told apart by: the contact that was left, else the address that the report came from.

    A household behind one address counts once: the count rather lags behind than runs ahead.
    """
    if contact is not None:
        return "contact " + " ".join(unicodedata.normalize("NFKC", contact).casefold().split())
    return None if address is None else f"address {address}"


def reporter_key(session: Session, municipality_id: int, identity: str | None) -> bytes | None:
    """Return the key of a reporter: the same for the same identity in the same municipality.

    It is HMAC-SHA256 under the municipality's own random salt, which stands in a table of its own. Without the salt no
    list of addresses or telephone numbers can be tried out against the keys.
    """
    if identity is None:
        return None
    salt = repository.reporter_salt(session, municipality_id, secrets.token_bytes(SALT_BYTES))
    return hmac.digest(salt, identity.encode(), hashlib.sha256)
