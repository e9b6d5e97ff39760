"""Tails by Fourier transforms are the exact ones, to 1e-12 of 1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.hot_spots import conditional_permutation
from analysis.hot_spots.conditional_permutation import permutation_tails
from analysis.hot_spots.spectral_tails import SMALLEST_TAIL, suits


def both_ways(monkeypatch, counts, others, sums):
    """Return the tails by recursion and by transforms."""
    found = []
    for quick in (np.inf, 0.0):
        monkeypatch.setattr(conditional_permutation, "QUICK", quick)
        found.append(permutation_tails(counts, others, sums))
    return found


def a_map(seed, n, scale, most):
    random = np.random.default_rng(seed)
    counts = random.poisson(random.gamma(0.3, scale, n))
    counts[0] = counts.max() * 3
    others = random.integers(0, most + 1, n)
    others[0] = most
    sums = np.array([random.choice(counts, size=size, replace=False).sum() for size in others])
    sums[1] = np.sort(counts)[::-1][: others[1]].sum()
    sums[2] = 0
    return counts, others, sums


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(200, 500), st.sampled_from([0.5, 5.0, 60.0]), st.integers(1, 8))
def test_they_are_those_of_the_recursion(seed, n, scale, most):
    with pytest.MonkeyPatch.context() as patch:
        exact, quick = both_ways(patch, *a_map(seed, n, scale, most))
    assert quick.permutations is None
    assert quick.smallest == SMALLEST_TAIL
    np.testing.assert_allclose(quick.upper, np.maximum(exact.upper, SMALLEST_TAIL), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(quick.lower, np.maximum(exact.lower, SMALLEST_TAIL), rtol=1e-9, atol=1e-12)


def test_shifted_and_scaled_counts_and_the_order_of_cells_change_nothing(monkeypatch):
    counts, others, sums = a_map(1, 400, 30.0, 8)
    monkeypatch.setattr(conditional_permutation, "QUICK", 0.0)
    plain = permutation_tails(counts, others, sums)
    moved = permutation_tails(counts * 7 + 3, others, sums * 7 + others * 3)
    order = np.random.default_rng(2).permutation(counts.size)
    turned = permutation_tails(counts[order], others[order], sums[order])
    assert (plain.upper == moved.upper).all()
    assert (plain.upper[order] == turned.upper).all()
    assert (plain.lower[order] == turned.lower).all()


def test_counts_of_ten_million_events_have_exact_tails():
    """Such counts had random permutations, with a floor of 2 in 2,000 beneath which no hot spot could fall."""
    counts, others, sums = a_map(3, 14_400, 2_000.0, 8)
    others[3], sums[3] = 8, np.sort(counts)[-8:].sum()
    tails = permutation_tails(counts, others, sums)
    assert tails.permutations is None
    assert tails.upper.min() == SMALLEST_TAIL
    assert ((tails.upper >= SMALLEST_TAIL) & (tails.upper <= 1)).all()
    assert ((tails.upper + tails.lower) >= 1 - 1e-9).all()


def test_few_cells_or_many_draws_are_left_to_the_recursion():
    assert not suits(100, 8, 1_000)
    assert not suits(100_000, 200, 1_000)
    assert not suits(10_000, 8, 1 << 22)
    assert not suits(10_000, 0, 10)
