"""Street networks: cut at shared nodes, left apart at bridges, counted segment by segment."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError
from analysis.hot_spots.unit_hot_spots import hot_spots_of_units
from analysis.networks.cutting import cut_lines
from analysis.networks.segment_counts import segment_counts, segment_neighbours
from analysis.networks.snapped_events import snapped_events
from analysis.networks.street_network import street_network

CRS = "EPSG:32616"
A, B, C = (1000, 1000), (1300, 1000), (1000, 1200)


def network_of(*lines, **options):
    return street_network(gpd.GeoSeries(list(lines), crs=CRS), **options)


def codes(notices):
    return {notice.code for notice in notices}


@given(st.lists(st.floats(0.0, 22.0), max_size=6), st.integers(0, 1))
@settings(max_examples=60, deadline=None)
def test_cut_lines_together_are_the_lines(positions, line):
    lines = np.array([LineString([(0, 0), (10, 0), (10, 12)]), LineString([(50, 0), (50, 22)])])
    pieces = cut_lines(lines, np.full(len(positions), line), np.array(positions), 0.1)
    assert shapely.length(pieces.geometry).min() >= 0.1
    for number, whole in enumerate(lines):
        own = pieces.geometry[pieces.line == number]
        assert shapely.length(own).sum() == pytest.approx(22.0, abs=1e-9)
        assert shapely.line_merge(MultiLineString(list(own))).hausdorff_distance(whole) < 1e-9 if own.size > 1 else True
        assert [piece.coords[-1] for piece in own[:-1]] == [piece.coords[0] for piece in own[1:]]


def test_a_shared_vertex_is_a_junction():
    network = network_of(LineString([(0, 0), (100, 0), (200, 0)]), LineString([(100, -50), (100, 0), (100, 50)]))
    assert network.length_m.tolist() == [100, 100, 50, 50]
    assert sorted(network.degree.tolist()) == [1, 1, 1, 1, 4]
    assert network.source.tolist() == [0, 0, 1, 1]
    assert network.notices == ()


def test_lines_that_cross_without_a_node_stay_apart_and_are_counted():
    bridge = LineString([(0, 0), (200, 0)]), LineString([(100, -50), (100, 50)])
    kept = network_of(*bridge)
    assert kept.n == 2
    assert kept.unsplit_crossings == 1
    assert codes(kept.notices) == {"unsplit_crossings", "network_in_parts"}
    split = network_of(*bridge, crossings="split")
    assert split.n == 4
    assert split.unsplit_crossings == 0
    assert split.notices == ()


def test_a_line_that_ends_on_another_joins_it():
    network = network_of(LineString([(0, 0), (200, 0)]), LineString([(70, 0.05), (70, 80)]))
    assert network.n == 3
    assert network.part.tolist() == [0, 0, 0]
    apart = network_of(LineString([(0, 0), (200, 0)]), LineString([(70, 0.2), (70, 80)]))
    assert apart.n == 2


def test_a_loop_meets_itself():
    lollipop = network_of(LineString([(0, 0), (50, 0), (80, 30), (80, -30), (50, 0)]))
    assert lollipop.n == 2
    assert sorted(lollipop.degree.tolist()) == [1, 3]
    assert segment_neighbours(lollipop).sizes.tolist() == [1, 1]


def test_what_has_no_length_or_comes_twice_is_left_out_with_a_reason():
    street = LineString([(0, 0), (100, 0)])
    network = network_of(street, street.reverse(), LineString([(5, 5), (5, 5)]), LineString(), None)
    assert network.n == 1
    assert network.excluded == {"empty": 2, "zero_length": 1, "duplicate": 1}
    assert codes(network.notices) == {"streets_left_out"}


def test_parts_of_a_multiline_and_heights_are_taken():
    network = network_of(MultiLineString([[(0, 0, 7), (50, 0, 7)], [(50, 0, 7), (50, 40, 7)]]))
    assert network.n == 2
    assert not shapely.has_z(network.geometry).any()
    assert segment_neighbours(network).sizes.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("lines", "options", "error", "told"),
    [
        ([Point(0, 0)], {}, GeometryError, "Row 1 of the streets is a Point"),
        ([LineString([(0, 0), (np.inf, 0)])], {}, GeometryError, "Row 1"),
        ([LineString([(0, 0), (0, 0)])], {}, EmptyInputError, "No street has a length"),
        ([], {}, EmptyInputError, "No street"),
        ([LineString([(0, 0), (9, 0)])], {"node_tolerance_m": 0}, ParameterError, "node_tolerance_m"),
        ([LineString([(0, 0), (9, 0)])], {"crossings": "cut"}, ParameterError, "Unknown crossings"),
    ],
)
def test_what_is_no_network_is_refused(lines, options, error, told):
    with pytest.raises(error, match=told):
        network_of(*lines, **options)


def test_degrees_are_refused():
    with pytest.raises(CoordinateError, match="is in degrees"):
        street_network(gpd.GeoSeries([LineString([(0, 0), (1, 0)])], crs="EPSG:4326"))


@given(st.lists(st.tuples(st.integers(970, 1330), st.integers(970, 1230)), min_size=1, max_size=30), st.randoms())
@settings(max_examples=40, deadline=None)
def test_events_go_to_the_nearest_segment_whatever_their_order(points, random):
    lines = [LineString(ends) for ends in ([A, B], [A, C], [C, B])]
    network = network_of(*lines)
    xy = np.array(points, dtype=float)
    gaps = shapely.distance(shapely.points(xy)[:, None], network.geometry[None, :])
    near = gaps.min(axis=1) <= 25.0
    if not near.any():
        with pytest.raises(EmptyInputError, match="is within 25 m of a street"):
            snapped_events(*xy.T, network, tolerance_m=25.0)
        return
    snapped = snapped_events(*xy.T, network, tolerance_m=25.0)
    assert np.array_equal(snapped.on_street, near)
    assert np.array_equal(snapped.segment[near], gaps[near].argmin(axis=1))
    assert snapped.distance_m[near] == pytest.approx(gaps[near].min(axis=1))
    order = list(range(len(xy)))
    random.shuffle(order)
    assert np.array_equal(snapped_events(*xy[order].T, network, tolerance_m=25.0).segment, snapped.segment[order])


def test_counts_reconcile_and_say_what_was_left_out():
    network = network_of(LineString([(0, 0), (100, 0)]), LineString([(100, 0), (115, 0)]))
    found = segment_counts([10.0, 10.0, 108.0, 50.0], [1.0, 1.0, 0.0, 500.0], network)
    assert found.frame["count"].tolist() == [2, 1]
    assert found.frame["per_100m"].tolist() == pytest.approx([2.0, 100 / 15])
    assert found.summary.n_used == 3
    assert found.summary.excluded == {"far_from_streets": 1}
    assert codes(found.summary.warnings) >= {"far_from_streets", "few_events", "short_segments"}
    assert "1 events lie farther than 50 m" in found.summary.reading


def test_events_at_a_junction_are_told_of():
    network = network_of(LineString([(0, 0), (100, 0)]), LineString([(100, 0), (200, 0)]))
    snapped = snapped_events([100.0, 30.0], [0.0, 0.0], network)
    assert snapped.segment.tolist() == [0, 0]
    assert snapped.at_node.tolist() == [True, False]
    assert "at_junctions" in codes(snapped.notices)


def test_degrees_among_metres_are_refused():
    network = network_of(LineString([(448000, 4637000), (448100, 4637000)]))
    with pytest.raises(CoordinateError, match="look like degrees"):
        snapped_events([-87.6], [41.9], network)


def test_gi_of_segments_knows_islands():
    lines = [LineString([(100 * i, 0), (100 * i + 100, 0)]) for i in range(60)] + [LineString([(0, 900), (90, 900)])]
    network = network_of(*lines)
    around = segment_neighbours(network)
    assert around.islands.tolist() == [False] * 60 + [True]
    x = np.r_[np.repeat([50.0, 150.0, 250.0], 8), 2250.0, 45.0]
    y = np.r_[np.zeros(25), 900.0]
    found = segment_counts(x, y, network)
    hot = hot_spots_of_units(found.frame, "count", neighbours=around, statistic="gi", correction="none").frame
    assert hot["gi_bin"].iloc[1] == 3
    assert hot["reason"].iloc[60] == "island"
    assert hot["gi_z"].isna().tolist() == [False] * 60 + [True]
