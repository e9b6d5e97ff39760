"""A municipality with rows of every age."""

import pytest
import shapely
from sqlalchemy import text

from app.municipalities.service import create_municipality

ROWS = """
insert into source (municipality_id, kind, name, profile) values (:m, 'incidents', 'police', '{}');
insert into import_batch (municipality_id, source_id, file_name, file_sha256, imported_at, rows_read, accepted, updated,
    unchanged, quarantined, software_version)
    select :m, id, 'a.csv', repeat('0', 64), now() - make_interval(days => age), 2, 1, 0, 0, 1, '0.1'
    from source, unnest(array[10, 100, 1000]) as age where municipality_id = :m;
insert into quarantined_row (municipality_id, batch_id, line, raw, reasons)
    select :m, id, 3, '{"secret": "x"}', '[]' from import_batch where municipality_id = :m;
insert into incident (municipality_id, batch_id, geom, x, y, occurred_from, occurred_to, time_precision)
    select :m, null, 'SRID=4326;POINT(22.6 57.25)', 0, 0, now() - make_interval(days => age),
    now() - make_interval(days => age), 'hour' from unnest(array[10, 100, 1000]) as age;
insert into incident (municipality_id, batch_id, geom, x, y, time_precision)
    select :m, id, 'SRID=4326;POINT(22.6 57.25)', 0, 0, 'unknown' from import_batch where municipality_id = :m;
insert into danger_zone (municipality_id, category_id, geom, reported_by, status, updated_at, description)
    select :m, (select min(id) from category where municipality_id = :m), 'SRID=4326;POINT(22.6 57.25)', 'citizen', s,
    now() - interval '100 days', 'Dark.' from unnest(array['fixed', 'open']) as s;
insert into report (municipality_id, danger_zone_id, geom, x, y, reported_by, reported_at)
    select :m, id, geom, 0, 0, 'citizen', now() - interval '10 days' from danger_zone where municipality_id = :m;
insert into reporter_link (municipality_id, danger_zone_id, token_sha256, contact, created_at, expires_at)
    select :m, id, sha256(id::text::bytea), 'me', now() - interval '100 days', now() + interval '265 days'
    from danger_zone where municipality_id = :m;
insert into analysis_run (municipality_id, kind, state, parameters, software_version, finished_at)
    select :m, 'getis-ord', 'succeeded', '{}', '0.1', now() - make_interval(days => age)
    from unnest(array[10, 100]) as age;
"""


@pytest.fixture
def talsi(database):
    """Identifier of a municipality with rows of 10, 100 and 1,000 days."""
    return fill(database, "talsi")


def fill(database, code):
    """Make a municipality with such rows."""
    box = shapely.box(22.5, 57.2, 22.7, 57.3)
    with database.transaction() as session:
        made = create_municipality(session, code=code, name=code, boundary=box, time_zone="Europe/Riga").id
    with database.owner_engine.begin() as connection:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"m": made} if ":m" in statement else {})
    return made


@pytest.fixture
def neighbour(database):
    """Identifier of another municipality with such rows."""
    return fill(database, "kandava")
