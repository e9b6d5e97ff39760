"""Every SQL statement that looks at the database server itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_SERVER = text(
    """select current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on' as durable,
    current_setting('data_checksums') = 'on' as checksums,
    extract(epoch from clock_timestamp())::float8 as clock,
    (select rolsuper or rolbypassrls from pg_roles where rolname = session_user) as above_policies,
    exists (select from pg_proc where proname = 'geometry_overlaps' and proleakproof) as spatial_filters_indexed"""
)
_OPEN_TABLES = text(
    """select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'municipality_id'
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
        and not (c.relrowsecurity and c.relforcerowsecurity) order by 1"""
)
_ROLES = text("select rolname from pg_roles where rolname = any(:names) and pg_has_role(session_user, oid, 'member')")


@dataclass(frozen=True)
class ServerState:
    """What the server says of itself.

    Attributes
    ----------
    durable : bool
        What it acknowledges survives a power cut.
    checksums : bool
        It notices a page that the disk has altered.
    clock : float
        Its time, seconds since 1970.
    above_policies : bool
        The login itself is not bound by row security.
    spatial_filters_indexed : bool
        Under row security a filter by place can use a spatial index.
    """

    durable: bool
    checksums: bool
    clock: float
    above_policies: bool
    spatial_filters_indexed: bool


def read_server_state(connection: Connection) -> ServerState:
    """Return what the server says of itself."""
    return ServerState(**connection.execute(_SERVER).mappings().one())


def tables_without_row_security(connection: Connection) -> list[str]:
    """Return the tables of municipalities that row security does not guard."""
    return list(connection.execute(_OPEN_TABLES).scalars())


def roles_of_login(connection: Connection, names: list[str]) -> set[str]:
    """Return those of the roles that exist and that the login may take."""
    return set(connection.execute(_ROLES, {"names": names}).scalars())
