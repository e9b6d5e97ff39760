"""Change between two periods, cell by cell, with an exact test and interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betainc, betaincc, betaincinv

from analysis.errors import CoordinateError, EmptyInputError, ParameterError
from analysis.grids.square import SquareGrid
from analysis.hot_spots.significance import CORRECTION_NAMES, Correction, q_values
from analysis.projection import BoolArray, FloatArray, crs_name
from analysis.space_time.local_time import IntArray
from analysis.summary import Notice, Summary

FEW_EVENTS = 30
DAYS_OF_YEAR = 365.25
CHANGE_LEVEL = 0.05
"""Largest q of a cell whose change is called an increase or a decrease."""


@dataclass(frozen=True)
class RateChange:
    """Change of rates between two periods, one entry a cell.

    Attributes
    ----------
    tested : ndarray of bool, shape (n,)
        Cells with an event in either period; the rest have neither p nor ratio.
    p_value : ndarray of float64, shape (n,)
        Two-sided; 1 where not tested.
    ratio, ratio_low, ratio_high : ndarray of float64, shape (n,)
        Rate after over rate before, with its confidence interval; infinite where there was no event before.
    """

    tested: BoolArray
    p_value: FloatArray
    ratio: FloatArray
    ratio_low: FloatArray
    ratio_high: FloatArray


@dataclass(frozen=True)
class PeriodChange:
    """A map of change.

    Attributes
    ----------
    frame : GeoDataFrame
        ``before``, ``after`` (counts), ``rate_before``, ``rate_after`` (events per km2 and 365.25 days), ``ratio``,
        ``ratio_low``, ``ratio_high`` (null where unbounded or undefined), ``p_value``, ``q_value`` (null without any
        event), ``change`` (``increase``, ``decrease``, ``not clear`` or ``no events``), ``cell, cell_x, cell_y,
        geometry``; every cell of the study area.
    summary : Summary
        Its parameters hold the change of the whole map with its interval.
    """

    frame: gpd.GeoDataFrame
    summary: Summary


def rate_change(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    days_before: float,
    days_after: float,
    confidence: float = 0.95,
    mid_p: bool = False,
    reference_ratio: float = 1.0,
) -> RateChange:
    """Compare two counts of each cell, given the length of their periods.

    Parameters
    ----------
    before, after : array_like of int, shape (n,)
        Events in each period.
    days_before, days_after : float
        Length of each period, days.
    confidence : float
        Of the intervals, between 0 and 1.
    mid_p : bool
        Count the observed outcome half: less conservative on small counts, but the level is no longer guaranteed. The
        interval stays the exact one, so the two may disagree near the border.
    reference_ratio : float
        Ratio of rates under the hypothesis: 1 asks whether a cell changed; the ratio of the whole map asks whether it
        changed otherwise than the map.

    Returns
    -------
    RateChange

    Raises
    ------
    ParameterError
        Counts that are no whole numbers or differ in shape; a period, level or ratio that is not positive.

    Notes
    -----
    If both counts are Poisson, then given their sum m the later one is binomial with
    ``pi = r days_after / (days_before + r days_after)``, r the ratio of the rates. The p-value is
    ``min(1, 2 min(P(X <= after), P(X >= after)))`` at the reference ratio. The interval of r comes from the exact
    (Clopper-Pearson) interval of pi by ``r = pi / (1 - pi) * days_before / days_after``; it leaves out the reference
    ratio exactly when p is below one less the confidence (without mid-p). Crimes that follow one another vary more than
    Poisson counts, so p is somewhat too small where repeats are common.

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Homogeneity of results in testing samples from Poisson series. Biometrika
    31(3-4).
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26(4).

    Examples
    --------
    >>> found = rate_change([10, 0], [20, 0], days_before=365, days_after=365)
    >>> float(found.ratio[0]), found.p_value.round(4).tolist(), found.tested.tolist()
    (2.0, [0.0987, 1.0], [True, False])
    """
    a, b = _counts(before), _counts(after)
    if a.shape != b.shape or a.ndim != 1:
        raise ParameterError(f"There are counts of shape {a.shape} before and {b.shape} after.", "Use the same cells.")
    for value, what in ((days_before, "earlier period"), (days_after, "later period"), (reference_ratio, "ratio")):
        if not (math.isfinite(value) and value > 0):
            raise ParameterError(f"The {what} is {value}.", "Give a positive number.")
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence is {confidence}.", "Give a number between 0 and 1, such as 0.95.")
    m = a + b
    exposure = days_before / days_after
    expected = 1.0 / (1.0 + exposure / reference_ratio)
    at_least = np.where(b > 0, betainc(np.maximum(b, 1), a + 1, expected), 1.0)
    at_most = np.where(a > 0, betaincc(b + 1, np.maximum(a, 1), expected), 1.0)
    if mid_p:
        exactly = np.clip(at_least + at_most - 1.0, 0.0, 1.0)
        at_least, at_most = at_least - exactly / 2.0, at_most - exactly / 2.0
    p = np.clip(2.0 * np.minimum(at_least, at_most), 0.0, 1.0)
    tail = (1.0 - confidence) / 2.0
    low = np.where(b > 0, betaincinv(np.maximum(b, 1), a + 1, tail), 0.0)
    high = np.where(a > 0, betaincinv(b + 1, np.maximum(a, 1), 1.0 - tail), 1.0)
    ratio = np.divide(b * days_before, a * days_after, out=np.full(m.shape, np.inf), where=a > 0)
    return RateChange(m > 0, p, ratio, _odds(low) * exposure, _odds(high) * exposure)


def period_change(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    grid: SquareGrid,
    *,
    days_before: float,
    days_after: float,
    correction: Correction = "bh",
    against: Literal["no_change", "whole_map"] = "no_change",
    mid_p: bool = False,
) -> PeriodChange:
    """Map where crime has gone up or down between two periods.

    Parameters
    ----------
    before, after : array_like of int, shape (n_rows, n_columns)
        Counts of the two periods on the same grid (`SquareGrid.count`).
    grid : SquareGrid
    days_before, days_after : float
        Length of each period, days.
    correction : {"bh", "by", "bonferroni", "none"}
        For testing every cell at once; cells without any event are not tested.
    against : {"no_change", "whole_map"}
        Has the cell changed, or has it changed otherwise than the map as a whole (ratio of the totals)?
    mid_p : bool
        See `rate_change`.

    Returns
    -------
    PeriodChange

    Raises
    ------
    CoordinateError
        Counts of another grid.
    EmptyInputError
        No event in either period; with ``whole_map``: in one of them.
    ParameterError
        See `rate_change`; an unknown correction or hypothesis.

    Notes
    -----
    Test and interval as in `rate_change`, with 95 % intervals; q as in `significance.q_values` over the tested
    cells; a change is called an increase or decrease when q is at most 0.05. Which cells are tested depends on the sum
    of their counts only, about which the test says nothing, so leaving the empty ones out is no choice in favour of a
    finding.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 300, 100), 100, crs="EPSG:32616")
    >>> found = period_change([[5, 40, 0]], [[4, 90, 0]], grid, days_before=365, days_after=365)
    >>> found.frame["change"].tolist()
    ['not clear', 'increase', 'no events']
    """
    _require_known(correction, against)
    a, b = _cell_counts(before, grid), _cell_counts(after, grid)
    total = rate_change([a.sum()], [b.sum()], days_before=days_before, days_after=days_after)
    if a.sum() + b.sum() == 0 or (against == "whole_map" and 0 in (a.sum(), b.sum())):
        raise EmptyInputError("There is no event in one of the periods, or in both.", "Check periods and filters.")
    reference = float(total.ratio[0]) if against == "whole_map" else 1.0
    found = rate_change(a, b, days_before=days_before, days_after=days_after, mid_p=mid_p, reference_ratio=reference)
    q = np.ones(a.size)
    q[found.tested] = q_values(found.p_value[found.tested], correction)
    rises = (b * days_before) > reference * (a * days_after)
    frame = _change_frame(grid, (a, b), (days_before, days_after), found, q, rises)
    parameters = {
        "cell_m": grid.cell_m,
        "days_before": days_before,
        "days_after": days_after,
        "test": "exact conditional binomial, two-sided" + (", mid-p" if mid_p else ""),
        "against": against,
        "correction": correction,
        "confidence": 0.95,
        "whole_map_ratio": _finite(total.ratio[0]),
        "whole_map_interval": [_finite(total.ratio_low[0]), _finite(total.ratio_high[0])],
    }
    return PeriodChange(frame, _summary(frame, grid, parameters, correction))


def _require_known(correction: str, against: str) -> None:
    """Refuse what is no correction or no hypothesis."""
    if correction not in CORRECTION_NAMES or against not in ("no_change", "whole_map"):
        raise ParameterError(
            f"Unknown correction {correction!r} or hypothesis {against!r}.",
            "Use bh, by, bonferroni or none; no_change or whole_map.",
        )


def _change_frame(
    grid: SquareGrid,
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    days: tuple[float, float],
    found: RateChange,
    q: npt.NDArray[np.float64],
    rises: npt.NDArray[np.bool_],
) -> gpd.GeoDataFrame:
    """Return the cells with counts and rates of both periods, the ratio, its test and what it comes to."""
    change = np.select(
        [~found.tested, (q <= CHANGE_LEVEL) & rises, q <= CHANGE_LEVEL],
        ["no events", "increase", "decrease"],
        "not clear",
    )
    unit = DAYS_OF_YEAR / (grid.cell_m**2 / 1e6)
    nullable = {"ratio": found.ratio, "ratio_low": found.ratio_low, "ratio_high": found.ratio_high}
    nullable |= {"p_value": found.p_value, "q_value": q}
    return grid.to_frame(
        before=counts[0],
        after=counts[1],
        rate_before=counts[0] * unit / days[0],
        rate_after=counts[1] * unit / days[1],
        **{name: _nullable(values, found.tested) for name, values in nullable.items()},
        change=change.astype(object),
    )


def _cell_counts(table: npt.ArrayLike, grid: SquareGrid) -> IntArray:
    """Return the counts of the cells of the study area."""
    counts = np.asarray(table)
    if counts.shape != grid.inside.shape:
        raise CoordinateError(
            f"Counts of shape {counts.shape} do not fit a grid of {grid.inside.shape}.",
            "Count both periods on the same grid.",
        )
    return _counts(counts[grid.inside])


def _counts(values: npt.ArrayLike) -> IntArray:
    """Return counts, refusing what is no count."""
    given = np.asarray(values)
    if given.dtype.kind not in "iuf" or not np.isfinite(given).all() or (given < 0).any() or (given % 1 != 0).any():
        raise ParameterError("The test of change is for whole counts of zero or more.", "Use counts, not weights.")
    return given.astype(np.int64)


def _odds(share: FloatArray) -> FloatArray:
    """Return ``share / (1 - share)``, infinite at 1."""
    odds: FloatArray = np.divide(share, 1.0 - share, out=np.full(share.shape, np.inf), where=share < 1.0)
    return odds


def _nullable(values: FloatArray, defined: BoolArray) -> pd.arrays.FloatingArray:
    """Return a nullable column, null also where infinite."""
    shown = defined & np.isfinite(values)
    return pd.arrays.FloatingArray(np.where(shown, values, 0.0), ~shown)


def _finite(value: float) -> float | None:
    """Return a plain number, None for infinity."""
    return float(value) if math.isfinite(value) else None


def _summary(frame: gpd.GeoDataFrame, grid: SquareGrid, parameters: dict[str, Any], correction: Correction) -> Summary:
    """Describe the change."""
    a, b = int(frame["before"].sum()), int(frame["after"].sum())
    tally = frame["change"].value_counts()
    up, down, unclear, empty = (int(tally.get(k, 0)) for k in ("increase", "decrease", "not clear", "no events"))
    notices = []
    if a + b < FEW_EVENTS:
        notices.append(Notice("few_events", f"Only {a + b} events in both periods: hardly any change can be seen."))
    fresh = int(np.count_nonzero((frame["before"] == 0) & (frame["after"] > 0)))
    if fresh:
        notices.append(
            Notice(
                "no_events_before",
                f"{fresh:,} cells had no event before: their ratio has no upper end and is empty; the lower end of the "
                "interval is given.",
            )
        )
    overall = _overall(parameters["whole_map_ratio"], *parameters["whole_map_interval"])
    reading = (
        f"From {a:,} events in {parameters['days_before']:g} days to {b:,} in {parameters['days_after']:g} days "
        f"{overall}. Of {len(frame):,} cells {up:,} rose and {down:,} fell clearly, after "
        f"{CORRECTION_NAMES[correction]}; {unclear:,} show no clear change and {empty:,} had no "
        "event. No clear change does not mean no change: small counts hide even a doubling. Cells picked because they "
        "were bad before fall by chance alone."
    )
    return Summary(
        method="Change between two periods",
        parameters=parameters,
        n_used=a + b,
        excluded={},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=reading,
        warnings=tuple(notices),
    )


def _overall(ratio: float | None, low: float | None, high: float | None) -> str:
    """Say how the whole map changed."""
    if ratio is None or low is None or high is None:
        return "the rate of the whole map cannot be compared, as there was no event before"
    return f"the rate of the whole map became {ratio:.2f} times what it was (95 % interval {low:.2f} to {high:.2f})"
