"""How long officers stay with their beats, and how often beats change hands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import ParameterError, UnitsError

DAYS_PER_YEAR = 365.25
COLUMNS = ("beat_id", "officer_id", "valid_from", "valid_to")


@dataclass(frozen=True)
class TenureFigures:
    """How steady the assignment of officers is.

    Attributes
    ----------
    beats, held : int
        Beats with a history, and beats with an officer on the day.
    years_median, years_mean : float
        Years for which the officers of the day have held their beats; 0 when no beat is held.
    under_one_year : float
        Share of held beats whose officer has been there for less than a year.
    changes_per_beat_and_year : float
        Hand-overs from one officer to another in the window, per beat and year.
    vacant_share : float
        Share of the days in the window on which a beat had no officer, all beats together.
    by_beat : DataFrame
        ``beat_id``, ``officer_id`` (None for a vacancy), ``years``, ``officers_in_window``, ``changes_in_window``,
        ``vacant_days``.
    """

    beats: int
    held: int
    years_median: float
    years_mean: float
    under_one_year: float
    changes_per_beat_and_year: float
    vacant_share: float
    by_beat: pd.DataFrame


def tenure_figures(history: pd.DataFrame, today: dt.date, *, window_years: float = 5.0) -> TenureFigures:
    """Work out how long officers stay and how often beats change hands.

    Parameters
    ----------
    history : DataFrame
        One row for each time an officer held a beat: ``beat_id``, ``officer_id``, ``valid_from`` and ``valid_to``
        (dates; the end is the first day on which the officer no longer held it, empty where the officer still does).
    today : date
        Day of the figures; later rows are not looked at.
    window_years : float
        Years before ``today`` in which hand-overs and vacant days count.

    Returns
    -------
    TenureFigures

    Raises
    ------
    UnitsError
        When a column is missing.
    ParameterError
        Naming the row with a missing id, a date that cannot be read, an end before its beginning, or two officers on
        one beat at the same time; when the window is not positive.

    Notes
    -----
    A beat enters the window on the later of its beginning and the first day it had an officer, so that a new beat does
    not count as vacant before it existed. An officer who leaves and returns to the same beat counts as two changes.

    Examples
    --------
    >>> rows = [("B1", "7", "2020-01-01", "2023-01-01"), ("B1", "9", "2023-01-01", None)]
    >>> history = pd.DataFrame(rows, columns=["beat_id", "officer_id", "valid_from", "valid_to"])
    >>> figures = tenure_figures(history, dt.date(2025, 1, 1))
    >>> round(figures.years_median, 1), figures.changes_per_beat_and_year
    (2.0, 0.2)
    """
    if not window_years > 0:
        raise ParameterError(f"The window is {window_years} years.", "Give a positive number of years.")
    rows = _checked(history)
    now = pd.Timestamp(today)
    rows = rows[rows.valid_from <= now]
    opening = now - pd.Timedelta(days=window_years * DAYS_PER_YEAR)
    beats = [_of_beat(str(beat), own, now, opening) for beat, own in rows.groupby("beat_id", sort=True)]
    columns = ["beat_id", "officer_id", "years", "officers_in_window", "changes_in_window", "vacant_days", "days"]
    table = pd.DataFrame(beats, columns=columns)
    held = table[table.officer_id.notna()]
    days = float(table.days.sum())
    return TenureFigures(
        beats=len(table),
        held=len(held),
        years_median=float(held.years.median()) if len(held) else 0.0,
        years_mean=float(held.years.mean()) if len(held) else 0.0,
        under_one_year=float((held.years < 1.0).mean()) if len(held) else 0.0,
        changes_per_beat_and_year=float(table.changes_in_window.sum() / len(table) / window_years)
        if len(table)
        else 0.0,
        vacant_share=float(table.vacant_days.sum() / days) if days else 0.0,
        by_beat=table.drop(columns="days"),
    )


def _checked(history: pd.DataFrame) -> pd.DataFrame:
    """Return the history with dates, by beat and date."""
    for column in COLUMNS:
        if column not in history.columns:
            present = ", ".join(str(name) for name in history.columns)
            raise UnitsError(f"The history has no column '{column}'.", f"Columns present: {present or 'none'}.")
    given = history.loc[:, list(COLUMNS)].reset_index(drop=True)
    rows = given.copy()
    for column in ("beat_id", "officer_id"):
        missing = np.flatnonzero(given[column].isna())
        if len(missing):
            raise ParameterError(f"Row {missing[0] + 1} of the history has no {column}.", "Fill it in.")
        rows[column] = given[column].astype(str)
    for column in ("valid_from", "valid_to"):
        rows[column] = pd.to_datetime(given[column], errors="coerce")
        wrong = rows[column].isna() & (given[column].notna() | (column == "valid_from"))
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ParameterError(
                f"Row {at + 1} of the history: {column} '{given[column][at]}' is not a date.",
                "Write dates as 2024-09-01.",
            )
    reverse = np.flatnonzero(rows.valid_to < rows.valid_from)
    if len(reverse):
        raise ParameterError(f"Row {reverse[0] + 1} of the history ends before it begins.", "Correct the dates.")
    rows = rows.sort_values(["beat_id", "valid_from"], kind="stable")
    after = rows.groupby("beat_id").valid_from.shift(-1)
    double = after.notna() & (rows.valid_to.isna() | (rows.valid_to > after))
    if double.any():
        at = int(rows.index[np.argmax(double)])
        raise ParameterError(
            f"Row {at + 1} of the history: beat '{rows.beat_id[at]}' has a second officer before officer "
            f"'{rows.officer_id[at]}' leaves.",
            "End the first assignment on the day the second begins.",
        )
    return rows


def _of_beat(
    beat: str, rows: pd.DataFrame, now: pd.Timestamp, opening: pd.Timestamp
) -> tuple[str, str | None, float, int, int, int, int]:
    """Return the figures of one beat."""
    begins, ends = rows.valid_from, rows.valid_to.fillna(now).clip(upper=now)
    last = rows.iloc[-1]
    holds = pd.isna(last.valid_to) or last.valid_to > now
    first_day = max(begins.iloc[0], opening)
    inside = ends.gt(opening)
    served = int((ends[inside] - begins[inside].clip(lower=opening)).dt.days.sum())
    fresh = begins.gt(opening) & (rows.index != rows.index[0])
    days = int((now - first_day).days)
    return (
        beat,
        str(last.officer_id) if holds else None,
        float((now - last.valid_from).days / DAYS_PER_YEAR) if holds else 0.0,
        int(rows.officer_id[inside].nunique()),
        int(fresh.sum()),
        max(0, days - served),
        days,
    )
