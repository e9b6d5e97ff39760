"""What part of each event falls into some hours and days of the week, for work that one shift does."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from analysis.errors import ParameterError
from analysis.projection import FloatArray
from analysis.space_time.aoristic import AoristicWeights

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = 24


def share_in_hours(
    spread: AoristicWeights, *, hours: tuple[int, int] | None = None, weekdays: Collection[str] = ()
) -> FloatArray:
    """Return the probability that each event happened within some hours of some days.

    Parameters
    ----------
    spread : AoristicWeights
        Of `analysis.space_time.aoristic.aoristic_week` with bins of an hour; n events.
    hours : tuple of int, optional
        First hour (0 to 23) and the hour at which the part of the day ends (1 to 24); an end before the first hour lies
        on the next day. All hours by default.
    weekdays : collection of str
        Of `DAYS`, on which the part of the day begins; all when empty.

    Returns
    -------
    ndarray of float64, shape (n,)
        From 0 to 1; 0 for events that say nothing of the hour, which the summary of `spread` counts.

    Raises
    ------
    ParameterError
        There is no such hour or day, the part of the day is empty, or the bins are not hours.

    Notes
    -----
    The sum of the aoristic weights of the hours: a burglary between 20:00 and 04:00 counts half for 22:00 to 02:00.

    Examples
    --------
    >>> from analysis.space_time.aoristic import aoristic_week
    >>> spread = aoristic_week(["2024-01-05 20:00"], ["2024-01-06 04:00"], zone="Europe/Riga")
    >>> share_in_hours(spread, hours=(22, 2)).tolist(), share_in_hours(spread, weekdays=("sat",)).tolist()
    ([0.5], [0.5])
    """
    if spread.weights.shape[1] != len(DAYS) * HOURS:
        raise ParameterError("The events are not spread over the 168 hours of the week.", "Use bins of 60 minutes.")
    unknown = [day for day in weekdays if day not in DAYS]
    if unknown:
        raise ParameterError(f"There is no day {unknown[0]!r}.", f"Days are: {', '.join(DAYS)}.")
    first, end = hours or (0, HOURS)
    if not (0 <= first < HOURS and 1 <= end <= HOURS and first != end):
        raise ParameterError(
            f"There is no part of the day from {first} to {end} h.",
            "Give hours from 0 to 24, the first before the end.",
        )
    clock = np.arange(HOURS)
    days = np.array([not weekdays or day in weekdays for day in DAYS])
    same_day = (clock >= first) & (clock < end if first < end else clock < HOURS)
    next_day = clock < (0 if first < end else end)
    chosen = np.outer(days, same_day) | np.outer(np.roll(days, 1), next_day)
    shares: FloatArray = np.asarray(spread.weights @ chosen.ravel().astype(np.float64))
    return np.clip(shares, 0.0, 1.0)
