"""Beats on block cities of 1,000 to 100,000 units, against GerryChain, spopt and METIS on the same units."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from itertools import cycle

import geopandas as gpd
import numpy as np

from analysis.beats.editor import PlanEditor
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem, beat_problem
from analysis.beats.redraw import redraw_beats
from analysis.beats.report import BeatReport
from analysis.beats.solver import solve_beats
from benchmarks.beat_peers import PEERS, peer_plan
from benchmarks.cities import block_city
from benchmarks.report import Row, Section, Timing, measure

TARGETS = {1_000: 0.15, 4_000: 1.0, 10_000: 2.5, 100_000: 10.0}
PEER_UNITS = (1_000, 4_000)
REDRAWN_UNITS = 4_000
PEER_SECONDS = 300.0
CITIES = tuple(range(10))
"""Seeds of cities of one size; that of seed 0 has so heavy blocks that no plan of it can reach `TARGET_CV`."""
TARGET_CV, TARGET_PP = 0.33, 0.61
EDIT_SECONDS = 0.005
RUNS = 5
RUNS_OF_LARGEST = 2


def run() -> Section:
    """Measure the solver by size, its peers on two sizes, edits, redrawing and memory."""
    rows = []
    for n_units, target in TARGETS.items():
        problem = _problem(block_city(n_units))
        runs = RUNS_OF_LARGEST if n_units == max(TARGETS) else RUNS
        ours = measure(partial(solve_beats, problem), runs=runs)
        plan = solve_beats(problem)
        what = f"{n_units:,} units into beats of 3,000 to 7,000 residents"
        rows.append(Row(what, ours, target, note=_quality(plan.report)))
        if n_units in PEER_UNITS:
            rows += [_peer_row(what, ours, n_units, peer) for peer in PEERS]
    city = block_city(max(TARGETS))
    peak_mb = _peak_of_largest()
    rows.append(
        Row(
            f"{len(city):,} units: checks and borders",
            measure(lambda: _problem(city), runs=RUNS_OF_LARGEST),
            note=f"checks, borders and solving together hold {peak_mb:,.0f} MB at most, in a process of their own",
        )
    )
    rows += [_cities_row(), _edit_row(plan), _redraw_row()]
    about = (
        "Jittered blocks with heavy-tailed workload from a seed. Ours is from checked units to the finished plan: "
        "bounds, workload, compactness and contiguity together; CV is the variation of workload between beats (the "
        "bound is what the heaviest blocks alone force), PP the mean Polsby-Popper compactness. Peers get as many "
        "beats as ours and are measured once, on what they were made for."
    )
    return Section("beats", "Beats", about, tuple(rows))


def _peer_row(what: str, ours: Timing, n_units: int, peer: str) -> Row:
    """Measure a peer on a city."""
    if find_spec(PEERS[peer].package) is None:
        return Row(what, ours, peer=peer, theirs="not installed")
    seconds, report = peer_plan(peer, n_units, PEER_SECONDS)
    if report is None:
        return Row(what, ours, peer=peer, theirs=f"no answer in {PEER_SECONDS:.0f} s")
    return Row(what, ours, peer=peer, theirs=Timing((seconds,)), note=f"{peer}: {_quality(report)}")


def _edit_row(plan: BeatPlan) -> Row:
    """Measure one change by hand in the largest city."""
    problem, editor = plan.problem, PlanEditor.of(plan)
    edges, beat = problem.contiguity.edges, plan.beat_of_unit
    crossing = np.flatnonzero(beat[edges.first] != beat[edges.second])[:1000]
    moves = cycle(
        [(problem.unit_ids[edges.first[at]], plan.beat_ids[beat[edges.second[at]]]) for at in crossing.tolist()]
    )

    def change() -> None:
        unit, target = next(moves)
        editor.move([unit], target)

    what = f"{problem.n_units:,} units: one unit moved by hand, answered with figures, pieces and reasons"
    return Row(what, measure(change, runs=500), EDIT_SECONDS)


def _cities_row() -> Row:
    """Measure evenness and compactness over several cities of one size, each beside what no plan can be below."""
    problems = [_problem(block_city(PEER_UNITS[-1], seed)) for seed in CITIES]
    ours = measure(lambda: [solve_beats(problem) for problem in problems], runs=2)
    reports = [solve_beats(problem).report for problem in problems]
    each = Timing(tuple(seconds / len(problems) for seconds in ours.seconds))
    inside, beats = sum(report.within_bounds for report in reports), sum(report.beats for report in reports)
    told = ", ".join(f"{report.workload_cv:.2f} ({report.workload_cv_bound:.2f})" for report in reports)
    reached = sum(
        report.workload_cv <= TARGET_CV and report.polsby_popper_mean >= TARGET_PP and report.contiguous == report.beats
        for report in reports
    )
    possible = sum(report.workload_cv_bound <= TARGET_CV for report in reports)
    note = (
        f"{inside} of {beats} beats within bounds; CV (bound) by seed: {told}; PP "
        f"{min(report.polsby_popper_mean for report in reports):.2f} at least; {reached} of {len(reports)} reach CV "
        f"{TARGET_CV} with PP {TARGET_PP}, which the heaviest blocks of {len(reports) - possible} rule out"
    )
    return Row(f"{PEER_UNITS[-1]:,} units, a city each of the seeds {CITIES[0]} to {CITIES[-1]}", each, 1.0, note=note)


def _peak_of_largest() -> float:
    """Return the memory that the largest city takes in a process of its own, in MB."""
    code = (
        "import resource; from benchmarks import beats; from benchmarks.cities import block_city; "
        f"beats.solve_beats(beats._problem(block_city({max(TARGETS)}))); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _redraw_row() -> Row:
    """Measure the least change to a plan of which a quarter of the beats broke."""
    city = block_city(REDRAWN_UNITS, seed=1)
    city["now"] = solve_beats(_problem(city)).assignments.beat_id
    totals = city.groupby("now").residents.sum()
    for number, name in enumerate(np.random.default_rng(0).choice(totals.index, len(totals) // 4, replace=False)):
        inside = city.now == name
        grown = city.residents[inside] * (7_600 if number % 2 else 2_600) / totals[name]
        city.loc[inside, "residents"] = grown.round().astype(int)
    problem = beat_problem(city, residents="residents", workload="workload", current="now")
    report = redraw_beats(problem).report
    note = (
        f"{report.within_bounds} of {report.beats} beats within bounds, {report.kept_share:.1%} of residents keep "
        f"their officer, CV {report.workload_cv:.2f}, PP {report.polsby_popper_mean:.2f}"
    )
    return Row(
        f"{REDRAWN_UNITS:,} units: least change where a quarter of the beats broke",
        measure(lambda: redraw_beats(problem), runs=RUNS),
        note=note,
    )


def _problem(city: gpd.GeoDataFrame) -> BeatProblem:
    """Return the task for a city."""
    return beat_problem(city, residents="residents", workload="workload")


def _quality(report: BeatReport) -> str:
    """Say how good a plan is."""
    return (
        f"{report.within_bounds} of {report.beats} beats within bounds, {report.contiguous} contiguous, "
        f"CV {report.workload_cv:.2f} (bound {report.workload_cv_bound:.2f}), PP {report.polsby_popper_mean:.2f}"
    )
