"""Gi, Gi*, local Moran and their p-values on any neighbours, against R, esda and enumeration."""

import dataclasses
import itertools

import esda
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from libpysal.weights import W, lat2W

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError, ZeroVarianceError
from analysis.hot_spots.conditional_permutation import PermutationTails
from analysis.hot_spots.distance_neighbours import band_neighbours, kernel_neighbours
from analysis.hot_spots.libpysal_neighbours import neighbours_from_libpysal
from analysis.hot_spots.local_statistics import local_g, local_moran, neighbour_tails
from analysis.hot_spots.neighbours import Neighbours, neighbours_from_pairs


def row_standardised(around):
    totals = np.repeat(np.maximum(around.sums(np.ones(around.n)), 1e-300), np.diff(around.indptr))
    return dataclasses.replace(around, weights=around.weights / totals)


@pytest.mark.real_data
def test_six_points_equal_spdep(oracles):
    expected = pd.read_csv(oracles / "spdep_localG_six_points.csv")
    binary = band_neighbours(expected["x"], expected["y"], 15.0)
    for column, around, statistic in (
        ("Gi_B", binary, "gi"),
        ("Gistar_B", binary, "gi_star"),
        ("Gi_W", row_standardised(binary), "gi"),
        ("Gistar_W", row_standardised(binary.with_self()), "gi_star"),
        ("Gistar_W", row_standardised(binary), "gi_star"),
    ):
        assert np.abs(local_g(expected["v"], around, statistic=statistic).z - expected[column]).max() < 1e-12


@pytest.mark.real_data
def test_irregular_points_with_islands_equal_spdep(oracles):
    expected = pd.read_csv(oracles / "spdep_localG_irregular60_islands.csv")
    around = band_neighbours(expected["x"], expected["y"], 130.0)
    assert (around.sizes == expected["card"]).all()
    star, plain = (local_g(expected["v"], around, statistic=statistic) for statistic in ("gi_star", "gi"))
    assert star.defined.all()
    assert np.abs(star.z - expected["Gistar_B"]).max() < 1e-12
    assert (plain.reason == np.where(expected["Gi_B"].isna(), "island", "")).all()
    assert np.abs(plain.z - expected["Gi_B"])[plain.defined].max() < 1e-12
    tails = neighbour_tails(expected["v"], around)
    assert tails.permutations is None
    assert (tails.two_sided[around.islands] == 1).all()


@st.composite
def small_maps(draw):
    n = draw(st.integers(3, 8))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    dense = (random.random((n, n)) < draw(st.sampled_from([0.3, 0.7]))).astype(float)
    if draw(st.booleans()):
        dense *= random.choice([0.5, 1.0, 3.0], (n, n))
    np.fill_diagonal(dense, 0)
    values = random.choice([0.0, 0.0, 1.0, 2.0, 7.0], n)
    assume(np.unique(values).size > 1)
    rows, indices = np.nonzero(dense)
    return values, dense, neighbours_from_pairs(rows, indices, dense[rows, indices], n=n, name="")


def arrangements(values, dense, i):
    """Return the neighbour sums of unit i under every arrangement of the other values."""
    rest = np.delete(values, i)
    return np.array([np.dot(np.delete(dense[i], i), order) for order in itertools.permutations(rest)])


@settings(deadline=None, max_examples=60)
@given(small_maps())
def test_gi_and_moran_are_standardised_as_if_the_other_values_were_dealt_out(small_map):
    values, dense, around = small_map
    assume(values.size <= 6)
    gi, moran = local_g(values, around, statistic="gi"), local_moran(values, around)
    for i in range(values.size):
        sums = arrangements(values, dense, i)
        if not dense[i].any():
            assert gi.reason[i] == moran.reason[i] == "island"
            assert moran.quadrant[i] == ""
        elif sums.std() < 1e-12:
            assert gi.reason[i] in {"no_variance_among_others", "window_covers_map"}
            assert gi.z[i] == 0
        else:
            z = (dense[i] @ values - sums.mean()) / sums.std()
            assert gi.z[i] == pytest.approx(z, rel=1e-9, abs=1e-9)
            assert moran.z[i] == pytest.approx(z * np.sign(values[i] - values.mean()), rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(small_maps())
def test_gi_star_follows_the_definition_with_any_weights(small_map):
    values, dense, around = small_map
    n = values.size
    own = np.where(dense.max(axis=1) > 0, dense.max(axis=1), 1.0)
    weights = dense + np.diag(own)
    total, squares = weights.sum(axis=1), (weights**2).sum(axis=1)
    found = local_g(values, around)
    covered = np.isclose(n * squares, total**2)
    assert (found.reason == np.where(covered, "window_covers_map", "")).all()
    scale = values.std() * np.sqrt(np.where(covered, 1, n * squares - total**2) / (n - 1))
    z = (weights @ values - values.mean() * total) / scale
    assert found.z[~covered] == pytest.approx(z[~covered], rel=1e-9, abs=1e-9)
    assert np.isfinite(found.z).all()


@settings(deadline=None, max_examples=40)
@given(small_maps())
def test_p_values_equal_the_share_of_all_arrangements(small_map):
    values, dense, around = small_map
    assume(values.size <= 6)
    tails = neighbour_tails(values, around)
    random = neighbour_tails(values, around, permutations=19_999, seed=1)
    for i in range(values.size):
        sums, observed = arrangements(values, dense, i), dense[i] @ values
        upper, lower = np.mean(sums >= observed - 1e-9), np.mean(sums <= observed + 1e-9)
        close = 1e-12 if tails.permutations is None else 0.02
        assert tails.upper[i] == pytest.approx(upper, abs=close)
        assert tails.lower[i] == pytest.approx(lower, abs=close)
        assert random.upper[i] == pytest.approx(upper, abs=0.02)
        assert random.lower[i] == pytest.approx(lower, abs=0.02)


def test_row_standardised_counts_have_exact_p_values_and_kernel_weights_random_ones():
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 1000, (2, 200))
    counts = random.poisson(2, 200)
    band = band_neighbours(x, y, 100.0)
    exact, again = neighbour_tails(counts, band), neighbour_tails(counts, row_standardised(band))
    assert exact.permutations is None
    assert (exact.upper == again.upper).all()
    kernel = neighbour_tails(counts, kernel_neighbours(x, y, radius_m=100.0))
    assert kernel.permutations is not None
    assert kernel.two_sided.min() >= 2 / (kernel.permutations + 1)


def test_bands_over_most_of_the_map_have_exact_p_values_too():
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 1000, (2, 60))
    counts = random.poisson(1, 60)
    wide = band_neighbours(x, y, 900.0)
    assert wide.sizes.max() > 50
    tails = neighbour_tails(counts, wide)
    estimate = neighbour_tails(counts, wide, permutations=19_999)
    assert tails.permutations is None
    assert np.abs(tails.upper - estimate.upper).max() < 0.02
    assert np.abs(tails.lower - estimate.lower).max() < 0.02


def test_random_tails_depend_on_the_seed_and_not_on_threads_or_the_scale(monkeypatch):
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 1000, (2, 700))
    values, around = random.gamma(1.0, 2.0, 700), band_neighbours(x, y, 80.0)
    one = neighbour_tails(values, around, permutations=499, seed=3)
    monkeypatch.setattr("analysis.row_blocks.thread_count", lambda: 1)
    alone, other = (neighbour_tails(values, around, permutations=499, seed=seed) for seed in (3, 4))
    assert (one.upper == alone.upper).all()
    assert (one.lower == alone.lower).all()
    assert (one.upper != other.upper).any()


def test_ties_of_real_numbers_count_in_both_tails_whatever_the_order_of_the_sum():
    values = np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1])
    dense = np.ones((7, 7)) - np.eye(7)
    everyone = neighbours_from_pairs(*np.nonzero(dense), n=7, name="")
    tails = neighbour_tails(values, everyone, permutations=999)
    assert (tails.upper == 1).all()
    assert (tails.lower == 1).all()


def test_local_moran_equals_esda():
    values = np.random.default_rng(5).gamma(1.0, 2.0, 72)
    for weights in (lat2W(8, 9, rook=False), lat2W(9, 8)):
        theirs = esda.Moran_Local(values, weights, permutations=0)
        ours = local_moran(values, neighbours_from_libpysal(weights))
        assert ours.i == pytest.approx(theirs.Is, rel=1e-12, abs=1e-14)
        assert (ours.quadrant == np.array(["", "HH", "LH", "LL", "HL"])[theirs.q]).all()


def test_the_default_of_a_peer_that_gives_a_third_of_z_is_not_repeated():
    counts = np.random.default_rng(6).poisson(1.0, 400)
    weights = lat2W(20, 20, rook=False)
    binary = local_g(counts, neighbours_from_libpysal(weights))
    weights.transform = "R"
    assert local_g(counts, neighbours_from_libpysal(weights)).z == pytest.approx(binary.z, rel=1e-9, abs=1e-9)


def test_direction_tells_the_tail():
    tails = PermutationTails(np.array([0.01, 1.0, 0.6]), np.array([1.0, 0.02, 0.6]), None)
    assert tails.direction.tolist() == [1, -1, 0]


def test_an_empty_neighbourhood_everywhere_gives_reasons_not_numbers():
    alone = neighbours_from_pairs([], [], n=4, name="")
    assert (local_g([1, 2, 3, 4], alone, statistic="gi").reason == "island").all()
    assert local_g([1, 2, 3, 4], alone).defined.all()
    assert (neighbour_tails([1.5, 2, 3, 4], alone).two_sided == 1).all()
    assert (local_moran([1, 2, 3, 4], alone).i == 0).all()


@pytest.mark.parametrize(
    ("values", "statistic", "error", "problem"),
    [
        ([1.0, 1.0, 1.0], "gi_star", ZeroVarianceError, "holds 1, so none"),
        ([1.0, np.nan, 1.0], "gi_star", ParameterError, "not finite"),
        ([1.0, 2.0], "gi_star", ParameterError, "neighbours of 3"),
        ([1.0, 2.0, 3.0], "moran", ParameterError, "Unknown statistic"),
    ],
)
def test_unusable_values_are_refused(values, statistic, error, problem):
    three = neighbours_from_pairs([0, 1], [1, 0], n=3, name="")
    with pytest.raises(error, match=problem):
        local_g(values, three, statistic=statistic)


def test_too_few_places_and_permutations_are_refused():
    pair = neighbours_from_pairs([0, 1], [1, 0], n=2, name="")
    with pytest.raises(TooFewEventsError, match="2 places are too few"):
        local_g([1.0, 2.0], pair, statistic="gi")
    with pytest.raises(ParameterError, match="one place"):
        local_g([1.0], neighbours_from_pairs([], [], n=1, name=""))
    with pytest.raises(ParameterError, match="5 permutations"):
        neighbour_tails([1.0, 2.0], pair, permutations=5)
    none = Neighbours(np.zeros(1, int), np.zeros(0, int), np.zeros(0), includes_self=False, name="")
    with pytest.raises(EmptyInputError):
        neighbour_tails([], none)


def test_weights_by_name_reach_the_statistic():
    weights = W({"a": ["b"], "b": ["a", "c"], "c": ["b"], "d": ["c"]})
    around = neighbours_from_libpysal(weights, pd.Index(["d", "c", "b", "a"]))
    assert local_moran([0.0, 1.0, 8.0, 9.0], around).quadrant.tolist() == ["LL", "LH", "HH", "HH"]
