"""Shares of surveys: Newcombe's published examples, simulated power, suppression, and the same question twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import ParameterError, TooFewEventsError
from analysis.surveys.shares import (
    Answers,
    compare_waves,
    smallest_visible_change,
    suppressed_shares,
    survey_share,
    why_not_comparable,
)

QUESTION = {"wording": "Do you feel safe after dark?", "method": "telephone"}


def answers(yes, answered, **changes):
    return Answers(yes, answered, **{**QUESTION, **changes})


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_intervals_of_newcombe(one, other, low, high):
    found = compare_waves(answers(*other), answers(*one))
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.kind == "rose"
    back = compare_waves(answers(*one), answers(*other))
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    assert back.kind == "fell"


@settings(deadline=None)
@given(st.integers(10, 400), st.integers(10, 400), st.floats(0, 1), st.floats(0, 1))
def test_intervals_hold_the_difference_and_stay_within_bounds(n, m, share, other):
    found = compare_waves(answers(round(n * share), n), answers(round(m * other), m))
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert 0 < found.smallest_visible <= 1


def test_a_hundred_answers_see_twenty_points_only():
    assert smallest_visible_change(100, 100) == pytest.approx(0.20, abs=0.01)
    found = compare_waves(answers(50, 100), answers(58, 100))
    assert found.kind == "no_change_can_be_claimed"
    assert "No change can be claimed: from 50% to 58%" in found.summary.reading
    assert [notice.code for notice in found.summary.warnings] == ["smallest_visible_change"]
    assert smallest_visible_change(3, 3, share=0.5) == 1.0
    assert smallest_visible_change(100, 100, share=0.9) == pytest.approx(smallest_visible_change(100, 100, share=0.1))


def test_the_visible_change_is_seen_in_four_of_five_surveys():
    random = np.random.default_rng(0)
    change = smallest_visible_change(200, 300, share=0.3)
    seen = sum(
        compare_waves(
            answers(int(random.binomial(200, 0.3)), 200), answers(int(random.binomial(300, 0.3 + change)), 300)
        ).kind
        == "rose"
        for _ in range(1000)
    )
    assert seen / 1000 == pytest.approx(0.8, abs=0.05)


def test_a_design_effect_widens():
    plain, clustered = survey_share(answers(30, 100)), survey_share(answers(30, 100, design_effect=2.0))
    half = survey_share(answers(15, 50))
    assert clustered.high - clustered.low > plain.high - plain.low
    assert (clustered.low, clustered.high) == pytest.approx((half.low, half.high))
    assert clustered.answered == 100


def test_few_answers_are_not_shown():
    assert survey_share(answers(5, 9)) is None
    assert survey_share(answers(5, 10)).share == 0.5
    assert suppressed_shares({"B1": answers(1, 5), "B2": answers(6, 12)})["B1"] is None
    with pytest.raises(TooFewEventsError):
        compare_waves(answers(5, 9), answers(50, 90))


def test_only_the_same_question_is_compared():
    same = answers(5, 50, wording="  do you feel SAFE after dark ")
    assert why_not_comparable(answers(5, 50), same) is None
    for other in (answers(5, 50, wording="Do you feel unsafe after dark?"), answers(5, 50, method="online")):
        assert why_not_comparable(answers(5, 50), other)
        with pytest.raises(ParameterError):
            compare_waves(answers(5, 50), other)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: answers(-1, 5),
        lambda: answers(6, 5),
        lambda: answers(1, 5, design_effect=0.5),
        lambda: smallest_visible_change(0, 5),
        lambda: smallest_visible_change(5, 5, share=2),
        lambda: survey_share(answers(5, 50), confidence=1),
    ],
)
def test_impossible_surveys_are_refused(attempt):
    with pytest.raises(ParameterError):
        attempt()
