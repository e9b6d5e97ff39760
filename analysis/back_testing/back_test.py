"""Testing on past data how well each way of ranking places would have foretold what came next."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.back_testing.accuracy import Accuracy, CaptureCurve, accuracy, capture_curve
from analysis.back_testing.back_test_plan import MEASURE_NAMES, BackTestPlan, Measure
from analysis.back_testing.paired_comparison import CONFIDENCE, ranked_methods
from analysis.back_testing.ranking_methods import RankingMethod, standard_methods
from analysis.back_testing.rolling_windows import RollingWindow, rolling_windows
from analysis.errors import AnalysisError, CoordinateError, EmptyInputError, ParameterError, TimePrecisionError
from analysis.events import check_some_inside, events_notices
from analysis.grids.square import SquareGrid
from analysis.projection import BoolArray, FloatArray, crs_name
from analysis.space_time.dated_events import DatedEvents
from analysis.summary import Notice, Summary

FEW_WINDOWS = 6
CURVE_SHARES = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class BackTest:
    """How well each method did.

    Attributes
    ----------
    ranking : DataFrame
        See `analysis.back_testing.paired_comparison.ranked_methods`. Methods that failed in a window are not in it.
    results : DataFrame
        One row a window, method and area share: ``fit_from, score_from, score_to`` (dates; the last exclusive),
        ``method``, ``n_fit``, the columns of `back_testing.accuracy.Accuracy`, ``area_under`` and ``best_area_under``.
    curves : DataFrame
        ``method, area_share, capture_share``: the capture curve, mean over the windows.
    failed : dict of str to str
        Methods that could not be ranked, and why.
    summary : Summary
    """

    ranking: pd.DataFrame
    results: pd.DataFrame
    curves: pd.DataFrame
    failed: dict[str, str]
    summary: Summary


class _Judged(NamedTuple):
    """What one method reached in one window."""

    levels: tuple[Accuracy, ...]
    curve: CaptureCurve


class _Period(NamedTuple):
    """A window with its events: those to learn from, and both periods counted by cell."""

    window: RollingWindow
    x: FloatArray
    y: FloatArray
    age_days: FloatArray
    earlier: npt.NDArray[Any]
    later: npt.NDArray[Any]


class _Outcome(NamedTuple):
    """What the whole test gave."""

    n_windows: int
    periods: list[_Period]
    ranking: pd.DataFrame
    failed: dict[str, str]


def back_test(
    events: DatedEvents,
    grid: SquareGrid,
    plan: BackTestPlan,
    *,
    methods: Sequence[RankingMethod] | None = None,
    seed: int = 0,
) -> BackTest:
    """Let methods learn from one period and judge them on the next, over rolling windows.

    Parameters
    ----------
    events : DatedEvents
        From `analysis.space_time.dated_events.dated_events`, in the CRS of the grid.
    grid : SquareGrid
        The same cells for every window.
    plan : BackTestPlan
    methods : sequence of RankingMethod, optional
        By default `analysis.back_testing.ranking_methods.standard_methods`.
    seed : int
        Of the bootstrap.

    Returns
    -------
    BackTest

    Raises
    ------
    ParameterError
        A plan out of range, no method, or two of one name.
    TimePrecisionError
        Windows by the day, of events known to the month.
    CoordinateError
        Events and grid in different CRS.
    TooFewEventsError
        The events do not cover one window.
    EmptyInputError
        No event in the study area, no window with events in both periods, or no method that could be ranked.

    Notes
    -----
    A method sees the events of the fitting period only, also those just outside the study area, and never those of the
    scoring period; it is judged on the events of the scoring period in the study area. Every method is judged on
    exactly the same area, ties by their expected value (`back_testing.accuracy.accuracy`). Windows without an event in
    either period are left out and counted. A method that fails in one window is not ranked, because its mean would be
    over other windows than that of the rest; `failed` says why.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial patterns of
    crime. Security Journal 21.

    Examples
    --------
    >>> import shapely
    >>> from analysis.space_time.dated_events import dated_events
    >>> from analysis.grids.square import square_grid
    >>> random = np.random.default_rng(0)
    >>> x, y = 500_250 + random.normal(0, 90, 400), 4_000_250 + random.normal(0, 90, 400)
    >>> day = np.datetime64("2024-01-01") + random.integers(0, 366, 400)
    >>> events = dated_events(x, y, day, crs="EPSG:32616", zone="America/Chicago")
    >>> grid = square_grid(shapely.box(500_000, 4_000_000, 502_000, 4_002_000), 100, crs="EPSG:32616")
    >>> tested = back_test(events, grid, BackTestPlan(fit=6, score=2))
    >>> tested.ranking["method"].iloc[-1], round(float(tested.ranking["mean"].iloc[-1]), 6)
    ('random', 1.0)
    """
    chosen = tuple(standard_methods(grid)) if methods is None else tuple(methods)
    _check(events, grid, plan, chosen)
    inside = grid.cell_of(events.x, events.y) >= 0
    check_some_inside(events.x, events.y, grid, int(np.count_nonzero(~inside)))
    windows, periods = _periods(events, grid, plan)
    judged = {method.name: _judge_all(method, periods, grid, plan) for method in chosen}
    failed = {name: outcome for name, outcome in judged.items() if isinstance(outcome, str)}
    ranked = {name: outcome for name, outcome in judged.items() if not isinstance(outcome, str)}
    ranking = _ranking(ranked, failed, plan, seed)
    summary = _summary(events, grid, plan, inside, _Outcome(len(windows), periods, ranking, failed), seed)
    return BackTest(ranking, _results(ranked, periods), _curves(ranked), failed, summary)


def _check(events: DatedEvents, grid: SquareGrid, plan: BackTestPlan, methods: tuple[RankingMethod, ...]) -> None:
    """Refuse what cannot be tested."""
    if events.crs != grid.crs:
        raise CoordinateError(
            f"The events are in {crs_name(events.crs)}, the grid in {crs_name(grid.crs)}.", "Bring both into one CRS."
        )
    if plan.unit == "day" and events.precision == "month":
        raise TimePrecisionError("The events are known to the month only.", "Use windows of months.")
    if plan.measure not in get_args(Measure):
        raise ParameterError(f"Unknown measure {plan.measure!r}.", f"Use one of {', '.join(get_args(Measure))}.")
    if not all(0.0 < share <= 1.0 for share in plan.reported_shares):
        raise ParameterError(f"The area shares are {plan.reported_shares}.", "Give parts over 0 and up to 1.")
    twice = [name for name, times in Counter(method.name for method in methods).items() if times > 1]
    if twice or not methods:
        raise ParameterError(
            f"Two methods are called {twice[0]!r}." if twice else "There is no method to test.",
            "Give at least one method, each with a name of its own.",
        )
    if plan.reference is not None and plan.reference not in {method.name for method in methods}:
        raise ParameterError(f"The reference {plan.reference!r} is not tested.", "Add it to the methods, or give None.")


def _periods(
    events: DatedEvents, grid: SquareGrid, plan: BackTestPlan
) -> tuple[tuple[RollingWindow, ...], list[_Period]]:
    """Return all windows, and those with events in both periods."""
    windows = rolling_windows(events.day, fit=plan.fit, score=plan.score, step=plan.step, unit=plan.unit)
    found = [_period(events, grid, window) for window in windows]
    periods = [period for period in found if period is not None]
    if not periods:
        raise EmptyInputError(
            f"None of {len(windows)} windows has events in the study area in both periods.", "Take longer periods."
        )
    return windows, periods


def _period(events: DatedEvents, grid: SquareGrid, window: RollingWindow) -> _Period | None:
    """Return the events of a window; None where a period has none in the study area."""
    fitting = np.flatnonzero((events.day >= window.fit_from) & (events.day < window.score_from))
    scoring = (events.day >= window.score_from) & (events.day < window.score_to)
    if fitting.size == 0 or not scoring.any():
        return None
    fitting = fitting[np.lexsort((events.y[fitting], events.x[fitting], events.day[fitting]))]
    x, y = events.x[fitting], events.y[fitting]
    earlier = grid.count(x, y).counts[grid.inside]
    later = grid.count(events.x[scoring], events.y[scoring]).counts[grid.inside]
    if not (earlier.any() and later.any()):
        return None
    return _Period(window, x, y, (window.score_from - events.day[fitting] - 0.5).astype(np.float64), earlier, later)


def _judge_all(
    method: RankingMethod, periods: list[_Period], grid: SquareGrid, plan: BackTestPlan
) -> list[_Judged] | str:
    """Judge a method in every window; return the reason where it fails in one."""
    outcomes = []
    for period in periods:
        try:
            score = np.asarray(method.fit(period.x, period.y, period.age_days, grid), dtype=np.float64)
            levels = accuracy(score, period.later, area_shares=plan.reported_shares, earlier=period.earlier)
            outcomes.append(_Judged(levels, capture_curve(score, period.later)))
        except AnalysisError as error:
            first, middle, _ = period.window.dates
            return f"{method.name}, learning from {first} to before {middle}: {error.message}"
    return outcomes


def _ranking(ranked: dict[str, list[_Judged]], failed: dict[str, str], plan: BackTestPlan, seed: int) -> pd.DataFrame:
    """Rank the methods that did not fail."""
    if not ranked:
        raise EmptyInputError(f"No method could be ranked: {'; '.join(failed.values())}", "Check the grid and plan.")
    return ranked_methods(
        np.array([[_value(one, plan) for one in outcomes] for outcomes in ranked.values()]).T,
        list(ranked),
        reference=plan.reference if plan.reference in ranked else None,
        resamples=plan.resamples,
        seed=seed,
    )


def _value(judged: _Judged, plan: BackTestPlan) -> float:
    """Return what ranks a method in one window."""
    if plan.measure == "area_under":
        return judged.curve.area_under
    level = judged.levels[plan.reported_shares.index(plan.area_share)]
    return {"pai": level.pai, "pei": level.pei, "hit_rate": level.hit_rate}[plan.measure]


def _results(ranked: dict[str, list[_Judged]], periods: list[_Period]) -> pd.DataFrame:
    """Return everything measured, one row a window, method and area share."""
    rows = []
    for number, period in enumerate(periods):
        dates = dict(zip(("fit_from", "score_from", "score_to"), period.window.dates, strict=True))
        for name, outcomes in ranked.items():
            curve = outcomes[number].curve
            under = {"area_under": curve.area_under, "best_area_under": curve.best_area_under}
            known = {**dates, "method": name, "n_fit": int(period.earlier.sum())}
            rows += [{**known, **asdict(level), **under} for level in outcomes[number].levels]
    frame = pd.DataFrame(rows).rename(columns={"area": "area_cells"})
    return frame.assign(rri=pd.array(frame["rri"].to_list(), dtype="Float64"))


def _curves(ranked: dict[str, list[_Judged]]) -> pd.DataFrame:
    """Return the mean capture curve of each method."""
    pieces = []
    for name, outcomes in ranked.items():
        each = [np.interp(CURVE_SHARES, one.curve.area_share, one.curve.capture_share) for one in outcomes]
        curve = {"method": name, "area_share": CURVE_SHARES, "capture_share": np.mean(each, axis=0)}
        pieces.append(pd.DataFrame(curve))
    return pd.concat(pieces, ignore_index=True)


def _summary(
    events: DatedEvents, grid: SquareGrid, plan: BackTestPlan, inside: BoolArray, outcome: _Outcome, seed: int
) -> Summary:
    """Say how the test was made."""
    days = [period.window for period in outcome.periods]
    tested = np.any([(events.day >= one.fit_from) & (events.day < one.score_to) for one in days], axis=0)
    left_out = {
        "outside": int(np.count_nonzero(~inside)),
        "outside_windows": int(np.count_nonzero(inside & ~tested)),
    }
    n_used = int(np.count_nonzero(inside & tested))
    return Summary(
        method="Back-test of hot spot methods",
        parameters={
            **asdict(plan),
            "step": plan.score if plan.step is None else plan.step,
            "cell_m": grid.cell_m,
            "cells": grid.n_cells,
            "windows": len(days),
            "first_fit_from": days[0].dates[0],
            "last_score_to": days[-1].dates[2],
            "methods": outcome.ranking["method"].to_list(),
        },
        n_used=n_used,
        excluded={**events.excluded, **{reason: count for reason, count in left_out.items() if count}},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=_reading(plan, outcome),
        warnings=(
            *events.notices,
            *events_notices(events.x, events.y, grid, n_used),
            *_window_notices(plan, outcome),
        ),
        seed=seed,
    )


def _window_notices(plan: BackTestPlan, outcome: _Outcome) -> tuple[Notice, ...]:
    """Warn of windows too few, empty or not independent, and of methods without a rank."""
    n_windows, n_tested = outcome.n_windows, len(outcome.periods)
    notices = [Notice("method_failed", reason) for reason in outcome.failed.values()]
    if n_tested < n_windows:
        notices.append(Notice("empty_windows", f"{n_windows - n_tested} of {n_windows} windows hold no events."))
    if n_tested < FEW_WINDOWS:
        notices.append(
            Notice("few_windows", f"Only {n_tested} windows: intervals are too narrow and the order may change.")
        )
    if plan.step is not None and plan.step < plan.score:
        notices.append(
            Notice("overlapping_windows", "Scoring periods share days, so that the intervals are too narrow.")
        )
    return tuple(notices)


def _reading(plan: BackTestPlan, outcome: _Outcome) -> str:
    """Say in plain language which method did best."""
    periods, ranking = outcome.periods, outcome.ranking
    at = "" if plan.measure == "area_under" else f" at {plan.area_share:.0%} of the area"
    best = ranking.iloc[0]
    equals = [row.method for row in ranking.iloc[1:].itertuples() if not _is_above_zero(row.behind_best_low)]
    later = math.fsum(int(period.later.sum()) for period in periods)
    reading = (
        f"In {len(periods)} windows, each method learned from {plan.fit} {plan.unit}(s) and was judged on the next "
        f"{plan.score} ({later:,.0f} events in all) by the {MEASURE_NAMES[plan.measure]}{at}. Best: {best['method']}, "
        f"mean {best['mean']:.3g}."
    )
    if len(periods) == 1:
        reading += " One window cannot tell a better method from a lucky one."
    elif equals:
        reading += f" Not told apart from it on these data: {', '.join(equals)}."
    elif len(ranking) > 1:
        reading += " It was better than every other beyond chance."
    if "above_reference" in ranking and best["method"] != plan.reference and len(periods) > 1:
        reading += (
            f" It reached {best['above_reference']:+.3g} more than {plan.reference} ({CONFIDENCE:.0%} interval "
            f"{best['above_reference_low']:+.3g} to {best['above_reference_high']:+.3g})."
        )
    if outcome.failed:
        reading += f" Could not be ranked: {', '.join(outcome.failed)}."
    return reading + " The past does not bind the future: repeat the test when reporting or policing changes."


def _is_above_zero(low: Any) -> bool:
    """Tell whether the lower end of an interval is known and above zero."""
    return not pd.isna(low) and bool(low > 0)
