"""Plausible frames of a small town for the map tests; seeded, no real data."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.summary import Notice
from app.maps.documents import MapContext

CRS = "EPSG:32634"
ORIGIN_X, ORIGIN_Y = 480_000.0, 4_575_000.0
"""Near Tirana, metres."""


def study_area(side_m: float = 8_000.0) -> gpd.GeoDataFrame:
    half = side_m / 2
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = half * (0.86 + 0.1 * np.sin(3 * angles + 0.5) + 0.04 * np.sin(7 * angles))
    ring = np.column_stack([ORIGIN_X + half + radius * np.cos(angles) * 1.1, ORIGIN_Y + half + radius * np.sin(angles)])
    return gpd.GeoDataFrame({"name": ["Town"]}, geometry=[shapely.Polygon(ring)], crs=CRS)


def streets(side_m: float = 8_000.0) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(5)
    lines = []
    for at in np.arange(0, side_m, 180):
        for across in (True, False):
            run = np.arange(-200, side_m + 200, 120)
            bend = at + 60 * np.sin(run / 900 + at / 500) + rng.normal(0, 3, run.size)
            points = np.column_stack([run, bend] if across else [bend, run])
            lines.append(shapely.LineString(points + np.array([ORIGIN_X, ORIGIN_Y])))
    frame = gpd.GeoDataFrame(geometry=lines, crs=CRS)
    return gpd.clip(frame, study_area(side_m)).reset_index(drop=True)


def grid(n: int = 40, cell_m: float = 200.0) -> gpd.GeoDataFrame:
    column, row = np.meshgrid(np.arange(n), np.arange(n))
    x, y = ORIGIN_X + column.ravel() * cell_m, ORIGIN_Y + row.ravel() * cell_m
    frame = gpd.GeoDataFrame(
        {"cell": np.arange(n * n), "cell_x": x + cell_m / 2, "cell_y": y + cell_m / 2},
        geometry=shapely.box(x, y, x + cell_m, y + cell_m),
        crs=CRS,
    )
    inside = frame.intersects(study_area(n * cell_m).geometry.iloc[0])
    return frame[inside].reset_index(drop=True)


def intensity(frame: gpd.GeoDataFrame) -> np.ndarray:
    x, y = frame["cell_x"] - ORIGIN_X, frame["cell_y"] - ORIGIN_Y
    field = np.full(len(frame), 1.2)
    for at_x, at_y, height, width in ((4200, 4300, 22, 420), (2300, 5600, 13, 330), (5900, 2500, 10, 300)):
        field += height * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * width**2))
    field *= 1 - 0.9 * np.exp(-((x - 6200) ** 2 + (y - 6000) ** 2) / (2 * 900**2))
    return field.to_numpy()


def hot_spot_cells(n: int = 40, cell_m: float = 200.0) -> gpd.GeoDataFrame:
    """Gi*-like figures, with one cell that has no statistic."""
    frame = grid(n, cell_m)
    field = intensity(frame)
    rng = np.random.default_rng(1)
    frame["count"] = rng.poisson(field)
    z = (field - field.mean()) / field.std() * 1.6 + rng.normal(0, 0.3, len(frame))
    z = np.where(field < 0.45, -2.9 + field, z)
    p = np.clip(2 * np.exp(-0.717 * np.abs(z) - 0.416 * z**2) / 1.7, 0, 1)
    frame["gi_z"], frame["p_value"], frame["q_value"] = z, p, np.clip(p * 2.4, 0, 1)
    size = np.select([frame["q_value"] < 0.01, frame["q_value"] < 0.05, frame["q_value"] < 0.10], [3, 2, 1], 0)
    frame["gi_bin"] = (np.sign(z) * size).astype(float)
    frame.loc[0, ["gi_z", "p_value", "q_value", "gi_bin"]] = np.nan
    return frame


def density_cells(n: int = 40, cell_m: float = 200.0) -> gpd.GeoDataFrame:
    frame = grid(n, cell_m)
    frame["density_per_km2"] = (intensity(frame) - 0.8).clip(0) * 25
    return frame


def beats(n: int = 14) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(7)
    area = study_area().geometry.iloc[0]
    seeds = rng.uniform([ORIGIN_X, ORIGIN_Y], [ORIGIN_X + 8000, ORIGIN_Y + 8000], (n * 3, 2))
    for _ in range(12):
        cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=area))
        cells = [cell.intersection(area) for cell in cells]
        seeds = np.array([[cell.centroid.x, cell.centroid.y] for cell in cells if not cell.is_empty][:n])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=area))
    shapes = [shape for shape in (cell.intersection(area) for cell in cells) if not shape.is_empty]
    residents = rng.integers(3100, 6900, len(shapes))
    residents[3], residents[9] = 7_842, 2_410
    frame = gpd.GeoDataFrame(
        {
            "beat_id": np.arange(1, len(shapes) + 1),
            "residents": residents,
            "workload": rng.integers(180, 620, len(shapes)).astype(float),
            "polsby_popper": rng.uniform(0.45, 0.8, len(shapes)),
            "units": rng.integers(30, 70, len(shapes)),
            "contiguous": True,
            "officer_id": [f"B-{number}" for number in rng.integers(1000, 1999, len(shapes))],
            "moved_residents": rng.integers(0, 900, len(shapes)),
        },
        geometry=shapes,
        crs=CRS,
    )
    frame["within_bounds"] = frame["residents"].between(3000, 7000)
    frame["reason"] = pd.Series([None] * len(frame), dtype=object)
    frame.loc[3, "reason"] = "unit_over_max: block 412 alone has 7,842 residents"
    frame.loc[9, "reason"] = "component_below_min: cut off by the river, nearest beat 310 m away"
    frame.loc[5, "officer_id"] = None
    return frame


def _scattered(n: int, seed: int) -> list[shapely.Point]:
    rng = np.random.default_rng(seed)
    area = study_area().geometry.iloc[0]
    points = rng.uniform([ORIGIN_X, ORIGIN_Y], [ORIGIN_X + 8000, ORIGIN_Y + 8000], (n * 2, 2))
    return [point for point in shapely.points(points) if area.contains(point)][:n]


def lights(n: int = 900) -> gpd.GeoDataFrame:
    lines = streets().explode().geometry.to_numpy()
    rng = np.random.default_rng(2)
    chosen = rng.integers(0, len(lines), n)
    points = shapely.line_interpolate_point(lines[chosen], rng.uniform(0, 1, n), normalized=True)
    state = rng.choice(["lit", "out", "unknown"], n, p=[0.8, 0.12, 0.08])
    return gpd.GeoDataFrame(
        {"light_state": state, "lamp_type": rng.choice(["LED", "sodium"], n)}, geometry=points, crs=CRS
    )


def danger_zones() -> gpd.GeoDataFrame:
    points = _scattered(24, 3)
    lines = [shapely.LineString([(p.x, p.y), (p.x + 260, p.y + 120), (p.x + 420, p.y + 90)]) for p in _scattered(4, 8)]
    polygons = [point.buffer(180, quad_segs=2) for point in _scattered(4, 9)]
    shapes = [*points, *lines, *polygons]
    rng = np.random.default_rng(4)
    return gpd.GeoDataFrame(
        {
            "category": rng.choice(["street lighting", "drunk persons", "dark passage", "stray dogs"], len(shapes)),
            "status": rng.choice(["open", "received", "in_plan", "fixed", "rejected"], len(shapes)),
            "reporters": rng.integers(1, 14, len(shapes)),
            "reported_by": rng.choice(["citizen", "officer_interview", "survey"], len(shapes)),
        },
        geometry=shapes,
        crs=CRS,
    )


def fixes() -> gpd.GeoDataFrame:
    points = _scattered(12, 6)
    rng = np.random.default_rng(6)
    return gpd.GeoDataFrame(
        {
            "title": rng.choice(["New lamps", "Hedge cut", "Underpass painted"], len(points)),
            "kind": "lighting",
            "status": rng.choice(["proposed", "planned", "under_way", "done", "dropped"], len(points)),
            "cost": rng.integers(500, 9000, len(points)).astype(float),
        },
        geometry=points,
        crs=CRS,
    )


def context(**changes) -> MapContext:
    plain = MapContext(
        title="Hot spots of street crime",
        period="1 Jan 2023 to 31 Dec 2024",
        n_used=4_812,
        excluded={"missing_coordinates": 41, "outside_study_area": 127},
        method="Getis-Ord Gi*, queen neighbours and self, binary weights",
        parameters={"cell_m": 200, "correction": "Benjamini-Hochberg", "study_area_km2": 44.7},
        units="events per cell of 200 m",
        source="Sample town police register (synthetic)",
        run_id="3f0d1c52-8a11-4f36-9d3c-57b4a1c0a9be",
        handling_mark="RESTRICTED - police and municipality use only",
        warnings=(Notice("point_mass", "6.2 % of the reports lie on one point (City Hall), the next point has 29."),),
        boundary=study_area(),
        streets=streets(),
    )
    return dataclasses.replace(plain, **changes)
