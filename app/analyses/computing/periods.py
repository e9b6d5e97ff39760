"""Which events lie in a period of local days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from app.analyses.parameters.times import Period

_FIRST_DAY = date(1970, 1, 1)
_MONTHS = {"year": 12, "quarter": 3, "month": 1}


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970-01-01."""
    return (day - _FIRST_DAY).days


def in_period(days: npt.NDArray[np.int64], period: Period) -> npt.NDArray[np.bool_]:
    """Return which days since 1970-01-01 lie in a period."""
    return np.asarray((days >= day_number(period.first)) & (days <= day_number(period.last)))


def whole_periods(days: npt.NDArray[np.int64], split: str) -> tuple[Period, ...]:
    """Return the calendar years, quarters or months that lie wholly between the first and the last day.

    Parameters
    ----------
    days : ndarray of int64, shape (n,)
        Days since 1970-01-01, at least one.
    split : {"year", "quarter", "month"}
    """
    earliest, latest = (_FIRST_DAY + timedelta(days=int(day)) for day in (days.min(), days.max()))
    step = _MONTHS[split]
    months = earliest.year * 12 + earliest.month - 1
    begin = -(-(months + (earliest.day > 1)) // step) * step
    periods = []
    while (last := _month_start(begin + step) - timedelta(days=1)) <= latest:
        periods.append(Period(first=_month_start(begin), last=last))
        begin += step
    return tuple(periods)


def _month_start(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)
