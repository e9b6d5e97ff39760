"""Backup of a database into one file, and restore from it: whole or not at all.

A restore into the embedded database fills a new database and then gives it the name of the old one; a restore into a
server database is one transaction. Either way the old contents stay until the new ones are complete.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from app.database import migrating, revisions
from app.database.embedded import DATABASE, EmbeddedCluster
from app.database.inspection import inspect_database
from app.database.installation import find_program
from app.database.programs import last_line, run_program
from app.database.roles import Sight, create_roles, sight_of
from app.database.sessions import Database
from app.errors import ConflictError, InvalidInputError

SIGNATURE = b"PGDMP"
NOT_KVART = "Name a file that `kvart db backup` wrote."
RESTORE_LOCK = 7_402_158_614
"""Advisory lock of the embedded cluster: one restore at a time."""

NEW_DATABASE = f"{DATABASE}_restoring"
OLD_DATABASE = f"{DATABASE}_replaced"
ATTEMPTS_TO_SWAP = 5


def back_up(database: Database, target: Path) -> int:
    """Write a backup and return its size in bytes; an older file of that name stays until this one is complete.

    Raises
    ------
    InvalidInputError
        If the file cannot be written, or the user may not see every row, or ``pg_dump`` cannot read the database.
    """
    if target.is_dir():
        raise InvalidInputError(f"{target} is a directory.", "Name a file.")
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InvalidInputError(
            f"A backup cannot be written to {target}: {error.strerror}.",
            "Name a file in an existing directory that you may write to.",
        ) from error
    os.close(descriptor)
    try:
        _run(database, "pg_dump", "--format=custom", "--no-owner", *_seeing_every_row(database), f"--file={unfinished}")
        Path(unfinished).replace(target)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return target.stat().st_size


def _seeing_every_row(database: Database) -> list[str]:
    """Return the option under which ``pg_dump`` reads every row, whatever row security shows to others."""
    with database.owner_engine.connect() as connection:
        sight = sight_of(connection)
    if sight is Sight.PART:
        raise InvalidInputError(
            f"The user {database.url.username} of the database may not see every row: a backup would lack some.",
            "Back up as the owner of the database.",
        )
    return ["--enable-row-security"] if sight is Sight.MAINTENANCE else []


def restore(database: Database, source: Path, *, replace: bool = False) -> None:
    """Restore a backup and upgrade its schema to the one of this version.

    Parameters
    ----------
    database : Database
        The database to fill.
    source : Path
        File that :func:`back_up` wrote.
    replace : bool
        Whether a database that holds data may be replaced.

    Raises
    ------
    InvalidInputError
        If the file is missing, no backup, damaged or made by a newer version; the database is as before.
    ConflictError
        If the database holds data and ``replace`` is false, or another restore is under way.
    """
    revision = _revision_of_backup(database, source)
    status = inspect_database(database)
    if status.holds_data and not replace:
        raise ConflictError(
            f"The database already holds {sum(status.rows.values()):,} rows.",
            "Pass --replace to put the backup in its place, or restore into another KVART_HOME.",
        )
    if database.cluster:
        _restore_beside_and_swap(database.cluster, source)
    else:
        _restore_in_one_transaction(database, source, status.revision, revision)
        migrating.upgrade(database.owner_engine)


def _revision_of_backup(database: Database, source: Path) -> str:
    """Return the schema revision in a backup, having made sure that it is one of Kvart and readable."""
    try:
        with source.open("rb") as file:
            signature = file.read(len(SIGNATURE))
    except OSError as error:
        raise InvalidInputError(f"The backup {source} cannot be read: {error.strerror}.", NOT_KVART) from error
    if signature != SIGNATURE:
        raise InvalidInputError(f"{source} is not a backup.", NOT_KVART)
    contents = _restore_program(database, "--data-only", "--table=alembic_version", "--file=-", str(source))
    found = re.search(r"^COPY public\.alembic_version .*\n(\w+)$", contents, re.MULTILINE)
    if found is None:
        raise InvalidInputError(f"{source} is a dump of PostgreSQL, but not of Kvart.", NOT_KVART)
    if found[1] not in revisions.known_revisions():
        raise InvalidInputError(
            f"{source} was made by a newer version of Kvart (schema revision {found[1]}).", "Upgrade Kvart first."
        )
    return found[1]


def _restore_beside_and_swap(cluster: EmbeddedCluster, source: Path) -> None:
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as administration:
        if not _scalar(administration, sql.SQL("select pg_try_advisory_lock({})").format(RESTORE_LOCK)):
            raise ConflictError("Another restore is under way.", "Wait until it has ended.")
        _drop(administration, NEW_DATABASE, OLD_DATABASE)
        try:
            administration.execute(sql.SQL("create database {}").format(sql.Identifier(NEW_DATABASE)))
            with _opened(cluster.url(NEW_DATABASE), cluster) as new:
                with new.owner_engine.begin() as connection:
                    create_roles(connection)
                _restore_program(new, "--jobs=2", f"--dbname={new.conninfo()}", str(source))
                migrating.upgrade(new.owner_engine)
            _swap(administration)
        finally:
            _drop(administration, NEW_DATABASE, OLD_DATABASE)


@contextmanager
def _opened(url: URL, cluster: EmbeddedCluster) -> Iterator[Database]:
    database = Database(url, cluster=cluster)
    try:
        yield database
    finally:
        database.engine.dispose()


def _swap(administration: psycopg.Connection[tuple[object, ...]]) -> None:
    """Give the new database the name of the old one, ending the sessions of the old one."""
    rename = sql.SQL("alter database {} rename to {}")
    for attempt in range(1, ATTEMPTS_TO_SWAP + 1):
        administration.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [DATABASE])
        try:
            with administration.transaction():
                administration.execute(rename.format(sql.Identifier(DATABASE), sql.Identifier(OLD_DATABASE)))
                administration.execute(rename.format(sql.Identifier(NEW_DATABASE), sql.Identifier(DATABASE)))
        except psycopg.errors.ObjectInUse as error:
            if attempt == ATTEMPTS_TO_SWAP:
                raise ConflictError(
                    "The database is in use and was not replaced.", "Stop `kvart serve` and `kvart worker`."
                ) from error
        else:
            return


def _drop(administration: psycopg.Connection[tuple[object, ...]], *names: str) -> None:
    for name in names:
        administration.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _scalar(connection: psycopg.Connection[tuple[object, ...]], query: sql.Composed) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _restore_in_one_transaction(database: Database, source: Path, present: str | None, wanted: str) -> None:
    """Restore into a server database; what the server owns itself, the extensions, is left alone."""
    if present not in {None, wanted}:
        raise ConflictError(
            f"The database has schema revision {present}, the backup {wanted}.",
            f"Run `kvart db downgrade {wanted}` first, or restore into a new database.",
        )
    with database.owner_engine.begin() as connection:
        migrating.prepare(connection)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as contents:
        listed = _restore_program(database, "--list", str(source)).splitlines()
        contents.writelines(f"{line}\n" for line in listed if not re.search(r" EXTENSION | spatial_ref_sys ", line))
        contents.flush()
        clean = [] if present is None else ["--clean", "--if-exists"]
        options = ["--single-transaction", "--no-owner", f"--use-list={contents.name}", *clean]
        _restore_program(database, *options, f"--dbname={database.conninfo()}", str(source))


def _restore_program(database: Database, *arguments: str) -> str:
    """Run ``pg_restore`` and return what it prints."""
    return _run(database, "pg_restore", "--exit-on-error", *arguments, connect=False)


def _reason(told: str) -> str:
    """Return what the server said, or else the last line of a program: after an error it only repeats the statement."""
    return last_line("\n".join(line for line in told.splitlines() if "ERROR:" in line) or told)


def _run(database: Database, name: str, *arguments: str, connect: bool = True) -> str:
    """Run a client program; what a restore writes is safe on disk with the synchronous commit that comes after it."""
    program = database.cluster.installation().program(name) if database.cluster else find_program(name, database.bindir)
    address = [f"--dbname={database.conninfo()}"] if connect else []
    environment = os.environ | {"LC_ALL": "C.UTF-8", "PGAPPNAME": "kvart", "PGOPTIONS": "-c synchronous_commit=off"}
    if database.url.password:
        environment["PGPASSWORD"] = str(database.url.password)
    outcome = run_program([program, *arguments, *address], env=environment)
    if outcome.returncode != 0:
        raise InvalidInputError(
            f"{name} did not finish: {_reason(outcome.stderr)}",
            "Nothing was changed. Check the file, free space, and that roles of your own exist on this server.",
        )
    return outcome.stdout
