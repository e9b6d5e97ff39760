"""The psycopg connection beneath a session, for what SQLAlchemy does not do: COPY and binary values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from app.database import copying


def driver_connection(session: Session) -> Connection[Any]:
    """Return the psycopg connection that the session works on, inside its transaction."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, Connection):
        raise TypeError(f"Kvart speaks to PostgreSQL through psycopg, not through {type(connection)}")
    return connection


def fetch_row(session: Session, statement: sql.Composed, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the one row of a statement, read in binary: a ``bytea`` costs no decoding."""
    with driver_connection(session).cursor(binary=True) as cursor:
        row: tuple[Any, ...] | None = cursor.execute(statement, values).fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return row


def copy_columns(session: Session, table: str, columns: Mapping[str, copying.Column]) -> None:
    """Copy rows into a table as one binary stream.

    Parameters
    ----------
    session : Session
    table : str
    columns : mapping of str to Column
        Values of each column, all of the same number of rows, encoded for its type; see `app.database.copying`.
    """
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(copying.COPY_HEADER + copying.encode_rows(list(columns.values())) + copying.COPY_TRAILER)
