"""Which schema revisions this version of Kvart knows, and which one a database has.

Alembic is not needed for that; loading it takes longer than opening a database that is up to date.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, text

from app.errors import InvalidInputError


def script_location() -> Path:
    """Return the directory of the migrations, wherever the package is installed."""
    environment = find_spec("migrations.env")
    if environment is None or environment.origin is None:
        raise InvalidInputError("This installation of Kvart has no migrations.", "Install it again.")
    return Path(environment.origin).parent


@cache
def known_revisions() -> tuple[str, ...]:
    """Return every revision, oldest first; a revision's file starts with its number."""
    files = sorted((script_location() / "versions").glob("[0-9]*_*.py"))
    return tuple(file.name.partition("_")[0] for file in files)


def head_revision() -> str:
    """Return the newest revision."""
    return known_revisions()[-1]


def current_revision(connection: Connection) -> str | None:
    """Return the revision of a database's schema, None for an empty database."""
    if connection.scalar(text("select to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("select version_num from alembic_version"))
    return revision
