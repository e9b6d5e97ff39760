"""Working CRS, and refusing what is not in metres."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from analysis.errors import CoordinateError, EmptyInputError
from analysis.projection import (
    checked_coordinates,
    crs_name,
    is_metric,
    looks_like_degrees,
    project,
    require_metres,
    utm_crs,
    working_crs,
)

CHICAGO = (-87.94, 41.64, -87.52, 42.02)


def points(x, y, crs):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=crs)


@pytest.mark.parametrize(
    ("longitude", "latitude", "expected"),
    [
        (-87.6, 41.9, "EPSG:32616"),
        (19.8, 41.3, "EPSG:32634"),
        (22.6, 57.2, "EPSG:32634"),
        (151.2, -33.9, "EPSG:32756"),
        (180.0, 0.0, "EPSG:32660"),
        (5.3, 60.4, "EPSG:32632"),
        (15.6, 78.2, "EPSG:32633"),
        (8.0, 78.2, "EPSG:32631"),
        (25.0, 78.2, "EPSG:32635"),
        (35.0, 78.2, "EPSG:32637"),
        (0.0, 88.0, "EPSG:5041"),
        (0.0, -88.0, "EPSG:5042"),
    ],
)
def test_the_utm_zone_of_a_place(longitude, latitude, expected):
    assert crs_name(utm_crs(longitude, latitude)) == expected


@pytest.mark.parametrize(("longitude", "latitude"), [(200.0, 10.0), (10.0, 95.0), (np.nan, 1.0)])
def test_no_place_on_earth(longitude, latitude):
    with pytest.raises(CoordinateError, match="not a place on Earth"):
        utm_crs(longitude, latitude)


@pytest.mark.parametrize("crs", ["EPSG:32616", "EPSG:27700", "EPSG:26916", "EPSG:3035", "EPSG:6870"])
def test_metres_are_accepted(crs):
    assert crs_name(require_metres(crs)) == crs


@pytest.mark.parametrize(
    ("crs", "problem"),
    [
        ("EPSG:4326", "is in degrees"),
        ("EPSG:2249", "foot"),
        ("EPSG:3857", "world map"),
        ("EPSG:4978", "is in"),
        (None, "no coordinate reference system"),
        ("EPSG:1", "Unknown coordinate reference system"),
        ("nonsense", "Unknown coordinate reference system"),
    ],
)
def test_everything_else_is_refused(crs, problem):
    with pytest.raises(CoordinateError, match=problem) as refusal:
        require_metres(crs)
    assert refusal.value.hint


def test_the_input_keeps_its_own_crs_in_metres():
    frame = points([448000.0], [4637000.0], "EPSG:26916")
    assert crs_name(working_crs(frame)) == "EPSG:26916"
    assert project(frame).notice is None
    assert project(frame).frame is frame


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3435", "EPSG:3857"])
def test_degrees_feet_and_world_maps_give_way_to_the_utm_zone(crs):
    frame = points([-87.6, -87.7], [41.8, 41.9], "EPSG:4326").to_crs(crs)
    projected = project(frame)
    assert crs_name(projected.frame.crs) == "EPSG:32616"
    assert projected.notice is not None
    assert projected.notice.code == "projected"
    assert crs in projected.notice.message
    assert is_metric(projected.frame.crs)


def test_bounds_give_a_working_crs():
    assert crs_name(working_crs(CHICAGO)) == "EPSG:32616"
    assert crs_name(working_crs(CHICAGO, "EPSG:26916")) == "EPSG:26916"
    assert crs_name(working_crs(CHICAGO, "EPSG:4326")) == "EPSG:32616"


def test_degrees_under_a_projected_crs_are_refused():
    with pytest.raises(CoordinateError, match="probably longitude and latitude"):
        project(points([-87.6], [41.8], "EPSG:32616"))


def test_metres_under_a_geographic_crs_are_refused():
    with pytest.raises(CoordinateError, match="in degrees, but the coordinates reach"):
        project(points([448000.0], [4637000.0], "EPSG:4326"))


def test_a_working_crs_in_degrees_is_refused():
    with pytest.raises(CoordinateError, match="is in degrees"):
        project(points([-87.6], [41.8], "EPSG:4326"), CRS.from_epsg(4326))


def test_a_frame_without_geometry_or_crs_is_refused():
    with pytest.raises(EmptyInputError):
        project(points([], [], "EPSG:4326"))
    with pytest.raises(CoordinateError, match="no coordinate reference system"):
        project(gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)]))


def test_coordinates_far_outside_their_crs_are_refused():
    with pytest.raises(CoordinateError, match="cannot"):
        project(points([1e12], [1e12], "EPSG:2239"))


def test_degrees_are_recognised():
    assert looks_like_degrees([-87.6, np.nan], [41.8, 1.0])
    assert not looks_like_degrees([448000.0], [41.0])
    assert not looks_like_degrees([np.nan], [np.nan])


def test_negative_coordinates_are_fine():
    x, y = checked_coordinates([-5000.0], [-2.5])
    assert (x[0], y[0]) == (-5000.0, -2.5)


@pytest.mark.parametrize(
    ("x", "y", "problem"),
    [([1.0, np.nan], [1.0, 2.0], "number 2"), ([np.inf], [1.0], "number 1"), ([1.0, 2.0], [1.0], "equal length")],
)
def test_unusable_coordinates_are_refused(x, y, problem):
    with pytest.raises(CoordinateError, match=problem):
        checked_coordinates(x, y)


def test_no_event_is_refused():
    with pytest.raises(EmptyInputError, match="no event"):
        checked_coordinates([], [])
