"""Embedded clusters and databases that a benchmark makes and removes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from app.database import migrating
from app.database.embedded import EmbeddedCluster
from app.database.sessions import Database

DATABASE_NUMBERS = count(1)


@contextmanager
def temporary_cluster() -> Iterator[tuple[EmbeddedCluster, Path]]:
    """Give an embedded cluster and a directory for files, both removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="kvart-bench-"))
    directory.chmod(0o711)
    cluster = EmbeddedCluster(directory / "home")
    try:
        cluster.start()
        yield cluster, directory
    finally:
        cluster.stop()
        shutil.rmtree(directory)


def empty_database(cluster: EmbeddedCluster) -> Database:
    """Return a database with the schema and no rows, the one before dropped."""
    number = next(DATABASE_NUMBERS)
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists bench_{number - 1} with (force)")
        connection.execute(f"create database bench_{number}")
    database = Database(cluster.url(f"bench_{number}"))
    migrating.upgrade(database.owner_engine)
    return database
