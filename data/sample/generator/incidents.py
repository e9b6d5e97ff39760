"""Twenty-four months of incidents at addresses along the streets, with time windows and planted hot spots."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd

from generator import plan
from generator.blocks import beside
from generator.places import FIX_DAY, PLANTED, PlantedPlace

BACKGROUND = 7_800
ADDRESS_STEP_M, ADDRESS_OFFSET_M = 28.0, 9.0
HOUSE_CLASSES = ("primary", "secondary", "tertiary", "residential", "pedestrian", "service", "footway")

CLOCKS: dict[str, tuple[float, ...]] = {
    "day": (1, 1, 0, 0, 0, 0, 1, 3, 5, 7, 9, 10, 10, 9, 9, 10, 11, 11, 8, 5, 3, 2, 2, 1),
    "evening": (7, 5, 4, 2, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 7, 8, 9, 10, 11, 11, 11, 10),
    "night": (10, 10, 10, 9, 7, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 6, 8, 9, 10),
    "late_night": (12, 11, 10, 6, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 5, 7, 9, 11),
    "dark_evening": (5, 3, 2, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 3, 6, 9, 11, 12, 12, 11, 8),
    "school_run": (0, 0, 0, 0, 0, 0, 1, 12, 7, 1, 1, 1, 3, 9, 12, 9, 5, 2, 1, 0, 0, 0, 0, 0),
    "day_and_evening": (1, 1, 0, 0, 0, 1, 3, 6, 7, 5, 5, 6, 7, 7, 7, 8, 10, 11, 10, 8, 6, 5, 4, 2),
}
"""Relative weight of each hour of the day, local time."""
WEEKS: dict[str, tuple[float, ...]] = {
    "even": (10, 10, 10, 10, 11, 11, 10),
    "working_week": (11, 11, 11, 12, 13, 9, 6),
    "weekend_nights": (3, 3, 4, 6, 18, 26, 14),
    "weekend": (8, 8, 8, 9, 13, 15, 12),
    "school_days": (12, 12, 12, 12, 12, 0.3, 0.2),
}
"""Relative weight of Monday to Sunday; a night after midnight counts to the day that it falls on."""

CATEGORIES: dict[str, tuple[float, str, str, float, dict[str, float]]] = {
    "theft": (0.22, "day", "working_week", 0.0, {"old_centre": 6, "inner": 2.4, "square": 6}),
    "burglary": (0.12, "day", "working_week", -0.28, {"suburb": 1.5, "hamlet": 1.3, "industry": 0.6}),
    "vehicle_crime": (0.16, "night", "even", -0.05, {"estate": 1.6, "industry": 1.0}),
    "bicycle_theft": (0.08, "day", "working_week", 0.45, {"old_centre": 3, "inner": 2, "square": 4}),
    "assault": (0.11, "evening", "weekend", 0.12, {"old_centre": 2.5, "estate": 1.4}),
    "robbery": (0.03, "dark_evening", "even", -0.10, {"old_centre": 2, "estate": 1.5}),
    "vandalism": (0.14, "evening", "weekend", 0.05, {"park": 2, "estate": 1.5, "industry": 0.5}),
    "drugs": (0.05, "evening", "even", 0.0, {"park": 3, "old_centre": 2}),
    "public_order": (0.09, "evening", "weekend", 0.22, {"old_centre": 3, "park": 2, "square": 3}),
}
"""Share, clock, week, summer swing (-1 to 1) and weight of the land uses where it is not 1."""
WINDOWS_H = {"burglary": (7.0, 0.7), "vehicle_crime": (8.0, 0.5), "bicycle_theft": (5.0, 0.6), "vandalism": (6.0, 0.6)}
"""Median hours and spread of the time in which it may have happened, where nobody saw it."""


def addresses(streets: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return house addresses on both sides of the streets with the unit, land use and residents they stand for."""
    points = []
    for line in streets.loc[streets["street_class"].isin(HOUSE_CLASSES), "geometry"]:
        along = np.arange(ADDRESS_STEP_M / 2, line.length, ADDRESS_STEP_M)
        points += [beside(line, along, np.full(len(along), side * ADDRESS_OFFSET_M)) for side in (1, -1)]
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.round(np.concatenate(points), 1).T))
    columns = ["id", "land_use", "residents", "current_beat", "geometry"]
    frame = frame.sjoin(units[columns], predicate="within").drop(columns="index_right")
    frame = frame[~frame["land_use"].isin(["water", "farmland"])].reset_index(drop=True)
    return frame.assign(residents=frame["residents"] / frame.groupby("id")["id"].transform("size"))


def incidents(houses: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return all incidents in order of time, with local metres ``x``, ``y`` and an id."""
    parts = [_background(code, houses, rng) for code in CATEGORIES]
    parts += [_planted(place, houses, rng) for place in PLANTED]
    rows = pd.concat(parts, ignore_index=True)
    rows = _with_windows(rows, rng).sort_values(
        ["occurred_from", "category", "house"], kind="stable", ignore_index=True
    )
    number = rows.groupby(rows["occurred_from"].dt.year).cumcount() + 1
    house = houses.iloc[rows["house"].to_numpy()]
    ids = [f"LK-{moment.year}-{count:05d}" for moment, count in zip(rows["occurred_from"], number, strict=True)]
    return rows.assign(
        id=ids,
        x=house.geometry.x.to_numpy(),
        y=house.geometry.y.to_numpy(),
        unit=house["id"].to_numpy(),
        recorded_area=_recorded_area(house["current_beat"].to_numpy(), rng),
    )


def _background(code: str, houses: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    share, clock, week, swing, uses = CATEGORIES[code]
    count = round(BACKGROUND * share)
    floor = 1.5 if code in {"theft", "vandalism", "drugs", "public_order", "vehicle_crime"} else 0.4
    weight = (houses["residents"].to_numpy() + floor) * houses["land_use"].map(uses).fillna(1.0).to_numpy()
    weight = weight * rng.gamma(3.0, size=len(houses))
    house = rng.choice(len(houses), count, p=weight / weight.sum())
    return pd.DataFrame({"category": code, "house": house, "moment": _moments(count, clock, week, rng, swing)})


def _planted(place: PlantedPlace, houses: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    distance = houses.distance(place.line()).to_numpy()
    weight = np.exp(-0.5 * (distance / place.spread_m) ** 2) * rng.gamma(1.2, size=len(houses))
    weight[distance > 2.5 * place.spread_m] = 0
    house = rng.choice(len(houses), place.incidents, p=weight / weight.sum())
    category = rng.choice(list(place.mix), place.incidents, p=list(place.mix.values()))
    moments = _moments(place.incidents, place.hours, place.weekdays, rng, course=place.course)
    return pd.DataFrame({"category": category, "house": house, "moment": moments})


def _moments(
    count: int, clock: str, week: str, rng: np.random.Generator, swing: float = 0.0, course: str = "steady"
) -> np.ndarray:
    """Draw local times by season, weekday and hour; shape (count,), datetime64[m]."""
    days = np.datetime64(plan.FIRST_DAY) + np.arange((plan.LAST_DAY - plan.FIRST_DAY).days + 1)
    since_start = (days - days[0]).astype(int)
    season = 1 + swing * np.sin(2 * np.pi * (since_start - 105) / 365.25)
    weekday = np.array(WEEKS[week])[(since_start + plan.FIRST_DAY.weekday()) % 7]
    weight = season * weekday * _course(days, course)
    if week == "school_days":
        month = days.astype("datetime64[M]").astype(int) % 12 + 1
        weight = weight * np.where(np.isin(month, (7, 8)), 0.05, 1.0)
    day = rng.choice(days, count, p=weight / weight.sum())
    hours = np.array(CLOCKS[clock], dtype=float)
    hour = rng.choice(24, count, p=hours / hours.sum())
    minute = np.where(rng.random(count) < 0.45, rng.choice((0, 15, 30, 45), count), rng.integers(0, 60, count))
    return np.asarray(day.astype("datetime64[m]") + (hour * 60 + minute).astype("timedelta64[m]"))


def _course(days: np.ndarray, course: str) -> np.ndarray:
    """Return the relative level of a planted place on each day."""
    if course == "emerging":
        into_second_year = (days - np.datetime64(date(plan.LAST_DAY.year, 1, 1))).astype(int)
        return np.asarray(np.where(into_second_year < 0, 0.0, 0.25 + np.maximum(into_second_year, 0) / 250))
    if course == "vanishing":
        return np.asarray(np.where(days <= np.datetime64(FIX_DAY), 1.0, 0.06))
    return np.ones(len(days))


def _with_windows(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Widen unseen incidents to windows, reduce some to a day, and keep clear of the hours when clocks change."""
    seen = rows["moment"].to_numpy()
    median = rows["category"].map({code: hours for code, (hours, _) in WINDOWS_H.items()}).fillna(0).to_numpy()
    spread = rows["category"].map({code: width for code, (_, width) in WINDOWS_H.items()}).fillna(0).to_numpy()
    width = np.round(median * np.exp(spread * rng.standard_normal(len(rows))) * 60)
    unseen = (width > 0) & (rng.random(len(rows)) < 0.85)
    away = (rows["category"] == "burglary").to_numpy() & (rng.random(len(rows)) < 0.08)
    width = np.where(away, width * rng.uniform(6, 30, len(rows)), width)
    before = (width * rng.random(len(rows))).astype("timedelta64[m]")
    start = np.where(unseen, seen - before, seen)
    end = np.where(unseen, start + width.astype("timedelta64[m]"), seen)
    day_only = ~unseen & (rng.random(len(rows)) < 0.03)
    start = np.where(day_only, seen.astype("datetime64[D]").astype("datetime64[m]"), start)
    end = np.where(day_only, start + np.timedelta64(24 * 60 - 1, "m"), end)
    start = np.maximum(start, np.datetime64(plan.FIRST_DAY, "m"))
    return rows.assign(
        occurred_from=[_off_clock_change(moment) for moment in start.astype(object)],
        occurred_to=[_off_clock_change(moment) for moment in np.maximum(start, end).astype(object)],
        day_only=day_only,
    )


def _off_clock_change(moment: datetime) -> datetime:
    """Move times between 2 and 3 on the Sundays when clocks change to after 3: they do not exist or exist twice."""
    last_sunday = moment.month in {3, 10} and moment.weekday() == 6 and moment.day > 24
    return moment + timedelta(hours=1) if last_sunday and moment.hour == 2 else moment


def _recorded_area(beats: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the beat as the source recorded it: in one row of fifty another one than the place lies in."""
    other = rng.choice(np.unique(beats), len(beats))
    return np.where(rng.random(len(beats)) < 0.02, other, beats)
