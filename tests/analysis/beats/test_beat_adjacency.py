"""Contiguity, overlaps and Voronoi cells."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.beats.adjacency import rook_contiguity
from analysis.beats.voronoi import voronoi_cells
from analysis.errors import GeometryError


def borders(shapes, **options):
    shapes = np.array(shapes, dtype=object)
    edges = rook_contiguity(shapes, np.array([f"u{i}" for i in range(len(shapes))]), **options).edges
    return {(int(a), int(b)): float(m) for a, b, m in zip(*edges, strict=True)}


def test_corner_is_not_a_border():
    assert borders([shapely.box(0, 0, 100, 100), shapely.box(100, 100, 200, 200)]) == {}


def test_t_junction_counts_the_common_part_only():
    found = borders([shapely.box(0, 0, 100, 200), shapely.box(100, 50, 200, 150)])
    assert found == {(0, 1): pytest.approx(100, abs=1.1)}


def test_narrow_gap_is_snapped_and_wide_gap_is_not():
    left, right = shapely.box(0, 0, 100, 100), shapely.box(100.3, 0, 200, 100)
    assert borders([left, right]) == {(0, 1): pytest.approx(100, abs=1)}
    assert borders([left, right], snap_m=0.2) == {}
    street = shapely.box(112, 0, 200, 100)
    assert borders([left, street]) == {}
    assert list(borders([left, street], snap_m=15)) == [(0, 1)]


def test_diagonal_neighbours_stay_apart_under_a_wide_snap():
    blocks = [shapely.box(x, y, x + 100, y + 100) for y in (0, 112) for x in (0, 112)]
    assert sorted(borders(blocks, snap_m=15)) == [(0, 1), (0, 2), (1, 3), (2, 3)]


def test_blocks_between_streets_are_bridged_as_a_whole():
    blocks = np.array([shapely.box(112 * x, 112 * y, 112 * x + 100, 112 * y + 100) for y in range(6) for x in range(6)])
    contiguity = rook_contiguity(blocks, np.arange(36))
    assert contiguity.bridged
    assert contiguity.snap_m == pytest.approx(24)
    assert len(contiguity.edges.first) == 60
    assert not rook_contiguity(blocks, np.arange(36), snap_m=0.5).bridged
    # Villages far apart are islands, not blocks.
    villages = np.array([shapely.box(300 * n, 0, 300 * n + 100, 100) for n in range(30)])
    assert len(rook_contiguity(villages, np.arange(30)).edges.first) == 0


def test_wide_snap_does_not_excuse_overlaps():
    with pytest.raises(GeometryError):
        borders([shapely.box(0, 0, 100, 100), shapely.box(90, 0, 200, 100)], snap_m=20)


def test_short_border_can_be_ignored():
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(100, 80, 200, 180)]
    assert borders(shapes) == {(0, 1): pytest.approx(20, abs=1)}
    assert borders(shapes, min_shared_m=30) == {}


def test_unit_inside_another_and_holes():
    outer = shapely.box(0, 0, 300, 300).difference(shapely.box(100, 100, 200, 200))
    assert borders([outer, shapely.box(100, 100, 200, 200)]) == {(0, 1): pytest.approx(400)}


def test_tiny_units_get_tiny_tolerances():
    squares = [shapely.box(x, y, x + 1, y + 1) for y in range(3) for x in range(3)]
    assert len(borders(squares)) == 12


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 7), columns=st.integers(1, 7))
def test_jittered_lattice_has_the_borders_of_the_lattice(seed, rows, columns):
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1)), axis=-1) * 100.0
    corners = corners + rng.uniform(-20, 20, corners.shape)
    rings = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2).reshape(-1, 4, 2)
    ids = np.arange(rows * columns).reshape(rows, columns)
    expected = {(int(a), int(b)) for a, b in zip(ids[:, :-1].ravel(), ids[:, 1:].ravel(), strict=True)}
    expected |= {(int(a), int(b)) for a, b in zip(ids[:-1].ravel(), ids[1:].ravel(), strict=True)}
    clean = borders(shapely.polygons(rings))
    assert set(clean) == expected
    # The same map digitised twice: every unit moved by up to 15 cm on its own.
    sloppy = borders(shapely.polygons(rings + rng.uniform(-0.15, 0.15, (len(rings), 1, 2))))
    assert set(sloppy) == expected
    for pair, length in clean.items():
        assert sloppy[pair] == pytest.approx(length, abs=3)


@pytest.mark.parametrize(
    "second",
    [shapely.box(90, 0, 200, 100), shapely.box(0, 0, 100, 100), shapely.box(20, 20, 60, 60)],
    ids=["partly", "duplicate", "inside"],
)
def test_overlap_is_refused_with_both_units(second):
    with pytest.raises(GeometryError, match="Units 'u0' and 'u1' overlap") as refusal:
        borders([shapely.box(0, 0, 100, 100), second, shapely.box(300, 0, 400, 100)])
    assert "twice" in refusal.value.hint


def test_sliver_of_overlap_is_tolerated_and_counted():
    shapes = np.array([shapely.box(0, 0, 100, 100), shapely.box(99.8, 0, 200, 100)])
    contiguity = rook_contiguity(shapes, np.arange(2))
    assert contiguity.slivers == 1
    assert not contiguity.coverage
    assert len(contiguity.edges.first) == 1


def test_voronoi_cells_divide_the_study_area():
    rng = np.random.default_rng(0)
    area = shapely.box(0, 0, 1000, 800)
    points = shapely.points(rng.uniform([0, 0], [1000, 800], (60, 2)))
    cells = voronoi_cells(points, area)
    assert shapely.area(cells.polygons).sum() == pytest.approx(800_000)
    assert shapely.covers(cells.polygons, points).all()
    assert cells.outside == cells.moved == 0


def test_points_outside_the_study_area_extend_it():
    cells = voronoi_cells(shapely.points([[10, 10], [60, 10], [500, 10]]), shapely.box(0, 0, 100, 100))
    assert cells.outside == 1
    assert (shapely.area(cells.polygons) > 0).all()


def test_points_at_the_same_place_each_get_a_cell():
    cells = voronoi_cells(shapely.points([[0, 0], [0, 0], [0, 0], [100, 0]]))
    assert cells.moved == 2
    assert (shapely.area(cells.polygons) > 0).all()
    assert shapely.area(shapely.intersection(cells.polygons[0], cells.polygons[1])) == pytest.approx(0, abs=1e-6)


def test_a_single_point_has_a_cell():
    assert shapely.area(voronoi_cells(shapely.points([[5.0, 5.0]])).polygons[0]) > 0


def test_points_on_a_line_have_cells():
    cells = voronoi_cells(shapely.points([[0, 0], [100, 0], [200, 0]]))
    assert (shapely.area(cells.polygons) > 0).all()
