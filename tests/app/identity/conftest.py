"""A session under the role of identity."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session in one transaction under the role of identity."""
    with database.transaction(DatabaseRole.IDENTITY) as session:
        yield session
