"""Loading more rows into a table than it holds: without indexes, unique keys and references, which are made afterwards.

Everything happens in the caller's transaction, so that a failure or a crash leaves the table as it was. References are
checked for all rows at once when they are added again; see ``docs/decisions/0002-ingest-speed.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.database.driver import copy_rows, copy_rows_unchecked
from app.database.roles import as_owner, owns

Load = Callable[[Session, str, Sequence[str], bytes], None]
"""Takes a session, a table, names of columns and rows in the binary COPY format."""

BULK_ROWS = 50_000
"""Fewer rows are loaded with the indexes in place."""

SORT_MEMORY = "512MB"
"""Memory in which an index is sorted."""

LOCK_TIMEOUT = "5s"
"""How long to wait for readers of the table; after that its indexes stay in place."""


@contextmanager
def bulk_loading(session: Session, table: str, n_rows: int) -> Iterator[Load]:
    """Give the function that loads rows into a table: faster where they are many and the table holds fewer.

    The fast way is for the owner of the table. Nobody else may drop its indexes; rows of any other user are loaded with
    the indexes in place, and each row is checked by the policies of the table.

    Parameters
    ----------
    session : Session
        In a transaction.
    table : str
        Name of the table.
    n_rows : int
        Rows that are about to be loaded.
    """
    if n_rows < BULK_ROWS or not owns(session, table) or not _is_worth_it(session, table, n_rows):
        yield copy_rows
        return
    with as_owner(session):
        constraints = _definitions(session, _CONSTRAINTS, table)
        indexes = _definitions(session, _INDEXES, table)
        for name in constraints:
            session.execute(text(f'alter table "{table}" drop constraint "{name}"'))
        for name in indexes:
            session.execute(text(f'drop index "{name}"'))
        session.execute(text(f'alter table "{table}" no force row level security'))
    yield _copy_as_owner
    with as_owner(session):
        session.execute(text(f"set local maintenance_work_mem = '{SORT_MEMORY}'"))
        for name, definition in constraints.items():
            session.execute(text(f'alter table "{table}" add constraint "{name}" {definition}'))
        for definition in indexes.values():
            session.execute(text(definition))
        session.execute(text(f'alter table "{table}" force row level security'))
        session.execute(text(f'analyze "{table}"'))


def _copy_as_owner(session: Session, table: str, columns: Sequence[str], rows: bytes) -> None:
    with as_owner(session):
        copy_rows_unchecked(session, table, columns, rows)


def _is_worth_it(session: Session, table: str, n_rows: int) -> bool:
    """Lock a table that holds fewer rows than are about to be loaded."""
    with as_owner(session):
        return not _holds(session, table, n_rows) and _lock(session, table)


def _holds(session: Session, table: str, n_rows: int) -> bool:
    """Return whether a table holds at least so many rows."""
    counted = text(f'select count(*) from (select from "{table}" limit :most) as rows')  # noqa: S608 - name of a table
    return int(session.execute(counted, {"most": n_rows}).scalar_one()) >= n_rows


def _lock(session: Session, table: str) -> bool:
    """Keep every other transaction off the table; False where one that uses it does not end in time."""
    try:
        with session.begin_nested():
            session.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
            session.execute(text(f'lock table "{table}" in access exclusive mode'))
            session.execute(text("set local lock_timeout = default"))
    except OperationalError:
        return False
    return True


_CONSTRAINTS = """
    select conname, pg_get_constraintdef(oid) from pg_constraint as mine
    where conrelid = cast(:table as regclass) and (contype = 'f' or contype = 'u' and not exists (
        select from pg_constraint as other where other.contype = 'f' and other.conindid = mine.conindid))
    order by contype, conname
"""
"""References and unique keys that no other table refers to; references first: they are checked by plain scans then."""

_INDEXES = """
    select relname, pg_get_indexdef(indexrelid) from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = cast(:table as regclass) and not indisunique order by 1
"""


def _definitions(session: Session, query: str, table: str) -> dict[str, str]:
    return {str(name): str(definition) for name, definition in session.execute(text(query), {"table": table})}
