"""Crime by hour and weekday, and signs that the hours are not what they seem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.intervals import poisson_interval, wilson_interval
from analysis.projection import FloatArray
from analysis.space_time.aoristic import AoristicWeights, aoristic_week
from analysis.space_time.hour_signs import hour_notices
from analysis.space_time.local_time import instants
from analysis.summary import Notice, Summary

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FEW_EVENTS = 168
"""With fewer, most hours of the week are decided by chance."""


@dataclass(frozen=True)
class HourProfile:
    """Expected events by hour of the local week.

    Attributes
    ----------
    frame : DataFrame
        168 rows from Monday 00:00: ``weekday`` (0 is Monday), ``hour``, ``count`` (expected events: windows are
        spread), ``count_low``, ``count_high`` (Poisson interval), ``share`` (of all events), ``share_low``,
        ``share_high`` (Wilson interval).
    weights : AoristicWeights
        Of each event.
    summary : Summary
    """

    frame: pd.DataFrame
    weights: AoristicWeights
    summary: Summary

    @property
    def table(self) -> FloatArray:
        """Expected events, shape (7, 24): one row a weekday from Monday."""
        counts: FloatArray = self.frame["count"].to_numpy(dtype=np.float64)
        return counts.reshape(7, 24)


def hour_profile(
    occurred_from: Any,
    occurred_to: Any = None,
    *,
    zone: str,
    time_precision: Any = None,
    longest_hours: float | None = 24.0,
    confidence: float = 0.95,
) -> HourProfile:
    """Count events by hour and weekday, spreading those whose time is a window.

    Parameters
    ----------
    occurred_from, occurred_to, zone, time_precision, longest_hours
        As for `analysis.space_time.aoristic.aoristic_week`.
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    HourProfile

    Raises
    ------
    TimePrecisionError
        No time is known to the hour.
    EmptyInputError
        No event, or none left.
    ParameterError
        No times, an unknown zone, precision or confidence.

    Notes
    -----
    The count of an hour is the sum of the aoristic weights; its interval is the exact Poisson one, that of its share
    Wilson's, both with the expected count in place of a whole number. A window spreads one crime over several hours, so
    neighbouring hours resemble each other and their intervals are rather too wide than too narrow.

    Examples
    --------
    >>> profile = hour_profile(["2024-01-01 13:05", "2024-01-08 13:40", "2024-01-07 02:00"], zone="Europe/Riga")
    >>> profile.frame[profile.frame["count"] > 0][["weekday", "hour", "count"]].to_numpy().tolist()
    [[0.0, 13.0, 2.0], [6.0, 2.0, 1.0]]
    """
    weights = aoristic_week(
        occurred_from, occurred_to, zone=zone, time_precision=time_precision, longest_hours=longest_hours
    )
    counts, n = weights.totals, weights.summary.n_used
    count_low, count_high = poisson_interval(counts, confidence)
    share_low, share_high = wilson_interval(counts, n, confidence)
    weekday, hour = np.divmod(np.arange(168), 24)
    frame = pd.DataFrame(
        {
            "weekday": weekday,
            "hour": hour,
            "count": counts,
            "count_low": count_low,
            "count_high": count_high,
            "share": counts / n,
            "share_low": share_low,
            "share_high": share_high,
        }
    )
    local = instants(occurred_from, zone).local[weights.used]
    notices = (*weights.summary.warnings, *_few(n), *hour_notices(local))
    return HourProfile(frame, weights, _summary(weights, frame, confidence, notices))


def _few(n: int) -> tuple[Notice, ...]:
    """Warn of few events."""
    if n >= FEW_EVENTS:
        return ()
    return (Notice("few_events", f"Only {n} events for 168 hours of the week: look at hours or weekdays, not both."),)


def _summary(weights: AoristicWeights, frame: pd.DataFrame, confidence: float, notices: tuple[Notice, ...]) -> Summary:
    """Describe the profile."""
    spread = weights.summary
    by_hour = frame.groupby("hour")["count"].sum().to_numpy()
    by_day = frame.groupby("weekday")["count"].sum().to_numpy()
    six = sum(np.roll(by_hour, -shift) for shift in range(6))
    busiest = int(np.argmax(six))
    top = frame.loc[frame["count"].idxmax()]
    day, share = WEEKDAYS[int(np.argmax(by_day))], by_day.max() / spread.n_used
    hour = f"{WEEKDAYS[int(top['weekday'])]} {int(top['hour'])}:00"
    reading = (
        f"Of {spread.n_used:,} events {six[busiest] / spread.n_used:.0%} fall between {busiest}:00 and "
        f"{(busiest + 6) % 24}:00, a quarter of the day. The busiest weekday is {day} with {share:.0%} (a seventh is "
        f"14 %), the busiest hour of the week {hour} with {top['count']:.1f} events ({confidence:.0%} interval "
        f"{top['count_low']:.1f} to {top['count_high']:.1f}). {sum(spread.excluded.values()):,} events were left out. "
        "Events known to a window of time are spread over it."
    )
    return Summary(
        method="Hour and weekday profile",
        parameters={**spread.parameters, "confidence": confidence, "intervals": "Poisson (counts), Wilson (shares)"},
        n_used=spread.n_used,
        excluded=spread.excluded,
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=notices,
    )
