"""Neighbours of every kind in one form."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from libpysal.weights import KNN, W, lat2W

from analysis.errors import EmptyInputError, GeometryError, ParameterError
from analysis.hot_spots import distance_neighbours
from analysis.hot_spots.distance_neighbours import band_neighbours, kernel_neighbours, nearest_neighbours
from analysis.hot_spots.libpysal_neighbours import contiguous_neighbours, neighbours_from_libpysal
from analysis.hot_spots.neighbours import Neighbours, neighbours_from_pairs


def table(neighbours: Neighbours):
    dense = np.zeros((neighbours.n, neighbours.n))
    dense[neighbours.rows, neighbours.indices] = neighbours.weights
    return dense


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 12), st.integers(0, 10**6), st.booleans())
def test_pairs_in_any_order_give_the_same_rows(n, seed, selves):
    random = np.random.default_rng(seed)
    dense = random.integers(0, 3, (n, n)) * random.random((n, n))
    np.fill_diagonal(dense, 0.7 * selves)
    rows, indices = np.nonzero(np.ones((n, n)))
    order = random.permutation(rows.size)
    found = neighbours_from_pairs(rows[order], indices[order], dense.ravel()[order], n=n, name="")
    assert (table(found) == dense).all()
    values = random.normal(size=n)
    assert found.sums(values) == pytest.approx(dense @ values)
    assert found.includes_self is selves
    without, within = found.without_self(), found.with_self()
    off = dense - np.diag(np.diag(dense))
    assert (table(without) == off).all()
    assert (without.islands == (off.sum(axis=1) == 0)).all()
    largest = np.where(off.max(axis=1) > 0, off.max(axis=1), 1.0)
    assert (table(within) == (dense if selves else off + np.diag(largest))).all()
    kept = random.random(n) < 0.6
    assert kept.sum() == 0 or (table(found.among(kept)) == dense[np.ix_(kept, kept)]).all()


def test_equal_weights_are_told_from_others():
    pairs = [0, 1, 1, 2], [1, 0, 2, 1]
    assert neighbours_from_pairs(*pairs, n=4, name="").weights_are_equal()
    assert neighbours_from_pairs(*pairs, [1, 0.5, 0.5, 1], n=3, name="").weights_are_equal()
    assert not neighbours_from_pairs(*pairs, [1, 0.5, 0.6, 1], n=3, name="").weights_are_equal()
    assert neighbours_from_pairs([], [], n=3, name="").weights_are_equal()


@pytest.mark.parametrize(
    ("rows", "indices", "weights", "problem"),
    [
        ([0], [3], None, "not among the 3"),
        ([0, 0], [1, 1], None, "more than once"),
        ([0], [1], [-1.0], "negative"),
        ([0], [1], [np.nan], "not finite"),
        ([0, 0], [0, 1], None, "1 of 3 units are their own"),
        ([0, 0], [1], None, "2 units, 1 neighbours"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(rows, indices, weights, problem):
    with pytest.raises(ParameterError, match=problem):
        neighbours_from_pairs(rows, indices, weights, n=3, name="")


def test_no_unit_is_refused():
    with pytest.raises(EmptyInputError):
        neighbours_from_pairs([], [], n=0, name="")


@pytest.mark.parametrize("step", [137.3, 0.1, 1 / 3])
def test_a_band_holds_the_points_at_its_edge(step):
    x = 4_000_000.0 + step * np.arange(50) if step > 1 else step * np.arange(50)
    around = band_neighbours(x, np.zeros(50), step)
    assert around.sizes.tolist() == [1, *[2] * 48, 1]


def test_points_at_one_place_are_neighbours():
    assert band_neighbours([0, 0, 9], [0, 0, 0], 1.0).sizes.tolist() == [1, 1, 0]
    assert kernel_neighbours([0, 0, 9], [0, 0, 0], radius_m=1.0).weights.tolist() == [1.0] * 5


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 25), st.integers(0, 10**6), st.data())
def test_nearest_neighbours_follow_the_definition_whatever_the_order(n, seed, data):
    random = np.random.default_rng(seed)
    places = np.unique(random.integers(0, 5, (n, 2)) * 0.1, axis=0)
    if len(places) < 2:
        return
    k = data.draw(st.integers(1, len(places) - 1))
    order = random.permutation(len(places))
    found = table(nearest_neighbours(*places.T, k))
    shuffled = table(nearest_neighbours(*places[order].T, k))
    assert (shuffled == found[np.ix_(order, order)]).all()
    for i, place in enumerate(places):
        squares = np.round(((places - place) ** 2).sum(axis=1) * 100)
        ranked = sorted((square, *other, j) for j, (square, other) in enumerate(zip(squares, places, strict=True)))
        expected = [entry[-1] for entry in ranked if entry[-1] != i][:k]
        assert sorted(expected) == np.flatnonzero(found[i]).tolist()


def test_nearest_neighbours_equal_libpysal_where_nothing_ties():
    points = np.random.default_rng(0).uniform(0, 100, (80, 2))
    ours, theirs = nearest_neighbours(*points.T, 5), neighbours_from_libpysal(KNN(points, k=5))
    assert (table(ours) == table(theirs)).all()


def test_a_gaussian_kernel_takes_sigma_and_fades():
    around = kernel_neighbours([0, 100, 1000], [0, 0, 0], kernel="gaussian", sigma_m=100.0)
    assert table(around)[0] == pytest.approx([1.0, np.exp(-0.5), 0.0])
    assert around.includes_self
    with pytest.raises(ParameterError, match="takes sigma_m"):
        kernel_neighbours([0], [0], kernel="gaussian", radius_m=100.0)
    with pytest.raises(ParameterError, match="takes radius_m"):
        kernel_neighbours([0], [0], radius_m=100.0, sigma_m=9.0)


def test_lengths_and_numbers_that_make_no_sense_are_refused(monkeypatch):
    with pytest.raises(ParameterError, match="radius_m is -1"):
        band_neighbours([0, 1], [0, 1], -1.0)
    with pytest.raises(ParameterError, match="Give k from 1 to 1"):
        nearest_neighbours([0, 1], [0, 1], 2)
    monkeypatch.setattr(distance_neighbours, "MOST_LINKS", 10)
    with pytest.raises(ParameterError, match="smaller distance"):
        band_neighbours(np.arange(9), np.arange(9), 100.0)
    with pytest.raises(ParameterError, match="same place"):
        nearest_neighbours(np.zeros(9), np.zeros(9), 1)


def test_weights_of_libpysal_are_taken_by_name_and_by_place():
    weights = W({"b": ["a"], "a": ["b", "c"], "c": ["a"]}, {"b": [0.5], "a": [1.0, 2.0], "c": [3.0]})
    found = neighbours_from_libpysal(weights, pd.Index(["a", "b", "c"]))
    assert table(found).tolist() == [[0, 1, 2], [0.5, 0, 0], [3, 0, 0]]
    grid = lat2W(3, 2)
    assert (table(neighbours_from_libpysal(grid, pd.Index(list("uvwxyz")))) == grid.full()[0]).all()


def test_a_graph_with_an_island_is_taken():
    graph = Graph.from_arrays(np.array(["x", "y", "z"]), np.array(["y", "x", "z"]), np.array([2.0, 2.0, 0.0]))
    found = neighbours_from_libpysal(graph, pd.Index(["z", "y", "x"]))
    assert found.islands.tolist() == [True, False, False]
    assert table(found)[2, 1] == 2.0
    rows = neighbours_from_libpysal(graph.transform("r"))
    assert rows.name == "libpysal Graph, transformation R"


def test_weights_of_other_units_are_refused():
    grid = lat2W(2, 2)
    with pytest.raises(ParameterError, match="of 4 units, the values of 3"):
        neighbours_from_libpysal(grid, pd.RangeIndex(3))
    with pytest.raises(ParameterError, match="'d' of the weights is not in the index"):
        neighbours_from_libpysal(W({"a": ["d"], "d": ["a"]}), pd.Index(["a", "b"]))
    with pytest.raises(ParameterError, match="type dict are unknown"):
        neighbours_from_libpysal({0: [1]})


def units():
    cells = [shapely.box(c, r, c + 1, r + 1) for r in range(2) for c in range(2)]
    return gpd.GeoSeries([*cells, shapely.box(2, 0, 3, 2), shapely.box(9, 9, 10, 10)], index=list("abcdef"))


def test_contiguity_of_areal_units():
    assert contiguous_neighbours(units()).sizes.tolist() == [3, 4, 3, 4, 2, 0]
    assert contiguous_neighbours(units(), corners=False).sizes.tolist() == [2, 3, 2, 3, 2, 0]
    assert contiguous_neighbours(units()).name == "queen contiguity"


def test_overlaps_and_gaps_are_bridged():
    row = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(0.99, 0, 2, 1), shapely.box(2.2, 0, 3, 1)])
    assert contiguous_neighbours(row).sizes.tolist() == [1, 1, 0]
    snapped = contiguous_neighbours(row, snap_m=0.3)
    assert snapped.sizes.tolist() == [1, 2, 1]
    assert snapped.name == "queen contiguity within 0.3 m"


def test_units_without_a_border_are_refused():
    bow = shapely.Polygon([(0, 0), (1, 1), (0, 1), (1, 0)])
    for bad, problem in ((shapely.Point(0, 0), "no polygon"), (None, "no geometry"), (bow, "invalid")):
        with pytest.raises(GeometryError, match=f"{problem}.*first is 'q'"):
            contiguous_neighbours(gpd.GeoSeries([shapely.box(0, 0, 1, 1), bad], index=["p", "q"]))
    with pytest.raises(ParameterError, match="rook neighbours take none"):
        contiguous_neighbours(units(), corners=False, snap_m=1.0)


def test_neighbours_are_frozen():
    around = neighbours_from_pairs([0, 1], [1, 0], n=2, name="")
    with pytest.raises(dataclasses.FrozenInstanceError):
        around.name = "other"
