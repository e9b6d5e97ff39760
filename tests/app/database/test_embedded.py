"""The life of the embedded cluster: made, started, attached to, stopped; refused with a reason."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest

from app.database.embedded import LONGEST_SOCKET_PATH, EmbeddedCluster
from app.database.installation import find_installation
from app.database.locking import is_held
from app.database.recovery import read_postmaster
from app.database.sessions import open_database
from app.errors import DatabaseUnavailableError
from app.settings import DatabaseSettings

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another account")


def runs(home: Path) -> bool:
    return is_held(home / "server.lock")


def answer(cluster: EmbeddedCluster, query: str = "select 42") -> object:
    with psycopg.connect(cluster.conninfo()) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_the_first_start_makes_a_database_with_the_schema(open_home: Path) -> None:
    database = open_database(DatabaseSettings(home=open_home))
    try:
        with database.owner_engine.connect() as connection:
            assert connection.exec_driver_sql("select count(*) from incident").scalar() == 0
            assert connection.exec_driver_sql("show data_checksums").scalar() == "on"
            assert connection.exec_driver_sql("show fsync").scalar() == "on"
            assert connection.exec_driver_sql("show listen_addresses").scalar() == ""
    finally:
        database.close()
    assert not runs(open_home)


def test_the_second_attaches_and_the_last_one_out_stops(home: Path) -> None:
    first, second = EmbeddedCluster(home), EmbeddedCluster(home)
    first.start()
    postmaster = read_postmaster(first.data)
    second.start()
    assert read_postmaster(second.data) == postmaster
    first.stop()
    assert answer(second) == 42
    second.stop()
    assert not runs(home)
    second.stop()


def test_the_socket_is_closed_to_others(home: Path) -> None:
    cluster = EmbeddedCluster(home)
    cluster.start()
    try:
        assert Path(cluster.socket_directory).stat().st_mode & 0o077 == 0
        assert cluster.data.stat().st_mode & 0o077 == 0
    finally:
        cluster.stop()


@pytest.mark.parametrize("name", ["with a space", "quote\"d, and 'more' $HOME", "x" * LONGEST_SOCKET_PATH])
def test_any_path_will_do(prepared_home: Callable[[Path], Path], open_home: Path, name: str) -> None:
    cluster = EmbeddedCluster(prepared_home(open_home / name))
    cluster.start()
    try:
        assert answer(cluster) == 42
    finally:
        cluster.stop()
    assert not Path(cluster.socket_directory, ".s.PGSQL.5432").exists()


@needs_root
def test_root_starts_it_below_a_directory_that_only_root_may_enter(
    prepared_home: Callable[[Path], Path], tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = EmbeddedCluster(prepared_home(closed / "home"))
    cluster.start()
    try:
        assert answer(cluster, "select current_setting('data_directory')") != str(cluster.data)
        assert cluster.data.stat().st_uid != 0
    finally:
        cluster.stop()


@needs_root
def test_root_makes_it_below_a_directory_that_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = EmbeddedCluster(closed, durable=False)
    cluster.start()
    try:
        assert answer(cluster) == 42
    finally:
        cluster.stop()


def as_nobody(task: Callable[[Connection], None]) -> object:
    """Run a task in a child process under an account without any rights, and return what it sends."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    account = pwd.getpwnam("nobody")

    def child() -> None:
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        try:
            task(sender)
        except DatabaseUnavailableError as error:
            sender.send(error.message)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join()


@needs_root
def test_an_ordinary_user_starts_it(open_home: Path) -> None:
    def start_and_stop(sender: Connection) -> None:
        cluster = EmbeddedCluster(open_home / "home", durable=False)
        cluster.start()
        found = answer(cluster)
        cluster.stop()
        sender.send((found, cluster.data.stat().st_uid))

    open_home.chmod(0o777)
    assert as_nobody(start_and_stop) == (42, pwd.getpwnam("nobody").pw_uid)
    assert not runs(open_home / "home")


@needs_root
def test_root_goes_on_under_the_account_that_made_the_data(
    prepared_home: Callable[[Path], Path], open_home: Path
) -> None:
    owner = pwd.getpwnam("nobody")
    home = prepared_home(open_home / "home")
    for path in [home, *home.rglob("*")]:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    cluster = EmbeddedCluster(home)
    cluster.start()
    try:
        assert answer(cluster) == 42
    finally:
        cluster.stop()
    assert {path.stat().st_uid for path in cluster.data.rglob("*")} == {owner.pw_uid}


@needs_root
def test_an_ordinary_user_is_told_whose_data_it_is(home: Path) -> None:
    home.chmod(0o777)
    message = as_nobody(lambda _sender: EmbeddedCluster(home).start())
    assert "belongs to" in str(message)
    assert "nobody" in str(message)


@needs_root
def test_a_home_that_cannot_be_written_is_refused(open_home: Path) -> None:
    message = as_nobody(lambda _sender: EmbeddedCluster(open_home / "home").start())
    assert f"{open_home / 'home'} cannot be used: Permission denied" in str(message)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(DatabaseUnavailableError, match="cannot be used"):
        EmbeddedCluster(tmp_path / "home").start()


def test_data_of_another_major_version_are_refused(home: Path) -> None:
    (home / "pg" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnavailableError, match="written by PostgreSQL 9, but this machine has PostgreSQL"):
        EmbeddedCluster(home).start()


def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    with (home / "pg" / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    with pytest.raises(DatabaseUnavailableError, match="did not start") as refused:
        EmbeddedCluster(home).start()
    assert "configuration file" in refused.value.message
    assert str(home / "postgres.log") in refused.value.hint
    assert not runs(home)


def test_a_missing_postgresql_is_reported_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"No PostgreSQL >= 15 with PostGIS >= 3\.3") as refused:
        EmbeddedCluster(tmp_path / "home", bindir=tmp_path).start()
    assert "sudo apt-get install postgresql postgresql-postgis" in refused.value.hint
    assert not (tmp_path / "home" / "pg").exists()


@pytest.fixture
def imitation(tmp_path: Path) -> Iterator[Callable[[str, str | None], Path]]:
    """Directory with imitated programs of a PostgreSQL of some version."""

    def make(version: str, control: str | None) -> Path:
        bindir = tmp_path / "bin"
        bindir.mkdir()
        for name in ("initdb", "postgres", "pg_dump", "pg_restore"):
            program = bindir / name
            program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            program.chmod(0o755)
        if control is not None:
            extension = tmp_path / "share" / "postgresql" / "extension"
            extension.mkdir(parents=True)
            (extension / "postgis.control").write_text(control)
        return bindir

    yield make
    shutil.rmtree(tmp_path / "bin")


def test_a_beta_version_is_understood(imitation: Callable[[str, str | None], Path]) -> None:
    bindir = imitation("99beta2", "default_version = '4.1.0dev'")
    assert find_installation(bindir).major == 99


@pytest.mark.parametrize(
    ("version", "control", "reason"),
    [
        ("14.3", "default_version = '3.4.0'", "is PostgreSQL 14"),
        ("99.1", None, "has no PostGIS"),
        ("99.1", "default_version = '3.1.9'", "has PostGIS 3.1.9"),
        ("99.1", "comment = 'broken'", r"has PostGIS \?"),
        ("surprise", None, "does not tell its version"),
    ],
)
def test_an_unfit_postgresql_is_named(
    imitation: Callable[[str, str | None], Path], version: str, control: str | None, reason: str
) -> None:
    with pytest.raises(DatabaseUnavailableError, match=reason):
        find_installation(imitation(version, control))


def test_a_large_log_is_put_aside(home: Path) -> None:
    with (home / "postgres.log").open("ab") as log:
        log.truncate(30_000_000)
    cluster = EmbeddedCluster(home)
    cluster.start()
    cluster.stop()
    assert (home / "postgres.log.1").stat().st_size == 30_000_000
    assert 0 < cluster.log.stat().st_size < 30_000_000


def test_leaving_without_closing_stops_it_too(home: Path, run_python: Callable[..., str]) -> None:
    script = """
    from app.database.embedded import EmbeddedCluster
    EmbeddedCluster(Path(sys.argv[1])).start()
    """
    run_python(script, str(home))
    assert not runs(home)
