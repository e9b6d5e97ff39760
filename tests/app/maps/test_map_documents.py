import re
import subprocess
import sys

import geopandas as gpd
import map_frames
import numpy as np
import pandas as pd
import pytest
import shapely
from map_frames import beats, context, danger_zones, density_cells, fixes, hot_spot_cells, lights

from analysis.errors import CoordinateError
from analysis.summary import Notice, Summary
from app.errors import InvalidInputError
from app.maps.documents import (
    DensityClasses,
    MapContext,
    ResidentBand,
    beat_map,
    density_classes,
    density_map,
    hot_spot_map,
    lighting_map,
)

DOCUMENTS = {
    "hot spots": lambda about: hot_spot_map(hot_spot_cells(16), about),
    "density": lambda about: density_map(density_cells(16), about),
    "beats": lambda about: beat_map(beats(), about),
    "lighting": lambda about: lighting_map(
        hot_spot_cells(16), about, danger_zones=danger_zones(), lights=lights(60), fixes=fixes()
    ),
}


def text_of(document):
    body = document[document.index("<body>") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body.partition("<script")[0]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_map_says_everything_about_itself(name):
    text = text_of(DOCUMENTS[name](context()))
    for expected in (
        "Hot spots of street crime",
        "1 Jan 2023 to 31 Dec 2024",
        "4,812",
        "41 missing coordinates",
        "127 outside study area",
        "Getis-Ord Gi*",
        "Cell: 200 m",
        "events per cell of 200 m",
        "Sample town police register",
        "3f0d1c52-8a11-4f36-9d3c-57b4a1c0a9be",
        "RESTRICTED - police and municipality use only",
        "6.2 % of the reports lie on one point",
    ):
        assert expected in text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_same_input_gives_the_same_bytes(name):
    assert DOCUMENTS[name](context()) == DOCUMENTS[name](context())


def test_the_bytes_do_not_depend_on_the_process():
    code = (
        "import sys, hashlib; sys.path[:0] = [sys.argv[1]]; import map_frames as f; from app.maps.documents import *; "
    )
    code += "print(hashlib.sha256(beat_map(f.beats(), f.context()).encode()).hexdigest())"
    command = [sys.executable, "-c", code, map_frames.__file__.rpartition("/")[0]]
    digests = {
        subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_any_crs_gives_the_same_map():
    cells = hot_spot_cells(10)
    about = context(boundary=None, streets=None)
    assert hot_spot_map(cells, about) == hot_spot_map(cells.to_crs("EPSG:4326"), about)


def test_a_layer_without_crs_is_refused():
    with pytest.raises(CoordinateError, match="no coordinate reference system"):
        hot_spot_map(hot_spot_cells(8).set_crs(None, allow_override=True), context())


def test_coordinates_off_the_earth_are_refused():
    cells = hot_spot_cells(8)
    cells.loc[3, "geometry"] = shapely.box(1e300, 1e300, 2e300, 2e300)
    with pytest.raises(CoordinateError, match="longitude and latitude"):
        hot_spot_map(cells, context())


@pytest.mark.parametrize(
    ("draw", "frame", "column"),
    [
        (hot_spot_map, hot_spot_cells(8).drop(columns="q_value"), "q_value"),
        (density_map, density_cells(8).drop(columns="density_per_km2"), "density_per_km2"),
        (beat_map, beats().drop(columns="residents"), "residents"),
    ],
)
def test_a_missing_column_is_named(draw, frame, column):
    with pytest.raises(InvalidInputError, match=column):
        draw(frame, context())


@pytest.mark.parametrize(
    "draw",
    [
        lambda: hot_spot_map(hot_spot_cells(8).iloc[:0], context()),
        lambda: density_map(density_cells(8).iloc[:0], context()),
        lambda: beat_map(beats().iloc[:0], context()),
        lambda: lighting_map(None, context()),
    ],
)
def test_a_map_of_nothing_is_refused(draw):
    with pytest.raises(InvalidInputError, match="nothing to draw"):
        draw()


def test_hot_spot_classes_are_counted_and_null_cells_stated():
    cells = hot_spot_cells(16)
    text = text_of(hot_spot_map(cells, context()))
    assert f"Hot spot, 99 % confidence {(cells['gi_bin'] == 3).sum()}" in text
    assert "No statistic 1" in text
    assert "1 cell without a statistic" in text


def test_integers_with_missing_values_are_understood():
    cells = hot_spot_cells(8)
    cells["gi_bin"] = cells["gi_bin"].astype("Int64")
    assert hot_spot_map(cells, context()) == hot_spot_map(hot_spot_cells(8), context())


def test_cells_without_geometry_are_reported():
    cells = hot_spot_cells(10)
    cells.loc[2, "geometry"] = None
    assert f"1 of {len(cells)} cells have no geometry" in text_of(hot_spot_map(cells, context()))


def test_density_limits_grow_by_the_same_factor_from_the_mean():
    density = pd.Series([0.0, 10.0, 20.0, 30.0, 340.0])
    breaks = np.array(density_classes(density).breaks)
    assert breaks[0] == 100.0
    assert np.allclose(breaks[1:] / breaks[:-1], 3.4**0.2, rtol=0.01)


@pytest.mark.parametrize("density", [[0.0, 0.0], [5.0, 5.0], [7.0]])
def test_flat_densities_still_have_classes(density):
    breaks = density_classes(pd.Series(density)).breaks
    assert list(breaks) == sorted(set(breaks))


def test_a_density_of_zero_everywhere_is_a_map_without_colour():
    cells = density_cells(10).assign(density_per_km2=0.0)
    text = text_of(density_map(cells, context()))
    assert f"below 1, not coloured {len(cells)}" in text
    assert "No coloured cells" in text


def test_two_periods_can_share_their_classes():
    shared = DensityClasses((1.0, 2.0, 4.0, 8.0, 16.0), "chosen for both periods")
    assert "Limits: chosen for both periods." in text_of(density_map(density_cells(10), context(), classes=shared))


def test_beats_show_residents_workload_officers_moves_and_reasons():
    text = text_of(beat_map(beats(), context()))
    for expected in (
        "Workload",
        "Residents moved",
        "B-1846",
        "vacant",
        "block 412 alone has 7,842 residents",
        "12 of 14",
    ):
        assert expected in text


def test_officers_can_be_given_apart():
    plain = beats().drop(columns="officer_id")
    assert "Officer" not in text_of(beat_map(plain, context()))
    assert "Badge 77" in text_of(beat_map(plain, context(), officers={1: "Badge 77", 2: None}))


def test_the_band_comes_from_the_parameters_or_the_caller():
    plain = beats().drop(columns=["within_bounds", "contiguous", "reason"])
    narrow = context(parameters={"min_residents": 4000, "max_residents": 5000})
    n_inside = plain["residents"].between(4000, 5000).sum()
    assert f"{n_inside} of 14" in text_of(beat_map(plain, narrow))
    assert "14 of 14" in text_of(beat_map(plain, narrow, band=ResidentBand(1, 9000)))
    assert "below 4,000 residents" in text_of(beat_map(plain, narrow))
    assert "above 5,000 residents" in text_of(beat_map(plain, narrow))


def test_a_beat_in_two_pieces_is_out_of_bounds():
    split = beats()
    split.loc[0, "contiguous"] = False
    assert "not in one piece" in text_of(beat_map(split, context()))


def test_lamps_are_lit_out_or_unknown():
    lamps = lights(6).assign(light_state=[True, False, None, "lit", "OUT", "flickering"])
    text = text_of(lighting_map(None, context(), lights=lamps))
    assert "lit 2" in text
    assert "out of order 2" in text
    assert "state unknown 2" in text


def test_lamps_without_a_recorded_state_are_unknown():
    lamps = lights(5).drop(columns="light_state")
    assert "state unknown 5" in text_of(lighting_map(None, context(), lights=lamps))


def test_missing_layers_are_said_to_be_missing():
    text = text_of(lighting_map(hot_spot_cells(10), context()))
    assert text.count("None recorded.") == 3


def test_statuses_without_a_column_count_as_new():
    zones, works = danger_zones().drop(columns="status"), fixes().drop(columns="status")
    text = text_of(lighting_map(None, context(), danger_zones=zones, fixes=works))
    assert f"open {len(zones)}" in text
    assert f"proposed {len(works)}" in text


def test_a_single_point_has_a_map():
    one = gpd.GeoDataFrame({"light_state": ["lit"]}, geometry=[shapely.Point(19.8, 41.3)], crs="EPSG:4326")
    assert 'data-bounds="[[41.298, 19.798]' in lighting_map(
        None, context(boundary=None, streets=None), lights=one
    ).replace("&#91;", "[")


def test_the_context_of_a_summary():
    summary = Summary(
        "Gi*", {"cell_m": 250}, 10, {"outside": 2}, "EPSG:32634", 12.5, "", (Notice("few", "Few."),), seed=3
    )
    about = MapContext.of_summary(summary, title="T", period="2024")
    assert about.parameters == {"cell_m": 250, "working_crs": "EPSG:32634", "study_area_km2": 12.5, "seed": 3}
    assert (about.n_used, about.excluded, about.period, about.warnings[0].message) == (
        10,
        {"outside": 2},
        "2024",
        "Few.",
    )


@pytest.mark.parametrize("template", ["{{ 7191 * 7 }}", "{% include 'secret' %}", "{# swallowed #}", "{{"])
def test_text_from_strangers_is_no_template(template):
    """Branca compiles what it renders as a Jinja template."""
    document = beat_map(beats().assign(officer_id=template, reason=template), context(title=template))
    assert "50337" not in document
    assert document.count("&#123;") >= 14
