"""Beat sheets: one page per beat with everything a resident needs, the same twice, plain about vacancies and flags."""

import shutil
import subprocess

import geopandas as gpd
import pytest
import shapely

from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.errors import CoordinateError
from app.charts.beat_sheets import BeatContact, beat_sheets
from app.charts.captions import Caption
from app.errors import InvalidInputError

CAPTION = Caption("Plan 2026", "the municipality, 2025", "INTERNAL", "run-7", "kvart 9")
CONTACTS = {"B001": BeatContact("Officer 1042", "555 01 00", ("Latvian", "Romani"), "Station West"), "B002": None}


@pytest.fixture(scope="module")
def beats():
    squares = [shapely.box(x, 0, x + 500, 500) for x in range(0, 2000, 500)]
    units = gpd.GeoDataFrame({"people": [2000, 2000, 9000, 100]}, geometry=squares, crs="EPSG:32634")
    return solve_beats(beat_problem(units, residents="people")).frame


@pytest.fixture(scope="module")
def streets():
    lines = [shapely.LineString([(0, 100 * n), (2000, 100 * n)]) for n in range(1, 5)]
    lines += [shapely.LineString([(5 * n, 10), (5 * n, 490)]) for n in range(1, 80)]
    names = ["Long Street", "Mill Street", None, ""] + [f"Side Lane {n:02d}" for n in range(1, 80)]
    return gpd.GeoDataFrame({"name": names}, geometry=lines, crs="EPSG:32634").to_crs("EPSG:4326")


def pages_of(pdf, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    path = tmp_path / "sheets.pdf"
    path.write_bytes(pdf)
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    return text.rstrip("\f").split("\f")


def test_every_beat_has_a_page_with_its_figures_streets_and_officer(beats, streets, tmp_path):
    pages = pages_of(beat_sheets(beats, CAPTION, contacts=CONTACTS, streets=streets), tmp_path)
    assert len(pages) == len(beats)
    for page, name in zip(pages, beats.beat_id, strict=True):
        assert f"Beat {name}" in page
        assert all(told in page for told in ("Plan 2026", "INTERNAL", "run-7", "kvart 9", "Long Street", "Streets ("))
    assert "4,000" in pages[0]
    assert all(told in pages[0] for told in ("Officer 1042", "555 01 00", "Latvian, Romani", "Station West"))
    assert "Streets (81)" in pages[0]
    assert "and 37 more" in pages[0]
    assert all("Vacant" in page for page in pages[1:])
    flagged = [page for page, fine in zip(pages, beats.within_bounds, strict=True) if not fine]
    assert flagged
    assert all("Flagged: " in page for page in flagged)
    assert "Flagged" not in pages[0]


def test_sheets_are_the_same_twice_and_for_chosen_beats_alone(beats, streets, tmp_path):
    one = beat_sheets(beats, CAPTION, streets=streets, only=["B002"])
    assert one == beat_sheets(beats, CAPTION, streets=streets, only=["B002"])
    (page,) = pages_of(one, tmp_path)
    assert "Beat B002" in page
    assert "officer" not in page.lower()


def test_sheets_without_streets_and_with_streets_without_names(beats, streets, tmp_path):
    assert "Streets" not in pages_of(beat_sheets(beats, CAPTION), tmp_path)[0]
    assert "Streets (0)" in pages_of(beat_sheets(beats, CAPTION, streets=streets[["geometry"]]), tmp_path)[0]


def test_impossible_sheets(beats):
    with pytest.raises(InvalidInputError, match="no beat 'Z'"):
        beat_sheets(beats, CAPTION, only=["Z"])
    with pytest.raises(InvalidInputError, match="no beat to print"):
        beat_sheets(beats.iloc[:0], CAPTION)
    with pytest.raises(InvalidInputError, match="'workload'"):
        beat_sheets(beats.drop(columns="workload"), CAPTION)
    with pytest.raises(CoordinateError):
        beat_sheets(beats.to_crs("EPSG:4326"), CAPTION)
