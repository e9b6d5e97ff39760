"""Every SQL statement of packed incidents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from psycopg import sql
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.database.driver import driver_connection, fetch_row
from app.incident_blocks.models import BLOCK_BITS, IncidentBlock

NO_TIME = -(2**63)
"""In place of a time where there is none."""

_MISSING = f"""
    with own as (select min(id) >> {BLOCK_BITS} as low, max(id) >> {BLOCK_BITS} as high
        from incident where municipality_id = :municipality)
    select number from own cross join generate_series(own.low, own.high - 1) as number
    where not exists (select from incident_block as b where b.municipality_id = :municipality and b.block = number)
    and (select true from incident as e where e.municipality_id = :municipality
        and e.id >= number << {BLOCK_BITS} and e.id < (number + 1) << {BLOCK_BITS} order by e.id limit 1)
    order by number
"""  # noqa: S608 - a constant
_ROWS = sql.SQL(
    "select coalesce(string_agg(float8send(x), ''), ''), coalesce(string_agg(float8send(y), ''), ''), "
    "coalesce(string_agg(coalesce(timestamptz_send(occurred_from), %(none)s), ''), ''), "
    "coalesce(string_agg(int8send(coalesce(category_id, 0)), ''), ''), "
    "coalesce(string_agg(int8send(coalesce(source_id, 0)), ''), '') "
    "from incident where municipality_id = %(municipality)s and id >= %(low)s and id < %(high)s"
)


def holds(session: Session, municipality_id: int, n: int) -> bool:
    """Return whether a municipality has at least so many incidents."""
    counted = text("select count(*) from (select from incident where municipality_id = :municipality limit :n) as rows")
    return int(session.execute(counted, {"municipality": municipality_id, "n": n}).scalar_one()) >= n


def missing_blocks(session: Session, municipality_id: int) -> list[int]:
    """Return the numbers of the blocks that hold incidents, are full for good and not packed."""
    return list(session.scalars(text(_MISSING), {"municipality": municipality_id}))


def keep_writers_off(session: Session) -> bool:
    """Keep incidents as they are until the end of the transaction; False where somebody is changing some."""
    try:
        with session.begin_nested():
            session.execute(text("lock table incident in share mode nowait"))
    except OperationalError:
        return False
    return True


def read_rows(session: Session, municipality_id: int, block: int) -> tuple[Any, ...]:
    """Return what a block packs: number, x, y, time, category and source in network order."""
    values = {
        "municipality": municipality_id,
        "low": block << BLOCK_BITS,
        "high": (block + 1) << BLOCK_BITS,
        "none": NO_TIME.to_bytes(8, "big", signed=True),
    }
    return fetch_row(session, _ROWS.format(), values)


def store_block(session: Session, **values: Any) -> None:
    """Store a packed block."""
    session.execute(insert(IncidentBlock), [values])


def block_numbers(session: Session, municipality_id: int) -> list[int]:
    """Return the numbers of the blocks that are packed, ascending."""
    statement = text("select block from incident_block where municipality_id = :municipality order by block")
    return list(session.scalars(statement, {"municipality": municipality_id}))


def count_packed(session: Session, municipality_id: int) -> int:
    """Return how many incidents are packed."""
    statement = text("select coalesce(sum(events), 0) from incident_block where municipality_id = :municipality")
    return int(session.execute(statement, {"municipality": municipality_id}).scalar_one())


def read_blocks(session: Session, municipality_id: int, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the blocks one by one, so that none is held longer than it takes to count it."""
    statement = sql.SQL("select {} from incident_block where municipality_id = %(municipality)s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver_connection(session).cursor(binary=True) as cursor:
        yield from cursor.stream(statement, {"municipality": municipality_id})


def begin_of_day(session: Session, day: date, zone: str) -> int:
    """Return when a day begins in a time zone, microseconds since 2000 (UTC)."""
    statement = sql.SQL("select timestamptz_send({day}::timestamp at time zone {zone})").format(
        day=sql.Literal(day), zone=sql.Literal(zone)
    )
    (moment,) = fetch_row(session, statement, {})
    return int.from_bytes(moment, "big", signed=True)


def day_of(session: Session, moment: int, zone: str) -> date:
    """Return the day of a moment, microseconds since 2000 (UTC), in a time zone."""
    statement = sql.SQL(
        "select ((timestamptz '2000-01-01 00:00+00' + {moment} * interval '1 microsecond') at time zone {zone})::date"
    ).format(moment=sql.Literal(moment), zone=sql.Literal(zone))
    (found,) = fetch_row(session, statement, {})
    day: date = found
    return day
