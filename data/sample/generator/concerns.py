"""What residents, officers and the municipality name: danger zones and single reports."""

from __future__ import annotations

from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from generator import plan
from generator.lighting import shape

ZONES, REPORTS = 120, 360
FIRST_MOMENT, LAST_MOMENT = (datetime.combine(day, datetime.min.time()) for day in (plan.FIRST_DAY, plan.LAST_DAY))

Anchor = tuple[str, str, str, str, str, plan.Path, str, int, str, str]
ANCHORS: tuple[Anchor, ...] = (
    ("street_lighting", "fixed", "municipality", "night", "Car park without light, cars broken into", ((930, -58),
        (1050, -48)), "line", 9, "2024-03-04", "2025-02-24"),
    ("dark_passage", "in_plan", "citizen", "night", "Underpass without light, people wait inside", ((-541, 1225),
        (-540, 1290)), "line", 31, "2024-01-22", "2025-10-06"),
    ("pedestrian_crossing", "fix_under_way", "survey", "morning", "Children cross here and cars do not stop", ((560,
        -1010),), "point", 22, "2024-09-16", "2025-11-17"),
    ("street_lighting", "open", "citizen", "evening", "All lamps out since January", ((632, 1520), (648, 1760)),
        "line", 17, "2025-01-20", "2025-12-08"),
    ("drunk_persons", "in_plan", "officer_interview", "evening", "Groups drink in front of the station", ((40, 1165),
        (150, 1165), (150, 1235), (40, 1235)), "area", 26, "2024-02-12", "2025-11-03"),
    ("aggressive_groups", "fix_under_way", "officer_interview", "night", "Fights after the bars close", ((-230, 10),
        (-60, 14), (150, 0), (260, -10)), "line", 14, "2024-01-15", "2025-10-01"),
    ("abandoned_building", "confirmed", "citizen", "any", "Old works stood open", ((1700, 700), (1800, 700), (1800,
        790), (1700, 790)), "area", 6, "2024-11-25", "2025-05-19"),
    ("drugs", "not_confirmed", "citizen", "evening", "Dealing between the bushes", ((-900, -500), (-560, -500),
        (-560, -120), (-900, -120)), "area", 8, "2024-04-08", "2024-12-02"),
    ("street_lighting", "open", "survey", "night", "No light on the way home from the bus", ((2400, 1950), (2700,
        2150), (2900, 2260)), "line", 19, "2025-10-13", "2025-12-15"),
    ("traffic", "reopened", "citizen", "afternoon", "Cars race in spite of the cushions", ((560, -1000), (1220,
        -1080)), "line", 11, "2024-03-18", "2025-09-08"),
    ("street_lighting", "passed_on", "citizen", "night", "River path is pitch dark", ((-960, -600), (-500, -590)),
        "line", 7, "2024-05-06", "2024-07-15"),
    ("stray_dogs", "confirmed", "survey", "any", "Packs of dogs at the bins", ((2640, 2230), (2860, 2230), (2860,
        2430), (2640, 2430)), "area", 16, "2025-03-24", "2025-07-07"),
    ("school_violence", "open", "officer_interview", "afternoon", "Younger pupils are threatened for their phones",
        ((560, -1180),), "point", 5, "2025-02-03", "2025-09-22"),
    ("missing_camera", "in_moderation", "municipality", "any", "Nothing sees the platform end", ((-60, 1240),),
        "point", 1, "2025-12-01", "2025-12-16"),
    ("public_drinking", "open", "citizen", "evening", "Drinking on the playground", ((-2350, 950), (-2250, 950),
        (-2250, 1040), (-2350, 1040)), "area", 13, "2024-06-10", "2025-06-30"),
    ("illegal_trade", "received", "citizen", "morning", "Cigarettes sold from a van", ((1010, 1180),), "point", 2,
     "2025-12-29", "2025-12-29"),
)  # fmt: skip
"""Category, status, who named it, time of day, words, place on the drawn plan, shape, distinct reporters, first named,
last changed."""

WORDS: dict[str, tuple[str, ...]] = {
    "street_lighting": ("Lamp flickers and goes out", "Dark from the corner to the bus stop", "Two lamps out in a row"),
    "aggressive_groups": ("Group shouts at people who pass", "Loud group blocks the pavement"),
    "drunk_persons": ("Drunk persons sleep in the doorway", "Drunk men shout at night"),
    "traffic": ("Cars far too fast", "Lorries take the short cut"),
    "stray_dogs": ("Three stray dogs near the bins", "Dog without owner chases cyclists"),
    "robbery": ("Phone snatched here", "Heard of two robberies on this corner"),
    "dark_passage": ("Passage between the houses has no light", "Hedge hides the passage"),
    "drugs": ("Needles on the ground", "Small bags change hands"),
    "vandalism": ("Bus stop glass broken again", "Walls sprayed", "Bins burnt"),
    "environment": ("Rubbish dumped", "Burnt smell from the yard"),
    "illegal_trade": ("Goods sold without a permit",),
    "public_drinking": ("Drinking on the benches", "Bottles left on the lawn"),
    "pedestrian_crossing": ("No zebra where everybody crosses", "Crossing cannot be seen at dusk"),
    "missing_camera": ("Camera has been gone for months",),
    "school_violence": ("Pupils fight after school",),
    "abandoned_building": ("Empty house, door open", "Roof about to fall"),
    "other": ("Something should be done about this corner", "Open manhole"),
}
"""Concern categories with what people write about them. Invented words, no person in them."""
WEIGHT = {
    "street_lighting": 4,
    "traffic": 3,
    "stray_dogs": 2.5,
    "vandalism": 2,
    "environment": 2,
    "public_drinking": 1.6,
}
STATUSES = {
    "received": 14, "in_moderation": 8, "open": 26, "in_plan": 10, "fix_under_way": 6, "fixed": 9, "confirmed": 8,
    "not_confirmed": 5, "reopened": 3, "rejected": 4, "duplicate": 4, "passed_on": 7,
}  # fmt: skip
REPORTERS = {"citizen": 0.62, "officer_interview": 0.16, "survey": 0.12, "municipality": 0.07, "unknown": 0.03}
REPORT_HOURS = np.array([3, 2, 0, 0, 0, 0, 1, 4, 7, 8, 8, 7, 7, 6, 6, 7, 8, 9, 10, 10, 9, 8, 6, 4]) / 130
"""Share of the reports by hour of the day."""
CHANNELS = {
    "citizen": ("app", "web", "telephone"), "officer_interview": ("doorstep interview",),
        "survey": ("safety survey",),
    "municipality": ("inspection",), "unknown": ("paper list",),
}  # fmt: skip
DAY_PARTS = {
    "street_lighting": "night",
    "dark_passage": "night",
    "drunk_persons": "evening",
    "public_drinking": "evening",
    "school_violence": "afternoon",
}
WEEKDAYS = {"school_violence": "workdays", "pedestrian_crossing": "workdays", "drunk_persons": "weekend"}
SEASONS = {"public_drinking": "summer", "street_lighting": "winter"}

RESPONSIBLE = {
    "street_lighting": "power utility", "public_drinking": "licensing office", "stray_dogs": "veterinary service",
    "robbery": "criminal police", "vandalism": "housing company", "traffic": "road administration",
}  # fmt: skip
"""To whom a zone of a category is passed on; the rest to the water company."""
TOLD = {
    "open": ("Staff saw the place as reported.", "It waits for the plan of the year."),
    "in_plan": ("It is part of the plan of the year.", "The work is put out to tender."),
    "fix_under_way": ("The work has begun.", "It is finished within the quarter."),
    "fixed": ("The work is finished.", "Whoever reported it is asked whether it is better."),
    "confirmed": ("Those who reported it say that it is better.", None),
    "not_confirmed": ("The work is finished, but people say that it is not better.", "Staff looks at it again."),
    "reopened": ("It came back after the work.", "It goes into the next plan."),
    "rejected": ("Nothing at this place is for the municipality or the police to do.", None),
    "duplicate": ("The same place was reported before.", "Both are followed together."),
    "passed_on": ("Somebody else is responsible.", "They answer within 30 days."),
}
"""What the public was told with a status: why, and what comes next."""
BESIDE = (25.0, 15.0)
"""A duplicate lies so many metres beside the zone that was reported before."""


def danger_zones(
    houses: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, units: gpd.GeoDataFrame, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return points, lines and areas that somebody named, the first ones at the planted places."""
    rows = [
        _zone(category, status, by, words, shape(path, kind), reporters, rng)
        | {"day_part": part, "reported_at": _noon(first), "updated_at": _noon(last)}
        for category, status, by, part, words, path, kind, reporters, first, last in ANCHORS
    ]
    categories = list(WORDS)
    drawn = [
        *categories,
        *_pick(categories, [WEIGHT.get(code, 1.0) for code in categories], ZONES - len(rows) - len(WORDS), rng),
    ]
    statuses = [*STATUSES, *_pick(list(STATUSES), list(STATUSES.values()), len(drawn) - len(STATUSES), rng)]
    for category, status in zip(drawn, statuses, strict=True):
        by = _pick(list(REPORTERS), list(REPORTERS.values()), 1, rng)[0]
        place = _anywhere(category, houses, streets, units, rng)
        reporters = 1 if by in {"municipality", "unknown"} else 1 + int(rng.poisson(1.6))
        rows.append(_zone(category, status, by, str(rng.choice(WORDS[category])), place, reporters, rng))
    frame = gpd.GeoDataFrame(rows, geometry="geometry")
    of_category = {"weekday": WEEKDAYS, "season": SEASONS}
    told = {name: frame["category"].map(known).fillna("any") for name, known in of_category.items()}
    return frame.assign(id=[f"DZ-{number:03d}" for number in range(1, len(frame) + 1)], **told)


def merged(zones: gpd.GeoDataFrame, reports: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Lay each duplicate beside the nearest zone of its category, whose reports its own become."""
    zones, reports = zones.assign(merged_into=None), reports.copy()
    standing = zones[~zones["status"].isin(["duplicate", "rejected", "passed_on"])]
    for row in zones.index[zones["status"] == "duplicate"]:
        alike = standing[standing["category"] == zones.at[row, "category"]]
        earlier = alike[alike["reported_at"] <= zones.at[row, "reported_at"]]
        candidates = alike if earlier.empty else earlier
        place = zones.geometry[row]
        other = candidates.loc[candidates.distance(place).idxmin()]
        dx = other.geometry.centroid.x - place.centroid.x + BESIDE[0]
        dy = other.geometry.centroid.y - place.centroid.y + BESIDE[1]
        zones.loc[row, "geometry"] = translate(place, dx, dy)
        zones.loc[row, "merged_into"] = other["id"]
        own = reports["danger_zone"] == zones.at[row, "id"]
        reports.loc[own, ["x", "y"]] = (reports.loc[own, ["x", "y"]] + [dx, dy]).round(1)
        reports.loc[own, "danger_zone"] = other["id"]
    return zones, reports


def told(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add to whom zones were passed on, and what the public was told."""
    responsible = zones["category"].map(RESPONSIBLE).fillna("water company")
    sentences = [TOLD.get(status, (None, None)) for status in zones["status"]]
    return zones.assign(
        passed_on_to=responsible.where(zones["status"] == "passed_on", None),
        why=[why for why, _ in sentences],
        next_step=[following for _, following in sentences],
    )


def reports(zones: gpd.GeoDataFrame, houses: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return single reports, most of them near a danger zone of the same category; local metres ``x``, ``y``."""
    weight = zones["reporters"].to_numpy(dtype=float)
    near = rng.choice(len(zones), REPORTS, p=weight / weight.sum())
    loose = rng.random(REPORTS) < 0.3
    rows = []
    for zone, alone in zip(zones.iloc[near].itertuples(), loose, strict=True):
        category, by = zone.category, _pick(list(REPORTERS), list(REPORTERS.values()), 1, rng)[0]
        if alone:
            category = _pick(list(WORDS), [WEIGHT.get(code, 1.0) for code in WORDS], 1, rng)[0]
            place = houses.geometry.iloc[int(rng.integers(len(houses)))]
        else:
            line = zone.geometry if zone.geometry.geom_type != "Polygon" else zone.geometry.exterior
            place = line.interpolate(rng.random(), normalized=True) if line.length else line
        x, y = np.round(np.array([place.x, place.y]) + rng.normal(0, 6, 2), 1)
        reported, closed = _dates(rng) if alone else _dates(rng, zone.reported_at, zone.updated_at)
        rows.append(
            {
                "category": category, "x": x, "y": y, "reported_at": reported, "closed_at": closed,
                "status": "closed" if closed else "open", "reported_by": by, "channel": str(rng.choice(CHANNELS[by])),
                "danger_zone": None if alone else zone.id, "description": str(rng.choice(WORDS[category])),
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows).sort_values(["reported_at", "x"], ignore_index=True)
    return frame.assign(id=[f"R-{number:04d}" for number in range(1, len(frame) + 1)])


def _zone(
    category: str, status: str, by: str, words: str, place: BaseGeometry, reporters: int, rng: np.random.Generator
) -> dict[str, object]:
    reported, _ = _dates(rng)
    updated = (
        reported if status == "received" else min(reported + timedelta(days=int(rng.integers(1, 60))), LAST_MOMENT)
    )
    return {
        "category": category, "status": status, "reported_by": by, "channel": str(rng.choice(CHANNELS[by])),
        "day_part": DAY_PARTS.get(category, "any"), "description": words, "reporters": reporters,
        "reported_at": reported, "updated_at": updated, "geometry": place,
    }  # fmt: skip


def _anywhere(
    category: str,
    houses: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> BaseGeometry:
    """Return a place that suits a category: a street, the yard of a block, or an address."""
    if category in {"street_lighting", "traffic", "dark_passage"} and rng.random() < 0.75:
        lived_in = streets[streets["street_class"].isin(["residential", "tertiary"]) & (streets.length > 60)]
        return lived_in.geometry.iloc[int(rng.integers(len(lived_in)))]
    if (
        category in {"stray_dogs", "public_drinking", "abandoned_building", "environment", "vandalism"}
        and rng.random() < 0.55
    ):
        open_ground = units[units["land_use"].isin(["estate", "park", "suburb", "hamlet", "inner"])]
        block = open_ground.geometry.iloc[int(rng.integers(len(open_ground)))]
        return block.buffer(-(block.area**0.5) * rng.uniform(0.12, 0.3)).simplify(2) or block.representative_point()
    return houses.geometry.iloc[int(rng.integers(len(houses)))]


def _dates(
    rng: np.random.Generator, first: datetime = FIRST_MOMENT, last: datetime = LAST_MOMENT
) -> tuple[datetime, datetime | None]:
    """Draw when something was reported between two moments, and when it was closed if it was."""
    days = max((last - first).days, 1)
    reported = datetime.combine(first, datetime.min.time()) + timedelta(
        days=int(rng.integers(days)), hours=int(rng.choice(24, p=REPORT_HOURS)), minutes=int(rng.integers(60))
    )
    closed = reported + timedelta(days=int(np.ceil(rng.lognormal(3.2, 0.7))))
    return reported, closed if closed < LAST_MOMENT and rng.random() < 0.6 else None


def _noon(iso_day: str) -> datetime:
    return datetime.fromisoformat(f"{iso_day}T12:00")


def _pick(names: list[str], weights: list[float], count: int, rng: np.random.Generator) -> list[str]:
    share = np.array(weights, dtype=float)
    return [names[i] for i in rng.choice(len(names), count, p=share / share.sum())]
