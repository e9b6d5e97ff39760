"""Lee's L: against esda and its definition, symmetric, the size of its test, and the four classes."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from analysis.concern.lees_l import MEANING, concern_mismatch
from analysis.errors import ParameterError, TooFewEventsError, ZeroVarianceError
from analysis.grids.square import square_grid
from analysis.hot_spots.lattice_neighbours import queen_neighbours
from analysis.hot_spots.libpysal_neighbours import contiguous_neighbours
from analysis.hot_spots.neighbours import neighbours_from_pairs


@pytest.fixture(scope="module")
def lattice():
    return queen_neighbours(square_grid(shapely.box(0, 0, 1500, 1000), 100, crs="EPSG:32634"))


def dense_weights(neighbours):
    weights = np.zeros((neighbours.n, neighbours.n))
    around = neighbours.with_self()
    weights[around.rows, around.indices] = around.weights
    return weights / weights.sum(axis=1, keepdims=True)


def test_equals_its_definition_and_esda(lattice):
    lee = pytest.importorskip("esda.lee")
    random = np.random.default_rng(1)
    x = random.gamma(2, 3, lattice.n)
    y = 0.5 * x + random.gamma(2, 2, lattice.n)
    found = concern_mismatch(x, y, lattice, permutations=99)
    weights = dense_weights(lattice)
    zx, zy = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    assert found.frame["lees_l"].to_numpy() == pytest.approx((weights @ zx) * (weights @ zy))
    assert found.global_l == pytest.approx((weights @ zx) @ (weights @ zy) / lattice.n)
    theirs = lee.Spatial_Pearson(connectivity=weights, permutations=0).fit(x[:, None], y[:, None])
    assert found.global_l == pytest.approx(theirs.association_[0, 1])


def test_crime_and_concern_may_be_exchanged(lattice):
    random = np.random.default_rng(2)
    x, y = random.poisson(3, lattice.n), random.poisson(3, lattice.n)
    one, other = concern_mismatch(x, y, lattice, seed=4), concern_mismatch(y, x, lattice, seed=4)
    assert one.global_l == pytest.approx(other.global_l)
    assert one.frame["p_value"].tolist() == other.frame["p_value"].tolist()
    again = concern_mismatch(x, y, lattice, seed=4)
    assert one.frame.equals(again.frame)
    assert not one.frame["p_value"].equals(concern_mismatch(x, y, lattice, seed=5).frame["p_value"])


def test_on_pure_chance_few_places_are_clear(lattice):
    random = np.random.default_rng(3)
    false = [
        concern_mismatch(random.normal(size=lattice.n), random.normal(size=lattice.n), lattice).frame["clear"].any()
        for _ in range(20)
    ]
    assert np.mean(false) <= 0.3


def test_p_values_are_even_on_pure_chance(lattice):
    random = np.random.default_rng(6)
    small = [
        (concern_mismatch(random.normal(size=lattice.n), random.normal(size=lattice.n), lattice, permutations=199)
         .frame["p_value"] <= 0.1).mean()
        for _ in range(10)
    ]  # fmt: skip
    assert np.mean(small) == pytest.approx(0.1, abs=0.03)


def test_planted_classes_are_found(lattice):
    column = np.arange(lattice.n) % 15
    row = np.arange(lattice.n) // 15
    random = np.random.default_rng(7)
    crime = random.normal(5, 1, lattice.n) + 6 * ((column < 3) & (row < 3)) + 6 * ((column > 11) & (row > 6))
    concern = random.normal(5, 1, lattice.n) + 6 * ((column < 3) & (row < 3)) + 6 * ((column < 3) & (row > 6))
    found = concern_mismatch(crime, concern, lattice).frame

    def cell(r, c):
        return found.iloc[r * 15 + c]

    assert cell(1, 1)["mismatch"] == "act"
    assert cell(8, 1)["mismatch"] == "cpted_and_inform"
    assert cell(8, 13)["mismatch"] == "hidden_victims"
    assert cell(1, 1)["clear"]
    assert cell(8, 1)["clear"]
    assert set(found["mismatch"]) <= set(MEANING)


def test_beats_are_units_too_and_islands_are_told():
    squares = [shapely.box(i, 0, i + 1, 1) for i in range(12)] + [shapely.box(50, 50, 51, 51)]
    near = contiguous_neighbours(gpd.GeoSeries(squares, crs="EPSG:32634"))
    found = concern_mismatch(np.arange(13), np.arange(13)[::-1], near, permutations=99)
    assert found.frame["p_value"].iloc[12] == 1
    assert {notice.code for notice in found.summary.warnings} == {"islands", "few_permutations"}
    assert "Lee's L of the map is -" in found.summary.reading


def test_impossible_maps_are_refused():
    near = neighbours_from_pairs(np.arange(11), np.arange(1, 12), n=12, name="line")
    few = neighbours_from_pairs([0, 1], [1, 0], n=2, name="pair")
    with pytest.raises(ZeroVarianceError):
        concern_mismatch(np.ones(12), np.arange(12), near)
    with pytest.raises(TooFewEventsError):
        concern_mismatch([1, 2], [3, 1], few)
    for bad in ([1, 2], [np.nan] * 12):
        with pytest.raises(ParameterError):
            concern_mismatch(np.arange(12), bad, near)
    with pytest.raises(ParameterError):
        concern_mismatch(np.arange(12), np.arange(12), near, permutations=9)
