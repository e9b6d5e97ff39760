"""The roles of PostgreSQL that Kvart works under; none of them owns anything.

Roles belong to the server and not to one database. They are therefore made before a migration or a restore, not by a
revision, and stay when a database goes: another one may use them. See ``docs/decisions/0005-row-security.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from app.errors import DatabaseUnavailableError


class DatabaseRole(StrEnum):
    """What a transaction may see and do."""

    SERVICE = "kvart_service"
    """All data of the one municipality that the transaction has entered; the usual role."""
    IDENTITY = "kvart_identity"
    """Accounts, keys and sessions, and nothing else."""
    QUEUE = "kvart_queue"
    """What a worker must know of the queued runs of every municipality to take one."""
    AUDIT = "kvart_audit"
    """Reading and sealing the audit log."""


MAINTENANCE = "kvart_maintenance"
"""Role of the owner of the tables, for backups and migrations: every row. The service never acts under it."""


class Sight(StrEnum):
    """How a user who logged in sees every row of the tables, or that they do not."""

    FREE = "free"
    """A superuser, or no table is under row security."""
    MAINTENANCE = "maintenance"
    """By the policies for maintenance."""
    PART = "part"


ROLES = (*DatabaseRole, MAINTENANCE)

_CREATE = """
do $$ begin
    if not exists (select from pg_roles where rolname = '{role}') then create role {role} nologin; end if;
exception when duplicate_object or unique_violation then null;
end $$
"""
_JOIN = """
do $$ begin
    if not pg_has_role(current_user, '{role}', 'member') then grant {role} to current_user; end if;
exception when unique_violation then null;
end $$
"""
_GRANT_ON_DATABASE = """
do $$ begin
    execute format('grant connect, temporary on database %I to {roles}', current_database());
end $$
"""

_SIGHT = text(
    """select case
        when rolsuper or rolbypassrls
            or not exists (select from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace)
            then 'free'
        when (select pg_has_role(oid, 'usage') from pg_roles where rolname = :role) then 'maintenance'
        else 'part' end
    from pg_roles where rolname = current_user"""
)
_OWNS = text("select pg_has_role(session_user, relowner, 'usage') from pg_class where oid = cast(:table as regclass)")


def create_roles(connection: Connection) -> None:
    """Make the roles that the server does not have yet, and let the user of this connection act under them.

    Raises
    ------
    DatabaseUnavailableError
        If the user may not make roles; the hint says what an administrator has to run.
    """
    try:
        for role in ROLES:
            connection.execute(text(_CREATE.format(role=role)))
            connection.execute(text(_JOIN.format(role=role)))
        connection.execute(text(_GRANT_ON_DATABASE.format(roles=", ".join(ROLES))))
        connection.execute(text(f"grant usage on schema public to {', '.join(ROLES)}"))
    except ProgrammingError as error:
        raise DatabaseUnavailableError(
            f"The roles of Kvart cannot be made on this server: {reason(error)}",
            "Let an administrator of the server run "
            + "; ".join(f"create role {role} nologin" for role in ROLES)
            + f"; grant {', '.join(ROLES)} to the owner of the database.",
        ) from error


def reason(error: DBAPIError) -> str:
    """Return what the server said, without the statement and where in it."""
    diagnosis = error.orig.diag.message_primary if isinstance(error.orig, psycopg.Error) else None
    return diagnosis or str(error.orig)


def sight_of(connection: Connection) -> Sight:
    """Return whether the user of a connection without a role sees every row."""
    return Sight(connection.scalar(_SIGHT, {"role": MAINTENANCE}))


def owns(session: Session, table: str) -> bool:
    """Say whether the user who logged in owns a table."""
    query = text(
        "select pg_has_role(session_user, relowner, 'usage') from pg_class where oid = cast(:name as regclass)"
    )
    return bool(session.scalar(query, {"name": f'"{table}"'}))


@contextmanager
def as_owner(session: Session) -> Iterator[None]:
    """Act as the user who logged in, where it :func:`owns` the tables; afterwards under the role as before."""
    role = session.scalar(text("select current_setting('role')"))
    session.execute(text("set local role none"))
    yield
    session.execute(text("select set_config('role', :role, true)"), {"role": role})


@contextmanager
def acting_as(session: Session, role: DatabaseRole) -> Iterator[None]:
    """Act under another role for some statements of a transaction; afterwards under the role as before."""
    before = session.scalar(text("select current_setting('role')"))
    session.execute(text("select set_config('role', :role, true)"), {"role": role.value})
    yield
    session.execute(text("select set_config('role', :role, true)"), {"role": before})
