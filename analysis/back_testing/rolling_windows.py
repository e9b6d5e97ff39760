"""Windows for a back-test: a period to learn from, followed at once by a period to be judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.errors import ParameterError, TooFewEventsError
from analysis.space_time.local_time import IntArray

Unit = Literal["day", "month"]


@dataclass(frozen=True)
class RollingWindow:
    """A fitting period and the scoring period that follows it, in days since 1970-01-01.

    Attributes
    ----------
    fit_from : int
        First day of the fitting period.
    score_from : int
        First day of the scoring period, the day after the fitting period.
    score_to : int
        The day after the scoring period.
    """

    fit_from: int
    score_from: int
    score_to: int

    @property
    def dates(self) -> tuple[str, str, str]:
        """The three days as ISO dates."""
        first, middle, last = np.array([self.fit_from, self.score_from, self.score_to], "datetime64[D]").astype(str)
        return str(first), str(middle), str(last)


def rolling_windows(
    day: IntArray, *, fit: int, score: int, step: int | None = None, unit: Unit = "month"
) -> tuple[RollingWindow, ...]:
    """Cut the days covered by events into rolling windows.

    Parameters
    ----------
    day : ndarray of int64, shape (n,)
        Days of the events since 1970-01-01; all days (or months) from the first to the last count as covered.
    fit, score : int
        Length of the fitting and of the scoring period, in `unit`.
    step : int, optional
        From one window to the next; by default `score`, so that every later event is judged once.
    unit : {"day", "month"}
        Months are those of the calendar.

    Returns
    -------
    tuple of RollingWindow
        Oldest first. They end with the last day covered: what is left over is at the beginning.

    Raises
    ------
    ParameterError
        A length that is not positive, or an unknown unit.
    TooFewEventsError
        The events do not cover one window.

    Examples
    --------
    >>> days = np.array(["2024-01-05", "2024-06-30"], "datetime64[D]").astype(np.int64)
    >>> windows = rolling_windows(days, fit=3, score=1)
    >>> len(windows), windows[0].dates
    (3, ('2024-01-01', '2024-04-01', '2024-05-01'))
    """
    stride = score if step is None else step
    if min(fit, score, stride) < 1:
        raise ParameterError(f"A window has fit {fit}, score {score}, step {stride}.", "Give at least 1 of each.")
    if unit not in ("day", "month"):
        raise ParameterError(f"Unknown unit {unit!r}.", "Use day or month.")
    code = "datetime64[M]" if unit == "month" else "datetime64[D]"
    units = day.astype("datetime64[D]").astype(code).astype(np.int64)
    first, end = (int(units.min()), int(units.max()) + 1) if units.size else (0, 0)
    covered = end - first
    if covered < fit + score:
        raise TooFewEventsError(
            f"The events cover {covered} {unit}s, a window needs {fit} to fit and {score} to score.",
            "Take shorter periods or more data.",
        )
    begins = range(first + (covered - fit - score) % stride, end - fit - score + 1, stride)
    corners = np.array([[begin, begin + fit, begin + fit + score] for begin in begins])
    days = corners.astype(code).astype("datetime64[D]").astype(np.int64)
    return tuple(RollingWindow(int(a), int(b), int(c)) for a, b, c in days)
