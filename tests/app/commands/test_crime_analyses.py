"""Every command of crime analysis from files to layer, map, table, charts and report, and what it refuses."""

import subprocess

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from app.commands.analyses import COMMANDS
from tests.app.commands.test_analysing import run  # noqa: F401 - fixture
from tests.app.small_town import BLOCKS, CORNER, SIDE_M, incidents, place, square

AREA = ("--study-area", "area.geojson")
HALVES = ("--before", "2025-01-01", "2025-06-30", "--after", "2025-07-01", "2025-12-31")
EARLY = ("--before", "2024-01-01", "2024-02-01")
QUICK = ("--fit", "3", "--resamples", "100", "--methods", "standard")
CELLS = ("--cell-m", "500")
CASES = {
    "density": ([*CELLS, "--bandwidth-rule", "cross-validation"], ".gpkg", ["bandwidth"]),
    "hot-spots": (["--cell-m", "250", "--neighbours", "nearest", "--nearest", "6"], ".geojson", []),
    "sensitivity": ([*CELLS, "--sizes", "1", "--origins", "2"], ".parquet", []),
    "change": ([*CELLS, *HALVES], ".gpkg", ["change"]),
    "history": ([*CELLS, "--split", "quarter"], ".gpkg", []),
    "emerging": ([*CELLS], ".gpkg", []),
    "near-repeat": (["--cell-m", "200", "--permutations", "99", "--rings", "rings.gpkg"], ".gpkg", ["near-repeat"]),
    "clusters": (["--min-events", "20", "--simulations", "9", "--ellipses", "ellipses.gpkg"], ".gpkg", []),
    "top-places": (["--cell-m", "250", "--most", "5"], ".gpkg", ["top-places", "concentration"]),
    "street-density": (["--streets", "streets.geojson", "--lixel-m", "50"], ".gpkg", []),
    "profile": ([], ".csv", ["heat-clock", "trend"]),
    "backtest": ([*CELLS, *QUICK], ".csv", ["capture-curve"]),
}


@pytest.fixture
def town(tmp_path):
    """The small town as files: incidents, boundary, blocks with residents, streets."""
    rows = incidents()
    x, y = np.array([row["x"] for row in rows]), np.array([row["y"] for row in rows])
    day = pd.Timestamp("2025-01-01 12:00") + pd.to_timedelta([row["day"] for row in rows], unit="D")
    points = shapely.from_wkb([row["shape"] for row in rows])
    table = pd.DataFrame({"lon": shapely.get_x(points), "lat": shapely.get_y(points), "x": x, "y": y})
    table["category"] = [row["category"] for row in rows]
    table["occurred_from"] = day.strftime("%Y-%m-%d %H:%M")
    table.to_csv(tmp_path / "points.csv", index=False)
    area = gpd.GeoDataFrame({"time_zone": ["Europe/Riga"]}, geometry=[square(0, 0, BLOCKS * SIDE_M)], crs="EPSG:4326")
    area.to_file(tmp_path / "area.geojson")
    blocks = [square(c * SIDE_M, r * SIDE_M, SIDE_M) for r in range(BLOCKS) for c in range(BLOCKS)]
    residents = [150 + 10 * (i % 4) for i in range(len(blocks))]
    gpd.GeoDataFrame({"residents": residents}, geometry=blocks, crs="EPSG:4326").to_file(tmp_path / "blocks.gpkg")
    end = BLOCKS * SIDE_M
    lines = [
        shapely.LineString([place(*a), place(*b)])
        for at in (i * SIDE_M for i in range(BLOCKS + 1))
        for a, b in (((0, at), (end, at)), ((at, 0), (at, end)))
    ]
    gpd.GeoDataFrame(geometry=lines, crs="EPSG:4326").to_file(tmp_path / "streets.geojson")
    return tmp_path


def read(path):
    if path.suffix == ".csv":
        return pd.read_csv(path)
    return gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)


def test_there_is_a_case_for_every_command():
    of_files = {command.name for command in COMMANDS if "fix" not in command.kind and command.kind in KINDS}
    assert of_files == set(CASES)


KINDS = {
    "kernel-density", "getis-ord", "sensitivity", "change", "hot-spot-history", "emerging-hot-spots", "near-repeat",
    "clusters", "top-places", "network-density", "temporal-profile", "back-test",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_command_writes_all_that_it_has(name, run, town):  # noqa: F811
    options, ending, charts = CASES[name]
    wanted = [*AREA, "--pdf", "report.pdf", *options]
    if ending != ".csv":
        wanted += ["--map", "map.html"]
    for chart in charts:
        wanted += ["--chart", f"{chart}={chart}.png"]
    code, out, err = run(name, "points.csv", "--out", f"out{ending}", *wanted)
    assert (code, err) == (0, "")
    assert len(read(town / f"out{ending}")) > 0 or name == "near-repeat"
    assert "made by" in out
    assert "EPSG:32634" in out
    told = subprocess.run(["pdftotext", "-layout", str(town / "report.pdf"), "-"], capture_output=True, check=True)
    text = told.stdout.decode()
    assert "What it says" in text
    assert "How it was made" in text
    for chart in charts:
        with Image.open(town / f"{chart}.png") as drawn:
            assert len(drawn.convert("RGB").resize((200, 150)).getcolors(30_000)) > 8
    if ending != ".csv":
        assert 'src="http' not in (town / "map.html").read_text()
    assert not list(town.glob("*.gpkg-*"))


@pytest.mark.parametrize(
    ("arguments", "column"),
    [
        (["density", "--against", "residents", "--areal-units", "blocks.gpkg", *CELLS], "events_per_1000_residents"),
        (["density", "--against", "events", "--base-where", "category=robbery", *CELLS], "log_ratio"),
        (["hot-spots", "--units", "areal-units", "--areal-units", "blocks.gpkg", "--values", "rate"], "gi_bin"),
        (["hot-spots", "--units", "street-segments", "--streets", "streets.geojson"], "per_100m"),
        (["hot-spots", "--units", "hexagons", "--statistic", "local-moran", *CELLS], "quadrant"),
        (["top-places", "--place", "street-segments", "--streets", "streets.geojson"], "cumulative_share"),
        (["clusters", "--method", "hdbscan", "--min-events", "20"], "events"),
    ],
)
def test_units_and_comparisons_come_from_files_too(run, town, arguments, column):  # noqa: F811
    name, *options = arguments
    code, out, err = run(name, "points.csv", "--out", "out.gpkg", *AREA, *options, "--map", "map.html")
    assert (code, err) == (0, ""), out
    assert column in read(town / "out.gpkg").columns


def test_the_raster_has_the_values_of_the_layer(run, town):  # noqa: F811
    given = ("points.csv", *AREA, *CELLS, "--radius-m", "600")
    assert run("density", *given, "--out", "d.tif", "--contours", "bands.gpkg", "--contour-bands", "4")[0] == 0
    assert run("density", *given, "--out", "d.gpkg")[0] == 0
    with Image.open(town / "d.tif") as raster:
        assert float(np.asarray(raster).max()) == pytest.approx(read(town / "d.gpkg")["density_per_km2"].max())
    assert {"lower", "upper", "unit"} <= set(read(town / "bands.gpkg").columns)


def test_local_moran_is_told_as_such(run, town):  # noqa: F811
    code, out, _ = run("hot-spots", "points.csv", "--out", "o.gpkg", *AREA, *CELLS, "--statistic", "local-moran")
    assert code == 0
    assert "Local Moran's I" in out
    assert "Getis-Ord" not in out


def write_points(path, x, y, **columns):
    pd.DataFrame({"x": np.asarray(x, float), "y": np.asarray(y, float), **columns}).to_csv(path, index=False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["hot-spots", "even.csv", "--crs", "EPSG:32634", "--cell-m", "100"], "every one of 400 cells holds 1"),
        (["hot-spots", "bare.csv", "--cell-m", "100"], "CRS"),
        (
            ["change", "points.csv", *AREA, *CELLS, "--before", "2024-01-01", "2024-02-01", *HALVES[3:]],
            "2024-01-01 to 2024-02-01",
        ),
        (["emerging", "points.csv", *AREA, *CELLS, "--step", "300"], "step"),
        (["profile", "bare.csv", "--crs", "EPSG:32634"], "time"),
        (["clusters", "points.csv", *AREA, "--method", "dbscan"], "max_distance_m"),
        (["hot-spots", "points.csv", *AREA, "--values", "rate"], "areal-units"),
        (["street-density", "points.csv", *AREA], "--streets"),
        (["backtest", "points.csv", *AREA, *CELLS, "--fit", "48"], "window"),
    ],
)
def test_what_cannot_be_analysed_is_told_and_nothing_is_written(run, town, arguments, told):  # noqa: F811
    """Zero variance, metres without a CRS, no events, too few steps, no times, options that do not fit."""
    step = np.arange(20) * 100.0 + 50
    even_x, even_y = (values.ravel() for values in np.meshgrid(CORNER[0] + step, CORNER[1] + step))
    write_points(town / "even.csv", even_x, even_y)
    write_points(town / "bare.csv", CORNER[0] + step, CORNER[1] + step)
    before = set(town.iterdir())
    code, out, err = run(arguments[0], arguments[1], "--out", "never.gpkg", *arguments[2:])
    assert code != 0, out
    assert told.casefold() in err.casefold()
    assert "Traceback" not in err
    assert set(town.iterdir()) == before
