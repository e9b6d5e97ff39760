"""Street lights, their outages, and the fixes that the municipality made, plans or dropped."""

from __future__ import annotations

from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from generator import plan
from generator.blocks import bend, beside
from generator.places import DARK_STRETCHES, FIX_DAY, PLANTED

SPACING_M = {
    "primary": 38.0, "secondary": 40.0, "tertiary": 42.0, "residential": 46.0, "pedestrian": 28.0, "service": 60.0,
        "footway": 45.0,
}  # fmt: skip
KERB_M = 4.5
LAMP_TYPES = ("LED", "high-pressure sodium", "mercury vapour")
SINGLE_OUTAGES = 210

Fix = tuple[str, str, str, str, str, float, str, str, str, plan.Path, str]
FIXES: tuple[Fix, ...] = (
    ("FX-01", "lighting", "Eight LED lamps and cut hedges at Mill Street car park", "done",
        "municipality, public works", 23_400, "2025-02-03", FIX_DAY.isoformat(), "DZ-001", ((930, -58), (1050, -48)),
        "line"),
    ("FX-02", "lighting", "Light, paint and mirrors in the Tunnel Lane underpass", "planned", "municipality, roads",
        64_000, "", "", "DZ-002", ((-541, 1225), (-540, 1290)), "line"),
    ("FX-03", "crossing", "Raised crossing with island on School Lane", "under_way", "municipality, roads", 31_500,
        "2025-11-17", "", "DZ-003", ((560, -1010),), "point"),
    ("FX-04", "lighting", "Repair of the cable under the upper end of Orchard Street", "proposed", "power utility",
        12_800, "", "", "DZ-004", ((632, 1520), (648, 1760)), "line"),
    ("FX-05", "surveillance", "Help point and camera on Station Square", "planned", "police and railway", 18_900, "",
        "", "DZ-005", ((90, 1195),), "point"),
    ("FX-06", "management", "Closing times, glass ban and street stewards on Lantern Street", "under_way",
        "municipality, licensing", 9_600, "2025-10-01", "", "DZ-006", ((-230, 10), (-60, 14), (150, 0), (260, -10)),
        "line"),
    ("FX-07", "maintenance", "Old works on Foundry Street fenced and boarded up", "done", "owner, by order", 7_200,
        "2025-05-05", "2025-05-16", "DZ-007", ((1700, 700), (1800, 700), (1800, 790), (1700, 790)), "area"),
    ("FX-08", "greenery", "Undergrowth thinned along the paths of the West Park", "done", "municipality, parks",
        5_400, "2024-10-07", "2024-10-18", "DZ-008", ((-900, -500), (-560, -500), (-560, -120), (-900, -120)),
        "area"),
    ("FX-09", "lighting", "Twelve lamps along Hamlet Road", "proposed", "municipality, public works", 41_000, "", "",
        "DZ-009", ((2400, 1950), (2700, 2150), (2900, 2260)), "line"),
    ("FX-10", "traffic_calming", "Speed cushions on Meadow Street", "done", "municipality, roads", 14_300,
        "2024-06-10", "2024-06-28", "DZ-010", ((560, -1000), (1220, -1080)), "line"),
    ("FX-11", "lighting", "Lamps on the river bank below the park", "dropped", "municipality, parks", 52_000, "", "",
        "DZ-011", ((-960, -600), (-500, -590)), "line"),
    ("FX-12", "maintenance", "Benches turned and walls painted at the estate west of the motorway", "done",
        "housing company", 8_800, "2025-03-10", "2025-03-28", "", ((-2400, 900),), "point"),
    ("FX-13", "sport", "Ball court lit until ten in the South estate", "proposed", "municipality, youth", 27_500, "",
        "", "", ((900, -1250),), "point"),
    ("FX-14", "animal_control", "Round-up and shelter places for stray dogs in the hamlet", "done",
        "veterinary service", 3_900, "2025-06-02", "2025-06-13", "", ((2800, 2350),), "point"),
)  # fmt: skip
"""Id, kind, title, status, owner, cost in euro, first day, last day, danger zone, place on the drawn plan, shape."""


def street_lights(streets: gpd.GeoDataFrame, units: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return lamps on alternating kerbs of the built-up streets, none on the dark stretches."""
    points = []
    for line, street_class in zip(streets.geometry, streets["street_class"], strict=True):
        spacing = SPACING_M.get(street_class)
        if spacing is None:
            continue
        along = np.arange(spacing * rng.uniform(0.25, 0.5), line.length, spacing)
        points.append(beside(line, along, np.where(np.arange(len(along)) % 2, KERB_M, -KERB_M)))
    lamps = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.round(np.concatenate(points), 1).T))
    built = units.loc[~units["land_use"].isin(["farmland", "water"]), "geometry"].union_all().buffer(15)
    dark = shapely.union_all([bent_line(path).buffer(half) for _, path, half in DARK_STRETCHES])
    lamps = lamps[lamps.within(built) & ~lamps.within(dark)].reset_index(drop=True)
    lamp_type = rng.choice(LAMP_TYPES, len(lamps), p=(0.46, 0.44, 0.10))
    owner = np.where(rng.random(len(lamps)) < 0.93, "municipality", "housing company")
    ids = [f"L{number:05d}" for number in range(1, len(lamps) + 1)]
    return lamps.assign(id=ids, lamp_type=lamp_type, owner=owner)


def outages(lamps: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return scattered outages of some days, and two long ones that go with planted places."""
    paths = {place.code: place.line() for place in PLANTED}
    rows: list[tuple[str, datetime, datetime | None]] = [
        (lamp, datetime.fromisoformat("2025-01-14T17:30"), None)
        for lamp in lamps.loc[lamps.distance(paths["orchard_street"]) < 30, "id"]
    ]
    rows += [
        (lamp, datetime.fromisoformat("2023-12-04T17:00"), datetime.fromisoformat("2025-02-20T16:00"))
        for lamp in lamps.loc[lamps.distance(paths["mill_car_park"]) < 30, "id"]
    ]
    days = (plan.LAST_DAY - plan.FIRST_DAY).days
    taken = {lamp for lamp, *_ in rows}
    free = [lamp for lamp in lamps["id"] if lamp not in taken]
    last = datetime.combine(plan.LAST_DAY, datetime.min.time())
    for position in rng.choice(len(free), SINGLE_OUTAGES, replace=False):
        start = datetime.combine(plan.FIRST_DAY, datetime.min.time()) + timedelta(
            days=int(rng.integers(days)), hours=int(rng.integers(16, 24))
        )
        end = start.replace(hour=int(rng.integers(9, 16))) + timedelta(days=int(np.ceil(rng.lognormal(2.1, 0.8))))
        rows.append((free[position], start, end if end < last else None))
    frame = pd.DataFrame(rows, columns=["street_light", "out_from", "out_to"])
    frame = frame.sort_values(["out_from", "street_light"], ignore_index=True)
    frame.insert(0, "outage_id", [f"OUT-{number:04d}" for number in range(1, len(frame) + 1)])
    return frame


def fixes() -> gpd.GeoDataFrame:
    """Return the fixes with their place in local metres."""
    columns = ["id", "kind", "title", "status", "owner", "cost", "started_on", "ended_on", "danger_zone"]
    rows = [dict(zip(columns, fix, strict=False)) | {"geometry": shape(fix[9], fix[10])} for fix in FIXES]
    return gpd.GeoDataFrame(rows, geometry="geometry").replace({"": None})


def shape(path: plan.Path, kind: str) -> BaseGeometry:
    """Return a point, line or area of the drawn plan, bent like the town."""
    line = bend(*np.array(path, dtype=float).T)
    points = np.column_stack(line)
    return {"point": lambda: Point(points[0]), "line": lambda: LineString(points), "area": lambda: Polygon(points)}[
        kind
    ]()


def bent_line(path: plan.Path) -> LineString:
    """Return a line of the drawn plan, bent like the town."""
    return LineString(np.column_stack(bend(*shapely.get_coordinates(shapely.segmentize(LineString(path), 30)).T)))
