"""Shapes of clusters: the ellipse against its definition, degenerate clusters with a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from analysis.clusters.cluster_shapes import (
    cluster_shapes,
    distinct_places,
    largest_first,
    standard_deviational_ellipse,
)

UTM = CRS.from_epsg(32616)


@settings(deadline=None, max_examples=80)
@given(st.integers(4, 40), st.integers(0, 10**6), st.floats(0, np.pi))
def test_the_ellipse_follows_crimestat_along_its_rotated_axes(n, seed, turn):
    random = np.random.default_rng(seed)
    along, across = random.normal(0, 300, n), random.normal(0, 80, n)
    x = 5e5 + along * np.cos(turn) - across * np.sin(turn)
    y = 4e6 + along * np.sin(turn) + across * np.cos(turn)
    ellipse = standard_deviational_ellipse(x, y, np.ones(n))
    dx, dy = x - x.mean(), y - y.mean()
    root = np.sqrt(((dx**2).sum() - (dy**2).sum()) ** 2 + 4 * (dx * dy).sum() ** 2)
    theta = np.arctan2((dx**2).sum() - (dy**2).sum() + root, 2 * (dx * dy).sum())
    one = np.sqrt(2 * ((dx * np.cos(theta) - dy * np.sin(theta)) ** 2).sum() / (n - 2))
    other = np.sqrt(2 * ((dx * np.sin(theta) + dy * np.cos(theta)) ** 2).sum() / (n - 2))
    assert sorted([ellipse.minor_m, ellipse.major_m]) == pytest.approx(sorted([one, other]), rel=1e-6)
    assert ellipse.polygon().area / 1e6 == pytest.approx(ellipse.area_km2, rel=2e-3)
    toward = np.radians(90 - ellipse.azimuth_deg)
    spread = ((dx * np.cos(toward) + dy * np.sin(toward)) ** 2).sum()
    assert np.sqrt(2 * spread / (n - 2)) == pytest.approx(ellipse.major_m, rel=1e-6)


def test_events_on_one_place_weigh_as_many():
    repeated = standard_deviational_ellipse([0, 0, 5, 9], [0, 0, 5, 2], [1, 1, 1, 1])
    weighted = standard_deviational_ellipse([0, 5, 9], [0, 5, 2], [2, 1, 1])
    assert weighted.major_m == pytest.approx(repeated.major_m)
    assert weighted.azimuth_deg == pytest.approx(repeated.azimuth_deg)


def test_clusters_without_an_area_say_why():
    x = np.r_[np.full(50, 100.0), [300.0, 400, 500], [900.0, 990, 950, 960]]
    y = np.r_[np.full(50, 100.0), [300.0, 400, 500], [900.0, 900, 990, 930]]
    places = distinct_places(x, y)
    label = np.searchsorted([200, 800], places.x)
    numbers = largest_first(places, label)
    hulls, ellipses = cluster_shapes(places, numbers, UTM)
    assert hulls["events"].tolist() == [50, 4, 3]
    assert hulls.geometry.geom_type.tolist() == ["Point", "Polygon", "LineString"]
    assert hulls["reason"].tolist()[0] == "all events at one place"
    assert "line" in hulls["reason"].tolist()[2]
    assert hulls["density_per_km2"].isna().tolist() == [True, False, True]
    assert hulls.loc[1, "density_per_km2"] == pytest.approx(4 / (hulls.loc[1].geometry.area / 1e6))
    assert ellipses["cluster"].tolist() == [2]


def test_no_cluster_gives_empty_frames_with_columns():
    places = distinct_places(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    hulls, ellipses = cluster_shapes(places, np.array([-1, -1]), UTM)
    assert len(hulls) == len(ellipses) == 0
    assert {"cluster", "events", "density_per_km2", "geometry"} <= set(hulls.columns)
    assert hulls.crs == ellipses.crs == UTM
