"""Six checks that a plan must pass before it is published."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import name_units
from analysis.beats.standing import amounts_of, measure, no_figures
from analysis.errors import ParameterError, UnitsError
from analysis.wording import counted, listed

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Check:
    """One check of a plan.

    Attributes
    ----------
    code : str
        ``double_assignment``, ``unassigned``, ``population_sum``, ``beat_count``, ``deviation`` or ``connectivity``.
    passed : bool
        Whether the plan passes.
    message : str
        One sentence with the figures.
    unit_ids, beat_ids : tuple
        Units and beats at fault.
    """

    code: str
    passed: bool
    message: str
    unit_ids: tuple[Any, ...] = ()
    beat_ids: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the check as plain values."""
        return dataclasses.asdict(self)


def integrity_checks(problem: BeatProblem, assignments: pd.DataFrame) -> tuple[Check, ...]:
    """Check a table of units and beats.

    Parameters
    ----------
    problem : BeatProblem
        The task: its units, residents, borders, bounds and number of beats.
    assignments : DataFrame
        ``unit_id`` and ``beat_id`` (missing for none), in any order.

    Returns
    -------
    tuple of Check
        Six, always in the same order: no unit in two beats, no unit without a beat, residents of the beats add up to
        those of the units, the number of beats is the one asked for (or one that fits the bounds), every beat is within
        the bounds, every beat is connected and on one side of the hard boundaries.

    Raises
    ------
    UnitsError
        When a column is missing.
    ParameterError
        Naming the row with a unit that the task does not have.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> table = pd.DataFrame({"unit_id": [0, 1, 2, 2], "beat_id": ["A", "A", "B", "A"]})
    >>> [check.code for check in integrity_checks(beat_problem(frame, residents="people"), table) if not check.passed]
    ['double_assignment', 'unassigned', 'deviation']
    """
    for column in ("unit_id", "beat_id"):
        if column not in assignments.columns:
            present = ", ".join(str(name) for name in assignments.columns)
            raise UnitsError(f"The plan has no column '{column}'.", f"Columns present: {present or 'none'}.")
    rows = _rows(problem, assignments)
    held = assignments["beat_id"].notna().to_numpy()
    unit, beat_id = rows[held], assignments["beat_id"].to_numpy(dtype=object)[held].astype(str)
    names, own = np.unique(beat_id, return_inverse=True) if len(beat_id) else (np.zeros(0, str), np.zeros(0, np.int64))
    pairs = np.unique(np.column_stack([unit, own]), axis=0).astype(np.int64)
    times = np.bincount(pairs[:, 0], minlength=problem.n_units)
    first = np.full(problem.n_units, -1, np.int64)
    first[pairs[::-1, 0]] = pairs[::-1, 1]
    return (
        _double(problem, times),
        _unassigned(problem, times),
        _sum(problem, pairs),
        _count(problem, names),
        _deviation(problem, pairs, names),
        _connectivity(problem, first, names),
    )


def _rows(problem: BeatProblem, assignments: pd.DataFrame) -> Labels:
    """Return the position of the unit of each row."""
    place = problem.row_of_unit
    rows = np.array([place.get(str(unit), -1) for unit in assignments["unit_id"].tolist()], np.int64)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        unit = assignments["unit_id"].iloc[unknown[0]]
        raise ParameterError(f"Row {unknown[0] + 1} names unit '{unit}', which does not exist.", "Correct the unit id.")
    return rows


def _named(problem: BeatProblem, units: Labels) -> tuple[tuple[Any, ...], str]:
    ids = tuple(problem.unit_ids[units].tolist())
    return ids, name_units(ids).removeprefix("units ").removeprefix("unit ")


def _double(problem: BeatProblem, times: Labels) -> Check:
    ids, named = _named(problem, np.flatnonzero(times > 1))
    message = (
        f"{counted(len(ids), 'unit is', 'units are')} in two beats or more: {named}."
        if ids
        else "No unit is in two beats."
    )
    return Check("double_assignment", not ids, message, ids)


def _unassigned(problem: BeatProblem, times: Labels) -> Check:
    units = np.flatnonzero(times == 0)
    ids, named = _named(problem, units)
    message = (
        f"{counted(len(ids), 'unit')} with {int(problem.residents[units].sum()):,} residents "
        f"{'has' if len(ids) == 1 else 'have'} no beat: {named}."
        if ids
        else "Every unit has a beat."
    )
    return Check("unassigned", not ids, message, ids)


def _sum(problem: BeatProblem, pairs: Labels) -> Check:
    inside, everyone = int(problem.residents[pairs[:, 0]].sum()), int(problem.residents.sum())
    word = "as many as" if inside == everyone else "but"
    message = f"The beats have {inside:,} residents, {word} the units have: {everyone:,}."
    return Check("population_sum", inside == everyone, message)


def _count(problem: BeatProblem, names: NDArray[Any]) -> Check:
    everyone = int(problem.residents.sum())
    if problem.beats is not None:
        passed, asked = len(names) == problem.beats, f"{problem.beats:,} were asked for"
    else:
        fewest, most = -(-everyone // problem.max_residents), everyone // problem.min_residents
        passed, asked = max(1, fewest) <= len(names) <= max(1, most), f"{fewest:,} to {most:,} fit the residents"
    return Check("beat_count", passed, f"There are {len(names):,} beats; {asked}.")


def _deviation(problem: BeatProblem, pairs: Labels, names: NDArray[Any]) -> Check:
    residents = np.bincount(pairs[:, 1], problem.residents[pairs[:, 0]], minlength=len(names))
    outside = np.flatnonzero((residents < problem.min_residents) | (residents > problem.max_residents))
    bad = tuple(str(name) for name in names[outside])
    mean = float(residents.mean()) if len(residents) else 0.0
    most = float(np.abs(residents / mean - 1.0).max()) if mean > 0 else 0.0
    band = f"{problem.min_residents:,} to {problem.max_residents:,} residents"
    message = f"The beat farthest from the mean of {mean:,.0f} residents is {most:.0%} off; "
    message += (
        f"{counted(len(bad), 'beat has not', 'beats have not')} {band}: {listed(bad)}." if bad else f"all have {band}."
    )
    return Check("deviation", not bad, message, beat_ids=bad)


def _connectivity(problem: BeatProblem, beat: Labels, names: NDArray[Any]) -> Check:
    figures = no_figures(len(names))
    every = np.ones(len(names), np.bool_)
    measure(problem.borders, amounts_of(problem), beat, every, figures, np.zeros(problem.n_units, np.bool_))
    apart = (figures.pieces > 1) | (figures.lowest_zone != figures.highest_zone)
    bad = tuple(str(name) for name in names[apart])
    message = (
        f"{counted(len(bad), 'beat is', 'beats are')} in pieces or on both sides of a hard boundary: {listed(bad)}."
        if bad
        else "Every beat is connected and on one side of the hard boundaries."
    )
    return Check("connectivity", not bad, message, beat_ids=bad)
