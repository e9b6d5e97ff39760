"""Monthly counts of a treated area and its control, before and after a fix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import ParameterError, TooFewEventsError
from analysis.evaluation.count_design import AreaWeights, BeforeAfter, CountDesign
from analysis.projection import BoolArray, FloatArray

Months = npt.NDArray[np.datetime64]

LEAST_MONTHS = 3
"""Fewest months before, and after, that a monthly panel is made of."""


@dataclass(frozen=True, eq=False)
class MonthlyPanel:
    """Events by month.

    Attributes
    ----------
    months : ndarray of datetime64[M], shape (n,)
        Ascending, each once; a month that is left out is not compared.
    treated : ndarray of float64, shape (n,)
    control : ndarray of float64, shape (n,), or None
    after : ndarray of bool, shape (n,)
        Months with the fix in place.
    control_size : float
        How many times as large as the treated area the control is: differences of counts are told for an area as large
        as the treated one.
    """

    months: Months
    treated: FloatArray
    control: FloatArray | None
    after: BoolArray
    control_size: float = 1.0

    @property
    def days(self) -> FloatArray:
        """Days of each month, shape (n,)."""
        first = self.months.astype("datetime64[D]")
        following = (self.months + np.timedelta64(1, "M")).astype("datetime64[D]")
        days: FloatArray = (following - first).astype(np.float64)
        return days

    @property
    def calendar_month(self) -> npt.NDArray[np.int64]:
        """Month of the year, 0 (January) to 11, shape (n,)."""
        return self.months.astype(np.int64) % 12

    @property
    def same_months(self) -> bool:
        """Whether both periods cover every month of the year equally often, up to a factor."""
        before, after = (np.bincount(self.calendar_month[part], minlength=12) for part in (~self.after, self.after))
        return bool((before * after.sum() == after * before.sum()).all())

    def design(self) -> CountDesign:
        """Return the sums of both periods, with their lengths in mean months and the size of the control as weights.

        Returns
        -------
        CountDesign
        """
        days = self.days
        month = float(days.sum()) / days.size

        def sums(counts: FloatArray) -> BeforeAfter:
            return BeforeAfter(float(counts[~self.after].sum()), float(counts[self.after].sum()))

        return CountDesign(
            treated=sums(self.treated),
            control=None if self.control is None else sums(self.control),
            time_weights=(float(days[~self.after].sum()) / month, float(days[self.after].sum()) / month),
            area_weights=AreaWeights(control=self.control_size),
        )


def monthly_panel(
    months: Any,
    treated: npt.ArrayLike,
    control: npt.ArrayLike | None = None,
    *,
    start: Any,
    finished: Any = None,
    control_size: float = 1.0,
) -> MonthlyPanel:
    """Make a panel of monthly counts.

    Parameters
    ----------
    months : array_like of date, shape (n,)
        A day of each month, for example the first.
    treated : array_like of int, shape (n,)
        Events of the treated area; months without any are given with 0.
    control : array_like of int, shape (n,), optional
        Events of the control, of several areas their sum.
    start : date
        Day on which work on the fix began; its month is the first that is not "before".
    finished : date, optional
        Day on which the fix was in place; months from `start` up to the month before it are left out. The month of
        `finished` itself is left out too unless it is the first of the month. By default the month of `start` is the
        first "after".
    control_size : float
        Size of the control over that of the treated area, above zero: 3 for three areas as large as the treated one.

    Returns
    -------
    MonthlyPanel

    Raises
    ------
    ParameterError
        Dates that cannot be read, a month that occurs twice, counts of another number or that are not counts, a size
        that is not above zero, or a finish before the start.
    TooFewEventsError
        Fewer than three months before or after.

    Examples
    --------
    >>> panel = monthly_panel(pd.date_range("2023-01-01", periods=24, freq="MS"), [5] * 24, [9] * 24,
    ...                       start="2024-01-01")
    >>> int(panel.after.sum()), panel.same_months
    (12, True)
    """
    named = _months(months, "months")
    first = _months([start], "start")[0]
    ready = first if finished is None else _months([finished], "finish")[0]
    if finished is not None and pd.Timestamp(finished).day > 1:
        ready += np.timedelta64(1, "M")
    if ready < first:
        raise ParameterError("The fix was finished before it was begun.", "Check the two dates.")
    if np.unique(named).size != named.size:
        raise ParameterError("A month occurs twice.", "Give each month once, with the sum of its events.")
    order = np.argsort(named)
    kept = order[(named[order] < first) | (named[order] >= ready)]
    after: BoolArray = named[kept] >= ready
    if min(int(after.sum()), int((~after).sum())) < LEAST_MONTHS:
        raise TooFewEventsError(
            f"There are {int((~after).sum())} months before and {int(after.sum())} after.",
            f"Give at least {LEAST_MONTHS} of each, better 12.",
        )
    others = None if control is None else _counts(control, named.size, "control")[kept]
    if not (math.isfinite(control_size) and control_size > 0):
        raise ParameterError(f"The size of the control is {control_size}.", "Give a number above zero.")
    return MonthlyPanel(named[kept], _counts(treated, named.size, "treated")[kept], others, after, control_size)


def _months(dates: Any, what: str) -> Months:
    """Return dates as months."""
    try:
        stamps = pd.DatetimeIndex(dates)
    except (ValueError, TypeError) as error:
        raise ParameterError(f"The {what} cannot be read as dates: {error}.", "Give dates.") from error
    if stamps.hasnans or stamps.size == 0:
        raise ParameterError(f"A date of the {what} is missing.", "Give a date each.")
    months: Months = stamps.tz_localize(None).to_numpy().astype("datetime64[M]")
    return months


def _counts(values: npt.ArrayLike, n: int, what: str) -> FloatArray:
    """Return monthly counts after checking them."""
    counts = np.asarray(values, dtype=np.float64)
    if counts.shape != (n,):
        raise ParameterError(f"There are {n} months but counts of the {what} area of shape {counts.shape}.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ParameterError(f"A count of the {what} area is negative or missing.", "Give 0 for a month without any.")
    return counts
