"""A session under the role of identity, quick passwords, and an account to begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts
from app.identity.roles import Role
from app.settings import AccountSettings

SQUARES = "SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)))"


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session in one transaction under the role of identity."""
    with database.transaction(DatabaseRole.IDENTITY) as session:
        yield session


@pytest.fixture
def settings() -> AccountSettings:
    """Settings whose hashes cost next to nothing."""
    return AccountSettings(password_time_cost=1, password_memory_kb=256, password_parallelism=1)


@pytest.fixture
def towns(database: Database) -> None:
    """Two municipalities, ``talsi`` and ``cesis``."""
    with database.owner_engine.begin() as connection:
        for code in ("talsi", "cesis"):
            connection.execute(
                text(
                    "insert into municipality (code, name, boundary, working_crs, time_zone) "
                    "values (:code, :code, st_geomfromewkt(:squares), 'EPSG:32631', 'Etc/UTC')"
                ),
                {"code": code, "squares": SQUARES},
            )


@pytest.fixture
def change(database: Database) -> Callable[..., int]:
    """Function that runs a statement in a transaction of its own and returns how many rows it met."""

    def run(statement: str, **values: Any) -> int:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return session.execute(text(statement), values).rowcount

    return run


@pytest.fixture
def new_account(database: Database, settings: AccountSettings) -> Callable[..., str]:
    """Function that stores an account, with a role in the service or a municipality, and returns its name."""

    def make(
        name: str = "ada", role: Role | None = None, municipality: str | None = None, password: str | None = None
    ) -> str:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            accounts.create_account(session, name)
            if role:
                accounts.grant(session, name, role, municipality)
            if password:
                accounts.set_password(session, name, password, settings)
        return name

    return make
