"""The database as commands use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.database.sessions import Database


@contextmanager
def opened_database() -> Iterator[Database]:
    """Open the database for a command; what the command left in the audit log is sealed at its end."""
    from app.audit.sealing import Sealer
    from app.database.sessions import open_database
    from app.settings import DatabaseSettings

    settings = DatabaseSettings()
    database = open_database(settings)
    try:
        yield database
    finally:
        Sealer(database, settings.audit_heads).seal_at_end()
        database.close()
