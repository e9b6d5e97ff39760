"""The hand-drawn part of the town: where it lies, its main streets, its quarters and the truths planted in it.

Local coordinates are metres east and north of the town's origin. The origin is a point of the open Ionian Sea, more
than 150 km from any shore, so that no real place is hit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SEED = 20240101
NAME = "Lindenkvart"
CRS = "EPSG:32634"
TIME_ZONE = "Europe/Tirane"
ORIGIN = (320_000.0, 3_986_000.0)
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2025, 12, 31)
RESIDENTS = 60_000

Point = tuple[float, float]
Path = tuple[Point, ...]

BOUNDARY: Path = (
    (-3400, -1500), (-3550, 500), (-3100, 2000), (-1300, 2550), (800, 2420), (1900, 2560),
    (2500, 3050), (3450, 2700), (3600, 900), (3250, -900), (2550, -2350), (300, -2650), (-1900, -2450),
)  # fmt: skip
"""Corners of the municipality."""

RIVER: Path = (
    (-4300, -950), (-2600, -650), (-1500, -820), (-500, -650), (400, -580), (1300, -760), (2300, -620), (4300, -1000)
)  # fmt: skip
RIVER_WIDTH_M = 56.0
MOTORWAY: Path = ((-2050, 3300), (-1950, 1500), (-1850, 0), (-1900, -800), (-2100, -3300))


@dataclass(frozen=True)
class MainStreet:
    """A street drawn by hand: its name, its class and the points it passes."""

    name: str
    street_class: str
    points: Path
    closed: bool = False
    smooth: bool = True


MAIN_STREETS = (
    MainStreet("Motorway M1", "motorway", MOTORWAY),
    MainStreet("Railway", "railway", ((-4300, 1480), (-1950, 1340), (0, 1250), (1500, 1330), (4300, 1720))),
    MainStreet("Linden Avenue", "primary", ((60, 3000), (20, 1250), (10, 600), (0, -620), (-60, -1600), (-100, -3000))),
    MainStreet("East Avenue", "primary", ((1350, 3000), (1250, 1300), (1200, 0), (1280, -760), (1150, -2000), (1150,
        -3000))),
    MainStreet("West Avenue", "secondary", ((-1150, 3000), (-1050, 1300), (-980, 0), (-1050, -750), (-930, -2000),
        (-900, -2240))),
    MainStreet("Long Boulevard", "primary", ((-4300, 700), (-1900, 620), (0, 640), (1250, 600), (2400, 520), (4300,
        700))),
    MainStreet("South Ring", "secondary", ((-2060, -1660), (-900, -1600), (200, -1500), (1150, -1550), (2300, -1400),
        (4000, -1250))),
    MainStreet("North Ring", "secondary", ((-2900, 2030), (-1980, 1960), (-1080, 1930), (60, 1960), (1300, 1990),
        (2330, 1900))),
    MainStreet("Hamlet Road", "secondary", ((2330, 1900), (2700, 2150), (3050, 2330), (4000, 2900))),
    MainStreet("Field Street", "secondary", ((2330, 1900), (2350, 500), (2320, -600), (2300, -1400), (2250, -2150))),
    MainStreet("West Ring", "secondary", ((-2900, 2030), (-2880, 700), (-2800, -690))),
    MainStreet("South Edge", "tertiary", ((-2080, -2230), (-900, -2240), (300, -2230), (1150, -2200), (2250, -2150))),
    MainStreet("Tunnel Lane", "residential", ((-560, 635), (-540, 1290), (-530, 1945))),
    MainStreet("Orchard Street", "tertiary", ((640, 625), (620, 1290), (660, 1975))),
    MainStreet("Foundry Street", "tertiary", ((1850, 1360), (1830, 560), (1800, -690))),
    MainStreet("Quarry Street", "tertiary", ((-1460, 1960), (-1430, 620), (-1440, -830))),
    MainStreet("School Lane", "residential", ((520, -590), (560, -1000), (560, -1520))),
    MainStreet("Meadow Street", "tertiary", ((-1030, -1080), (-40, -1060), (560, -1000), (1220, -1080), (2310, -1000))),
    MainStreet("Town Wall", "tertiary", ((430, -30), (300, 290), (0, 400), (-310, 290), (-430, -30), (-300, -340),
        (0, -460), (300, -330)), closed=True),
    MainStreet("Lantern Street", "pedestrian", ((-430, -30), (-180, 20), (150, 0), (430, -30))),
    MainStreet("Mill Street", "tertiary", ((430, -30), (800, -60), (1205, -20), (1830, 20), (2350, 0))),
    MainStreet("Baker Street", "tertiary", ((-430, -30), (-980, 0), (-1430, 20), (-1850, 0))),
    MainStreet("Station Square", "pedestrian", ((0, 1150), (160, 1150), (160, 1285)), smooth=False),
    MainStreet("Church Lane", "residential", ((2520, 2040), (2460, 2330), (2620, 2560), (2950, 2560), (3130, 2380)),),
)  # fmt: skip
"""Streets that bound the quarters. The railway is kept here because it cuts blocks; it is not a street."""


@dataclass(frozen=True)
class Quarter:
    """How the ground of one land use is cut and lived in."""

    block_m2: float
    jitter: float
    residents_per_km2: float
    lamp_spacing_m: float


QUARTERS = {
    "old_centre": Quarter(8_000, 0.16, 9_500, 62),
    "inner": Quarter(18_500, 0.07, 10_500, 66),
    "estate": Quarter(29_000, 0.02, 16_500, 66),
    "suburb": Quarter(32_000, 0.05, 4_300, 84),
    "hamlet": Quarter(16_000, 0.10, 2_600, 90),
    "industry": Quarter(75_000, 0.02, 0, 95),
    "park": Quarter(90_000, 0.05, 0, 95),
    "square": Quarter(30_000, 0.02, 0, 40),
    "farmland": Quarter(750_000, 0.08, 9, 0),
    "water": Quarter(10**9, 0.0, 0, 0),
}
"""Land uses. Town ground that no box of ``GROUND`` names is suburb."""

GROUND: tuple[tuple[str, tuple[float, float, float, float]], ...] = (
    ("square", (15, 1150, 162, 1256)),
    ("old_centre", (-430, -460, 430, 400)),
    ("park", (-980, -600, -440, -40)),
    ("park", (1300, -680, 1790, -40)),
    ("inner", (-1430, -800, 1230, 640)),
    ("inner", (-1050, 640, 1250, 1300)),
    ("estate", (640, 1300, 1300, 1990)),
    ("estate", (-1440, 640, -1050, 1950)),
    ("estate", (560, -1550, 1220, -1000)),
    ("estate", (-2880, 640, -1950, 1340)),
    ("industry", (1280, 640, 2350, 1900)),
    ("industry", (1850, -700, 2350, 560)),
    ("industry", (-1850, -820, -1440, 620)),
    ("hamlet", (2440, 2060, 3140, 2600)),
)
"""Land use by a box that holds a representative point of the ground, first match wins."""

TOWN_LIMIT: Path = (
    (-2900, -660), (-2900, 2030), (-1980, 1960), (60, 1960), (1300, 1990), (2330, 1900), (2350, 500), (2310, -1000),
    (2250, -2150), (300, -2230), (-900, -2240), (-1000, -1100), (-1000, -780), (-1900, -740),
)  # fmt: skip
"""Built-up ground; outside it the land is farmed, except for the hamlet."""
