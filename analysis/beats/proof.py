"""Proof of how even a small plan can be at best, by constraint programming (needs the extra ``kvart[proof]``)."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.beats.bounds import least_peak
from analysis.beats.division import unit_graph
from analysis.beats.graph import UnitGraph, subgraph
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem
from analysis.beats.screening import Screening, screen
from analysis.errors import ParameterError
from analysis.row_blocks import thread_count

Labels = NDArray[np.int64]

MOST_UNITS = 120
"""Units of a connected group above which no proof is tried."""
LARGEST_WHOLE = 10**9
"""Fractional workloads are scaled such that their sum comes to about this."""


@dataclass(frozen=True)
class GroupProof:
    """What is proven for one group of connected units.

    Attributes
    ----------
    beats, units : int
        Beats and units of the group.
    bound : float
        No division of the group into as many beats within the bounds has a smaller largest workload.
    peak : float
        Largest workload of the best division known; infinite when none is within the bounds.
    feasible : bool or None
        Whether the group can be divided within the bounds at all; None when that was not settled.
    beat : ndarray of int64, shape (units,)
        Best division known, numbers of this group alone; -1 everywhere when none is known.
    units_of_group : ndarray of int64, shape (units,)
        Positions of the units in the task.
    """

    beats: int
    units: int
    bound: float
    peak: float
    feasible: bool | None
    beat: Labels
    units_of_group: Labels


@dataclass(frozen=True)
class Proof:
    """How good a plan is at best, and how good one is known to be.

    Attributes
    ----------
    bound : float
        No plan with as many beats in each group has a smaller largest workload.
    peak : float
        Largest workload of the best plan known.
    gap : float
        ``peak / bound - 1``; 0 is a proof of optimality, infinite when no plan within the bounds is known.
    plan_peak, plan_gap : float
        Largest workload of the plan that was given, and how far it lies above the bound.
    optimal : bool
        Whether the best plan known is proven to be the best.
    beat_of_unit : ndarray of int64, shape (n,)
        That plan; beats are numbered without gaps.
    groups : tuple of GroupProof
        Group by group.
    """

    bound: float
    peak: float
    gap: float
    plan_peak: float
    plan_gap: float
    optimal: bool
    beat_of_unit: Labels
    groups: tuple[GroupProof, ...]


def prove(plan: BeatPlan, *, time_limit_s: float = 60.0, seed: int = 0) -> Proof:
    """Prove how small the workload of the busiest beat can be.

    Parameters
    ----------
    plan : BeatPlan
        Plan with the number of beats of every group; where it keeps the bounds it is where the proof begins.
    time_limit_s : float
        Seconds for all groups together.
    seed : int
        Seed of the solver.

    Returns
    -------
    Proof
        Bound and gap are always given: those reached when time ran out, too.

    Raises
    ------
    ParameterError
        When OR-Tools is not installed, a group has more than 120 units, or the limit is not positive.

    Notes
    -----
    CP-SAT on the units of every group: each unit in one beat, residents within the bounds, and every beat a tree that
    grows from its first unit along borders (each other unit names a neighbour in its beat that is nearer to the root).
    Beats are numbered by their first unit, which leaves one solution of each set of equal ones. Fractional workloads
    are rounded down to a billionth of the whole, so the bound stays a bound.

    References
    ----------
    Validi, Buchanan and Lykhovyd (2022), Imposing contiguity constraints in political districting models.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> from analysis.beats.solver import solve_beats
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [1500] * 4, "calls": [9, 1, 1, 9]}, geometry=squares, crs="EPSG:32634")
    >>> proof = prove(solve_beats(beat_problem(frame, residents="people", workload="calls", beats=2)))
    >>> proof.bound, proof.gap, proof.optimal
    (10.0, 0.0, True)
    """
    solver_library = _library()
    if not (time_limit_s > 0 and math.isfinite(time_limit_s)):
        raise ParameterError(f"The time limit is {time_limit_s} seconds.", "Give a positive number of seconds.")
    problem = plan.problem
    screening = screen(problem)
    _refuse_large(problem, screening.group)
    graph = unit_graph(problem, screening)
    count = len(screening.fewest)
    groups = []
    for number in range(count):
        units = np.flatnonzero(screening.group == number)
        groups.append(
            _prove_group(
                solver_library,
                problem,
                subgraph(graph, units),
                units,
                plan.beat_of_unit[units],
                time_limit_s / count,
                seed,
            )
        )
    return _put_together(plan, screening, tuple(groups))


def _put_together(plan: BeatPlan, screening: Screening, groups: tuple[GroupProof, ...]) -> Proof:
    """Join the proofs of all groups, with the beats that the screening sets apart as they are."""
    problem = plan.problem
    alone = [float(problem.workload[finding.units].sum()) for finding in screening.alone]
    bound = max([group.bound for group in groups] + alone, default=0.0)
    peak = max([group.peak for group in groups] + alone, default=0.0)
    plan_peak = float(plan.totals.workload.max())
    beat = np.full(problem.n_units, -1, np.int64)
    for group in groups:
        beat[group.units_of_group] = group.beat + beat.max() + 1
    for finding in screening.alone:
        beat[finding.units] = beat.max() + 1
    return Proof(
        bound=bound,
        peak=peak,
        gap=_gap(peak, bound),
        plan_peak=plan_peak,
        plan_gap=_gap(plan_peak, bound),
        optimal=_gap(peak, bound) <= 1e-7,
        beat_of_unit=beat,
        groups=groups,
    )


def _library() -> Any:
    """Return CP-SAT, or say how to get it."""
    try:
        return importlib.import_module("ortools.sat.python.cp_model")
    except ImportError as missing:
        raise ParameterError(
            "Proofs need OR-Tools, which is not installed.", "Install Kvart with the extra: pip install 'kvart[proof]'."
        ) from missing


def _refuse_large(problem: BeatProblem, group: Labels) -> None:
    """Raise when a group is too large for a proof."""
    size = np.bincount(group[group >= 0]) if (group >= 0).any() else np.zeros(1, np.int64)
    if size.max() > MOST_UNITS:
        first = problem.unit_ids[np.flatnonzero(group == np.argmax(size))[0]]
        raise ParameterError(
            f"The connected units around '{first}' are {size.max():,}; proofs reach up to {MOST_UNITS}.",
            "Cut the town by hard boundaries, or go by workload_bound of the report.",
        )


def _gap(peak: float, bound: float) -> float:
    if not math.isfinite(peak):
        return math.inf
    return max(0.0, peak / bound - 1.0) if bound > 0 else 0.0


def _prove_group(
    library: Any,
    problem: BeatProblem,
    part: UnitGraph,
    units: Labels,
    present: Labels,
    time_limit_s: float,
    seed: int,
) -> GroupProof:
    """Prove the best division of one group."""
    _, start = np.unique(present, return_inverse=True)
    beats = int(start.max()) + 1
    order = _outward(part)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    model = _Model(library, problem, subgraph(part, order), beats)
    known = model.numbered(start[order].astype(np.int64))
    good = model.keeps_bounds(known)
    if good:
        model.begin_with(known)
    lowest = least_peak(part.workload, np.zeros(len(units), np.int64), np.array([beats]), np.array([beats]), beats)
    status, bound, found = model.solve(lowest, time_limit_s, seed)
    if good and (found is None or model.peak_of(known) < model.peak_of(found)):
        found = known
    beat = np.full(len(units), -1, np.int64) if found is None else found[place]
    peak = math.inf if found is None else float(np.bincount(beat, part.workload).max())
    feasible = False if status == "INFEASIBLE" else (True if found is not None else None)
    return GroupProof(beats, len(units), min(max(bound, lowest), peak), peak, feasible, beat, units)


def _outward(part: UnitGraph) -> Labels:
    """Return the units in the order in which they are reached from the first one."""
    seen, order = {0}, [0]
    for unit in order:
        for other in part.neighbour[part.start[unit] : part.start[unit + 1]].tolist():
            if other not in seen:
                seen.add(other)
                order.append(other)
    return np.array(order, np.int64)


class _Model:
    """One group as a constraint program."""

    def __init__(self, library: Any, problem: BeatProblem, part: UnitGraph, beats: int) -> None:
        self.library, self.part, self.beats = library, part, beats
        self.low, self.high = problem.min_residents, problem.max_residents
        self.n_units = len(part.residents)
        whole = bool((part.workload == np.round(part.workload)).all())
        self.scale = 1.0 if whole else LARGEST_WHOLE / max(float(part.workload.sum()), 1e-300)
        self.work = np.floor(part.workload * self.scale + (0.0 if not whole else 0.5)).astype(np.int64)
        self.model = library.CpModel()
        self.inside = [[self.model.new_bool_var("") for _ in range(beats)] for _ in range(self.n_units)]
        self.peak = self.model.new_int_var(0, int(self.work.sum()), "")
        self._beats_within_bounds()
        self.first = self._numbering()
        self._trees()
        self.model.minimize(self.peak)

    def _beats_within_bounds(self) -> None:
        model, residents = self.model, self.part.residents.astype(np.int64)
        for unit in range(self.n_units):
            model.add_exactly_one(self.inside[unit])
        for own in range(self.beats):
            column = [self.inside[unit][own] for unit in range(self.n_units)]
            people = sum(int(count) * chosen for count, chosen in zip(residents, column, strict=True))
            model.add_linear_constraint(people, self.low, self.high)
            model.add(sum(int(work) * chosen for work, chosen in zip(self.work, column, strict=True)) <= self.peak)

    def _numbering(self) -> list[list[Any]]:
        """Return for every unit and beat whether it is the first unit, by which the beats are numbered."""
        model = self.model
        begun = [[model.new_bool_var("") for _ in range(self.beats)] for _ in range(self.n_units)]
        first = [[model.new_bool_var("") for _ in range(self.beats)] for _ in range(self.n_units)]
        for own in range(self.beats):
            for unit in range(self.n_units):
                before = begun[unit - 1][own] if unit else 0
                model.add(begun[unit][own] == before + first[unit][own])
                model.add_implication(first[unit][own], self.inside[unit][own])
                model.add_implication(self.inside[unit][own], begun[unit][own])
                if own and unit:
                    model.add_implication(begun[unit][own], begun[unit - 1][own - 1])
                elif own:
                    model.add(begun[unit][own] == 0)
            model.add_exactly_one(first[unit][own] for unit in range(self.n_units))
        return first

    def _trees(self) -> None:
        """Let every unit that is not the first of its beat hang on a neighbour nearer to the first one."""
        model, part = self.model, self.part
        depth = [model.new_int_var(0, self.n_units - 1, "") for _ in range(self.n_units)]
        for unit in range(self.n_units):
            root = sum(self.first[unit])
            arcs = []
            for entry in range(part.start[unit], part.start[unit + 1]):
                other = int(part.neighbour[entry])
                hangs = model.new_bool_var("")
                arcs.append(hangs)
                model.add(depth[unit] == depth[other] + 1).only_enforce_if(hangs)
                for own in range(self.beats):
                    model.add_implication(self.inside[unit][own], self.inside[other][own]).only_enforce_if(hangs)
            model.add(sum(arcs) + root == 1)

    def numbered(self, beat: Labels) -> Labels:
        """Return a division with beats numbered by their first unit."""
        _, first, inverse = np.unique(beat, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return rank[inverse]

    def keeps_bounds(self, beat: Labels) -> bool:
        """Return whether a division keeps the bounds on residents."""
        residents = np.bincount(beat, self.part.residents)
        return bool(((residents >= self.low) & (residents <= self.high)).all())

    def peak_of(self, beat: Labels) -> float:
        """Return the largest workload of a division."""
        return float(np.bincount(beat, self.part.workload).max())

    def begin_with(self, beat: Labels) -> None:
        """Suggest a division to begin with."""
        for unit in range(self.n_units):
            for own in range(self.beats):
                self.model.add_hint(self.inside[unit][own], bool(beat[unit] == own))

    def solve(self, lowest: float, time_limit_s: float, seed: int) -> tuple[str, float, Labels | None]:
        """Return the state of the proof, the bound, and the best division found."""
        self.model.add(self.peak >= math.floor(lowest * self.scale + 1e-6))
        solver = self.library.CpSolver()
        solver.parameters.max_time_in_seconds = time_limit_s
        solver.parameters.random_seed = seed
        solver.parameters.num_workers = max(2, thread_count())
        status = solver.solve(self.model)
        name = str(solver.status_name(status))
        if name not in {"OPTIMAL", "FEASIBLE"}:
            return name, 0.0, None
        beat = np.array([[solver.boolean_value(chosen) for chosen in row] for row in self.inside])
        return name, solver.best_objective_bound / self.scale, np.argmax(beat, axis=1).astype(np.int64)
