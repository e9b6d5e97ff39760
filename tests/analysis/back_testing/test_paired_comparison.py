"""Ranking by paired windows: means, shared ranks, intervals that know what is paired."""

import numpy as np
import pytest

from analysis.back_testing.paired_comparison import Interval, ranked_methods
from analysis.errors import EmptyInputError, ParameterError


def test_a_constant_lead_is_certain_however_hard_the_windows_differ():
    base = np.array([1.0, 9.0, 3.0, 30.0, 4.0])
    ranking = ranked_methods(np.c_[base, base + 0.5], ["old", "new"], reference="old", seed=1)
    assert ranking["method"].to_list() == ["new", "old"]
    low, high = ranking.loc[0, ["above_reference_low", "above_reference_high"]]
    assert (low, high) == pytest.approx((0.5, 0.5))
    assert ranking.loc[0, "windows_won"] == 5


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = random.normal((0.3, 0.0), 1, (40, 2))
        row = ranked_methods(values, ["a", "b"], reference="b", resamples=400, seed=trial).set_index("method").loc["a"]
        covered += row["above_reference_low"] <= 0.3 <= row["above_reference_high"]
    assert 0.88 <= covered / 200 <= 0.99


def test_equal_methods_share_the_rank_and_the_windows():
    ranking = ranked_methods([[2.0, 2.0, 1.0], [4.0, 4.0, 5.0]], ["b", "a", "c"])
    assert ranking["rank"].to_list() == [1, 1, 1]
    assert ranking["method"].to_list() == ["a", "b", "c"]
    assert ranking["windows_won"].to_list() == [0.5, 0.5, 1.0]


def test_one_window_has_no_interval():
    ranking = ranked_methods([[2.0, 1.0]], ["a", "b"], reference="b")
    assert ranking["behind_best_low"].isna().all()
    assert ranking["above_reference"].to_list() == [1.0, 0.0]


def test_intervals_know_zero():
    assert Interval(1.0, 0.5, 1.5).excludes_zero
    assert not Interval(1.0, -0.5, 1.5).excludes_zero
    assert not Interval(1.0, None, None).excludes_zero


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (([], []), {}, EmptyInputError),
        (([[1.0, 2.0]], ["a"]), {}, ParameterError),
        (([[np.nan]], ["a"]), {}, ParameterError),
        (([[1.0]], ["a"]), {"reference": "b"}, ParameterError),
        (([[1.0]], ["a"]), {"resamples": 0}, ParameterError),
    ],
)
def test_bad_tables_are_refused(arguments, options, error):
    with pytest.raises(error):
        ranked_methods(*arguments, **options)
