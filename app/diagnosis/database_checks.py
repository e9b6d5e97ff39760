"""What can be said of the database: its schema, its guards, its clock, its queue, its accounts."""

from __future__ import annotations

import time
from collections.abc import Iterator

from app.database.inspection import DatabaseStatus, inspect_database
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.diagnosis import repository
from app.diagnosis.findings import Finding, fault, fine, note
from app.diagnosis.repository import ServerState
from app.identity import accounts
from app.identity.roles import Role
from app.jobs import service as jobs

LARGEST_CLOCK_DIFFERENCE_S = 5.0


def examine_database(database: Database) -> Iterator[Finding]:
    """Look at a database that answers."""
    status = inspect_database(database)
    yield fine("database", f"PostgreSQL {status.postgresql}, PostGIS {status.postgis or 'not switched on'}, answers.")
    yield _schema(status, embedded=database.cluster is not None)
    with database.owner_engine.connect() as connection:
        server = repository.read_server_state(connection)
        open_tables = repository.tables_without_row_security(connection)
        roles = repository.roles_of_login(connection, [role.value for role in DatabaseRole])
    yield _durability(server)
    yield _clock(server)
    if not status.is_current:
        return
    yield _guards(open_tables, roles)
    yield _login(server, embedded=database.cluster is not None)
    yield _spatial_filters(server)
    yield _queue(database)
    yield _administrators(database)


def _schema(status: DatabaseStatus, *, embedded: bool) -> Finding:
    if status.is_current:
        return fine("schema", f"It is at revision {status.head}, the one of this version.")
    if embedded:
        return note(
            "schema",
            f"It is at revision {status.revision or 'none'}; this version needs {status.head}.",
            "`kvart serve` upgrades it by itself; `kvart db backup FILE` first keeps a way back.",
        )
    return fault(
        "schema",
        f"It is at revision {status.revision or 'none'}; this version needs {status.head}.",
        "Make a backup with `kvart db backup FILE`, then run `kvart db upgrade`.",
    )


def _durability(server: ServerState) -> Finding:
    if not server.durable:
        return fault(
            "durability",
            "The server acknowledges what a power cut would lose (fsync or full_page_writes is off).",
            "Switch both on in postgresql.conf.",
        )
    if not server.checksums:
        return note(
            "durability",
            "The server would not notice a page that the disk has altered.",
            "Switch checksums on with pg_checksums --enable while it is stopped.",
        )
    return fine("durability", "What is acknowledged survives a power cut; pages carry checksums.")


def _clock(server: ServerState) -> Finding:
    difference = abs(server.clock - time.time())
    if difference > LARGEST_CLOCK_DIFFERENCE_S:
        return note(
            "clock",
            f"The clocks of the server and of this machine differ by {difference:,.0f} s.",
            "Let both ask a time server; bearer tokens may seem expired.",
        )
    return fine("clock", "Server and machine agree on the time.")


def _guards(open_tables: list[str], roles: set[str]) -> Finding:
    missing = sorted({role.value for role in DatabaseRole} - roles)
    if missing:
        return fault(
            "row security",
            f"The login may not take the roles {', '.join(missing)}.",
            "Let an administrator of the server grant them; docs/deployment.md has the statements.",
        )
    if open_tables:
        return fault(
            "row security",
            f"No policy guards {', '.join(open_tables)}.",
            "Run `kvart db upgrade`; if that changes nothing, restore the policies from a backup.",
        )
    return fine("row security", "Each municipality's rows are guarded by policies.")


def _login(server: ServerState, *, embedded: bool) -> Finding:
    if embedded or not server.above_policies:
        return fine("login", "Requests act under roles that the policies bind.")
    return note(
        "login",
        "The login of KVART_DATABASE_URL stands above the policies; they hold because each transaction takes a role.",
        "Serve with a login that owns nothing and is a member of those roles; docs/deployment.md shows how.",
    )


def _spatial_filters(server: ServerState) -> Finding:
    if server.spatial_filters_indexed:
        return fine("spatial filters", "Filters by place use the spatial indexes.")
    return note(
        "spatial filters",
        "Under row security, filters by place read every row of the municipality.",
        "Let a superuser mark the operators of PostGIS as leakproof; docs/deployment.md has the statements.",
    )


def _queue(database: Database) -> Finding:
    state = jobs.queue_state(database)
    sentence = f"{state.waiting} runs wait and {state.running} are under way; {state.workers} workers live."
    if state.moves:
        return fine("queue", sentence)
    return fault(
        "queue",
        f"{sentence} The oldest has waited for {state.oldest_s / 60:,.0f} minutes: no worker takes it.",
        "Start `kvart worker`, or `kvart serve` with KVART_WORKER unset.",
    )


def _administrators(database: Database) -> Finding:
    with database.transaction(DatabaseRole.IDENTITY) as session:
        found = accounts.list_accounts(session)
    able = [
        account.name for account in found if account.service_role == Role.ADMINISTRATOR and account.disabled_at is None
    ]
    if able:
        return fine("accounts", f"{len(found)} accounts, of which {len(able)} administer the service.")
    if database.cluster is not None:
        return fine("accounts", "Nobody has signed in yet; `kvart serve` prints a link for the first time.")
    return note(
        "accounts",
        "Nobody may administer the service.",
        "Run `kvart users add NAME --role administrator` and `kvart users link NAME`.",
    )
