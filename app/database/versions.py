"""The versions of PostgreSQL and PostGIS that a database runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database.installation import OLDEST_POSTGIS, OLDEST_POSTGRESQL
from app.errors import DatabaseUnavailableError

VERSIONS = """
select current_setting('server_version'), current_setting('server_version_num')::int / 10000,
       (select extversion from pg_extension where extname = 'postgis'),
       (select default_version from pg_available_extensions where name = 'postgis')
"""


@dataclass(frozen=True)
class Versions:
    """Versions of a server and of its PostGIS, which may not be switched on or not be installed."""

    postgresql: str
    major: int
    postgis: str | None
    postgis_available: str | None


def read_versions(connection: Connection) -> Versions:
    """Return the versions that a database runs on."""
    postgresql, major, postgis, available = connection.execute(text(VERSIONS)).one()
    return Versions(postgresql.split()[0], major, postgis, available)


def require_versions(versions: Versions) -> None:
    """Refuse a server that is too old, or that has no PostGIS or too old a one.

    Raises
    ------
    DatabaseUnavailableError
        Naming what is missing.
    """
    oldest_postgis = ".".join(map(str, OLDEST_POSTGIS))
    if versions.major < OLDEST_POSTGRESQL:
        raise DatabaseUnavailableError(
            f"The server runs PostgreSQL {versions.postgresql}; Kvart needs {OLDEST_POSTGRESQL} or newer.",
            "Upgrade the server.",
        )
    postgis = versions.postgis or versions.postgis_available
    if postgis is None:
        raise DatabaseUnavailableError(
            "The server has no PostGIS.",
            f"Install PostGIS {oldest_postgis} or newer on it (Debian: sudo apt-get install postgresql-postgis).",
        )
    if tuple(int(number) for number in re.findall(r"\d+", postgis)[:2]) < OLDEST_POSTGIS:
        raise DatabaseUnavailableError(
            f"The server has PostGIS {postgis}; Kvart needs {oldest_postgis} or newer.",
            "Upgrade it, then run `alter extension postgis update` in the database.",
        )
