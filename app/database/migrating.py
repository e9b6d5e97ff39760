"""Bringing the schema of a database to a revision; the revisions lie in the package ``migrations``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from app.errors import InvalidInputError

MIGRATION_LOCK = 7_402_158_613
"""Advisory lock under which one process at a time changes the schema."""


def migration_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, independent of the working directory."""
    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def head_revision() -> str:
    """Return the newest revision that this version of Kvart knows."""
    head = ScriptDirectory.from_config(migration_config()).get_current_head()
    if head is None:
        raise InvalidInputError("This installation of Kvart has no migrations.", "Install it again.")
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the database's schema, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Upgrade the schema in one transaction; of several processes at once, one does it and the others wait.

    Raises
    ------
    InvalidInputError
        If there is no such revision.
    """
    with _migration(engine, revision) as config:
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Downgrade the schema in one transaction; what the older schema has no place for is lost.

    Raises
    ------
    InvalidInputError
        If there is no such revision.
    """
    with _migration(engine, revision) as config:
        command.downgrade(config, revision)


@contextmanager
def _migration(engine: Engine, revision: str) -> Iterator[Config]:
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            yield migration_config(connection)
        except CommandError as error:
            raise InvalidInputError(
                f"The schema cannot be brought to revision {revision!r}: {error}",
                f"This version of Kvart knows revisions up to {head_revision()}.",
            ) from error
