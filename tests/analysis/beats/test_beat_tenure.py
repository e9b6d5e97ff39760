"""How long officers stay and how often beats change hands, against figures worked out by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from analysis.beats.tenure import tenure_figures
from analysis.errors import ParameterError, UnitsError

TODAY = dt.date(2025, 1, 1)


def history(*rows):
    return pd.DataFrame(rows, columns=["beat_id", "officer_id", "valid_from", "valid_to"])


def test_tenure_hand_overs_and_vacant_days():
    rows = history(
        ("B1", 7, "2015-01-01", "2022-01-01"),
        ("B1", 9, "2022-01-01", None),
        ("B2", 4, "2024-07-01", None),
        ("B3", 5, "2021-01-01", "2024-12-22"),
        ("B9", 5, "2026-01-01", None),
    )
    figures = tenure_figures(rows, TODAY, window_years=5.0)
    assert (figures.beats, figures.held) == (3, 2)
    assert figures.years_mean == pytest.approx((3.0 + 0.504) / 2, abs=0.01)
    assert figures.under_one_year == 0.5
    assert figures.changes_per_beat_and_year == pytest.approx(1 / 15)
    table = figures.by_beat.set_index("beat_id")
    assert table.vacant_days.tolist() == [0, 0, 10]
    assert table.officers_in_window.tolist() == [2, 1, 1]
    assert table.officer_id.isna().tolist() == [False, False, True]


def test_nothing_yet():
    figures = tenure_figures(history(), TODAY)
    assert (figures.beats, figures.years_median, figures.vacant_share) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("B1", None, "2020-01-01", None), "Row 2 of the history has no officer_id"),
        (("B1", 3, "soon", None), "Row 2 of the history: valid_from 'soon'"),
        (("B1", 3, "2020-01-01", "2019-01-01"), "Row 2 of the history ends before"),
        (("B0", 3, "2016-01-01", None), "Row 1 of the history: beat 'B0' has a second officer"),
    ],
)
def test_impossible_rows_are_named(row, problem):
    with pytest.raises(ParameterError, match=problem):
        tenure_figures(history(("B0", 1, "2015-01-01", "2016-06-01"), row), TODAY)


def test_impossible_tables():
    with pytest.raises(UnitsError, match="no column 'valid_to'"):
        tenure_figures(history().drop(columns="valid_to"), TODAY)
    with pytest.raises(ParameterError, match="window"):
        tenure_figures(history(), TODAY, window_years=0.0)
