"""Exact conditional-permutation p-values against enumeration, rational arithmetic and Monte Carlo."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import ParameterError
from analysis.hot_spots import conditional_permutation
from analysis.hot_spots.conditional_permutation import permutation_tails


def tails_by_enumeration(counts, i, others, total):
    rest = [*counts[:i], *counts[i + 1 :]]
    sums = [sum(draw) for draw in itertools.combinations(rest, others)]
    return (
        Fraction(sum(drawn >= total for drawn in sums), len(sums)),
        Fraction(sum(drawn <= total for drawn in sums), len(sums)),
    )


def tails_by_whole_numbers(counts, i, others, total):
    """Count draws by their sum with Python's integers of any size."""
    ways = [{} for _ in range(others + 1)]
    ways[0][0] = 1
    for j, count in enumerate(counts):
        if j == i:
            continue
        for draws in range(others, 0, -1):
            for drawn, number in ways[draws - 1].items():
                ways[draws][drawn + count] = ways[draws].get(drawn + count, 0) + number
    everything = math.comb(len(counts) - 1, others)
    at_least = sum(number for drawn, number in ways[others].items() if drawn >= total)
    at_most = sum(number for drawn, number in ways[others].items() if drawn <= total)
    return Fraction(at_least, everything), Fraction(at_most, everything)


@st.composite
def small_maps(draw):
    counts = draw(st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 40]), min_size=2, max_size=10))
    others = [draw(st.integers(0, min(8, len(counts) - 1))) for _ in counts]
    sums = []
    for i, degree in enumerate(others):
        rest = [*counts[:i], *counts[i + 1 :]]
        sums.append(sum(draw(st.permutations(rest))[:degree]))
    return counts, others, sums


@settings(deadline=None, max_examples=150)
@given(small_maps())
def test_tails_equal_full_enumeration(small_map):
    counts, others, sums = small_map
    tails = permutation_tails(*small_map)
    assert tails.permutations is None
    for i in range(len(counts)):
        upper, lower = tails_by_enumeration(counts, i, others[i], sums[i])
        assert tails.upper[i] == pytest.approx(float(upper), rel=1e-13)
        assert tails.lower[i] == pytest.approx(float(lower), rel=1e-13)
    assert ((tails.two_sided > 0) & (tails.two_sided <= 1)).all()


@settings(deadline=None, max_examples=50)
@given(small_maps(), st.integers(1, 7), st.integers(0, 100))
def test_scaling_and_shifting_counts_changes_nothing(small_map, factor, shift):
    counts, others, sums = (np.array(numbers) for numbers in small_map)
    plain = permutation_tails(counts, others, sums)
    moved = permutation_tails(counts * factor + shift, others, sums * factor + others * shift)
    assert (plain.upper == moved.upper).all()
    assert (plain.lower == moved.lower).all()


@settings(deadline=None, max_examples=50)
@given(small_maps())
def test_turning_counts_round_swaps_the_tails(small_map):
    counts, others, sums = (np.array(numbers) for numbers in small_map)
    plain = permutation_tails(counts, others, sums)
    turned = permutation_tails(40 - counts, others, others * 40 - sums)
    assert plain.upper == pytest.approx(turned.lower, rel=1e-12)
    assert plain.lower == pytest.approx(turned.upper, rel=1e-12)
    assert plain.two_sided == pytest.approx(turned.two_sided, rel=1e-12)


def test_rare_tails_keep_their_relative_accuracy():
    random = np.random.default_rng(0)
    counts = np.r_[random.poisson(0.3, 180), [4, 7, 7, 9, 12, 25, 60, 61]].tolist()
    ordered = sorted(counts, reverse=True)
    cells = [0, 181, 183, 186, 187]
    others, sums = [8] * len(counts), [0] * len(counts)
    for i in cells:
        rest = ordered.copy()
        rest.remove(counts[i])
        sums[i] = sum(rest[:8]) - (1 if i == 0 else 0)
    tails = permutation_tails(counts, others, sums)
    for i in cells:
        upper, lower = tails_by_whole_numbers(counts, i, 8, sums[i])
        assert tails.upper[i] == pytest.approx(float(upper), rel=1e-12)
        assert tails.lower[i] == pytest.approx(float(lower), rel=1e-12)
        assert tails.upper[i] < 1e-12


def test_a_million_cells_with_one_of_five_hundred():
    random = np.random.default_rng(1)
    counts = random.poisson(random.gamma(0.1, 3.0, 1_000_000))
    counts[0] = 500
    others = np.full(counts.size, 8)
    sums = np.minimum(random.poisson(2.4, counts.size), 20)
    sums[:3] = [0, 500, 8 * int(counts[1:].max())]
    sums[2] = 500
    tails = permutation_tails(counts, others, sums)
    assert tails.permutations is None
    assert ((tails.two_sided >= 0) & (tails.two_sided <= 1)).all()
    assert tails.upper[1] == pytest.approx(8 / (counts.size - 1), rel=1e-6)
    assert tails.lower[0] == pytest.approx(
        math.prod(((counts[1:] == 0).sum() - i) / (counts.size - 1 - i) for i in range(8))
    )


def test_random_permutations_agree_with_exact_tails(monkeypatch):
    random = np.random.default_rng(2)
    counts = random.integers(0, 900, 60)
    others = random.integers(0, 9, 60)
    sums = np.array([np.delete(counts, i)[: others[i]].sum() for i in range(60)])
    exact = permutation_tails(counts, others, sums)
    monkeypatch.setattr(conditional_permutation, "EXACT_BUDGET", 0)
    one, again, other = (permutation_tails(counts, others, sums, seed=seed) for seed in (5, 5, 6))
    assert one.permutations == 99_999
    assert (one.upper == again.upper).all()
    assert (one.upper != other.upper).any()
    assert np.abs(one.upper - exact.upper).max() < 0.008
    assert np.abs(one.lower - exact.lower).max() < 0.008
    assert min(one.upper.min(), one.lower.min()) >= 1 / 100_000


def test_huge_counts_take_random_permutations_in_reasonable_time():
    counts = np.random.default_rng(3).integers(0, 1_000_000, 3_000)
    tails = permutation_tails(counts, np.full(3_000, 8), np.full(3_000, 4_000_000))
    assert tails.permutations is not None
    assert tails.permutations >= 999
    assert ((tails.two_sided > 0) & (tails.two_sided <= 1)).all()


def test_the_threads_do_not_change_random_permutations(monkeypatch):
    counts = np.random.default_rng(4).integers(0, 90, 700)
    monkeypatch.setattr(conditional_permutation, "EXACT_BUDGET", 0)
    monkeypatch.setattr(conditional_permutation, "MOST_PERMUTATIONS", 999)
    several = permutation_tails(counts, np.full(700, 8), np.full(700, 400))
    monkeypatch.setattr("analysis.row_blocks.thread_count", lambda: 1)
    alone = permutation_tails(counts, np.full(700, 8), np.full(700, 400))
    assert (several.upper == alone.upper).all()


def test_no_cell_gives_no_tail():
    assert permutation_tails([], [], []).two_sided.size == 0


@pytest.mark.parametrize(
    ("counts", "others", "sums", "problem"),
    [
        ([0.5, 1.0], [1, 1], [1, 0], "whole counts"),
        ([np.nan, 1.0], [1, 1], [1, 0], "whole counts"),
        ([0, 1], [1], [1, 0], "differ in shape"),
        ([0, 1], [2, 1], [1, 0], "more than there are"),
    ],
)
def test_unusable_input_is_refused(counts, others, sums, problem):
    with pytest.raises(ParameterError, match=problem):
        permutation_tails(counts, others, sums)
