"""The PDF report: everything on its pages, the same twice, and plain about what does not fit."""

import dataclasses
import re
import shutil
import subprocess

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.figure import Figure

from analysis.density.kernel_density import kernel_density
from analysis.errors import CoordinateError
from analysis.grids.square import square_grid
from analysis.hot_spots.getis_ord import hot_spots
from analysis.networks.network_density import network_density
from analysis.networks.street_network import street_network
from analysis.places.top_places import top_cells
from analysis.summary import Notice
from app.charts.captions import Caption
from app.charts.meeting_report import Subject, meeting_report
from app.charts.place_charts import top_places_chart
from app.charts.static_map import draw_map, round_length
from app.errors import InvalidInputError

CAPTION = Caption("Robberies in the old town", "the police, 2024", "RESTRICTED", "run-7", "kvart 9")
AREA = shapely.box(0, 0, 3000, 3000)


@pytest.fixture(scope="module")
def events():
    random = np.random.default_rng(3)
    return random.normal(1500, 300, 900), random.normal(1500, 300, 900)


@pytest.fixture(scope="module")
def grid():
    return square_grid(AREA, 250, crs="EPSG:32616")


@pytest.fixture(scope="module")
def subject(events, grid):
    found = hot_spots(*events, grid)
    return Subject(found.frame, "gi_bin", found.summary, study_area=gpd.GeoSeries([AREA], crs="EPSG:32616"))


def pages_of(pdf, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    return text.rstrip("\f").split("\f")


def test_every_page_has_the_handling_mark_the_version_and_the_run(subject, events, grid, tmp_path):
    top = top_cells(*events, grid, n=30)
    pdf = meeting_report(subject, CAPTION, charts=[top_places_chart(top, CAPTION)] * 3, table=top.frame)
    pages = pages_of(pdf, tmp_path)
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        for part in ("Robberies in the old town", "RESTRICTED", "run-7", "kvart 9", f"page {number} of 3"):
            assert part in page
    assert "Top places: the first 20 of 30" in pages[1]


def test_the_front_page_says_what_was_found_how_and_what_to_beware_of(subject, tmp_path):
    doubted = dataclasses.replace(subject.summary, warnings=(Notice("few_events", "Only few events were used."),))
    (page,) = pages_of(meeting_report(dataclasses.replace(subject, summary=doubted), CAPTION), tmp_path)
    flat = re.sub(r"\s+", " ", page)
    for part in ("What it says", "hot spots", "Beware", "Only few events", "Cell: 250 m", "CRS: EPSG:32616"):
        assert part in flat
    assert "hot spot, 99 %" in flat
    assert "Study area: 9 km" in flat


def test_what_does_not_fit_is_told(subject, tmp_path):
    long = Notice("a", "A long warning that fills more than a line of the column beside the map. " * 3)
    summary = dataclasses.replace(subject.summary, warnings=(long,) * 12)
    (page,) = pages_of(meeting_report(dataclasses.replace(subject, summary=summary), CAPTION), tmp_path)
    assert page.count("... more in the summary of the run") == 1


def test_the_same_report_is_the_same_file(subject):
    assert meeting_report(subject, CAPTION) == meeting_report(subject, CAPTION)


def test_densities_of_cells_and_of_streets_are_drawn(events):
    grid = square_grid(AREA, 50, crs="EPSG:32616")
    cells = kernel_density(*events, grid, radius_m=300)
    streets = gpd.GeoSeries([shapely.LineString([(0, y), (3000, y)]) for y in range(100, 3000, 200)], crs="EPSG:32616")
    along = network_density(*events, street_network(streets), radius_m=200, tolerance_m=150)
    for found, column in ((cells, "density_per_km2"), (along, "density_per_km")):
        subject = Subject(found.to_frame(), column, found.summary, unit="events", streets=streets)
        assert meeting_report(subject, CAPTION).startswith(b"%PDF")


def drawn(frame, column):
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    draw_map(axes, frame, column)
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_legend_counts_classes_and_cells_without_a_statistic():
    cells = [shapely.box(i, 0, i + 1, 1) for i in range(4)]
    frame = gpd.GeoDataFrame({"gi_bin": pd.array([3, -2, 0, None], "Int64")}, geometry=cells, crs="EPSG:32616")
    assert drawn(frame, "gi_bin") == [
        "hot spot, 99 % (1)",
        "not significant (1)",
        "cold spot, 95 % (1)",
        "no statistic (1)",
    ]
    changed = frame.assign(change=["increase", "decrease", "not clear", "no events"])
    assert drawn(changed, "change") == ["increase (1)", "decrease (1)", "not clear (1)", "no events (1)"]
    numbers = frame.assign(rate=[0.0, 1.0, 5.0, 10.0])
    assert drawn(numbers, "rate") == ["0", "up to 2", "2 to 4", "4 to 6", "6 to 8", "8 to 10"]


def test_what_cannot_be_drawn_is_refused():
    frame = gpd.GeoDataFrame({"count": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:32616")
    with pytest.raises(InvalidInputError, match="no column 'gi_bin'"):
        drawn(frame, "gi_bin")
    with pytest.raises(CoordinateError, match="degrees"):
        drawn(frame.set_crs("EPSG:4326", allow_override=True), "count")


@pytest.mark.parametrize(("metres", "length"), [(730.0, 500.0), (2100.0, 2000.0), (9.9, 5.0), (1000.0, 1000.0)])
def test_scale_bars_have_round_lengths(metres, length):
    assert round_length(metres) == length
