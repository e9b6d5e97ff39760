"""Space-time cube: counts of events by cell and time step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError
from analysis.events import check_some_inside
from analysis.grids.square import SquareGrid
from analysis.projection import BoolArray
from analysis.space_time.dated_events import DatedEvents
from analysis.space_time.local_time import IntArray, first_days_of, local_day, months_of
from analysis.summary import Notice

FEWEST_STEPS = 4
FEW_STEPS = 10
"""With fewer the trend test is crude; ArcGIS refuses them."""

MOST_BINS = 20_000_000
LONGEST_STEP = 36_600
"""Days."""


@dataclass(frozen=True)
class SpaceTimeCube:
    """Events by cell and time step.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_steps, n_rows, n_columns)
        Oldest step first; zero outside the study area.
    grid : SquareGrid
    step_days : int or None
        Length of a step in days; None: calendar months.
    starts : tuple of str
        Local date on which each step begins.
    end : str
        Local date after the last step.
    excluded : dict of str to int
        Events that are not in the cube, by reason: those of `DatedEvents`, then ``before_start``, ``after_end``,
        ``partial_last_step`` and ``outside``.
    notices : tuple of Notice
    """

    counts: IntArray
    grid: SquareGrid
    step_days: int | None
    starts: tuple[str, ...]
    end: str
    excluded: dict[str, int]
    notices: tuple[Notice, ...] = ()

    @property
    def n_steps(self) -> int:
        """Time steps."""
        return int(self.counts.shape[0])

    @property
    def n_used(self) -> int:
        """Events in the cube."""
        return int(self.counts.sum())


def space_time_cube(
    events: DatedEvents,
    grid: SquareGrid,
    *,
    step: int | Literal["month"],
    start: Any = None,
    end: Any = None,
) -> SpaceTimeCube:
    """Count events by cell and by time step.

    Parameters
    ----------
    events : DatedEvents
        In the CRS of the grid.
    grid : SquareGrid
    step : int or "month"
        Days of a step, or calendar months (the only steps for events known to the month).
    start, end : datetime, optional
        Local dates: the first day of the first step, and the day after the last one. By default the day (or month) of
        the first event, and the day after the last.

    Returns
    -------
    SpaceTimeCube

    Raises
    ------
    ParameterError
        An impossible step, a start after the end, days for events known to the month, or too large a cube.
    TooFewEventsError
        Fewer than four whole steps.
    CoordinateError, EmptyInputError
        No event in the study area and the period.

    Notes
    -----
    Steps begin at local midnight and are equally long on the calendar; months are not (28 to 31 days), which a notice
    says. What is left at the end and shorter than a step would look like a fall in crime: it is no step, and its events
    are left out and counted.

    Examples
    --------
    >>> import shapely
    >>> from analysis.space_time.dated_events import dated_events
    >>> from analysis.grids.square import square_grid
    >>> day = np.datetime64("2024-01-01") + np.arange(30)
    >>> events = dated_events(np.full(30, 5e5 + 50), np.full(30, 4e6 + 50), day, crs="EPSG:32616", zone="UTC")
    >>> grid = square_grid(shapely.box(5e5, 4e6, 5e5 + 300, 4e6 + 200), 100, crs="EPSG:32616")
    >>> cube = space_time_cube(events, grid, step=7)
    >>> cube.counts.shape, cube.starts[-1], cube.excluded
    ((4, 2, 3), '2024-01-22', {'partial_last_step': 2})
    """
    _check_step(events, grid, step)
    first, last = _period(events, step, start, end)
    edges = _step_edges(first, last, step)
    whole_end = int(edges[-1])
    n_steps = edges.size - 1
    _check_size(n_steps, grid, f"From {_date(first)} to {_date(last)}")
    cell = grid.cell_of(events.x, events.y)
    check_some_inside(events.x, events.y, grid, int(np.count_nonzero(cell < 0)))
    kept, excluded = _sorted_out(events, cell, first, last, whole_end)
    number = np.searchsorted(edges, events.day, "right") - 1
    size = grid.inside.size
    counts = np.bincount(number[kept] * size + cell[kept], minlength=n_steps * size).reshape(
        n_steps, grid.n_rows, grid.n_columns
    )
    return SpaceTimeCube(
        counts.astype(np.int64),
        grid,
        None if step == "month" else int(step),
        tuple(_date(day) for day in edges[:-1].tolist()),
        _date(int(edges[-1])),
        excluded,
        (*events.notices, *_step_notices(step, n_steps, whole_end, last, excluded)),
    )


def _check_size(n_steps: int, grid: SquareGrid, period: str) -> None:
    """Refuse a cube of too few steps for a trend, or of more bins than memory holds."""
    if n_steps < FEWEST_STEPS:
        raise TooFewEventsError(
            f"{period} there are {n_steps} whole steps.",
            f"Use shorter steps or a longer period: at least {FEWEST_STEPS}, better {FEW_STEPS} or more.",
        )
    if n_steps * grid.inside.size > MOST_BINS:
        raise ParameterError(
            f"{n_steps:,} steps on {grid.inside.size:,} cells are too many.", "Use longer steps or larger cells."
        )


def _check_step(events: DatedEvents, grid: SquareGrid, step: int | Literal["month"]) -> None:
    """Refuse steps and grids that do not fit the events."""
    if grid.crs != events.crs:
        raise ParameterError("Events and grid are in different CRS.", "Bring both into the working CRS.")
    if step != "month" and not (isinstance(step, (int, np.integer)) and 1 <= step <= LONGEST_STEP):
        raise ParameterError(f"A step of {step!r} is not possible.", "Give a whole number of days, or month.")
    if events.precision == "month" and step != "month":
        raise ParameterError("Events known to the month cannot be counted by days.", "Use steps of a month.")


def _sorted_out(
    events: DatedEvents, cell: IntArray, first: int, last: int, whole_end: int
) -> tuple[BoolArray, dict[str, int]]:
    """Return which events are in the cube, and the others by their first reason."""
    reasons = {
        "before_start": events.day < first,
        "after_end": events.day >= last,
        "partial_last_step": (events.day >= whole_end) & (events.day < last),
        "outside": cell < 0,
    }
    excluded, kept = {**events.excluded}, np.ones(cell.size, dtype=np.bool_)
    for reason, hit in reasons.items():
        if (kept & hit).any():
            excluded[reason] = int(np.count_nonzero(kept & hit))
            kept &= ~hit
    if not kept.any():
        raise EmptyInputError("No event lies in the study area and the period.", "Check start, end and study area.")
    return kept, excluded


def _period(events: DatedEvents, step: int | Literal["month"], start: Any, end: Any) -> tuple[int, int]:
    """Return the first day and the day after the last, as days since 1970-01-01."""
    first, last = int(events.day.min()), int(events.day.max()) + 1
    months = first_days_of(np.array([events.month.min(), events.month.max() + 1]))
    first = int(months[0]) if step == "month" else first
    last = int(months[1]) if events.precision == "month" else last
    first = first if start is None else local_day(start, events.zone, "start of the period")
    last = last if end is None else local_day(end, events.zone, "end of the period")
    if first >= last:
        raise ParameterError(f"The period from {_date(first)} to {_date(last)} is empty.", "Swap start and end.")
    if step == "month" and int(first_days_of(months_of(np.array([first])))[0]) != first:
        raise ParameterError(f"Months cannot begin on {_date(first)}.", "Start on the first day of a month.")
    return first, last


def _step_edges(first: int, last: int, step: int | Literal["month"]) -> IntArray:
    """Return the days on which whole steps begin, with the end of the last one."""
    if step != "month":
        return first + step * np.arange((last - first) // step + 1, dtype=np.int64)
    begin, end = months_of(np.array([first, last])).tolist()
    return first_days_of(np.arange(begin, end + 1))


def _date(day: int) -> str:
    """Return a day since 1970-01-01 as text."""
    return str(np.datetime64(day, "D"))


def _step_notices(
    step: int | Literal["month"], n_steps: int, whole_end: int, last: int, excluded: dict[str, int]
) -> tuple[Notice, ...]:
    """Tell of a partial step, of few steps and of months."""
    notices = []
    if whole_end < last:
        notices.append(
            Notice(
                "partial_last_step",
                f"The last step, from {_date(whole_end)} to {_date(last)}, is not whole: it was left out with its "
                f"{excluded.get('partial_last_step', 0):,} events.",
            )
        )
    if n_steps < FEW_STEPS:
        notices.append(
            Notice("few_steps", f"{n_steps} time steps are few for a test of trend; {FEW_STEPS} or more are better.")
        )
    if step == "month":
        notices.append(Notice("unequal_steps", "Months are 28 to 31 days long: short ones look a little quieter."))
    return tuple(notices)
