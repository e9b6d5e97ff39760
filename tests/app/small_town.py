"""A small town: 144 blocks, 760 incidents of two categories, one hot corner, six officers."""

import json

import numpy as np
import shapely
from pyproj import Transformer
from sqlalchemy import text

SIDE_M = 250.0
BLOCKS = 12
CORNER = (350_000.0, 6_340_000.0)
TO_DEGREES = Transformer.from_crs("EPSG:32634", "EPSG:4326", always_xy=True)


def place(x, y):
    return TO_DEGREES.transform(CORNER[0] + x, CORNER[1] + y)


def square(x, y, side):
    return shapely.Polygon([place(x, y), place(x + side, y), place(x + side, y + side), place(x, y + side)])


def incidents():
    random = np.random.default_rng(4)
    spread = random.uniform(0, BLOCKS * SIDE_M, (600, 2))
    cluster = random.normal((700.0, 700.0), 60.0, (160, 2))
    points = np.vstack([spread, cluster])
    days = random.integers(0, 365, len(points))
    return [
        {
            "category": "burglary" if i % 3 else "robbery",
            "x": CORNER[0] + x,
            "y": CORNER[1] + y,
            "shape": shapely.Point(place(x, y)).wkb_hex,
            "day": int(day),
            "known": i >= 7,
        }
        for i, ((x, y), day) in enumerate(zip(points, days, strict=True))
    ]


def blocks():
    return [
        {
            "code": f"{row:02}-{column:02}",
            "shape": square(column * SIDE_M, row * SIDE_M, SIDE_M).wkb_hex,
            "residents": 150 + 10 * (row % 4),
            "district": "north" if row >= BLOCKS // 2 else "south",
        }
        for row in range(BLOCKS)
        for column in range(BLOCKS)
    ]


def fill(session, municipality):
    session.execute(
        text("""insert into category (municipality_id, kind, code, label)
            values (:m, 'incident', 'burglary', 'Burglary'), (:m, 'incident', 'robbery', 'Robbery')"""),
        {"m": municipality},
    )
    session.execute(
        text("""insert into source (municipality_id, kind, name, profile)
            values (:m, 'areal-units', 'blocks', '{}'), (:m, 'incidents', 'records', '{}')"""),
        {"m": municipality},
    )
    session.execute(
        text("""insert into incident (municipality_id, source_id, external_id, category_id, geom, x, y, occurred_from,
                occurred_to, time_precision)
            select :m, (select id from source where name = 'records'), gen_random_uuid()::text,
                (select id from category c where c.code = r.category and c.kind = 'incident'),
                st_geomfromwkb(decode(shape, 'hex'), 4326), x, y, t, t,
                case when t is null then 'unknown' else 'hour' end
            from jsonb_to_recordset(cast(:rows as jsonb))
                as r(category text, x float8, y float8, shape text, day int, known bool),
                lateral (select case when known then timestamptz '2025-01-01 12:00+02' + make_interval(days => day) end)
                as v(t)"""),
        {"m": municipality, "rows": json.dumps(incidents())},
    )
    session.execute(
        text("""insert into areal_unit (municipality_id, source_id, external_id, geom, residents, attributes)
            select :m, (select id from source where name = 'blocks'), code, st_geomfromwkb(decode(shape, 'hex'), 4326),
                residents, jsonb_build_object('district', district)
            from jsonb_to_recordset(cast(:rows as jsonb))
                as r(code text, shape text, residents int, district text)"""),
        {"m": municipality, "rows": json.dumps(blocks())},
    )
    session.execute(
        text("""insert into officer (municipality_id, external_id, station_geom, languages, capacity)
            values (:m, :badge, st_geomfromwkb(:shape, 4326), '{lv}', 1)"""),
        [
            {"m": municipality, "badge": str(100 + i), "shape": shapely.Point(place(500.0 * i, 500.0 * i)).wkb}
            for i in range(6)
        ],
    )
