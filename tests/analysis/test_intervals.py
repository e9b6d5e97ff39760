"""Intervals against SciPy and by the tests that they invert."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, poisson

from analysis.errors import ParameterError
from analysis.intervals import poisson_interval, wilson_interval


@given(st.integers(0, 5000), st.sampled_from([0.8, 0.95, 0.99]))
def test_poisson_interval_inverts_the_exact_test(count, confidence):
    (low,), (high,) = poisson_interval([count], confidence)
    tail = (1 - confidence) / 2
    assert poisson.cdf(count, high) == pytest.approx(tail, rel=1e-8)
    assert low == 0.0 if count == 0 else poisson.sf(count - 1, low) == pytest.approx(tail, rel=1e-8)


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.8, 0.95]))
def test_wilson_interval_equals_scipy(total, share, confidence):
    count = round(total * share)
    (low,), (high,) = wilson_interval([count], total, confidence)
    expected = binomtest(count, total).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_dispersion_widens_and_fractions_are_allowed():
    low, high = poisson_interval([0.0, 2.5, 100.0])
    wide_low, wide_high = poisson_interval([0.0, 2.5, 100.0], dispersion=4.0)
    assert (np.diff(low) > 0).all()
    assert (wide_low <= low).all()
    assert (wide_high > high).all()
    assert wide_high[2] - wide_low[2] == pytest.approx(2 * (high[2] - low[2]), rel=0.1)


def test_impossible_input_is_refused():
    for call in (
        lambda: poisson_interval([-1]),
        lambda: poisson_interval([np.inf]),
        lambda: poisson_interval([1], 1.0),
        lambda: poisson_interval([1], dispersion=0.5),
        lambda: wilson_interval([1], 0),
        lambda: wilson_interval([3], 2),
        lambda: wilson_interval([1], 2, 0.0),
    ):
        with pytest.raises(ParameterError):
            call()
