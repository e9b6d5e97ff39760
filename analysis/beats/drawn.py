"""Plans that people drew or that come from elsewhere, described like those of the solver: nothing wrong is hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.beats import reasons as codes
from analysis.beats.plan import BeatPlan, described
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason, name_units
from analysis.beats.screening import coarse_units, screen
from analysis.beats.standing import amounts_of, measure, no_figures, standings
from analysis.errors import ParameterError

Labels = NDArray[np.int64]

DRAWN = "Plan drawn by hand or imported"


def drawn_plan(problem: BeatProblem, beat_of_unit: Labels, beat_ids: Sequence[str]) -> BeatPlan:
    """Describe a plan whose beats are given.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    beat_of_unit : ndarray of int64, shape (n,)
        Position in ``beat_ids`` of the beat of each unit.
    beat_ids : sequence of str
        Names of the beats, all different; those without units are left out.

    Returns
    -------
    BeatPlan
        With a reason for every beat that is out of bounds, in pieces or on both sides of a hard boundary, and for every
        unit that is not in the beat it is locked to.

    Raises
    ------
    ParameterError
        Naming units without a beat.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> plan = drawn_plan(beat_problem(frame, residents="people"), np.array([0, 1, 0, 1]), ["A", "B"])
    >>> [reason.code for reason in plan.reasons]
    ['not_contiguous', 'not_contiguous', 'units_too_coarse']
    """
    without = np.flatnonzero(beat_of_unit < 0)
    if len(without):
        named = name_units(tuple(problem.unit_ids[without].tolist()))
        raise ParameterError(f"{named[0].upper()}{named[1:]} have no beat.", "Give every unit a beat.")
    present, beat = np.unique(beat_of_unit, return_inverse=True)
    names = tuple(str(beat_ids[own]) for own in present)
    beat = beat.astype(np.int64)
    figures = no_figures(len(names))
    everywhere = np.ones(len(names), np.bool_)
    measure(problem.borders, amounts_of(problem), beat, everywhere, figures, np.zeros(problem.n_units, np.bool_))
    found = [
        reason
        for standing in standings(problem, beat, names, figures, np.arange(len(names)))
        for reason in standing.reasons
    ]
    found += _unlocked(problem, beat, names)
    coarse = coarse_units(problem)
    if coarse is not None:
        units = tuple(problem.unit_ids[coarse.units].tolist())
        found.append(Reason(coarse.code, coarse.message, coarse.hint, units))
    return described(problem, screen(problem), beat, names, tuple(found), DRAWN)


def _unlocked(problem: BeatProblem, beat: Labels, names: tuple[str, ...]) -> list[Reason]:
    """Name units that are not in the beat they are locked to."""
    locks = problem.locks
    if not locks.names:
        return []
    wanted = np.array([*locks.names, None], dtype=object)[locks.beat]
    breaches = np.flatnonzero((locks.beat >= 0) & (wanted != np.array(names, dtype=object)[beat]))
    found = []
    for lock in np.unique(locks.beat[breaches]):
        units = tuple(problem.unit_ids[breaches[locks.beat[breaches] == lock]].tolist())
        message = f"The {name_units(units)} should be in beat '{locks.names[lock]}' because of a lock."
        found.append(Reason(codes.LOCKED_CONFLICT, message, "Move them there, or unlock them.", units))
    return found
