"""The truths planted in the sample: where they lie, when they hold and what happens there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
from shapely.geometry import LineString

from generator import plan
from generator.blocks import bend

FIX_DAY = date(2025, 2, 20)
"""The lamps of Mill Street car park were switched on and its hedges were cut."""


@dataclass(frozen=True)
class PlantedPlace:
    """A hot spot that an analysis of the sample has to find.

    Attributes
    ----------
    code, title : str
        Name for programs and for people.
    path : tuple of points
        Where it lies on the drawn plan, in local metres.
    spread_m : float
        Standard deviation of the incidents around the path.
    incidents : int
        Incidents planted over the 24 months.
    mix : dict
        Share of each incident category.
    hours, weekdays : str
        Name of the clock and of the week that the incidents follow, see ``incidents.CLOCKS`` and ``incidents.WEEKS``.
    course : str
        ``steady``, ``emerging`` (second year only, growing) or ``vanishing`` (until the fix).
    """

    code: str
    title: str
    path: plan.Path
    spread_m: float
    incidents: int
    mix: dict[str, float]
    hours: str
    weekdays: str
    course: str = "steady"

    def line(self) -> LineString:
        """Return the path bent like the town, in local metres."""
        return LineString(np.column_stack(bend(*np.array(self.path, dtype=float).T)))


PLANTED = (
    PlantedPlace(
        "station_square", "Station Square", ((40, 1170), (90, 1205), (150, 1180)), 80, 700,
        {"theft": 0.38, "bicycle_theft": 0.17, "public_order": 0.20, "drugs": 0.11, "assault": 0.09, "robbery": 0.05},
        "day_and_evening", "working_week",
    ),
    PlantedPlace(
        "bar_street", "Lantern Street", ((-230, 10), (-60, 14), (150, 0), (260, -10)), 55, 620,
        {"assault": 0.42, "public_order": 0.31, "vandalism": 0.15, "theft": 0.08, "robbery": 0.04},
        "late_night", "weekend_nights",
    ),
    PlantedPlace(
        "dark_underpass", "Tunnel Lane underpass", ((-541, 1225), (-540, 1290)), 75, 380,
        {"robbery": 0.36, "assault": 0.27, "drugs": 0.22, "vandalism": 0.15},
        "dark_evening", "even",
    ),
    PlantedPlace(
        "school_route", "School Lane", ((545, -820), (560, -1010), (562, -1300)), 70, 340,
        {"theft": 0.30, "robbery": 0.22, "assault": 0.26, "vandalism": 0.22},
        "school_run", "school_days",
    ),
    PlantedPlace(
        "orchard_street", "Orchard Street, upper end", ((632, 1520), (648, 1760)), 80, 360,
        {"drugs": 0.26, "vehicle_crime": 0.24, "robbery": 0.14, "vandalism": 0.20, "assault": 0.16},
        "dark_evening", "even", "emerging",
    ),
    PlantedPlace(
        "mill_car_park", "Mill Street car park", ((930, -58), (1050, -48)), 75, 330,
        {"vehicle_crime": 0.70, "vandalism": 0.18, "theft": 0.12},
        "night", "even", "vanishing",
    ),
)  # fmt: skip

DARK_STRETCHES: tuple[tuple[str, plan.Path, float], ...] = (
    ("Tunnel Lane underpass", ((-541, 1180), (-540, 1330)), 45),
    ("School Lane, southern half", ((560, -1130), (561, -1480)), 30),
    ("Hamlet Road", ((2360, 1915), (2700, 2150), (2900, 2260)), 60),
    ("river bank below the park", ((-960, -600), (-500, -590)), 60),
    ("Foundry Street at the old works", ((1845, 900), (1835, 640)), 40),
)
"""Name, course on the drawn plan and half width in metres of the streets that have no lamp."""


def place_frame() -> gpd.GeoDataFrame:
    """Return the planted places as lines in local metres, with ``code``, ``title`` and ``course``."""
    rows = {"code": [place.code for place in PLANTED], "title": [place.title for place in PLANTED]}
    rows["course"] = [place.course for place in PLANTED]
    return gpd.GeoDataFrame(rows, geometry=[place.line() for place in PLANTED])
