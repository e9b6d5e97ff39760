"""The fixes that the municipality made, makes, plans, thinks of or dropped."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import geopandas as gpd

from generator import plan
from generator.lighting import shape
from generator.places import FIX_DAY

CAR_PARK, TUNNEL = "Mill Street car park: light and clear views", "Tunnel Lane underpass: light, paint, surroundings"
UNDERPASS: plan.Path = ((-541, 1225), (-540, 1290))
OLD_WORKS: plan.Path = ((1700, 700), (1800, 700), (1800, 790), (1700, 790))


@dataclass(frozen=True)
class Fix:
    """A fix: what is done about which danger zone, where on the drawn plan, by whom, when and for how much (euro)."""

    id: str
    kind: str
    title: str
    status: str
    owner: str
    cost: float
    budget: float | None
    path: plan.Path
    drawn: str
    danger_zone: str | None = None
    started_on: str | None = None
    ended_on: str | None = None
    due_on: str | None = None
    bundle: str | None = None
    co_owners: str | None = None
    further_danger_zones: str | None = None


FIXES = (
    Fix("FX-01", "lighting", "Eight LED lamps at Mill Street car park", "done", "municipality, public works", 19_800,
        20_000, ((930, -58), (1050, -48)), "line", "DZ-001", "2025-02-03", FIX_DAY.isoformat(), "2025-03-31", CAR_PARK,
        "power utility"),
    Fix("FX-02", "lighting", "Lamps in the Tunnel Lane underpass", "planned", "municipality, roads", 46_000, 50_000,
        UNDERPASS, "line", "DZ-002", due_on="2026-03-31", bundle=TUNNEL, co_owners="railway"),
    Fix("FX-03", "crossing", "Raised crossing with island on School Lane", "under_way", "municipality, roads", 31_500,
        30_000, ((560, -1010),), "point", "DZ-003", "2025-11-17", due_on="2026-02-27", co_owners="school",
        further_danger_zones="DZ-013"),
    Fix("FX-04", "lighting", "Repair of the cable under the upper end of Orchard Street", "proposed", "power utility",
        12_800, None, ((632, 1520), (648, 1760)), "line", "DZ-004"),
    Fix("FX-05", "surveillance", "Help point and camera on Station Square", "planned", "police", 18_900, 19_000,
        ((90, 1195),), "point", "DZ-005", due_on="2026-05-29", co_owners="railway;municipality",
        further_danger_zones="DZ-014"),
    Fix("FX-06", "management", "Closing times, glass ban and street stewards on Lantern Street", "under_way",
        "municipality, licensing", 9_600, 10_000, ((-230, 10), (-60, 14), (150, 0), (260, -10)), "line", "DZ-006",
        "2025-10-01", due_on="2026-04-30", co_owners="police;bar keepers"),
    Fix("FX-07", "secure_building", "Old works on Foundry Street fenced and boarded up", "done", "owner, by order",
        7_200, 0, OLD_WORKS, "area", "DZ-007", "2025-05-05", "2025-05-16", "2025-05-31"),
    Fix("FX-08", "greenery", "Undergrowth thinned along the paths of the West Park", "done", "municipality, parks",
        5_400, 6_000, ((-900, -500), (-560, -500), (-560, -120), (-900, -120)), "area", "DZ-008", "2024-10-07",
        "2024-10-18"),
    Fix("FX-09", "lighting", "Twelve lamps along Hamlet Road", "proposed", "municipality, public works", 41_000, None,
        ((2400, 1950), (2700, 2150), (2900, 2260)), "line", "DZ-009"),
    Fix("FX-10", "traffic_calming", "Speed cushions on Meadow Street", "done", "municipality, roads", 14_300, 15_000,
        ((560, -1000), (1220, -1080)), "line", "DZ-010", "2024-06-10", "2024-06-28", "2024-06-28"),
    Fix("FX-11", "lighting", "Lamps on the river bank below the park", "dropped", "municipality, parks", 52_000, None,
        ((-960, -600), (-500, -590)), "line", "DZ-011"),
    Fix("FX-12", "maintenance", "Benches turned and walls painted at the estate west of the motorway", "done",
        "housing company", 8_800, 9_000, ((-2400, 900),), "point", None, "2025-03-10", "2025-03-28",
        co_owners="residents"),
    Fix("FX-13", "sport", "Ball court lit until ten in the South estate", "proposed", "municipality, youth", 27_500,
        None, ((900, -1250),), "point", "DZ-013"),
    Fix("FX-14", "animal_control", "Round-up and shelter places for stray dogs in the hamlet", "done",
        "veterinary service", 3_900, 4_000, ((2800, 2350),), "point", "DZ-012", "2025-06-02", "2025-06-13",
        co_owners="municipality"),
    Fix("FX-15", "greenery", "Hedges cut to knee height at Mill Street car park", "done", "municipality, parks", 3_600,
        4_000, ((930, -58), (1050, -48)), "line", "DZ-001", "2025-02-10", "2025-02-14", "2025-03-31", CAR_PARK),
    Fix("FX-16", "maintenance", "White paint that sheds graffiti in the Tunnel Lane underpass", "planned",
        "municipality, roads", 9_500, 10_000, UNDERPASS, "line", "DZ-002", due_on="2026-04-15", bundle=TUNNEL,
        co_owners="residents"),
    Fix("FX-17", "sight_line", "Mirrors and cut hedges at both mouths of the Tunnel Lane underpass", "planned",
        "municipality, parks", 8_500, 10_000, UNDERPASS, "line", "DZ-002", due_on="2026-04-15", bundle=TUNNEL),
)  # fmt: skip


def fixes() -> gpd.GeoDataFrame:
    """Return the fixes with their place in local metres."""
    rows = [asdict(fix) | {"geometry": shape(fix.path, fix.drawn)} for fix in FIXES]
    return gpd.GeoDataFrame(rows, geometry="geometry").drop(columns=["path", "drawn"])
