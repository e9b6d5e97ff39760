"""Buffers and suggested controls: geometry by hand, overlaps refused, matches found."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError
from analysis.evaluation.comparison_areas import displacement_buffer, overlap_guard, suggest_controls

CRS = "EPSG:32634"


def blocks(n, gap=500.0, side=300.0):
    step = side + gap
    return gpd.GeoSeries([shapely.box(i * step, 0, i * step + side, side) for i in range(n)], crs=CRS)


def test_a_buffer_leaves_out_the_area_and_what_is_kept_clear():
    treated = shapely.box(0, 0, 100, 100)
    ring = displacement_buffer(treated, 50, crs=CRS)
    assert ring.area == pytest.approx(4 * 100 * 50 + np.pi * 50**2, rel=0.01)
    assert ring.intersection(treated).area == 0
    other = shapely.box(100, -500, 400, 500)
    cut = displacement_buffer(treated, 50, crs=CRS, keep_clear=[other])
    assert cut.intersection(other).area == pytest.approx(0)
    assert overlap_guard({"treated": treated, "buffer": cut, "fix 7": other}).outcome == "passed"
    with pytest.raises(GeometryError, match="Nothing is left"):
        displacement_buffer(treated, 50, crs=CRS, keep_clear=[treated.buffer(60)])
    with pytest.raises(GeometryError, match="empty"):
        displacement_buffer(shapely.Polygon(), 50, crs=CRS)
    with pytest.raises(ParameterError):
        displacement_buffer(treated, 0, crs=CRS)
    with pytest.raises(CoordinateError):
        displacement_buffer(treated, 50, crs="EPSG:4326")


def test_an_overlap_names_the_pair():
    guard = overlap_guard({"treated": shapely.box(0, 0, 9, 9), "buffer of fix 3": shapely.box(4, 4, 20, 20)})
    assert guard.outcome == "refused"
    assert "treated and buffer of fix 3 (25 m2)" in guard.message


def test_controls_are_like_in_history_and_lie_apart():
    random = np.random.default_rng(1)
    levels = np.array([20, 5, 60, 20, 21, 19, 90, 1])
    history = random.poisson(levels[:, None] * np.ones(24))
    found = suggest_controls(blocks(8), history, 0, number=3)
    assert set(found.frame["area"]) == {3, 4, 5}
    assert found.frame["history_distance"].is_monotonic_increasing
    assert found.frame["history_distance"].between(0.4, 1.0).all()
    assert found.summary.excluded == {"too_close_or_occupied": 0}
    assert not found.summary.warnings
    occupied = suggest_controls(blocks(8), history, 0, number=3, occupied=[blocks(8)[4]])
    assert 4 not in set(occupied.frame["area"])


def test_controls_keep_their_buffers_apart():
    found = suggest_controls(blocks(6, gap=100), np.full((6, 5), 10), 0, buffer_m=200, number=5)
    shapes = found.frame.geometry
    for i, one in enumerate(shapes):
        assert one.distance(blocks(6, gap=100)[0]) > 400
        assert all(one.distance(other) > 400 for other in shapes[i + 1 :])


def test_poor_matches_are_told():
    found = suggest_controls(blocks(3), [[50, 60], [0, 1], [0, 0]], 0)
    assert [notice.code for notice in found.summary.warnings] == ["poor_match"]
    quiet = suggest_controls(blocks(3), [[0, 1], [0, 1], [0, 0]], 0)
    assert [notice.code for notice in quiet.summary.warnings] == ["few_events"]


@pytest.mark.parametrize(
    ("history", "options", "error"),
    [
        ([[1, 2]], {}, ParameterError),
        ([[1, 2], [1, -2], [0, 0]], {}, ParameterError),
        ([[1, 2], [1, 2], [0, 0]], {"number": 0}, ParameterError),
        ([[1, 2], [1, 2], [0, 0]], {"buffer_m": 5000}, EmptyInputError),
    ],
)
def test_impossible_questions_are_refused(history, options, error):
    with pytest.raises(error):
        suggest_controls(blocks(3), history, 0, **options)
