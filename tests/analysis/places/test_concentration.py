"""Concentration at places: Gini against its definition, the generalised Gini against its geometry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError
from analysis.places.concentration import concentration

counts_with_events = st.lists(st.integers(0, 6), min_size=1, max_size=30).filter(any)


@given(counts_with_events)
def test_gini_is_half_the_relative_mean_difference(counts):
    values = np.array(counts, dtype=float)
    mean_difference = np.abs(values[:, None] - values[None, :]).mean()
    assert concentration(counts).gini == pytest.approx(mean_difference / (2 * values.mean()), abs=1e-12)


@given(counts_with_events)
def test_generalised_gini_is_the_area_beyond_the_greatest_equality(counts):
    found = concentration(counts)
    n, c = len(counts), sum(counts)
    equal = np.minimum(found.place_share / min(c / n, 1.0), 1.0)
    between = np.trapezoid(found.event_share, found.place_share) - np.trapezoid(equal, found.place_share)
    above = 1 - np.trapezoid(equal, found.place_share)
    assert found.generalised_gini == pytest.approx(max(0.0, between / above), abs=1e-12)
    if c >= n:
        assert found.generalised_gini == pytest.approx(found.gini, abs=1e-12)


@given(counts_with_events, st.integers(1, 30))
def test_the_worst_places_hold_at_least_an_even_share(counts, k):
    share = min(k, len(counts)) / len(counts)
    found = concentration(counts, worst_share=share)
    expected = sum(sorted(counts, reverse=True)[: min(k, len(counts))]) / sum(counts)
    assert found.share_in_worst == pytest.approx(expected)
    assert share - 1e-12 <= found.even_share_in_worst <= found.share_in_worst + 1e-12
    assert found.places_for_quarter <= found.places_for_half <= 0.5 + 1e-12
    half = np.interp(found.places_for_half, found.place_share, found.event_share)
    assert half == pytest.approx(0.5)


def test_events_as_even_as_possible_are_not_concentrated():
    sparse = concentration([1] * 10 + [0] * 90)
    assert sparse.gini == pytest.approx(0.9)
    assert sparse.generalised_gini == pytest.approx(0.0)
    assert (sparse.share_in_worst, sparse.even_share_in_worst) == pytest.approx((0.5, 0.5))
    assert "generalised Gini" in sparse.reading
    assert concentration([0, 0, 7]).generalised_gini == pytest.approx(concentration([0, 0, 7]).gini)
    assert "Gini coefficient is 0.00" in concentration([2, 2]).reading


@pytest.mark.parametrize(
    ("counts", "options", "error"),
    [
        ([], {}, EmptyInputError),
        ([0, 0], {}, TooFewEventsError),
        ([1.5], {}, ParameterError),
        ([1, -1], {}, ParameterError),
        ([1], {"worst_share": 0}, ParameterError),
        ([1], {"worst_share": 1.01}, ParameterError),
    ],
)
def test_bad_counts_are_refused(counts, options, error):
    with pytest.raises(error):
        concentration(counts, **options)
