"""The schema goes down to its first revision and up again under a million rows, and loses none."""

from __future__ import annotations

from sqlalchemy import text

from app.database import migrating
from app.database.sessions import Database

ROWS = 1_000_000
FILL = f"""
    insert into municipality (code, name, boundary, working_crs, time_zone)
    values ('town', 'Town', st_multi(st_makeenvelope(22.5, 57.2, 22.7, 57.3, 4326)), 'EPSG:32634', 'Europe/Riga');
    insert into category (municipality_id, kind, code, label) select id, 'incident', 'theft', 'Theft' from municipality;
    insert into incident (municipality_id, category_id, geom, x, y, occurred_from, occurred_to, time_precision)
    select c.municipality_id, c.id, st_point(22.5 + 0.2 * (n % 1000) / 1000, 57.2 + 0.1 * (n / 1000) / 1000, 4326),
        n % 1000, n / 1000, timestamptz '2026-01-01' + n * interval '1 minute',
        timestamptz '2026-01-01' + n * interval '1 minute', 'minute'
    from category c, generate_series(1, {ROWS}) n
"""
SUMS = """
    select count(*),
        sum(hashtextextended(concat(municipality_id, id, category_id, st_astext(geom), x, y, occurred_from), 0))
    from incident
"""


def test_a_million_rows_survive_the_way_down_and_up(database: Database) -> None:
    with database.owner_engine.begin() as connection:
        for statement in FILL.split(";"):
            connection.execute(text(statement))
        before = tuple(connection.execute(text(SUMS)).one())
    migrating.downgrade(database.owner_engine, "0001")
    migrating.upgrade(database.owner_engine)
    with database.owner_engine.connect() as connection:
        after = tuple(connection.execute(text(SUMS)).one())
    assert before == after
    assert before[0] == ROWS
