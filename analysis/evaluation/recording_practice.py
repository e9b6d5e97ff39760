"""Breaks in the practice of recording: a jump in the records of the whole town that no crime explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from analysis.errors import ParameterError, TooFewEventsError

LEAST_MONTHS_A_SIDE = 6
BREAK_LEVEL = 0.01
LEAST_JUMP = 1.2


@dataclass(frozen=True)
class RecordingBreak:
    """The sharpest jump of a monthly series.

    Attributes
    ----------
    month : str
        First month of the new level, ``YYYY-MM``.
    ratio : float
        Level after over level before.
    p_value : float
        Corrected for having looked at every month.
    is_break : bool
        Significant at 1 % and at least a fifth up or down.
    """

    month: str
    ratio: float
    p_value: float
    is_break: bool


def recording_break(months: Any, counts: npt.ArrayLike) -> RecordingBreak:
    """Look for a jump in the monthly records of a whole town or of one category.

    Parameters
    ----------
    months : array_like of date, shape (n,)
        Consecutive months, ascending, at least twelve.
    counts : array_like of int, shape (n,)
        Events of the whole town, so that no single fix can be the cause.

    Returns
    -------
    RecordingBreak

    Raises
    ------
    TooFewEventsError
        Fewer than twelve months, or no event on one side of every month.
    ParameterError
        Months that are not consecutive, or impossible counts.

    Notes
    -----
    For every month with six or more on each side the means of both sides are compared:
    ``z = log(m2 / m1) / sqrt(f (1/n1 + 1/n2))``, n the events of a side and f Pearson's chi-square about the two levels
    over its degrees of freedom, at least 1, so that a season counts as noise. The largest |z| is corrected by the
    number of months looked at (Bonferroni). The test says that the level jumped, not why: ask the records office.

    Examples
    --------
    >>> months = pd.date_range("2022-01-01", periods=24, freq="MS")
    >>> found = recording_break(months, [100, 104, 96] * 4 + [60, 63, 57] * 4)
    >>> found.month, round(found.ratio, 2), found.is_break
    ('2023-01', 0.6, True)
    """
    stamps = pd.DatetimeIndex(months).to_numpy().astype("datetime64[M]")
    held = np.asarray(counts, dtype=np.float64)
    if held.shape != stamps.shape or not np.isfinite(held).all() or (held < 0).any():
        raise ParameterError("The monthly counts are missing or negative.", "Give one number a month, 0 for none.")
    if (np.diff(stamps.astype(np.int64)) != 1).any():
        raise ParameterError("The months are not consecutive.", "Give every month once, in order.")
    splits = range(LEAST_MONTHS_A_SIDE, held.size - LEAST_MONTHS_A_SIDE + 1)
    judged = [(split, *_jump(held[:split], held[split:])) for split in splits]
    if not judged:
        raise TooFewEventsError(f"There are {held.size} months.", f"Give at least {2 * LEAST_MONTHS_A_SIDE}.")
    if held.sum() == 0:
        raise TooFewEventsError("There is no event.", "Use a longer series or more categories.")
    split, ratio, z = max(judged, key=lambda jump: abs(jump[2]))
    p = min(1.0, 2.0 * float(ndtr(-abs(z))) * len(judged))
    large = max(ratio, 1.0 / ratio) >= LEAST_JUMP
    return RecordingBreak(str(stamps[split]), ratio, p, p <= BREAK_LEVEL and large)


def _jump(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the ratio of two levels and its z; half an event stands in for none."""
    events = max(float(before.sum()), 0.5), max(float(after.sum()), 0.5)
    levels = events[0] / before.size, events[1] / after.size
    chi_square = ((before - levels[0]) ** 2).sum() / levels[0] + ((after - levels[1]) ** 2).sum() / levels[1]
    dispersion = max(1.0, float(chi_square) / (before.size + after.size - 2))
    ratio = levels[1] / levels[0]
    return ratio, math.log(ratio) / math.sqrt(dispersion * (1.0 / events[0] + 1.0 / events[1]))
