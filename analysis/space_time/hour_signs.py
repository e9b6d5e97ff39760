"""Signs that the hours of events are not what they seem."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.space_time.time_units import DAY, HOUR, MINUTE
from analysis.summary import Notice

LEAST_TO_JUDGE = 300
"""Fewer times say nothing about rounding and zones."""

ROUND_HOURS, MIDNIGHTS = 0.15, 0.08
"""Shares of moments on the full hour (chance: 1.7 %) and at exactly 00:00 that deserve a warning."""

QUIET_HOURS = range(1, 10)
"""Hours in which the quietest three hours of a town begin."""

CLEARLY_QUIET = 0.6


def hour_notices(local: npt.NDArray[np.int64]) -> tuple[Notice, ...]:
    """Warn of times that are rounded, put on midnight for want of a better, or in another zone than declared.

    Parameters
    ----------
    local : ndarray of int64, shape (n,)
        Microseconds on the local wall clock, of events known to the hour.

    Returns
    -------
    tuple of Notice
        ``midnight_times``, ``rounded_times``, ``shifted_clock``, where they apply; none for fewer than 300 events.

    Notes
    -----
    More than 8 % at exactly 00:00; more than 15 % in the first minute of an hour; a three-hour trough, clearly below
    the median (0.6), that begins before 1 or after 9 o'clock, where most towns have it between 2 and 7.

    Examples
    --------
    >>> day = np.arange(400) * DAY
    >>> [notice.code for notice in hour_notices(day)]
    ['midnight_times', 'rounded_times']
    """
    if local.size < LEAST_TO_JUDGE:
        return ()
    notices = []
    midnight, on_the_hour = float(np.mean(local % DAY == 0)), float(np.mean(local % HOUR < MINUTE))
    if midnight > MIDNIGHTS:
        notices.append(
            Notice("midnight_times", f"{midnight:.1%} of the times are exactly 00:00: probably the hour is not known.")
        )
    if on_the_hour > ROUND_HOURS:
        notices.append(
            Notice("rounded_times", f"{on_the_hour:.1%} of the times are on the full hour (chance: 1.7 %): rounded.")
        )
    hours = local[local % DAY != 0]
    hours //= HOUR
    hours %= 24
    by_hour = np.bincount(hours, minlength=24)
    three = by_hour + np.roll(by_hour, -1) + np.roll(by_hour, -2)
    quietest = int(np.argmin(three))
    if three[quietest] < CLEARLY_QUIET * np.median(three) and quietest not in QUIET_HOURS:
        notices.append(
            Notice(
                "shifted_clock",
                f"The quietest hours are {quietest} to {(quietest + 3) % 24} o'clock, in most towns 2 to 7: the times "
                "may be in another zone than declared.",
            )
        )
    return tuple(notices)
