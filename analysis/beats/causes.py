"""Why an edited plan is as it is: which units came to a beat and left it, and whether that put it out of order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.beats import reasons as codes
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason, name_units
from analysis.beats.standing import Figures, amounts_of, measure, no_figures
from analysis.beats.steps import Step
from analysis.wording import MOST_NAMED, counted, listed

Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_STORIES = 3
"""Beats whose edits a sentence about the plan tells, and groups of units that a sentence about a beat tells."""
MOST_UNITS_OF_PLAN = 50
"""Units that a reason about the whole plan names."""
HINTS = {
    codes.CROSSES_HARD_BOUNDARY: "Move the units beyond the boundary to beats of their own side.",
    codes.NOT_CONTIGUOUS: "Give the loose units to beats that they touch, or put each beat in order by 'fix'.",
    codes.BELOW_MIN: "Add units from their neighbours, or put each beat in order by 'fix'.",
    codes.ABOVE_MAX: "Move units to their neighbours, or put each beat in order by 'fix'.",
}


class Baseline:
    """A plan as it was before the edits that are known, and which units are elsewhere now.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    beat : ndarray of int64, shape (n,)
        Beat of each unit before the edits, -1 for none; copied.
    n_beats : int
        Number of beats.
    """

    def __init__(self, problem: BeatProblem, beat: Labels, n_beats: int) -> None:
        self.problem = problem
        self.beat = beat.copy()
        self.figures = no_figures(n_beats)
        self._amounts = amounts_of(problem)
        self._seen = np.zeros(problem.n_units, np.bool_)
        self._edited: Flags = np.zeros(problem.n_units, np.bool_)
        self._measure(np.arange(n_beats))

    @property
    def edited(self) -> Labels:
        """Units that are in another beat than before, ascending."""
        return np.flatnonzero(self._edited)

    def follow(self, units: Labels, beat: Labels) -> None:
        """Note that some units were moved; ``beat`` (shape (n,)) is the beat of each unit now."""
        self._edited[units] = self.beat[units] != beat[units]

    def take(self, step: Step, beat: Labels) -> None:
        """Count a step that cannot be taken back any more as part of the plan before the edits."""
        if step.locked is not None:
            return
        self.beat[step.units] = step.after
        self.follow(step.units, beat)
        missing = int(step.after.max(initial=-1)) + 1 - len(self.figures.units)
        if missing > 0:
            self.figures = self.figures.more(missing)
        self._measure(np.setdiff1d(np.concatenate([step.before, step.after]), [-1]))

    def _measure(self, beats: Labels) -> None:
        chosen = np.zeros(len(self.figures.units), np.bool_)
        chosen[beats] = True
        measure(self.problem.borders, self._amounts, self.beat, chosen, self.figures, self._seen)


class Causes:
    """What the edits did to the beats, in sentences.

    Parameters
    ----------
    baseline : Baseline
        The plan before the edits.
    names : sequence of str
        Names of the beats.
    beat : ndarray of int64, shape (n,)
        Beat of each unit now, -1 for none.
    figures : Figures
        Of the beats now.
    """

    def __init__(self, baseline: Baseline, names: Sequence[str], beat: Labels, figures: Figures) -> None:
        self._baseline = baseline
        self._problem = baseline.problem
        self._names = names
        self._beat = beat
        self._units = baseline.edited
        self._before, self._after = baseline.beat[self._units], beat[self._units]
        self._figures = figures
        self._stories: dict[int, str] = {}

    @cached_property
    def _faults(self) -> dict[str, Flags]:
        return _faults(self._problem, self._figures)

    @cached_property
    def _faults_before(self) -> dict[str, Flags]:
        later = np.zeros(len(self._figures.units) - len(self._baseline.figures.units), np.bool_)
        return {
            code: np.concatenate([flags, later])
            for code, flags in _faults(self._problem, self._baseline.figures).items()
        }

    def of_beat(self, own: int) -> str:
        """Tell what the edits did to a beat, and whether it is out of order because of that; empty where nothing."""
        told = self._told(own)
        if not told:
            return ""
        now = {code for code, flags in self._faults.items() if flags[own]}
        before = {code for code, flags in self._faults_before.items() if flags[own]}
        if now - before:
            return f"Because {told}."
        if now:
            residents = int(self._baseline.figures.residents[own])
            return f"It was so before, with {residents:,} residents; since then {told}."
        return f"In order since {told}." if before else f"{told[0].upper()}{told[1:]}."

    def of_plan(self) -> tuple[Reason, ...]:
        """Say what is not in order about the plan as a whole: for each fault which beats, and which edits made it so.

        Returns
        -------
        tuple of Reason
            Without a beat; the units named are those whose move put the beats named out of order.
        """
        found = [
            self._of_fault(code, flags, flags & ~self._faults_before[code])
            for code, flags in self._faults.items()
            if flags.any()
        ]
        loose = np.flatnonzero(self._beat < 0)
        if len(loose):
            units = tuple(self._problem.unit_ids[loose].tolist())
            residents = int(self._problem.residents[loose].sum())
            message = f"{counted(len(loose), 'unit is', 'units are')} in no beat ({residents:,} residents): "
            hint = "Move them to a beat that they touch."
            found.append(Reason(codes.UNASSIGNED, f"{message}{name_units(units)}.", hint, units[:MOST_UNITS_OF_PLAN]))
        return tuple(found)

    def _of_fault(self, code: str, flags: Flags, new: Flags) -> Reason:
        """Name the beats with a fault, those first that the edits put out of order."""
        made, inherited = np.flatnonzero(new), np.flatnonzero(flags & ~new)
        first = [*made[:MOST_NAMED].tolist(), *inherited[:MOST_NAMED].tolist()]
        named = listed([f"'{self._names[own]}'" for own in first], len(made) + len(inherited))
        told = [f" '{self._names[own]}' because {self._told(own)}." for own in made[:MOST_STORIES].tolist()]
        if len(inherited) and len(self._units):
            told.append(f" {counted(len(inherited), 'was', 'were')} so before the edits.")
        of_made = np.append(new, False)  # the last is what a unit without a beat finds
        units = self._units[of_made[self._before] | of_made[self._after]][:MOST_UNITS_OF_PLAN]
        message = f"{counted(len(made) + len(inherited), 'beat is', 'beats are')} {self._phrase(code)}: {named}."
        return Reason(code, message + "".join(told), HINTS[code], tuple(self._problem.unit_ids[units].tolist()))

    def _phrase(self, code: str) -> str:
        return {
            codes.CROSSES_HARD_BOUNDARY: "on several sides of a hard boundary",
            codes.NOT_CONTIGUOUS: "in pieces",
            codes.BELOW_MIN: f"below the minimum of {self._problem.min_residents:,} residents",
            codes.ABOVE_MAX: f"above the maximum of {self._problem.max_residents:,} residents",
        }[code]

    def _told(self, own: int) -> str:
        """Tell which units left a beat and which came, the largest groups first; empty where none did."""
        if own not in self._stories:
            self._stories[own] = self._tell(own)
        return self._stories[own]

    def _tell(self, own: int) -> str:
        left, came = self._before == own, self._after == own
        groups = [(self._units[left & (self._after == other)], other, "left") for other in np.unique(self._after[left])]
        groups += [
            (self._units[came & (self._before == other)], other, "came") for other in np.unique(self._before[came])
        ]
        residents = self._problem.residents
        groups.sort(key=lambda group: (-int(residents[group[0]].sum()), int(group[0][0])))
        parts = [self._part(*group) for group in groups[:MOST_STORIES]]
        rest = sum(len(units) for units, _, _ in groups[MOST_STORIES:])
        return ", ".join([*parts, *([f"and {counted(rest, 'further unit')} came or left"] if rest else [])])

    def _part(self, units: Labels, other: int, way: str) -> str:
        named = name_units(tuple(self._problem.unit_ids[units].tolist()))
        residents = counted(int(self._problem.residents[units].sum()), "resident")
        if other < 0:
            fate = "left without going to another beat" if way == "left" else "came, which had no beat"
        else:
            fate = f"{'moved to' if way == 'left' else 'came from'} '{self._names[other]}'"
        return f"{named} ({residents}) {fate}"


def _faults(problem: BeatProblem, figures: Figures) -> dict[str, Flags]:
    """Return which beats, shape (k,), have which fault."""
    present = figures.units > 0
    return {
        codes.CROSSES_HARD_BOUNDARY: present & (figures.lowest_zone != figures.highest_zone),
        codes.NOT_CONTIGUOUS: figures.pieces > 1,
        codes.BELOW_MIN: present & (figures.residents < problem.min_residents),
        codes.ABOVE_MAX: figures.residents > problem.max_residents,
    }
