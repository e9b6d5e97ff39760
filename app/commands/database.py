"""``kvart db``: look after the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from app.audit.events import EventKind
    from app.database.inspection import DatabaseStatus
    from app.database.sessions import Database


def register(program: typer.Typer) -> None:
    """Add ``kvart db`` and its commands to the program."""
    group = typer.Typer(no_args_is_help=True, help="Look after the database: status, schema, backup and restore.")
    for command in (status, upgrade, downgrade, backup, restore):
        group.command()(command)
    program.add_typer(group, name="db")


def status() -> None:
    """Show where the data lives, the versions, the schema revision and how much there is."""
    from app.database.inspection import inspect_database
    from app.settings import DatabaseSettings

    settings = DatabaseSettings()
    if settings.database_url is None and not (settings.home / "pg").is_dir():
        typer.echo(f"There is no database in {settings.home.absolute()} yet; `kvart import` makes it.")
        return
    with _database() as database:
        for line in describe(inspect_database(database), embedded=database.cluster is not None):
            typer.echo(line)


def upgrade(revision: Annotated[str, typer.Argument(help="Revision to upgrade to.")] = "head") -> None:
    """Upgrade the schema."""
    from app.database import migrating

    with _database() as database:
        migrating.upgrade(database.owner_engine, revision)
        _say_revision(database)


def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to downgrade to; `base` is the empty database.")],
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead although data is lost.")] = False,
) -> None:
    """Downgrade the schema; what the older schema has no place for is lost."""
    from app.database import migrating
    from app.database.inspection import inspect_database
    from app.errors import ConflictError

    with _database() as database:
        found = inspect_database(database)
        if found.holds_data and not yes:
            raise ConflictError(
                f"The database holds {sum(found.rows.values()):,} rows; a downgrade to {revision} loses data.",
                "Make a backup with `kvart db backup FILE`, then pass --yes.",
            )
        migrating.downgrade(database.owner_engine, revision)
        _say_revision(database)


def backup(file: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Write the whole database into one file."""
    from app.database.archives import back_up

    with _database() as database:
        size = back_up(database, file)
        _write_down(database, "disclosure", {"collection": "backup", "bytes": size})
    typer.echo(f"Backup of {size / 1e6:,.1f} MB written to {file}.")


def restore(
    file: Annotated[Path, typer.Argument(help="File that `kvart db backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace a database that holds data.")] = False,
) -> None:
    """Restore a backup into an empty database; with --replace also over one that holds data."""
    from app.database import archives

    with _database() as database:
        archives.restore(database, file, replace=replace)
        _write_down(database, "alteration", {"collection": "backup", "action": "restore", "replaced": replace})
    typer.echo(f"Restored {file}.")


def describe(status: DatabaseStatus, *, embedded: bool) -> Iterator[str]:
    """Return the lines of ``kvart db status``."""
    kind = "embedded, in" if embedded else "server"
    yield f"{'database':<12}{kind} {status.place}"
    yield f"{'PostgreSQL':<12}{status.postgresql}"
    yield f"{'PostGIS':<12}{status.postgis or 'not switched on'}"
    advice = "up to date" if status.is_current else f"this version needs {status.head}: run `kvart db upgrade`"
    yield f"{'schema':<12}{status.revision or 'none'} ({advice})"
    yield f"{'size':<12}{status.size_bytes / 1e6:,.1f} MB"
    if not status.sees_every_row:
        yield f"{'rows':<12}told to the owner of the database only"
    for table, rows in sorted(status.rows.items()):
        yield f"  {table:<22}{rows:>12,} rows"


@contextmanager
def _database() -> Iterator[Database]:
    """Open the database whatever its schema."""
    from app.database.sessions import connect
    from app.settings import DatabaseSettings

    database = connect(DatabaseSettings())
    try:
        yield database
    finally:
        database.close()


def _write_down(database: Database, kind: EventKind, what: dict[str, Any]) -> None:
    """Write what was done with the whole database into the audit log, if its schema has one."""
    from app.audit import service as audit
    from app.audit.events import OPERATOR, AuditEvent
    from app.audit.sealing import Sealer
    from app.database.revisions import head_revision
    from app.settings import DatabaseSettings

    if database.schema_revision() != head_revision():
        return
    with database.transaction() as session:
        audit.record(session, AuditEvent(kind, None, OPERATOR, what))
    Sealer(database, DatabaseSettings().audit_heads).seal_at_end()


def _say_revision(database: Database) -> None:
    typer.echo(f"The schema is at revision {database.schema_revision() or 'none'}.")
