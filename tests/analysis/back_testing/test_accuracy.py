"""Accuracy of a ranking: against brute force, ties by expected value, typed outcomes."""

from dataclasses import astuple
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.back_testing.accuracy import accuracy, capture_curve
from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError, UnitsError

small_counts = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.integers(0, 4), min_size=n, max_size=n).filter(any),
        st.lists(st.integers(0, 4), min_size=n, max_size=n),
        st.integers(1, n),
    )
)


@settings(deadline=None, max_examples=150)
@given(small_counts)
def test_hits_are_the_mean_over_all_orders_of_tied_cells(case):
    score, later, earlier, chosen = case
    n = len(score)
    orders = [order for order in permutations(range(n)) if all(np.diff([score[i] for i in order]) <= 0)]
    hits = np.mean([sum(later[i] for i in order[:chosen]) for order in orders])
    before = np.mean([sum(earlier[i] for i in order[:chosen]) for order in orders])
    best = sum(sorted(later, reverse=True)[:chosen])
    (level,) = accuracy(score, later, area_shares=[chosen / n], earlier=earlier)
    assert level.hits == pytest.approx(hits)
    assert level.hit_rate == pytest.approx(hits / sum(later))
    assert level.pai == pytest.approx(hits / sum(later) / (chosen / n))
    assert level.best_pai == pytest.approx(best / sum(later) / (chosen / n))
    assert level.pei == pytest.approx(hits / best)
    if before:
        assert level.rri == pytest.approx((hits / before) / (sum(later) / sum(earlier)))
    else:
        assert (level.rri, level.rri_reason) == (None, "the chosen part held no earlier event")


@settings(deadline=None, max_examples=60)
@given(small_counts)
def test_the_area_under_the_curve_is_that_of_the_mean_curve_over_all_orders(case):
    score, later, _, _ = case
    orders = [order for order in permutations(range(len(score))) if all(np.diff([score[i] for i in order]) <= 0)]
    curves = [np.r_[0, np.cumsum([later[i] for i in order])] / sum(later) for order in orders]
    curve = capture_curve(score, later)
    assert curve.area_under == pytest.approx(np.trapezoid(np.mean(curves, axis=0), dx=1 / len(score)))
    best = np.r_[0, np.cumsum(sorted(later, reverse=True))] / sum(later)
    assert curve.best_area_under == pytest.approx(np.trapezoid(best, dx=1 / len(score)))
    assert curve.area_under <= curve.best_area_under + 1e-12
    assert (curve.area_share[0], curve.capture_share[0], curve.area_share[-1], curve.capture_share[-1]) == (0, 0, 1, 1)


def test_unequal_areas_are_cut_at_exactly_the_share_asked_for():
    level, whole = accuracy([2, 1, 1], [3, 6, 0], [1.0, 2.0, 1.0], area_shares=[0.5, 1.0])
    assert level.area == 2.0
    assert level.hits == pytest.approx(3 + 6 / 3)
    assert level.best_pai == pytest.approx(6 / 9 / 0.5)
    assert (whole.hit_rate, whole.pai, whole.pei) == (1.0, 1.0, 1.0)


def test_equal_scores_are_chance_and_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(3)
    later, area = random.poisson(0.4, 500), random.uniform(0.1, 3.0, 500)
    assert all(level.pai == pytest.approx(1.0) for level in accuracy(np.ones(500), later, area))
    assert capture_curve(np.ones(500), later, area).area_under == pytest.approx(0.5)
    score = random.integers(0, 4, 500)
    order = random.permutation(500)
    shuffled = accuracy(score[order], later[order], area[order], earlier=later[order])
    assert [astuple(level) for level in shuffled] == [
        astuple(level) for level in accuracy(score, later, area, earlier=later)
    ]


def test_a_ranking_of_even_events_has_no_gain_and_says_why():
    curve = capture_curve([1, 2, 3], [2, 2, 2])
    assert curve.gain is None
    assert "evenly" in curve.gain_reason
    assert capture_curve([3, 2, 1], [9, 1, 0]).gain == pytest.approx(1.0)
    assert capture_curve([1, 2, 3], [9, 1, 0]).gain == pytest.approx(-1.0)
    assert accuracy([1, 2], [1, 1])[0].rri_reason == "no earlier events were given"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([], []), EmptyInputError, "no place"),
        (([[1.0]], [1]), EmptyInputError, "no place"),
        (([1, 2], [0, 0]), TooFewEventsError, "no later event"),
        (([1, 2], [1]), ParameterError, "shape"),
        (([1, np.nan], [1, 1]), ParameterError, "number 2"),
        (([1, 2], [1, -1]), ParameterError, "negative"),
        (([1, 2], [1, 1], [1, 0]), UnitsError, "number 2"),
        (([1, 2], [1, 1], [1, np.inf]), ParameterError, "area"),
    ],
)
def test_bad_columns_are_refused_with_what_to_do(arguments, error, words):
    with pytest.raises(error, match=words):
        accuracy(*arguments)
    with pytest.raises(error, match=words):
        capture_curve(*arguments)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_area_shares_out_of_range_are_refused(share):
    with pytest.raises(ParameterError, match="area share"):
        accuracy([1, 2], [1, 1], area_shares=[share])
