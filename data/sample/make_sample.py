"""Make the sample data of Lindenkvart, a town that does not exist.

Run ``python data/sample/make_sample.py`` to write the files beside this script, ``--out DIR`` to write them elsewhere.
The same seed gives the same bytes. ``README.md`` in this folder describes the files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from generator import blocks, concerns, drawings, files, fixes, incidents, lighting, people, plan

NOT_STREETS = ("bank", "boundary")
UNREADABLE_TIMES = ("31.02.2025 25:61", "unknown", "2025-13-07 10:00")
ROWS_AT_ZERO = 12


def main() -> None:
    """Read the command line and write the sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    make_sample(out)


def make_sample(out: Path) -> None:
    """Write every file of the sample into the folder ``out``."""
    rng = np.random.default_rng(plan.SEED)
    ground = blocks.cut_ground(rng)
    units = people.settle(ground.blocks, rng)
    houses = incidents.addresses(ground.streets, units)
    happened = incidents.incidents(houses, rng)
    lamps = lighting.street_lights(ground.streets, units, rng)
    zones = concerns.danger_zones(houses, ground.streets, units, rng)
    _write_areas(units, happened, out)
    _write_streets(ground.streets, out)
    _write_incidents(happened, out)
    _write_lights(lamps, lighting.outages(lamps, rng), out)
    _write_concerns(*concerns.merged(zones, concerns.reports(zones, houses, rng)), out)
    files.write_geojson(files.in_place(fixes.fixes()), out / "fixes.geojson")
    drawings.write_drawings(out / "fix_photos")
    files.write_csv(_officers(), out / "officers.csv")


def _in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Write categories as suppliers do: ``street_lighting`` becomes ``Street lighting``."""
    return rows.assign(category=rows["category"].str.replace("_", " ").str.capitalize())


def _write_areas(units: gpd.GeoDataFrame, happened: pd.DataFrame, out: Path) -> None:
    counts = happened["unit"].value_counts()
    placed = files.in_place(units.assign(incidents=units["id"].map(counts).fillna(0).astype(int)))
    columns = ["id", "residents", "residents_year", "commissariat", "land_use", "incidents", "current_beat", "geometry"]
    files.write_geopackage(placed[columns], out / "areal_units.gpkg")
    plan_rows = units[["id", "current_beat"]].set_axis(["unit_id", "beat_id"], axis=1)
    files.write_csv(plan_rows, out / "beat_plan.csv")
    town = {"code": [plan.NAME.lower()], "name": [plan.NAME], "working_crs": [plan.CRS], "time_zone": [plan.TIME_ZONE]}
    boundary = gpd.GeoDataFrame(town, geometry=[placed.union_all()], crs=plan.CRS)
    files.write_geojson(boundary, out / "municipality.geojson")


def _write_streets(streets: gpd.GeoDataFrame, out: Path) -> None:
    shown = streets[~streets["street_class"].isin(NOT_STREETS)].reset_index(drop=True)
    shown = shown.assign(id=[f"S{number:04d}" for number in range(1, len(shown) + 1)])
    files.write_geojson(files.in_place(shown[["id", "name", "street_class", "geometry"]]), out / "streets.geojson")


def _write_incidents(happened: pd.DataFrame, out: Path) -> None:
    """Write the incidents with the defects that real exports have; ``README.md`` lists them."""
    rows = files.with_longitude(_in_words(happened))
    columns = ["id", "category", "occurred_from", "occurred_to", "recorded_area", "longitude", "latitude"]
    rows = rows[columns].astype({"occurred_from": object, "occurred_to": object})
    for end in ("occurred_from", "occurred_to"):
        rows.loc[happened["day_only"], end] = happened[end].dt.strftime("%Y-%m-%d")
    spoiled = np.linspace(400, len(rows) - 400, ROWS_AT_ZERO + len(UNREADABLE_TIMES)).astype(int)
    rows.loc[spoiled[:ROWS_AT_ZERO], ["longitude", "latitude"]] = "0"
    rows.loc[spoiled[ROWS_AT_ZERO:], "occurred_from"] = UNREADABLE_TIMES
    files.write_csv(rows, out / "incidents.csv")


def _write_lights(lamps: gpd.GeoDataFrame, outages: pd.DataFrame, out: Path) -> None:
    table = pd.DataFrame(lamps.drop(columns="geometry")).assign(x=lamps.geometry.x, y=lamps.geometry.y)
    files.write_csv(files.with_longitude(table), out / "street_lights.csv")
    files.write_csv(outages, out / "street_light_outages.csv")


def _write_concerns(zones: gpd.GeoDataFrame, reports: pd.DataFrame, out: Path) -> None:
    columns = [
        "id",
        "category",
        "status",
        "reported_by",
        "channel",
        "day_part",
        "weekday",
        "season",
        "description",
        "reporters",
        "reported_at",
        "updated_at",
        "passed_on_to",
        "merged_into",
        "why",
        "next_step",
        "geometry",
    ]
    files.write_geojson(files.in_place(_in_words(concerns.told(zones))[columns]), out / "danger_zones.geojson")
    metres = {axis: [f"{value:.1f}".replace(".", ",") for value in reports[axis] + offset]
              for axis, offset in zip(("x", "y"), plan.ORIGIN, strict=True)}  # fmt: skip
    columns = [
        "id",
        "category",
        "x",
        "y",
        "reported_at",
        "closed_at",
        "status",
        "reported_by",
        "channel",
        "danger_zone",
        "description",
    ]
    files.write_csv(_in_words(reports).assign(**metres)[columns], out / "reports.csv", delimiter=";")


def _officers() -> pd.DataFrame:
    rows = people.officers()
    return rows.assign(
        station_x=[f"{value + plan.ORIGIN[0]:.1f}" for value in rows["station_x"]],
        station_y=[f"{value + plan.ORIGIN[1]:.1f}" for value in rows["station_y"]],
    )


if __name__ == "__main__":
    main()
