"""Versions of the data of a municipality: they change with every insert, update and delete (revision 0014)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import ARRAY, VARCHAR, ForeignKey, Numeric, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database.base import Base

Changes = list[Decimal]
"""The sum of the numbers of the changes of some tables, and how many changes they are."""
MOST_CHANGES = 500
"""Changes that are added up at each question; more are made one."""

VERSIONS = """coalesce((
    select jsonb_object_agg(relation, version) from (
        select relation, sum(number) as version from data_change
        where municipality_id = :municipality and relation = any(:relations) group by relation
    ) as changed
), '{}')"""
"""Part of a statement: the version of each of some tables, for a statement that is made anyway."""
_SUM_UP = text(
    """with chosen as (
        select number from data_change where municipality_id = :municipality and relation = :relation
        for update skip locked
    ), gone as (
        delete from data_change as change using chosen
        where change.municipality_id = :municipality and change.relation = :relation and change.number = chosen.number
        returning change.number
    )
    insert into data_change (municipality_id, relation, number)
    select :municipality, :relation, sum(number) from gone having count(*) > 0"""
)
"""Of two who add up at the same time each takes the rows that the other has not taken."""


class DataChange(Base):
    """A change of a table by a transaction, or the sum of several."""

    __tablename__ = "data_change"

    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True)
    relation: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[Decimal] = mapped_column(Numeric, primary_key=True)
    """Random; the sum of the numbers of a table is the version of its data."""


CHANGES = (
    select(array([func.coalesce(func.sum(DataChange.number), 0), func.count()], type_=Numeric))
    .where(
        DataChange.municipality_id == bindparam("municipality_id"),
        DataChange.relation == func.any(bindparam("relations", type_=ARRAY(VARCHAR))),
    )
    .scalar_subquery()
)
"""Part of a statement: the changes of some tables, for `version_told`."""
_CHANGES = select(CHANGES)


def read_version(session: Session, municipality_id: int, relations: Sequence[str]) -> str:
    """Return the version of the data of a municipality in some tables; of many changes of a table one is made.

    Ask before the data is read: data that changes in between is then kept under the version before, which nobody asks
    for again.

    Parameters
    ----------
    session : Session
    municipality_id : int
    relations : sequence of str
        Names of tables.
    """
    asked = {"municipality_id": municipality_id, "relations": list(relations)}
    changes: Changes = session.scalars(_CHANGES, asked).one()
    return version_told(session, municipality_id, relations, changes)


def version_told(session: Session, municipality_id: int, relations: Sequence[str], changes: Changes) -> str:
    """Return the version that the changes of some tables make; for whoever asked for `CHANGES` with something else.

    Parameters
    ----------
    session : Session
    municipality_id : int
    relations : sequence of str
    changes : Changes
    """
    version, number = changes
    if number > MOST_CHANGES:
        for relation in relations:
            session.execute(_SUM_UP, {"municipality": municipality_id, "relation": relation})
    return f"{int(version):x}"
