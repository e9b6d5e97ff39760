"""Mann-Kendall trend by brute force, by enumeration and against SciPy's tau."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, norm

from analysis.errors import ParameterError, TooFewEventsError
from analysis.space_time.mann_kendall import mann_kendall

series = st.lists(st.integers(-4, 4), min_size=3, max_size=25)


@settings(deadline=None)
@given(series)
def test_trend_by_brute_force(values):
    found = mann_kendall([values])
    n = len(values)
    score = sum(np.sign(values[j] - values[i]) for i in range(n) for j in range(i + 1, n))
    ties = sum(t * (t - 1) * (2 * t + 5) for t in np.unique(values, return_counts=True)[1].tolist())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    z = 0.0 if variance == 0 else (score - np.sign(score)) / math.sqrt(variance)
    assert found.score[0] == score
    assert found.z[0] == pytest.approx(z, abs=1e-12)
    assert found.p_value[0] == pytest.approx(min(1.0, 2 * norm.sf(abs(z))), rel=1e-10)


@settings(deadline=None)
@given(series.filter(lambda values: len(set(values)) > 1))
def test_score_and_variance_equal_scipy_before_the_continuity_correction(values):
    found = mann_kendall([values])
    tau = kendalltau(np.arange(len(values)), values, method="asymptotic")
    n = len(values)
    pairs = n * (n - 1) / 2
    tied = sum(t * (t - 1) / 2 for t in np.unique(values, return_counts=True)[1])
    assert found.score[0] == pytest.approx(tau.statistic * math.sqrt(pairs * (pairs - tied)), abs=1e-9)
    if found.score[0] != 0 and abs(found.score[0]) > 1:
        uncorrected = found.z[0] * found.score[0] / (found.score[0] - np.sign(found.score[0]))
        assert 2 * norm.sf(abs(uncorrected)) == pytest.approx(tau.pvalue, rel=1e-9)


def test_variance_is_that_of_all_orders():
    values = [0, 0, 1, 1, 1, 2]
    found = mann_kendall(list(itertools.permutations(values)))
    ties = sum(t * (t - 1) * (2 * t + 5) for t in (2, 3, 1))
    assert np.mean(found.score.astype(float) ** 2) == pytest.approx((6 * 5 * 17 - ties) / 18)
    assert found.score.mean() == 0


def test_turning_a_series_round_turns_the_trend_round():
    rows = np.random.default_rng(0).normal(size=(2000, 12))
    forth, back = mann_kendall(rows), mann_kendall(rows[:, ::-1])
    assert (forth.score == -back.score).all()
    assert (forth.p_value == back.p_value).all()
    assert np.mean(forth.p_value <= 0.05) == pytest.approx(0.05, abs=0.015)


def test_what_is_no_series_is_refused():
    with pytest.raises(TooFewEventsError):
        mann_kendall([[1, 2]])
    for bad in ([1, 2, 3], [[1, np.nan, 3]]):
        with pytest.raises(ParameterError):
            mann_kendall(bad)
    assert mann_kendall(np.empty((0, 5))).z.size == 0
