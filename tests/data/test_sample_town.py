"""The sample town is what its README says: made by the script, whole, and with the planted truths in it."""

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from PIL import Image

from analysis.grids.square import square_grid
from analysis.hot_spots.getis_ord import hot_spots
from analysis.siting.catalogue import fix_kind
from app.danger_zones.models import DAY_PARTS, REPORT_SOURCES, SEASONS, WEEKDAYS, ZONE_STATUSES
from app.fixes.lifecycle import FIX_STATUSES
from app.incidents.catalogue import CONCERN_CATEGORIES, category_code

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
PHOTOS = SAMPLE / "fix_photos"
PLANTED = {
    "station_square": (320201, 3987091),
    "bar_street": (320121, 3985913),
    "dark_underpass": (319564, 3987137),
    "school_route": (320523, 3984939),
    "orchard_street": (320681, 3987635),
    "mill_car_park": (321105, 3986003),
}


@pytest.fixture(scope="module")
def units():
    return gpd.read_file(SAMPLE / "areal_units.gpkg")


@pytest.fixture(scope="module")
def incidents():
    rows = pd.read_csv(SAMPLE / "incidents.csv")
    rows["moment"] = pd.to_datetime(rows["occurred_from"], format="ISO8601", errors="coerce")
    rows = rows[(rows["longitude"] != 0) & rows["moment"].notna()]
    points = gpd.points_from_xy(rows["longitude"], rows["latitude"], crs="EPSG:4326")
    return gpd.GeoDataFrame(rows, geometry=points).to_crs("EPSG:32634")


def near(incidents, code, radius_m=110):
    return incidents[incidents.distance(shapely.Point(PLANTED[code])) < radius_m]


def test_the_script_writes_the_committed_files_again(tmp_path):
    script = SAMPLE / "make_sample.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True, timeout=120)
    made = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert made == {path.name for path in SAMPLE.iterdir() if path.suffix in {".csv", ".geojson", ".gpkg"}}
    for name in made - {"areal_units.gpkg"}:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name
    # A GeoPackage also holds the version of SQLite that wrote it, so that its content is compared.
    assert_geodataframe_equal(gpd.read_file(tmp_path / "areal_units.gpkg"), gpd.read_file(SAMPLE / "areal_units.gpkg"))


def test_the_drawings_are_drawn_again(tmp_path):
    sys.path.insert(0, str(SAMPLE))
    try:
        from generator.drawings import DRAWINGS, write_drawings
    finally:
        sys.path.remove(str(SAMPLE))
    write_drawings(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {path.stem for path in PHOTOS.iterdir()} == set(DRAWINGS)
    for path in PHOTOS.iterdir():  # the bytes depend on the version of zlib, the pixels do not
        with Image.open(path) as committed, Image.open(tmp_path / path.name) as made:
            assert committed.convert("RGB").tobytes() == made.convert("RGB").tobytes(), path.name


def test_the_files_stay_small():
    suffixes = {".csv", ".geojson", ".gpkg", ".md", ".png", ".py", ".toml"}
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.suffix in suffixes) < 10_000_000


def test_the_blocks_tile_the_municipality(units):
    town = gpd.read_file(SAMPLE / "municipality.geojson").to_crs(units.crs).geometry.iloc[0]
    assert 680 <= len(units) <= 720
    assert units.geometry.is_valid.all()
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    assert units.union_all().symmetric_difference(town).area < 100  # corners rounded to 1e-7 degrees
    assert abs(units.area.sum() - town.area) < 100


def test_the_residents_live_where_a_town_has_them(units):
    assert units["residents"].sum() == 60_000
    by_use = units.groupby("land_use")["residents"].sum()
    assert by_use[["industry", "park", "water", "square"]].sum() == 0
    assert by_use["hamlet"] > 200
    assert (units.groupby("commissariat")["residents"].sum() >= 3_000).all()
    assert units["residents"].max() < 7_000


def test_the_beats_of_today_are_whole_but_out_of_band(units):
    plan = pd.read_csv(SAMPLE / "beat_plan.csv")
    assert plan["unit_id"].tolist() == units["id"].tolist()
    assert plan["beat_id"].tolist() == units["current_beat"].tolist()
    beats = units.dissolve("current_beat", aggfunc={"residents": "sum", "commissariat": "nunique"})
    assert (beats.geometry.geom_type == "Polygon").all()
    assert (beats["commissariat"] == 1).all()
    assert (beats["residents"] > 7_000).any()
    assert (beats["residents"] < 3_000).any()


def test_the_incident_file_has_exactly_the_documented_defects():
    rows = pd.read_csv(SAMPLE / "incidents.csv", dtype=str)
    assert 9_000 <= len(rows) <= 12_000
    assert rows["id"].is_unique
    assert ((rows["longitude"] == "0") & (rows["latitude"] == "0")).sum() == 12
    start, end = (
        pd.to_datetime(rows[name], format="ISO8601", errors="coerce") for name in ("occurred_from", "occurred_to")
    )
    assert start.isna().sum() == 3
    assert end.notna().all()
    assert (end >= start)[start.notna()].all()
    for moments in (start.dropna(), end):
        moments.dt.tz_localize("Europe/Tirane", ambiguous="raise", nonexistent="raise")


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_place_is_far_denser_than_the_town(incidents, code):
    built_up_km2 = 19.0
    per_km2 = len(near(incidents, code)) / (np.pi * 0.11**2)
    assert per_km2 > 4 * len(incidents) / built_up_km2


def test_getis_ord_finds_the_planted_places_and_no_other_time(incidents):
    town = gpd.read_file(SAMPLE / "municipality.geojson").to_crs("EPSG:32634").geometry.iloc[0]
    grid = square_grid(town, 150, crs="EPSG:32634")
    found = {}
    for year in (2024, 2025):
        places = incidents[incidents["moment"].dt.year == year].geometry
        frame = hot_spots(places.x, places.y, grid).frame
        found[year] = {
            code: int(frame.loc[frame.contains(shapely.Point(place)), "gi_bin"].iloc[0])
            for code, place in PLANTED.items()
        }
    for code in ("station_square", "bar_street", "dark_underpass", "school_route"):
        assert min(found[2024][code], found[2025][code]) >= 1, code
    assert (found[2024]["orchard_street"], found[2025]["mill_car_park"]) == (0, 0)
    assert min(found[2025]["orchard_street"], found[2024]["mill_car_park"]) >= 2


def test_one_place_emerges_and_one_vanishes_after_the_fix(incidents):
    emerging = near(incidents, "orchard_street", 150)["moment"].dt.year.value_counts()
    assert emerging[2025] > 5 * emerging[2024]
    car_park = near(incidents, "mill_car_park")
    before, after = (car_park["moment"] < "2025-02-21").sum(), (car_park["moment"] >= "2025-02-21").sum()
    assert after / 10.4 < 0.25 * before / 13.6  # per month


def test_the_planted_clocks_hold(incidents):
    bar = near(incidents, "bar_street", 200)
    night = bar["moment"].dt.hour.isin([21, 22, 23, 0, 1, 2, 3])
    assert night.mean() > 0.5
    school = near(incidents, "school_route", 200)
    assert (school["moment"].dt.day_of_week < 5).mean() > 0.75


def test_concerns_cover_every_category_status_and_source():
    zones = gpd.read_file(SAMPLE / "danger_zones.geojson")
    assert len(zones) == 120
    assert {category_code(label) for label in zones["category"]} == set(CONCERN_CATEGORIES)
    assert set(zones["status"]) == set(ZONE_STATUSES)
    assert set(zones["reported_by"]) == set(REPORT_SOURCES)
    assert set(zones["day_part"]) <= set(DAY_PARTS)
    assert len(set(zones["weekday"]) & set(WEEKDAYS)) == zones["weekday"].nunique() >= 3
    assert len(set(zones["season"]) & set(SEASONS)) == zones["season"].nunique() >= 3
    assert {"Point", "LineString", "Polygon"} == set(zones.geom_type)
    reports = pd.read_csv(SAMPLE / "reports.csv", sep=";", decimal=",")
    assert 300 <= len(reports) <= 400
    assert set(reports["danger_zone"].dropna()) <= set(zones["id"])


def test_every_state_of_a_zone_shows_what_belongs_to_it():
    zones = gpd.read_file(SAMPLE / "danger_zones.geojson").set_index("id")
    assert ((zones["passed_on_to"].notna()) == (zones["status"] == "passed_on")).all()
    assert ((zones["merged_into"].notna()) == (zones["status"] == "duplicate")).all()
    duplicates = zones[zones["merged_into"].notna()]
    targets = zones.loc[duplicates["merged_into"]]
    assert (targets["category"].to_numpy() == duplicates["category"].to_numpy()).all()
    assert not targets["status"].isin(["duplicate", "rejected", "passed_on"]).any()
    metres = [frame.to_crs("EPSG:32634").geometry.to_numpy() for frame in (duplicates, targets)]
    assert shapely.distance(*metres).max() < 100
    assert (zones["why"].notna() == ~zones["status"].isin(["received", "in_moderation"])).all()


def test_lights_outages_and_fixes_refer_to_what_exists():
    lights = pd.read_csv(SAMPLE / "street_lights.csv")
    outages = pd.read_csv(SAMPLE / "street_light_outages.csv")
    assert set(outages["street_light"]) <= set(lights["id"])
    assert outages["out_to"].isna().any()
    fixes = gpd.read_file(SAMPLE / "fixes.geojson")
    assert set(fixes["status"]) == set(FIX_STATUSES)
    zones = {
        feature["properties"]["id"] for feature in json.loads((SAMPLE / "danger_zones.geojson").read_text())["features"]
    }
    assert set(fixes["danger_zone"].dropna()) <= zones
    assert set(fixes["further_danger_zones"].dropna()) <= zones


def test_fixes_show_every_thing_that_can_be_told_of_one():
    fixes = gpd.read_file(SAMPLE / "fixes.geojson")
    shapes = fixes.geom_type.str.lower().replace({"linestring": "line"})
    for kind, shape in zip(fixes["kind"], shapes, strict=True):
        assert shape in fix_kind(kind).shapes, kind
    assert fixes["cost"].notna().all()
    for column in ("budget", "due_on", "co_owners", "danger_zone", "further_danger_zones", "bundle"):
        assert 0 < fixes[column].notna().sum() < len(fixes), column
    bundles = fixes.dropna(subset="bundle").groupby("bundle")["status"].agg(["size", set])
    assert (bundles["size"] >= 2).all()
    assert {"done"} in bundles["set"].tolist()
    stages = {tuple(path.stem.split("_")) for path in PHOTOS.iterdir()}
    assert {fix for fix, _ in stages} <= set(fixes["id"])
    assert {("FX-01", "before"), ("FX-01", "after")} <= stages


def test_officers_are_badge_numbers_only():
    officers = pd.read_csv(SAMPLE / "officers.csv", dtype=str)
    assert 12 <= len(officers) <= 16
    assert not [column for column in officers if "name" in column.lower()]
    assert officers.iloc[:, 0].str.fullmatch(r"\d{4}").all()
