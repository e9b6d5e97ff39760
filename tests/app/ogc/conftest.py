"""A town with layers of every kind, and clients that read them through the OGC API."""

from __future__ import annotations

import pytest
from sqlalchemy import text

TOWN = """
insert into category (municipality_id, kind, code, label, sensitive)
values (1, 'incident', 'burglary', 'Burglary', false), (1, 'incident', 'robbery', 'Robbery', false),
       (1, 'incident', 'assault', 'Assault', true);
insert into incident (municipality_id, external_id, category_id, geom, x, y, occurred_from, occurred_to, time_precision)
select 1, 'I' || n, (select id from category where code = (array['burglary', 'robbery', 'assault'])[1 + n % 3]
       and municipality_id = 1 and kind = 'incident'),
       st_setsrid(st_point(22.55 + 0.0004 * n, 57.21 + 0.0002 * n), 4326), 0, 0,
       case when n % 50 > 0 then timestamptz '2025-01-01 12:00+00' + make_interval(days => n) end, null, 'hour'
from generate_series(1, 250) as n;
insert into danger_zone (municipality_id, category_id, geom, status, reported_by, day_part, description, reported_at)
values (1, (select id from category where kind = 'concern' and code = 'drugs'),
        st_geomfromtext('POLYGON((22.6 57.25,22.61 57.25,22.61 57.26,22.6 57.26,22.6 57.25))', 4326), 'open', 'citizen',
        'night', 'By the gate', '2026-01-15 10:00+00'),
       (1, (select id from category where kind = 'concern' and code = 'traffic'),
        st_geomfromtext('LINESTRING(22.62 57.25,22.63 57.26)', 4326), 'received', 'municipality', 'any', null,
        '2026-02-15 10:00+00');
insert into areal_unit (municipality_id, external_id, geom, residents, residents_year, attributes)
select 1, 'U' || x || '-' || y, st_makeenvelope(22.5 + 0.02 * x, 57.2 + 0.01 * y, 22.52 + 0.02 * x, 57.21 + 0.01 * y,
       4326), 100 * x + y, 2025, jsonb_build_object('ward', 'W' || x)
from generate_series(0, 4) as x, generate_series(0, 4) as y;
insert into street_segment (municipality_id, external_id, geom, name, street_class)
values (1, 'S1', st_geomfromtext('LINESTRING(22.6 57.25,22.61 57.25)', 4326), 'Lielā iela', 'residential');
insert into street_light (municipality_id, external_id, geom, x, y, owner)
values (1, 'L1', st_geomfromtext('POINT(22.6 57.25)', 4326), 0, 0, 'city'),
       (1, 'L2', st_geomfromtext('POINT(22.61 57.25)', 4326), 0, 0, null);
insert into street_light_outage (municipality_id, street_light_id, out_from, out_to)
select 1, id, cast('2026-02-01 00:00+00' as timestamptz), cast('2026-02-10 00:00+00' as timestamptz)
from street_light where external_id = 'L1';
insert into fix (municipality_id, external_id, kind, title, geom, status, owner, cost, started_on, ended_on)
values (1, 'F1', 'lighting', 'New lamps', st_geomfromtext('POINT(22.6 57.25)', 4326), 'done', 'city', 1200.50,
        '2026-02-01', '2026-02-03'),
       (1, 'F2', 'paint', 'White walls', st_geomfromtext('POINT(22.6 57.25)', 4326), 'under_way', null, null,
        '2026-03-01', null);
insert into beat_plan (municipality_id, name, version, status, min_residents, max_residents, effective_from)
values (1, 'Plan', 1, 'draft', 1, 9000, '2025-01-01'), (1, 'Plan', 2, 'draft', 1, 9000, null);
insert into beat (municipality_id, plan_id, code, geom, residents, workload, within_bounds)
select 1, id, 'B' || version, st_geomfromtext('MULTIPOLYGON(((22.5 57.2,22.6 57.2,22.6 57.25,22.5 57.25,22.5 57.2)))',
       4326), 812, 1.5, true from beat_plan;
update beat_plan set status = 'published' where version = 1;
insert into analysis_run (municipality_id, kind, state, parameters, summary, software_version)
values (1, 'getis-ord', 'succeeded', '{}', '{"layers": [{"name": "hot-spots", "features": 100, "columns": [],
        "exact_places": false}]}', 'kvart 0');
insert into hot_spot_cell (municipality_id, run_id, cell, geom, cell_x, cell_y, count, gi_z, p_value, q_value, gi_bin)
select 1, (select max(id) from analysis_run), n, st_makeenvelope(22.5 + 0.002 * (n % 10), 57.2 + 0.001 * (n / 10),
       22.502 + 0.002 * (n % 10), 57.201 + 0.001 * (n / 10), 4326), n, n, n, n / 20.0 - 2.5, 0.01, 0.02, n % 4
from generate_series(0, 99) as n;
"""
ANALYSE = "analyze"
HYPHENED = {name: name.replace("_", "-") for name in ("bbox_crs", "filter_lang", "filter_crs")}


@pytest.fixture(scope="session")
def town_rows():
    """Statement that gives the first municipality layers of every kind."""
    return TOWN


@pytest.fixture
def town(client, municipality, database):
    """Code of a municipality with layers of every kind."""
    with database.owner_engine.begin() as connection:
        connection.execute(text(TOWN))
        connection.execute(text(ANALYSE))
    return municipality


@pytest.fixture
def root(town):
    """Address of the landing page."""
    return f"/municipalities/{town}/ogc"


@pytest.fixture
def read(client, root):
    """Reads a resource below the root as an administrator, expecting 200."""

    def ask(path="", /, **parameters):
        answer = client.get(
            f"{root}{path}", params={HYPHENED.get(name, name): value for name, value in parameters.items()}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def strict_get(client, root):
    """Asks for an address below the root as it is written."""

    def ask(path):
        return client.get(f"{root}{path}")

    return ask
