import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from app.cli import main

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in this process; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("KVART_HOME", str(tmp_path / "never"))

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["kvart", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert not (tmp_path / "never").exists(), "these commands need no database"
        return ended.value.code or 0, captured.out, captured.err

    return run_command


@pytest.fixture
def points(tmp_path):
    """500 points around Skopje, 150 of them in one corner; three rows without coordinates."""
    random = np.random.default_rng(2)
    x = np.r_[random.uniform(21.40, 21.46, 350), random.normal(21.41, 0.0008, 150)]
    y = np.r_[random.uniform(41.98, 42.02, 350), random.normal(41.99, 0.0006, 150)]
    frame = pd.DataFrame({"lon": x.round(6), "lat": y.round(6), "kind": "burglary"})
    frame.loc[[3, 4, 5], "lon"] = None
    path = tmp_path / "points.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def area(tmp_path):
    path = tmp_path / "area.geojson"
    gpd.GeoDataFrame(geometry=[shapely.box(21.40, 41.98, 21.46, 42.02)], crs="EPSG:4326").to_file(path)
    return path


@pytest.fixture
def units(tmp_path):
    """100 squares of 600 residents in UTM 34N, in two districts, with a plan in force of four beats."""
    cells = [(row, column) for row in range(10) for column in range(10)]
    frame = gpd.GeoDataFrame(
        {
            "code": [f"U{row}{column}" for row, column in cells],
            "people": 600,
            "calls": [1 + row for row, _ in cells],
            "district": ["north" if row > 4 else "south" for row, _ in cells],
            "beat_now": [f"{'N' if row > 4 else 'S'}{'E' if column > 4 else 'W'}" for row, column in cells],
        },
        geometry=[
            shapely.box(500_000 + 200 * c, 4_650_000 + 200 * r, 500_200 + 200 * c, 4_650_200 + 200 * r)
            for r, c in cells
        ],
        crs="EPSG:32634",
    )
    path = tmp_path / "units.gpkg"
    frame.to_file(path)
    return path


@pytest.fixture
def officers(tmp_path):
    path = tmp_path / "officers.csv"
    rows = [
        "badge;current_beat;station_x;station_y;capacity",
        "7;SW;500500,5;4650500;1",
        "9;NE;;;0,5",
        "11;;20.99;42.0;1",
    ]
    path.write_text("\n".join(rows[:3]) + "\n")
    return path


def test_density_writes_cells_and_a_map(run, points, area, tmp_path):
    code, out, err = run("density", points, "--out", "density.gpkg", "--study-area", area, "--cell-m", 200,
                         "--radius-m", 600, "--map", "density.html", "--title", "Burglary")  # fmt: skip
    assert (code, err) == (0, "")
    cells = gpd.read_file(tmp_path / "density.gpkg")
    assert {"density_per_km2", "cell_x", "cell_y"} <= set(cells.columns)
    assert cells.crs == "EPSG:32634"
    assert cells.geometry.centroid.x.to_numpy() == pytest.approx(cells["cell_x"].to_numpy())
    assert cells["density_per_km2"].max() > 100
    assert "497" in out
    assert "3 missing coordinates" in out
    page = (tmp_path / "density.html").read_text()
    assert "Burglary" in page
    assert 'src="http' not in page


def test_gaussian_density_over_the_rectangle_of_the_points(run, points, tmp_path):
    code, out, _ = run("density", points, "--out", "d.parquet", "--kernel", "gaussian", "--sigma-m", 300)
    assert code == 0
    assert "no_study_area" in out
    assert gpd.read_parquet(tmp_path / "d.parquet")["density_per_km2"].ge(0).all()


def test_hot_spots_find_the_corner(run, points, area, tmp_path):
    code, out, err = run("hot-spots", points, "--out", "spots.geojson", "--study-area", area, "--cell-m", 250,
                         "--origin-m", 100, 50, "--correction", "by", "--map", "spots.html")  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads((tmp_path / "spots.geojson").read_text())
    columns = {"count", "gi_z", "p_value", "q_value", "gi_bin", "cell_x", "cell_y"}
    assert all(columns <= set(feature["properties"]) for feature in document["features"])
    hottest = max(document["features"], key=lambda feature: feature["properties"]["gi_z"])
    assert hottest["properties"]["gi_bin"] == 3
    assert (hottest["properties"]["cell_x"] - 225) % 250 == pytest.approx(0, abs=1e-6)
    assert shapely.from_geojson(json.dumps(hottest["geometry"])).centroid.x == pytest.approx(21.41, abs=0.004)
    assert "hot cells" in out


def test_point_masses_can_be_left_out(run, area, tmp_path):
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"lon": random.uniform(21.40, 21.46, 400), "lat": random.uniform(41.98, 42.02, 400)})
    pile = pd.DataFrame({"lon": [21.42] * 200, "lat": [42.0] * 200})
    pd.concat([frame, pile]).to_csv(tmp_path / "p.csv", index=False)
    code, out, _ = run("hot-spots", "p.csv", "--out", "h.parquet", "--study-area", area, "--exclude-point-masses")
    assert code == 0
    assert "200 point mass" in out


def test_beats_with_officers_report_and_map(run, units, officers, tmp_path):
    code, _, err = run("beats", "draw", units, "--out", "beats.geojson", "--residents", "people", "--workload", "calls",
                       "--hard-boundary", "district", "--current", "beat_now", "--officers", officers, "--seed", 5,
                       "--min-residents", 10000, "--max-residents", 20000, "--assignments", "a.csv",
                       "--report", "r.json", "--map", "m.html")  # fmt: skip
    assert (code, err) == (0, "")
    beats = [feature["properties"] for feature in json.loads((tmp_path / "beats.geojson").read_text())["features"]]
    assert {"beat_id", "residents", "workload", "officer_id", "polsby_popper", "reason"} <= set(beats[0])
    assert {beat["officer_id"] for beat in beats if beat["officer_id"]} == {"7", "9"}
    assert sum(beat["residents"] for beat in beats) == 60_000
    with (tmp_path / "a.csv").open() as file:
        assigned = list(csv.DictReader(file))
    assert list(assigned[0]) == ["unit_id", "beat_id"]
    assert {row["unit_id"] for row in assigned} == {f"U{row}{column}" for row in range(10) for column in range(10)}
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["figures"]["workload_bound"] > 0
    assert report["figures"]["kept_share"] > 0.5
    assert report["officers"]["vacancies"]
    assert report["summary"]["seed"] == 5
    assert len(report["beats"]) == len(beats)
    assert "U00" not in (tmp_path / "m.html").read_text()[:200]


def test_the_same_seed_writes_the_same_bytes(run, units, tmp_path):
    for name in ("one", "two"):
        arguments = ("--out", f"{name}.geojson", "--residents", "people", "--assignments", f"{name}.csv")
        assert run("beats", "draw", units, *arguments)[0] == 0
    assert (tmp_path / "one.geojson").read_bytes() == (tmp_path / "two.geojson").read_bytes()
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_units_without_a_column_of_ids_are_named_by_their_row(run, units, tmp_path):
    gpd.read_file(units).drop(columns="code").to_parquet(tmp_path / "plain.parquet")
    code, out, _ = run(
        "beats", "draw", "plain.parquet", "--out", "b.gpkg", "--residents", "people", "--assignments", "a.csv"
    )
    assert code == 0
    assert "named by their row" in out
    assert (tmp_path / "a.csv").read_text().splitlines()[1].startswith("1,")


def test_units_that_are_points_are_spread_over_the_study_area(run, units, tmp_path):
    frame = gpd.read_file(units)
    whole = gpd.GeoDataFrame(geometry=[frame.union_all()], crs=frame.crs)
    whole.to_file(tmp_path / "town.gpkg")
    frame.geometry = frame.geometry.centroid
    frame.to_file(tmp_path / "centres.gpkg")
    code, out, err = run(
        "beats", "draw", "centres.gpkg", "--out", "b.gpkg", "--residents", "people", "--study-area", "town.gpkg"
    )
    assert (code, err) == (0, "")
    assert "point_units" in out
    assert gpd.read_file(tmp_path / "b.gpkg").area.sum() == pytest.approx(whole.area.sum())


def change(units, **columns):
    frame = gpd.read_file(units)
    for name, (row, value) in columns.items():
        frame[name] = frame[name].astype(object)
        frame.loc[row, name] = value
    path = units.with_name("changed.parquet")
    frame.to_parquet(path)
    return path


def test_what_is_wrong_with_a_unit_is_told_by_its_name(run, units, tmp_path):
    for people in ({"people": (12, None)}, {"people": (12, -5)}, {"people": (12, 3.5)}):
        changed = change(units, **people)
        code, _, err = run("beats", "draw", changed, "--out", "b.gpkg", "--residents", "people")
        assert code == 2
        assert "U12" in err
        assert not (tmp_path / "b.gpkg").exists()


def test_a_unit_over_the_maximum_and_an_island_are_beats_with_a_reason(run, units, tmp_path):
    frame = gpd.read_file(units)
    frame.loc[0, "people"] = 9000
    frame.loc[99, "geometry"] = shapely.box(510_000, 4_660_000, 510_200, 4_660_200)
    frame.to_file(tmp_path / "hard.gpkg")
    code, out, _ = run("beats", "draw", "hard.gpkg", "--out", "b.gpkg", "--residents", "people")
    assert code == 0
    beats = gpd.read_file(tmp_path / "b.gpkg")
    assert set(beats.loc[~beats["within_bounds"].astype(bool), "reason"]) == {"unit_over_max", "component_below_min"}
    assert "U00" in out
    assert "U99" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["density", "missing.csv", "--out", "d.gpkg"], "missing.csv"),
        (["density", "points.csv", "--out", "d.shp"], ".geojson, .gpkg"),
        (["density", "points.csv", "--out", "points.csv"], "cannot write"),
        (["density", "points.csv", "--out", "d.gpkg", "--map", "d.png"], "does not end in .html"),
        (["density", "points.csv", "--out", "d.gpkg", "--x", "lon", "--y", "latt"], "Did you mean 'lat'"),
        (["density", "points.csv", "--out", "d.gpkg", "--crs", "EPSG:999999"], "EPSG:999999"),
        (["density", "points.csv", "--out", "d.gpkg", "--crs", "EPSG:32634"], "degrees"),
        (["density", "points.csv", "--out", "d.gpkg", "--working-crs", "EPSG:4326"], "metres"),
        (["density", "points.csv", "--out", "d.gpkg", "--sigma-m", "100"], "sigma_m"),
        (["density", "points.csv", "--out", "d.gpkg", "--cell-m", "-1"], "-1"),
        (["density", "points.csv", "--out", "d.gpkg", "--cell-m", "0.01"], "cell"),
        (["density", "points.csv", "--out", "d.gpkg", "--cell-m", "nan"], "--cell-m"),
        (["density", "points.csv", "--out", "d.gpkg", "--radius-m", "1e300"], "--radius-m"),
        (["density", "points.csv", "--out", "d.gpkg", "--radius-m", "1e-300"], "--radius-m"),
        (["hot-spots", "points.csv", "--out", "d.gpkg", "--origin-m", "1e300", "0"], "--origin-m"),
        (["density", "points.csv", "--out", "d.gpkg", "--study-area", "points.csv"], "areas are needed"),
        (["density", "points.csv", "--out", "d.gpkg", "--delimiter", "abc"], "not one character"),
        (["density", "points.csv", "--out", "d.gpkg", "--decimal", ";"], "no decimal mark"),
        (["density", "points.csv", "--out", "d.gpkg", "--kernel", "cone"], "cone"),
        (["density", "points.csv"], "--out"),
        (["density", "empty.csv", "--out", "d.gpkg"], "empty.csv"),
        (["density", "broken.geojson", "--out", "d.gpkg"], "broken.geojson"),
        (["density", "picture.png", "--out", "d.gpkg"], "picture.png"),
        (["density", "nowhere.csv", "--out", "d.gpkg"], "no row can be used"),
        (["hot-spots", "points.csv", "--out", "nothing/", "--cell-m", "200"], "nothing"),
        (["hot-spots", "one.csv", "--out", "h.gpkg", "--cell-m", "200"], ""),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "peple"], "Did you mean 'people'"),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--workload", "cals"], "'calls'"),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--beats", "500"], "500"),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--max-residents", "5"], "3000"),
        (
            ["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--unit-id", "district"],
            "not unique",
        ),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "district"], "district"),
        (
            ["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--officers", "points.csv"],
            "badge",
        ),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--officers", "twice.csv"], "7"),
        (
            ["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--officers", "far.csv"],
            "line 3",
        ),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--report", "b.gpkg"], ".json"),
        (["beats", "draw", "units.gpkg", "--out", "b.gpkg", "--residents", "people", "--assignments", "a.txt"], ".csv"),
    ],
)
def test_bad_input_is_told_in_one_message_and_nothing_is_written(run, points, units, tmp_path, arguments, told):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.geojson").write_text('{"type": "FeatureCollection", "features": [')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "nowhere.csv").write_text("lon,lat\n0,0\n,\n")
    (tmp_path / "one.csv").write_text("lon,lat\n21.4,42\n")
    (tmp_path / "twice.csv").write_text("badge\n7\n7\n")
    (tmp_path / "far.csv").write_text("badge,station_x,station_y\n7,1,2\n8,near,2\n")
    before = sorted(tmp_path.iterdir())
    code, _, err = run(*arguments)
    assert code == 2, err
    assert told in err
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_written_when_a_later_output_cannot_be(run, units, tmp_path):
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.iterdir())
    code, _, err = run("beats", "draw", units, "--out", "b.gpkg", "--residents", "people", "--report", "file/r.json")
    assert code == 2
    assert "Cannot write" in err
    assert sorted(tmp_path.iterdir()) == before


def run_process(*arguments, directory):
    environment = {**os.environ, "KVART_HOME": str(directory / "never")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=environment,
    )


def test_as_processes_they_end_with_the_right_code_and_no_traceback(points, tmp_path):
    good = run_process("hot-spots", points, "--out", tmp_path / "h.gpkg", "--cell-m", 300, directory=tmp_path)
    assert (good.returncode, good.stderr) == (0, "")
    bad = run_process("hot-spots", points, "--out", tmp_path / "h.gpkg", "--x", "a", "--y", "b", directory=tmp_path)
    assert bad.returncode == 2
    assert bad.stderr.startswith("kvart: ")
    assert "Traceback" not in bad.stderr
    help_text = run_process("beats", "draw", "--help", directory=tmp_path)
    assert help_text.returncode == 0
    assert not (tmp_path / "never").exists()
