"""Transactions and the opening of databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.database.sessions import Database
from app.municipalities.models import Municipality

SQUARE = "SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)))"


def municipality(code: str = "town") -> Municipality:
    return Municipality(code=code, name="Town", boundary=SQUARE, working_crs="EPSG:32631", time_zone="Etc/UTC")


def count(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Municipality)) or 0


def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    with database.transaction() as session:
        session.add(municipality())
    assert count(database) == 1


def test_a_transaction_is_rolled_back_on_an_error(database: Database) -> None:
    def fail_half_way() -> None:
        with database.transaction() as session:
            session.add(municipality())
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert count(database) == 0


def test_copy_works_through_a_session(session: Session) -> None:
    session.execute(text("create temporary table number (n int)"))
    raw = session.connection().connection.cursor()
    with raw.copy("copy number from stdin") as copy:
        copy.write_row([7])
    assert session.scalar(text("select n from number")) == 7
