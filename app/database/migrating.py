"""Bringing the schema of a database to a revision; the revisions lie in the package ``migrations``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from app.database.programs import last_line
from app.database.revisions import head_revision, script_location
from app.database.roles import create_roles
from app.database.versions import read_versions, require_versions
from app.errors import DatabaseUnavailableError, InvalidInputError

MIGRATION_LOCK = 7_402_158_613
"""Advisory lock under which one process at a time changes the schema."""

BOX_COMPARISONS = ("geometry_overlaps", "geometry_contains", "geometry_within", "geometry_same")
"""Functions behind the operators ``&&``, ``~``, ``@`` and ``~=``."""


def migration_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, independent of the working directory."""
    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Upgrade the schema in one transaction; of several processes at once, one does it and the others wait.

    Raises
    ------
    InvalidInputError
        If there is no such revision.
    DatabaseUnavailableError
        If the server is too old or has no PostGIS.
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


def prepare(connection: Connection) -> None:
    """Bring PostGIS and the roles of Kvart into a database; of several processes at once, one does it, others wait.

    Raises
    ------
    DatabaseUnavailableError
        If the server is too old, has no PostGIS, or does not allow it.
    """
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    enable_postgis(connection)
    create_roles(connection)
    let_row_security_use_spatial_indexes(connection)


def enable_postgis(connection: Connection) -> None:
    """Switch PostGIS on in a database.

    Raises
    ------
    DatabaseUnavailableError
        If the server is too old, has no PostGIS, or does not allow it.
    """
    versions = read_versions(connection)
    require_versions(versions)
    if versions.postgis:
        return
    try:
        connection.execute(text("create extension if not exists postgis"))
    except ProgrammingError as error:
        raise DatabaseUnavailableError(
            f"PostGIS cannot be switched on in this database: {last_line(str(error.orig))}",
            "Let an administrator of the server run `create extension postgis` in it.",
        ) from error


def let_row_security_use_spatial_indexes(connection: Connection) -> None:
    """Mark the comparisons of bounding boxes as leakproof, which only a superuser may do.

    Under row security PostgreSQL looks into an index only by functions that are known to tell nothing of the values
    they are given. PostGIS does not mark its own; these compare boxes and raise no error that names a value. An
    upgrade of PostGIS may take the marks away, and backups do not carry them.
    """
    if connection.scalar(text("select rolsuper from pg_roles where rolname = current_user")):
        for function in BOX_COMPARISONS:
            connection.execute(text(f"alter function {function}(geometry, geometry) leakproof"))


@contextmanager
def _migration(engine: Engine, revision: str) -> Iterator[Config]:
    with engine.begin() as connection:
        prepare(connection)
        try:
            yield migration_config(connection)
        except CommandError as error:
            raise InvalidInputError(
                f"The schema cannot be brought to revision {revision!r}: {error}",
                f"This version of Kvart knows revisions up to {head_revision()}.",
            ) from error
