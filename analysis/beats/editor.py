"""Changing a plan by hand: every change is answered at once with the figures and reasons of the beats it touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.beats import reasons as codes
from analysis.beats.edits import EditAnswer, PlanFigures
from analysis.beats.fixing import beats_beside, loose_units_placed, walkable_graph, within_bounds_again
from analysis.beats.graph import UnitGraph
from analysis.beats.naming import new_names
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason, name_units
from analysis.beats.standing import BeatStanding, amounts_of, measure, no_figures, standings
from analysis.errors import ParameterError

Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Step:
    """Units with their beats and locks before and after a change."""

    units: Labels
    beats: tuple[Labels, Labels]
    locks: tuple[Flags, Flags]


class PlanEditor:
    """A plan that is changed by hand.

    Parameters
    ----------
    problem : BeatProblem
        The task. What is worked out about its borders is kept with it, so that further editors begin at once.
    beat_of_unit : ndarray of int64, shape (n,)
        Position in ``beat_ids`` of the beat of each unit, -1 for none; copied.
    beat_ids : sequence of str
        Names of the beats.

    Raises
    ------
    ParameterError
        When names occur twice or the shapes do not fit.

    Notes
    -----
    A change visits the units of the beats that it touches and no others, and adds them up in the order of the units:
    the figures are always those of a plan measured from scratch. Units that the task locks stay locked until they are
    unlocked. Changes of locks can be undone too.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> editor = PlanEditor(beat_problem(frame, residents="people"), np.array([0, 0, 0, 1]), ("A", "B"))
    >>> [reason.code for beat in editor.beats() for reason in beat.reasons]
    ['below_min']
    >>> answer = editor.move([2], "B")
    >>> [(beat.beat_id, beat.residents, beat.reasons) for beat in answer.beats]
    [('A', 4000, ()), ('B', 4000, ())]
    """

    def __init__(self, problem: BeatProblem, beat_of_unit: Labels, beat_ids: Sequence[str]) -> None:
        self.problem = problem
        self._names = [str(name) for name in beat_ids]
        self._beat = np.array(beat_of_unit, np.int64)
        self._refuse_shapes()
        self._codes = {name: own for own, name in enumerate(self._names)}
        self._amounts = amounts_of(problem)
        self._locked: Flags = problem.locks.beat >= 0
        self._seen = np.zeros(problem.n_units, np.bool_)
        self._row_of_unit = problem.row_of_unit
        self._figures = no_figures(len(self._names))
        measure(problem.borders, self._amounts, self._beat, self._every_beat(), self._figures, self._seen)
        self._today = {name: code for code, name in enumerate(problem.current_names)}
        self._home = np.array([self._today.get(name, -1) for name in self._names], np.int64)
        self._moved = int(problem.residents[self._away(np.arange(problem.n_units))].sum())
        self._loose = int((self._beat < 0).sum())
        self._loose_residents = int(problem.residents[self._beat < 0].sum())
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self.revision = 0

    @classmethod
    def of(cls, plan: BeatPlan) -> PlanEditor:
        """Begin with a finished plan."""
        return cls(plan.problem, plan.beat_of_unit, plan.beat_ids)

    @property
    def beat_of_unit(self) -> Labels:
        """Position in :attr:`beat_ids` of the beat of each unit, -1 for none; a copy, shape (n,)."""
        return self._beat.copy()

    @property
    def beat_ids(self) -> tuple[str, ...]:
        """Names of all beats, of those without units too."""
        return tuple(self._names)

    @property
    def locked_units(self) -> tuple[Any, ...]:
        """Ids of the units that stay where they are."""
        return tuple(self.problem.unit_ids[self._locked].tolist())

    @property
    def locked(self) -> Flags:
        """Whether each unit stays where it is; a copy, shape (n,)."""
        return self._locked.copy()

    @property
    def assignments(self) -> pd.DataFrame:
        """``unit_id`` and ``beat_id`` (None for none) of every unit, in the order of the input."""
        names = np.array([*self._names, None], dtype=object)
        beats = pd.Series(names[self._beat], dtype=object)
        return pd.DataFrame({"unit_id": self.problem.unit_ids, "beat_id": beats})

    def beats(self) -> tuple[BeatStanding, ...]:
        """Describe every beat that has units."""
        return self._standings(np.flatnonzero(self._figures.units > 0))

    def units_of(self, beat_id: str) -> Labels:
        """Return the positions of the units of a beat, ascending; none of a beat that the plan does not have.

        Returns
        -------
        ndarray of int64, shape (k,)
        """
        return np.flatnonzero(self._beat == self._codes.get(str(beat_id), -2))

    def figures(self) -> PlanFigures:
        """Return the figures of the whole plan."""
        figures, problem = self._figures, self.problem
        present = figures.units > 0
        residents, work = figures.residents[present], figures.workload[present]
        mean = float(work.mean()) if len(work) else 0.0
        return PlanFigures(
            beats=int(present.sum()),
            within_bounds=int(((residents >= problem.min_residents) & (residents <= problem.max_residents)).sum()),
            contiguous=int((figures.pieces[present] == 1).sum()),
            unassigned_units=self._loose,
            unassigned_residents=self._loose_residents,
            workload_cv=float(work.std() / mean) if mean > 0 else 0.0,
            workload_max_over_mean=float(work.max() / mean) if mean > 0 else 1.0,
            moved_residents=self._moved if problem.current_names else None,
        )

    def move(self, unit_ids: Iterable[Any], beat_id: str | None) -> EditAnswer:
        """Move one or many units to a beat.

        Parameters
        ----------
        unit_ids : iterable
            Units, as named in the input.
        beat_id : str or None
            A beat of the plan, a new name for a new beat, or None to take the units out of their beats.

        Returns
        -------
        EditAnswer
            Locked units stay and are named in ``refused``.

        Raises
        ------
        ParameterError
            Naming a unit that does not exist; nothing is changed then.
        """
        units = self._rows(unit_ids)
        target = -1 if beat_id is None else self._code(str(beat_id))
        held = units[self._locked[units] & (self._beat[units] != target)]
        free = units[~self._locked[units] & (self._beat[units] != target)]
        refused = (_held(self.problem, held),) if len(held) else ()
        locks = self._locked[free]
        return self._change(_Step(free, (self._beat[free], np.full(len(free), target)), (locks, locks)), refused)

    def lock(self, unit_ids: Iterable[Any], *, locked: bool = True) -> EditAnswer:
        """Lock units to the beat they are in, or unlock them.

        Raises
        ------
        ParameterError
            Naming a unit that does not exist.
        """
        return self._lock_rows(self._rows(unit_ids), locked)

    def lock_beat(self, beat_id: str, *, locked: bool = True) -> EditAnswer:
        """Lock all units of a beat, or unlock them.

        Raises
        ------
        ParameterError
            When the plan has no such beat.
        """
        return self._lock_rows(np.flatnonzero(self._beat == self._known(beat_id)), locked)

    def fix(self, beat_id: str, *, seed: int = 0) -> EditAnswer:
        """Put a beat in order with little change to it and its neighbours; locked units stay.

        Parameters
        ----------
        beat_id : str
            The beat.
        seed : int
            Seed of the random numbers.

        Returns
        -------
        EditAnswer
            With the reasons that remain in ``refused`` where the beat could not be put in order.

        Raises
        ------
        ParameterError
            When the plan has no such beat.

        Notes
        -----
        Pieces beside the most populous one go to the neighbour with the longest border, those of its neighbours too
        where the beat is out of bounds. Then units move between the beat and its neighbours; where that does not
        suffice, beats up to three steps away are divided anew, with one beat fewer or more if that helps.
        """
        own = self._known(beat_id)
        before = self._beat.copy()
        touched = {own} | self._mend(own)
        if not self.problem.min_residents <= self._figures.residents[own] <= self.problem.max_residents:
            for other in beats_beside(self._graph, self._beat, own):
                touched |= self._mend(other)
            self._bring_within_bounds(own, seed)
        after = self._beat
        self._beat = before
        units = np.flatnonzero(after != before)
        locks = self._locked[units]
        every = np.concatenate([before[units], after[units], np.array(sorted(touched), np.int64)])
        answer = self._change(
            _Step(units, (before[units], after[units]), (locks, locks)), (), np.setdiff1d(every, [-1])
        )
        left = next((beat.reasons for beat in answer.beats if beat.beat_id == beat_id), ())
        return dataclasses.replace(answer, refused=left)

    def undo(self) -> EditAnswer:
        """Take the last change back; without one nothing happens."""
        if not self._done:
            return self._answer(np.zeros(0, np.int64), np.zeros(0, np.int64), ())
        step = self._done.pop()
        self._undone.append(step)
        return self._apply(step, 0, ())

    def redo(self) -> EditAnswer:
        """Do the change that was taken back last once more; without one nothing happens."""
        if not self._undone:
            return self._answer(np.zeros(0, np.int64), np.zeros(0, np.int64), ())
        step = self._undone.pop()
        self._done.append(step)
        return self._apply(step, 1, ())

    @cached_property
    def _graph(self) -> UnitGraph:
        return walkable_graph(self.problem)

    def _refuse_shapes(self) -> None:
        """Raise when beats and names do not fit the task."""
        if len(set(self._names)) != len(self._names):
            raise ParameterError("Two beats have the same id.", "Give every beat an id of its own.")
        if self._beat.shape != (self.problem.n_units,):
            raise ParameterError(
                f"There are beats for {len(self._beat):,} units, but {self.problem.n_units:,} units.",
                "Give one beat, or -1, for each unit.",
            )
        if len(self._beat) and not -1 <= self._beat.min() <= self._beat.max() < len(self._names):
            raise ParameterError("A unit has a beat that is not in the list of ids.", "Give -1 for units without one.")

    def _mend(self, own: int) -> set[int]:
        """Give loose pieces of a beat to its neighbours; return the beats that got units."""
        figures = self._figures
        if figures.pieces[own] <= 1 and figures.lowest_zone[own] == figures.highest_zone[own]:
            return set()
        placed = loose_units_placed(self.problem, self._graph, self._beat, own, self._locked)
        self._beat[list(placed)] = list(placed.values())
        chosen = np.zeros(len(self._names), np.bool_)
        chosen[[own, *placed.values()]] = True
        measure(self.problem.borders, self._amounts, self._beat, chosen, figures, self._seen)
        return {own, *placed.values()}

    def _bring_within_bounds(self, own: int, seed: int) -> None:
        """Change ``_beat`` so that a connected beat keeps the bounds, where that is found."""
        figures, problem = self._figures, self.problem
        if figures.pieces[own] != 1:
            return
        found = within_bounds_again(problem, self._graph, self._beat, figures, own, self._locked, seed)
        if found is not None:
            fresh = new_names((*self._names, *problem.locks.names))
            for _ in range(int(found.max()) + 1 - len(self._names)):
                self._code(next(fresh))
            self._beat = found

    def _every_beat(self) -> Flags:
        return np.ones(len(self._names), np.bool_)

    def _away(self, units: Labels) -> Flags:
        """Return which units have another beat than in the plan in force."""
        today = self.problem.current[units]
        away: Flags = (today >= 0) & (np.append(self._home, -1)[self._beat[units]] != today)
        return away

    def _rows(self, unit_ids: Iterable[Any]) -> Labels:
        """Return the positions of units, each once and ascending."""
        place = self._row_of_unit
        rows = {str(unit): place.get(str(unit), -1) for unit in unit_ids}
        unknown = [unit for unit, row in rows.items() if row < 0]
        if unknown:
            raise ParameterError(f"There is no {name_units(tuple(unknown))}.", "Correct the unit id.")
        return np.array(sorted(rows.values()), np.int64)

    def _known(self, beat_id: str) -> int:
        own = self._codes.get(str(beat_id))
        if own is None:
            raise ParameterError(f"The plan has no beat '{beat_id}'.", "Correct the beat id.")
        return own

    def _code(self, name: str) -> int:
        """Return the position of a beat, which is added where the plan does not have it."""
        if name not in self._codes:
            self._codes[name] = len(self._names)
            self._names.append(name)
            self._figures = self._figures.more(1)
            self._home = np.append(self._home, self._today.get(name, -1))
        return self._codes[name]

    def _lock_rows(self, units: Labels, locked: bool) -> EditAnswer:
        units = units[self._locked[units] != locked]
        beats = self._beat[units]
        return self._change(_Step(units, (beats, beats), (self._locked[units], np.full(len(units), locked))), ())

    def _change(self, step: _Step, refused: tuple[Reason, ...], touched: Labels | None = None) -> EditAnswer:
        if len(step.units):
            self._done.append(step)
            self._undone.clear()
        return self._apply(step, 1, refused, touched)

    def _apply(self, step: _Step, side: int, refused: tuple[Reason, ...], touched: Labels | None = None) -> EditAnswer:
        """Put units into the beats and locks of one side of a step and measure the beats touched."""
        units, after = step.units, step.beats[side]
        before = self._beat[units]
        residents = self.problem.residents[units]
        self._moved -= int(residents[self._away(units)].sum())
        self._beat[units], self._locked[units] = after, step.locks[side]
        self._moved += int(residents[self._away(units)].sum())
        loose = (after < 0).astype(np.int64) - (before < 0)
        self._loose += int(loose.sum())
        self._loose_residents += int((loose * residents).sum())
        self.revision += int(len(units) > 0)
        if touched is None:
            touched = np.setdiff1d(np.concatenate([before, after]), [-1])
        chosen = np.zeros(len(self._names), np.bool_)
        chosen[touched] = True
        measure(self.problem.borders, self._amounts, self._beat, chosen, self._figures, self._seen)
        return self._answer(units[before != after], touched, refused)

    def _answer(self, units: Labels, touched: Labels, refused: tuple[Reason, ...]) -> EditAnswer:
        named = np.array([*self._names, None], dtype=object)[self._beat[units]]
        return EditAnswer(
            revision=self.revision,
            changes=dict(zip(self.problem.unit_ids[units].tolist(), named.tolist(), strict=True)),
            refused=refused,
            beats=self._standings(touched),
            figures=self.figures(),
            undo_steps=len(self._done),
            redo_steps=len(self._undone),
        )

    def _standings(self, chosen: Labels) -> tuple[BeatStanding, ...]:
        return standings(self.problem, self._beat, self._names, self._figures, chosen)


def _held(problem: BeatProblem, units: Labels) -> Reason:
    """Name locked units that were to move."""
    names = tuple(problem.unit_ids[units].tolist())
    verb = "is" if len(names) == 1 else "are"
    return Reason(codes.LOCKED, f"The {name_units(names)} {verb} locked.", "Unlock before moving.", names)
