"""Engine, sessions and transactions: the only place that commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, NullPool, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.database.embedded import EmbeddedCluster
from app.database.revisions import current_revision, head_revision
from app.database.roles import DatabaseRole, reason
from app.database.tenancy import MUNICIPALITY_SETTING, SERVICE_WIDE_SETTING
from app.database.versions import read_versions, require_versions
from app.errors import DatabaseUnavailableError, InvalidInputError
from app.settings import DatabaseSettings

DRIVER = "postgresql+psycopg"
CONNECT_TIMEOUT_SECONDS = 10
POOL_TIMEOUT_SECONDS = 30
INSUFFICIENT_RESOURCES = "53"
"""Class of the error codes for a full disk, memory or list of connections."""

_ROLE = "kvart_role"
_MUNICIPALITY = "kvart_municipality"
_BEGIN_UNDER_ROLE = (
    f"select set_config('role', %s, true), set_config('{MUNICIPALITY_SETTING}', %s, true), "
    f"set_config('{SERVICE_WIDE_SETTING}', '', true), "
    "set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)"
)
_REVISION_IS_CLOSED = text("select not has_table_privilege(to_regclass('alembic_version')::oid, 'select')")


class Database:
    """One database, embedded or on a server, with its pool of connections.

    Every transaction on ``engine`` begins under a role that owns nothing and with no municipality entered, whatever an
    earlier one left on the connection. ``owner_engine`` connects anew each time and acts as the user who logged in: for
    migrations, backups and restores, which belong to the owner of the tables.

    Parameters
    ----------
    url : URL
        Address of the database; the driver is psycopg.
    cluster : EmbeddedCluster, optional
        The embedded cluster that serves it; it is started again if it died.
    pool_size : int
        Connections kept open; twice as many may be open at once.
    bindir : Path, optional
        Where the programs of PostgreSQL are, if not where the system's packages put them.
    """

    def __init__(
        self, url: URL, *, cluster: EmbeddedCluster | None = None, pool_size: int = 10, bindir: Path | None = None
    ) -> None:
        self.url = url
        self.cluster = cluster
        self.bindir = bindir
        self.application = "kvart"
        """Name under which the server lists the connections that are made from now on."""
        arguments = {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_pre_ping=True,
            connect_args=arguments,
            hide_parameters=True,
        )
        self.owner_engine = create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
        for engine in (self.engine, self.owner_engine):
            event.listen(engine, "do_connect", self._connect)
            event.listen(engine, "handle_error", _raise_clear_error)
        event.listen(self.engine, "begin", _begin_under_role)
        self._engines = {role: self.engine.execution_options(**{_ROLE: role}) for role in DatabaseRole}

    @contextmanager
    def transaction(self, role: DatabaseRole = DatabaseRole.SERVICE) -> Iterator[Session]:
        """Give a session whose work is committed at the end, or rolled back on any error.

        Parameters
        ----------
        role : DatabaseRole
            What the transaction may see and do. Under `DatabaseRole.SERVICE` it sees no row of any municipality until
            :func:`app.database.tenancy.enter_municipality` was called.

        Raises
        ------
        DatabaseUnavailableError
            If there is no connection left, or the user of the database may not act under the role.
        """
        try:
            with Session(self._engines[role], expire_on_commit=False) as session, session.begin():
                yield session
        except PoolTimeoutError as error:
            raise DatabaseUnavailableError(
                "Every connection to the database is in use.", "Try again, or raise KVART_POOL_SIZE."
            ) from error

    @contextmanager
    def inside(self, municipality_id: int) -> Iterator[Session]:
        """Give a session as :meth:`transaction` does, with a municipality entered whose key is known already."""
        with self.transaction() as session:
            session.connection(execution_options={_MUNICIPALITY: str(municipality_id)})
            yield session

    def standing_connection(self) -> Connection:
        """Return a connection without transactions and without a role, for session locks and LISTEN."""
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def connection_arguments(self) -> dict[str, Any]:
        """Return what psycopg connects with, the password included; for a library that keeps its own connections."""
        _, arguments = self.engine.dialect.create_connect_args(self.url)
        return self._address({**arguments, "connect_timeout": CONNECT_TIMEOUT_SECONDS})

    def schema_revision(self) -> str | None:
        """Return the revision of the schema, None for an empty database; also to a user who owns nothing."""
        with self.owner_engine.begin() as connection:
            if connection.scalar(_REVISION_IS_CLOSED):
                _begin_under_role(connection)
            return current_revision(connection)

    def conninfo(self) -> str:
        """Return the address as a connection string of PostgreSQL's own programs; without the password."""
        url = self.url
        address = {"user": url.username, "host": url.host, "port": url.port, "dbname": url.database}
        options = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
        return make_conninfo("", **self._address(address | options))

    def place(self) -> str:
        """Return where the data lives: the directory of the embedded cluster, or the server without the password."""
        if self.cluster:
            return str(self.cluster.home)
        url = self.url
        return URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()

    def close(self) -> None:
        """Close the connections and leave the embedded cluster."""
        self.engine.dispose()
        if self.cluster:
            self.cluster.stop()

    def _connect(
        self, _dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        """Connect; an embedded server that died is started again first."""
        options = {"application_name": self.application} | options
        try:
            return psycopg.connect(**self._address(options))
        except psycopg.OperationalError as error:
            if self.cluster is None or self.cluster.is_running():
                raise DatabaseUnavailableError(
                    f"The database {self.place()} refused a connection: {' '.join(str(error).split())}",
                    "Try again." if self.cluster else "Check KVART_DATABASE_URL and that the server runs.",
                ) from error
            self.cluster.start()
            return psycopg.connect(**self._address(options))

    def _address(self, options: dict[str, Any]) -> dict[str, Any]:
        return options | {"host": self.cluster.socket_directory} if self.cluster else options


def _begin_under_role(connection: Connection) -> None:
    """Take the role of a transaction and leave every municipality; times are told in UTC, as ISO 8601 has them."""
    options = connection.get_execution_options()
    role = options.get(_ROLE, DatabaseRole.SERVICE)
    try:
        connection.exec_driver_sql(_BEGIN_UNDER_ROLE, (role.value, options.get(_MUNICIPALITY, "")))
    except DBAPIError as error:
        raise DatabaseUnavailableError(
            f"The user of the database cannot act as {role}: {reason(error)}",
            f"Run `kvart db upgrade` as the owner of the database, and `grant {role} to` the user of the service.",
        ) from error


def _raise_clear_error(context: ExceptionContext) -> None:
    """Turn the loss of the connection, and a server without room, into an error that says so."""
    error = context.original_exception
    if not isinstance(error, psycopg.Error) or context.is_pre_ping:
        return
    if context.is_disconnect:
        raise DatabaseUnavailableError(
            "The connection to the database was lost; what was under way was not stored.", "Try again."
        ) from error
    if (error.sqlstate or "").startswith(INSUFFICIENT_RESOURCES):
        raise DatabaseUnavailableError(
            f"The database server is out of room: {' '.join(str(error).split())}; nothing was stored.",
            "Free disk space or memory on it.",
        ) from error


def open_database(settings: DatabaseSettings) -> Database:
    """Open the database that the settings name.

    Parameters
    ----------
    settings : DatabaseSettings
        Without ``database_url`` the embedded cluster under ``home`` is started or attached to and its schema is
        upgraded; the schema of a server database is only checked.

    Raises
    ------
    DatabaseUnavailableError
        If there is no PostGIS, the server does not answer, or its schema is not the one of this version.
    InvalidInputError
        If ``database_url`` is not the address of a PostgreSQL database.
    """
    database = connect(settings)
    try:
        _bring_to_head(database)
    except BaseException:
        database.close()
        raise
    return database


def connect(settings: DatabaseSettings) -> Database:
    """Open the database that the settings name, whatever its schema; for the commands that change the schema."""
    if settings.database_url is None:
        cluster = EmbeddedCluster(settings.home, bindir=settings.pg_bindir)
        cluster.start()
        return Database(cluster.url(), cluster=cluster, pool_size=settings.pool_size)
    return Database(server_url(settings.database_url), pool_size=settings.pool_size, bindir=settings.pg_bindir)


def server_url(address: str) -> URL:
    """Return the URL of a server database; ``postgresql://`` and ``postgres://`` mean the driver psycopg.

    Raises
    ------
    InvalidInputError
        If it is not the address of a PostgreSQL database.
    """
    hint = "Write it as postgresql://user:password@host:5432/database."
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise InvalidInputError("KVART_DATABASE_URL is not the address of a database.", hint) from error
    if url.drivername not in {"postgresql", "postgres", DRIVER}:
        raise InvalidInputError(f"KVART_DATABASE_URL names a database of the kind {url.drivername!r}.", hint)
    return url.set(drivername=DRIVER)


def _bring_to_head(database: Database) -> None:
    """Upgrade the schema of the embedded database; refuse a server database at another revision."""
    head, revision = head_revision(), database.schema_revision()
    if revision == head:
        return
    if database.cluster is None:
        with database.owner_engine.connect() as connection:
            require_versions(read_versions(connection))
        raise DatabaseUnavailableError(
            f"The schema of the database is at revision {revision or 'none'}; this version of Kvart needs {head}.",
            "Run `kvart db upgrade`.",
        )
    from app.database import migrating  # noqa: PLC0415 - Alembic takes longer to load than a database to open

    migrating.upgrade(database.owner_engine)
