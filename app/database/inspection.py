"""What a database is: its versions, its schema revision and how much it holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, text

from app.database import revisions
from app.database.roles import Sight, sight_of
from app.database.sessions import Database
from app.database.tables import Base
from app.database.versions import read_versions


@dataclass(frozen=True)
class DatabaseStatus:
    """Versions, revision and contents of a database."""

    place: str
    postgresql: str
    postgis: str | None
    revision: str | None
    head: str
    size_bytes: int
    rows: dict[str, int]
    """Rows of every table of Kvart that the database has; empty for a user who does not see every row."""
    sees_every_row: bool = True

    @property
    def is_current(self) -> bool:
        """Whether the schema is the one of this version of Kvart."""
        return self.revision == self.head

    @property
    def holds_data(self) -> bool:
        """Whether any table has a row."""
        return any(self.rows.values())


def inspect_database(database: Database) -> DatabaseStatus:
    """Return the status of a database, whatever its schema."""
    with database.owner_engine.connect() as connection:
        versions = read_versions(connection)
        sees_every_row = sight_of(connection) is not Sight.PART
        return DatabaseStatus(
            place=database.place(),
            postgresql=versions.postgresql,
            postgis=versions.postgis,
            revision=database.schema_revision(),
            head=revisions.head_revision(),
            size_bytes=connection.scalar(text("select pg_database_size(current_database())")) or 0,
            rows=count_rows(connection) if sees_every_row else {},
            sees_every_row=sees_every_row,
        )


def count_rows(connection: Connection) -> dict[str, int]:
    """Return the number of rows of every table of Kvart that the database has."""
    present = set(inspect(connection).get_table_names())
    return {
        name: connection.scalar(select(func.count()).select_from(table)) or 0
        for name, table in Base.metadata.tables.items()
        if name in present
    }
