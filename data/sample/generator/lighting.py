"""Street lights and their outages, and how places of the drawn plan get their shape."""

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
from generator.places import DARK_STRETCHES, PLANTED

SPACING_M = {
    "primary": 38.0, "secondary": 40.0, "tertiary": 42.0, "residential": 46.0, "pedestrian": 28.0, "service": 60.0,
        "footway": 45.0,
}  # fmt: skip
KERB_M = 4.5
LAMP_TYPES = ("LED", "high-pressure sodium", "mercury vapour")
SINGLE_OUTAGES = 210


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
