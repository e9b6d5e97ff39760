"""Who lives where, how the town is divided today, and which officers it has."""

from __future__ import annotations

import heapq

import geopandas as gpd
import numpy as np
import pandas as pd

from generator import plan
from generator.blocks import bend

BEAT_SEEDS: tuple[tuple[str, float, float], ...] = (
    ("North", 0, 0),
    ("North", -700, 250),
    ("North", 850, 300),
    ("North", -300, 950),
    ("North", 900, 1000),
    ("North", -1300, 1400),
    ("North", 100, 1700),
    ("North", 1100, 1700),
    ("North", 2400, 2300),
    ("South", -600, -1500),
    ("South", 1200, -1500),
    ("West", -2400, 900),
)
"""Commissariat and middle of each beat of today, drawn years ago and never balanced since."""

STATIONS = {"Centre": (150, 600), "South": (120, -1300), "West": (-2300, 600), "Station Square": (140, 1130)}
OFFICERS: tuple[tuple[str, str, float, str, str, str], ...] = (
    ("1107", "Centre", 1.0, "en;sq", "2016-04-01", "B01"),
    ("1112", "Centre", 1.0, "en", "2019-09-01", "B02"),
    ("1120", "Centre", 1.0, "en;sr", "2021-01-15", "B03"),
    ("1131", "Station Square", 1.0, "en;sq;ro", "2018-06-01", "B04"),
    ("1134", "Station Square", 1.0, "en", "2022-03-01", "B05"),
    ("1140", "Centre", 1.0, "en;uk", "2020-10-01", "B06"),
    ("1146", "Station Square", 1.0, "en;sq", "2017-02-01", "B07"),
    ("1151", "Station Square", 1.0, "en;ro", "2023-05-01", "B08"),
    ("1158", "Centre", 0.5, "en", "2015-11-01", "B09"),
    ("1203", "South", 1.0, "en;sq", "2014-08-01", "B10"),
    ("1209", "South", 1.0, "en;mk", "2021-07-01", "B11"),
    ("1304", "West", 1.0, "en;sq;sr", "2019-01-01", "B12"),
    ("1311", "West", 1.0, "en", "2025-09-01", ""),
    ("1215", "South", 0.8, "en;lv", "2025-10-01", ""),
)
"""Badge number, station, share of a full post, languages, in post since, beat of today. Badges stand for nobody."""


def settle(blocks: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Give each block an id and residents by land use; the residents of the town sum to ``plan.RESIDENTS``."""
    density = blocks["land_use"].map({use: quarter.residents_per_km2 for use, quarter in plan.QUARTERS.items()})
    expected = density.to_numpy() * blocks.area.to_numpy() * rng.lognormal(0, 0.28, len(blocks))
    shares = np.floor(np.cumsum(expected) / expected.sum() * plan.RESIDENTS + 1e-6).astype(int)
    units = blocks.assign(
        id=[f"LK{number:04d}" for number in range(1, len(blocks) + 1)],
        residents=np.diff(shares, prepend=0),
        residents_year=2023,
    )
    return units.assign(current_beat=_beats_of_today(units))


def officers() -> pd.DataFrame:
    """Return the officers by badge number, with the place of their station in local metres."""
    rows = []
    for badge, station, capacity, languages, since, beat in OFFICERS:
        x, y = (float(value[0]) for value in bend(*np.array(STATIONS[station], dtype=float).reshape(2, 1)))
        contact = f"duty telephone {station}, extension {badge[1:]}"
        rows.append((badge, station, x, y, languages, capacity, contact, since, beat))
    columns = [
        "officer_id",
        "station",
        "station_x",
        "station_y",
        "languages",
        "capacity",
        "contact",
        "serves_since",
        "current_beat",
    ]
    return pd.DataFrame(rows, columns=columns)


def neighbours(units: gpd.GeoDataFrame) -> list[list[int]]:
    """Return for each unit the positions of the units that share a stretch of boundary with it."""
    left, right = units.sindex.query(units.geometry, predicate="touches")
    shared = units.geometry.iloc[left].intersection(units.geometry.iloc[right], align=False).length.to_numpy() > 0.05
    lists: list[list[int]] = [[] for _ in range(len(units))]
    for a, b in zip(left[shared], right[shared], strict=True):
        lists[a].append(int(b))
    return lists


def _beats_of_today(units: gpd.GeoDataFrame) -> list[str]:
    """Grow the beats from their middles, each block to the nearest one along blocks of its own commissariat."""
    centres = np.column_stack([units.centroid.x, units.centroid.y])
    side = units["commissariat"].to_numpy()
    near = neighbours(units)
    queue: list[tuple[float, int, int]] = []
    for number, (commissariat, x, y) in enumerate(BEAT_SEEDS, start=1):
        place = np.concatenate(bend(np.array([float(x)]), np.array([float(y)])))
        own = np.flatnonzero(side == commissariat)
        heapq.heappush(queue, (0.0, number, int(own[np.argmin(np.hypot(*(centres[own] - place).T))])))
    beat = np.zeros(len(units), dtype=int)
    while queue:
        distance, number, unit = heapq.heappop(queue)
        if beat[unit]:
            continue
        beat[unit] = number
        for other in near[unit]:
            if not beat[other] and side[other] == side[unit]:
                step = float(np.hypot(*(centres[other] - centres[unit])))
                heapq.heappush(queue, (distance + step, number, other))
    return [f"B{number:02d}" for number in beat]
