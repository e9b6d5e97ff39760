"""Crude and empirical Bayes rates."""

import numpy as np
import pytest
from esda.smoothing import Empirical_Bayes, assuncao_rate
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import EmptyInputError, ParameterError
from analysis.hot_spots.rates import crude_rates, empirical_bayes


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 60), st.integers(0, 10**6))
def test_rates_equal_esda_where_rates_vary_more_than_chance(n, seed):
    random = np.random.default_rng(seed)
    residents = random.integers(5, 3000, n)
    counts = random.poisson(residents * random.gamma(1.0, 0.05, n)) + 1
    found = empirical_bayes(counts, residents)
    if found.variance == 0:
        assert found.smoothed == pytest.approx(found.overall)
        return
    assert found.smoothed == pytest.approx(Empirical_Bayes(counts, residents).r.ravel(), rel=1e-10)
    assert found.standardised == pytest.approx(assuncao_rate(counts, residents), rel=1e-10, abs=1e-10)


def test_rates_that_chance_explains_are_all_the_same():
    found = empirical_bayes([1, 2, 4], [100, 200, 400])
    assert found.variance == 0
    assert found.smoothed.tolist() == [0.01] * 3
    assert found.standardised == pytest.approx([0, 0, 0])


def test_small_places_move_furthest():
    counts, residents = np.array([1, 100, 400, 60]), np.array([10, 1000, 9000, 2000])
    found = empirical_bayes(counts, residents)
    crude = crude_rates(counts, residents)
    kept = (found.smoothed - found.overall) / (crude - found.overall)
    assert (np.argsort(kept) == np.argsort(residents)).all()


@pytest.mark.parametrize(
    ("counts", "residents", "problem"),
    [
        ([1, 2], [10, 0], "no residents"),
        ([-1, 2], [10, 10], "negative"),
        ([1, np.inf], [10, 10], "not finite"),
        ([1], [10, 10], "shape"),
    ],
)
def test_unusable_input_is_refused(counts, residents, problem):
    with pytest.raises(ParameterError, match=problem):
        crude_rates(counts, residents)


def test_no_event_has_no_rate():
    with pytest.raises(EmptyInputError, match="No unit holds an event"):
        empirical_bayes([0, 0], [10, 10])
