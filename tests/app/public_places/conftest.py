"""A municipality with residents everywhere, its snap points, and danger zones of every kind."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import text

from app.municipalities.service import create_municipality, find_municipality
from app.public_places.service import build_points

BOUNDARY = shapely.box(22.5, 57.2, 22.7, 57.3)
TO_METRES = Transformer.from_crs("EPSG:4326", "EPSG:32634", always_xy=True)
NOON = datetime(2026, 3, 14, 22, 10, tzinfo=UTC)

INSERT_UNIT = text(
    """insert into areal_unit (municipality_id, external_id, geom, residents)
    values (:m, :code, st_makeenvelope(:west, :south, :east, :north, 4326), :residents)"""
)
INSERT_ZONE = text(
    """insert into danger_zone (municipality_id, category_id, geom, reported_by, status, reporters, verified, day_part,
        description, channel, reported_at)
    select :m, c.id, st_setsrid(st_geomfromgeojson(:shape), 4326), 'citizen', :status, :reporters, :verified, 'night',
        'By the gate of No. 7', 'web', :reported_at
    from category c where c.municipality_id = :m and c.kind = 'concern' and c.code = :category returning id"""
)


@pytest.fixture
def talsi(database):
    """Key of a municipality of 400 areas with 30 residents each; UTM zone 34."""
    with database.transaction() as session:
        made = create_municipality(session, code="talsi", name="Talsi", boundary=BOUNDARY, time_zone="Europe/Riga")
        rows = []
        for row in range(20):
            for column in range(20):
                west, south = 22.5 + 0.01 * column, 57.2 + 0.005 * row
                box = {"west": west, "south": south, "east": west + 0.01, "north": south + 0.005}
                rows.append({"m": made.id, "code": f"{row}-{column}", "residents": 30, **box})
        session.execute(INSERT_UNIT, rows)
        session.execute(
            text(
                """insert into category (municipality_id, kind, code, label) select :m, 'concern', code, code
                from unnest(array['domestic-violence']) as code"""
            ),
            {"m": made.id},
        )
    return made.id


@pytest.fixture
def built(database, talsi):
    """What building the snap points of the municipality did."""
    with database.transaction() as session:
        return build_points(session, find_municipality(session, "talsi"))


@pytest.fixture
def add_zone(database, talsi):
    """Function that stores a danger zone, public by default, and returns its key."""

    def add(shape, *, category="traffic", status="open", reporters=3, verified=False, reported_at=NOON):
        told = {"m": talsi, "category": category, "status": status, "reporters": reporters, "verified": verified}
        place = shape if isinstance(shape, dict) else {"type": "Point", "coordinates": list(shape)}
        with database.inside(talsi) as session:
            return session.scalars(INSERT_ZONE, {**told, "shape": json.dumps(place), "reported_at": reported_at}).one()

    return add


@pytest.fixture
def change_zone(database, talsi):
    """Function that changes columns of a danger zone."""

    def change(zone, assignments):
        with database.inside(talsi) as session:
            session.execute(text(f"update danger_zone set {assignments} where id = :id"), {"id": zone})

    return change


@pytest.fixture
def public_rows(database, talsi):
    """Function that returns what the public view shows, each row as a mapping."""

    def rows(columns="*"):
        with database.inside(talsi) as session:
            found = session.execute(text(f"select {columns} from public_danger_zone order by id"))
            return [dict(row) for row in found.mappings()]

    return rows


def metres(longitude_latitude):
    return np.column_stack(TO_METRES.transform(*np.asarray(longitude_latitude, dtype=float).T))
