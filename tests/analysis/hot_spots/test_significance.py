"""Corrections for multiple testing against SciPy and the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from analysis.errors import ParameterError
from analysis.hot_spots.significance import gi_bins, q_values

probabilities = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), min_size=1, max_size=60)


@settings(deadline=None)
@given(probabilities, st.sampled_from(["bh", "by"]))
def test_false_discovery_rates_equal_scipy(p, correction):
    assert q_values(p, correction) == pytest.approx(
        false_discovery_control(p, method=correction), rel=1e-12, abs=1e-300
    )


@settings(deadline=None)
@given(probabilities, st.floats(0.001, 0.5))
def test_rejecting_by_q_is_the_step_up_rule(p, level):
    ordered = np.sort(p)
    passing = np.flatnonzero(ordered <= level * np.arange(1, len(p) + 1) / len(p))
    limit = ordered[passing[-1]] if passing.size else -1.0
    near = np.isclose(q_values(p), level, rtol=1e-9)
    assert ((q_values(p) <= level) == (np.array(p) <= limit))[~near].all()


@given(probabilities)
def test_bonferroni_and_none(p):
    assert q_values(p, "bonferroni").tolist() == [min(1.0, value * len(p)) for value in p]
    assert q_values(p, "none").tolist() == p


def test_equal_p_have_equal_q_in_any_order():
    p = np.random.default_rng(0).choice([0.001, 0.01, 0.2, 1.0], 500)
    order = np.random.default_rng(1).permutation(500)
    assert (q_values(p)[order] == q_values(p[order])).all()
    assert all(np.unique(q_values(p)[p == value]).size == 1 for value in np.unique(p))


def test_nothing_to_adjust():
    assert q_values([]).size == 0


@pytest.mark.parametrize(("p", "correction"), [([0.5], "fdr"), ([1.2], "bh"), ([-0.1], "bh"), ([np.nan], "none")])
def test_unusable_input_is_refused(p, correction):
    with pytest.raises(ParameterError):
        q_values(p, correction)


def test_classes_follow_q_and_the_sign_of_z():
    q = [0.01, 0.0100001, 0.05, 0.0500001, 0.1, 0.1000001]
    assert gi_bins([1.0] * 6, q).tolist() == [3, 2, 2, 1, 1, 0]
    assert gi_bins([-1.0] * 6, q).tolist() == [-3, -2, -2, -1, -1, 0]
    assert gi_bins([0.0, np.nan, 1.0], [0.001, 0.001, np.nan]).tolist() == [0, 0, 0]
