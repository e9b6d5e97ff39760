"""The psycopg connection beneath a session, for what SQLAlchemy does not do: COPY and binary values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Copy rows into a table under row security, as one binary stream.

    Parameters
    ----------
    session : Session
    table : str
    columns : mapping of str to Column
        Values of each column, all of the same number of rows, encoded for its type; see `app.database.copying`.
    """
    copy_rows(session, table, list(columns), copying.encode_rows(list(columns.values())))


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: bytes) -> None:
    """Copy rows in the binary COPY format into a table under row security.

    PostgreSQL does not copy into a table under row security. The rows go into a temporary table, and from there into
    their table by a statement that the policies check.
    """
    target, staged = sql.Identifier(table), sql.Identifier(f"copied_{table}")
    names = _names(columns)
    connection = driver_connection(session)
    connection.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
            staged, names, target
        )
    )
    copy_rows_unchecked(session, f"copied_{table}", columns, rows)
    connection.execute(sql.SQL("insert into {} ({}) select {} from {}").format(target, names, names, staged))
    connection.execute(sql.SQL("drop table {}").format(staged))


def copy_rows_unchecked(session: Session, table: str, columns: Sequence[str], rows: bytes) -> None:
    """Copy rows in the binary COPY format into a table without row security, such as a temporary one."""
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(sql.Identifier(table), _names(columns))
    with driver_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(copying.COPY_HEADER)
        copy.write(rows)
        copy.write(copying.COPY_TRAILER)


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
