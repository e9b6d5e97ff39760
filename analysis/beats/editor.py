"""Changing a plan by hand: every change is answered at once with the figures and reasons of the beats it touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.beats.causes import Baseline, Causes
from analysis.beats.checks import check_beats
from analysis.beats.edits import EditAnswer, PlanFigures, plan_figures
from analysis.beats.fixing import beats_beside, loose_units_placed, walkable_graph, within_bounds_again
from analysis.beats.graph import UnitGraph
from analysis.beats.naming import new_names
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason, held_units, name_units
from analysis.beats.standing import BeatStanding, amounts_of, measure, no_figures, standings
from analysis.beats.steps import NO_STEP, NamedStep, Step, StepHistory, Way, steps_leading_to
from analysis.errors import ParameterError

Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]


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
    unlocked. Changes of locks can be undone too. An editor that goes on with a plan that others edited takes their
    steps by :meth:`recall` (what led to the plan as it is) and :meth:`replay` (what they did since).

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
    >>> answer.beats[1].because
    "In order since unit '2' (2,000 residents) came from 'A'."
    """

    def __init__(self, problem: BeatProblem, beat_of_unit: Labels, beat_ids: Sequence[str]) -> None:
        self.problem = problem
        self._names = [str(name) for name in beat_ids]
        self._beat = np.array(beat_of_unit, np.int64)
        check_beats(self._beat, self._names, problem.n_units)
        self._codes = {name: own for own, name in enumerate(self._names)}
        self._amounts = amounts_of(problem)
        self._locked: Flags = problem.locks.beat >= 0
        self._seen = np.zeros(problem.n_units, np.bool_)
        self._figures = no_figures(len(self._names))
        self._measure(np.arange(len(self._names)))
        self._today = {name: code for code, name in enumerate(problem.current_names)}
        self._home = np.array([self._today.get(name, -1) for name in self._names], np.int64)
        self._moved = int(problem.residents[self._away(np.arange(problem.n_units))].sum())
        self._loose = int((self._beat < 0).sum())
        self._loose_residents = int(problem.residents[self._beat < 0].sum())
        self._history = StepHistory()
        self._baseline = Baseline(problem, self._beat, len(self._names))
        self._last: tuple[Way, Step] | None = None
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
    def last_step(self) -> NamedStep | None:
        """What the last call did to the units, None where it changed nothing."""
        if self._last is None:
            return None
        way, step = self._last
        return NamedStep(way, step.units, self._named(step.before), self._named(step.after), step.locked)

    @property
    def assignments(self) -> pd.DataFrame:
        """``unit_id`` and ``beat_id`` (None for none) of every unit, in the order of the input."""
        names = np.array([*self._names, None], dtype=object)
        beats = pd.Series(names[self._beat], dtype=object)
        return pd.DataFrame({"unit_id": self.problem.unit_ids, "beat_id": beats})

    def beats(self) -> tuple[BeatStanding, ...]:
        """Describe every beat that has units."""
        return self._standings(np.flatnonzero(self._figures.units > 0), self._causes())

    def reasons(self) -> tuple[Reason, ...]:
        """Say what is not in order about the plan as a whole, and which edits made it so."""
        return self._causes().of_plan()

    def units_of(self, beat_id: str) -> Labels:
        """Return the positions of the units of a beat, ascending; none of a beat that the plan does not have.

        Returns
        -------
        ndarray of int64, shape (k,)
        """
        return np.flatnonzero(self._beat == self._codes.get(str(beat_id), -2))

    def figures(self) -> PlanFigures:
        """Return the figures of the whole plan."""
        moved = self._moved if self.problem.current_names else None
        return plan_figures(self.problem, self._figures, (self._loose, self._loose_residents), moved)

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
        refused = (held_units(tuple(self.problem.unit_ids[held].tolist())),) if len(held) else ()
        return self._take("edit", Step(free, self._beat[free], np.full(len(free), target)), refused)

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
        every = np.concatenate([before[units], after[units], np.array(sorted(touched), np.int64)])
        answer = self._take("edit", Step(units, before[units], after[units]), (), np.setdiff1d(every, [-1]))
        left = next((beat.reasons for beat in answer.beats if beat.beat_id == beat_id), ())
        return dataclasses.replace(answer, refused=left)

    def undo(self) -> EditAnswer:
        """Take the last change back; without one nothing happens."""
        done = self._history.done
        return self._take("undo", done[-1].back() if done else NO_STEP)

    def redo(self) -> EditAnswer:
        """Do the change that was taken back last once more; without one nothing happens."""
        undone = self._history.undone
        return self._take("redo", undone[-1] if undone else NO_STEP)

    def replay(self, named: NamedStep) -> EditAnswer:
        """Do what another editor of the plan did, so that both stand alike."""
        return self._take(named.way, self._step(named))

    def recall(self, steps: Sequence[NamedStep]) -> None:
        """Remember the steps that led to the plan as it is, so that they can be taken back; for a new editor.

        Parameters
        ----------
        steps : sequence of NamedStep
            Oldest first. Those that do not lead to the plan as it is, and all before them, are left out.
        """
        known, beat = steps_leading_to(self._beat, self._locked, [(named.way, self._step(named)) for named in steps])
        self._baseline = Baseline(self.problem, beat, len(self._names))
        for way, step in known:
            self._note(way, step)

    @cached_property
    def _graph(self) -> UnitGraph:
        return walkable_graph(self.problem)

    def _mend(self, own: int) -> set[int]:
        """Give loose pieces of a beat to its neighbours; return the beats that got units."""
        figures = self._figures
        if figures.pieces[own] <= 1 and figures.lowest_zone[own] == figures.highest_zone[own]:
            return set()
        placed = loose_units_placed(self.problem, self._graph, self._beat, own, self._locked)
        self._beat[list(placed)] = list(placed.values())
        self._measure([own, *placed.values()])
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

    def _measure(self, beats: Labels | list[int]) -> None:
        chosen = np.zeros(len(self._names), np.bool_)
        chosen[beats] = True
        measure(self.problem.borders, self._amounts, self._beat, chosen, self._figures, self._seen)

    def _away(self, units: Labels) -> Flags:
        """Return which units have another beat than in the plan in force."""
        today = self.problem.current[units]
        away: Flags = (today >= 0) & (np.append(self._home, -1)[self._beat[units]] != today)
        return away

    def _rows(self, unit_ids: Iterable[Any]) -> Labels:
        """Return the positions of units, each once and ascending."""
        place = self.problem.row_of_unit
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

    def _named(self, beats: Labels) -> list[str | None]:
        names = [*self._names, None]
        return [names[own] for own in beats.tolist()]

    def _step(self, named: NamedStep) -> Step:
        before, after = (
            np.array([-1 if name is None else self._code(name) for name in names], np.int64)
            for names in (named.before, named.after)
        )
        return Step(named.units, before, after, named.locked)

    def _lock_rows(self, units: Labels, locked: bool) -> EditAnswer:
        units = units[self._locked[units] != locked]
        return self._take("edit", Step(units, NO_STEP.before, NO_STEP.after, locked))

    def _take(
        self, way: Way, step: Step, refused: tuple[Reason, ...] = (), touched: Labels | None = None
    ) -> EditAnswer:
        """Take a step, remember it, and measure the beats touched."""
        if touched is None:
            beats = [step.before, step.after] if step.locked is None else [self._beat[step.units]]
            touched = np.setdiff1d(np.concatenate(beats), [-1])
        self._last = (way, step) if len(step.units) else None
        if step.locked is not None:
            self._locked[step.units] = step.locked
        else:
            self._move(step, touched)
        if self._last is not None:
            self.revision += 1
            self._note(way, step)
        moved = step.units if step.locked is None else step.units[:0]
        return self._answer(moved, touched, refused)

    def _note(self, way: Way, step: Step) -> None:
        for old in self._history.note(way, step):
            self._baseline.take(old, self._beat)
        self._baseline.follow(step.units, self._beat)

    def _move(self, step: Step, touched: Labels) -> None:
        """Put units into other beats and bring the figures up to date."""
        units, residents = step.units, self.problem.residents[step.units]
        self._moved -= int(residents[self._away(units)].sum())
        self._beat[units] = step.after
        self._moved += int(residents[self._away(units)].sum())
        loose = (step.after < 0).astype(np.int64) - (step.before < 0)
        self._loose += int(loose.sum())
        self._loose_residents += int((loose * residents).sum())
        self._measure(touched)

    def _answer(self, units: Labels, touched: Labels, refused: tuple[Reason, ...]) -> EditAnswer:
        causes = self._causes()
        return EditAnswer(
            revision=self.revision,
            changes=dict(zip(self.problem.unit_ids[units].tolist(), self._named(self._beat[units]), strict=True)),
            refused=refused,
            beats=self._standings(touched, causes),
            figures=self.figures(),
            reasons=causes.of_plan(),
            undo_steps=len(self._history.done),
            redo_steps=len(self._history.undone),
        )

    def _causes(self) -> Causes:
        return Causes(self._baseline, self._names, self._beat, self._figures)

    def _standings(self, chosen: Labels, causes: Causes) -> tuple[BeatStanding, ...]:
        found = standings(self.problem, self._beat, self._names, self._figures, chosen)
        return tuple(
            dataclasses.replace(beat, because=because) if (because := causes.of_beat(int(own))) else beat
            for own, beat in zip(chosen, found, strict=True)
        )
