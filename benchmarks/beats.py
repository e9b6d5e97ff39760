"""Beats on block cities of 1,000 to 100,000 units, against spopt's MaxP on the same units."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from functools import partial
from multiprocessing.connection import Connection

import geopandas as gpd
import numpy as np
from libpysal.weights import Rook
from spopt.region import MaxPHeuristic

from analysis.beats.graph import components
from analysis.beats.problem import BeatProblem, beat_problem
from analysis.beats.redraw import redraw_beats
from analysis.beats.report import beat_totals
from analysis.beats.solver import solve_beats
from benchmarks.cities import block_city
from benchmarks.report import Row, Section, Timing, measure

TARGETS = {1_000: 0.15, 4_000: 1.0, 10_000: 2.5, 100_000: 10.0}
PEER_UNITS = 1_000
REDRAWN_UNITS = 4_000
PEER_SECONDS = 75.0
RUNS = 5
RUNS_OF_LARGEST = 2


def run() -> Section:
    """Measure the solver by size and spopt on the smallest size."""
    theirs, their_note = _max_p(PEER_UNITS)
    rows = []
    for n_units, target in TARGETS.items():
        problem = _problem(block_city(n_units))
        peer = "spopt MaxP (at least 3,000 residents, no maximum)" if n_units == PEER_UNITS else ""
        note = _quality(problem)
        rows.append(
            Row(
                f"{n_units:,} units into beats of 3,000 to 7,000 residents",
                measure(
                    partial(solve_beats, problem),
                    runs=RUNS_OF_LARGEST if n_units == max(TARGETS) else RUNS,
                ),
                target,
                peer,
                theirs if peer else None,
                note=f"{note}; spopt: {their_note}" if peer else note,
            )
        )
    city = block_city(max(TARGETS))
    rows.append(Row(f"{len(city):,} units: checks and borders", measure(lambda: _problem(city), runs=RUNS_OF_LARGEST)))
    rows.append(_redraw_row())
    about = (
        "Jittered blocks with heavy-tailed workload from a seed. Ours is from checked units to the finished plan: "
        "bounds, workload, compactness and contiguity together; CV is the variation of workload between beats, PP "
        "the mean Polsby-Popper compactness."
    )
    return Section("beats", "Beats", about, tuple(rows))


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


def _quality(problem: BeatProblem) -> str:
    """Say how good our plan is."""
    report = solve_beats(problem).report
    return (
        f"{report.within_bounds} of {report.beats} beats within bounds, {report.contiguous} contiguous, "
        f"CV {report.workload_cv:.2f}, PP {report.polsby_popper_mean:.2f}"
    )


def _max_p(n_units: int) -> tuple[Timing | str, str]:
    """Time spopt in a process of its own that is ended when it takes too long; say how good its regions are."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_max_p_worker, args=(n_units, sender))
    process.start()
    answered = receiver.poll(PEER_SECONDS)
    message = receiver.recv() if answered else None
    process.kill()
    process.join()
    if message is None:
        return f"no answer in {PEER_SECONDS:.0f} s", "ended"
    seconds, regions = message
    problem = _problem(block_city(n_units))
    totals = beat_totals(problem, regions)
    edges = problem.contiguity.edges
    pieces, _ = components(edges.select(regions[edges.first] == regions[edges.second]), n_units)
    note = (
        f"{int(totals.within_bounds.sum())} of {len(totals.units)} regions within bounds, {pieces} pieces, "
        f"CV {totals.workload.std() / totals.workload.mean():.2f}, PP {totals.polsby_popper.mean():.2f}"
    )
    return Timing((seconds,)), note


def _max_p_worker(n_units: int, sender: Connection) -> None:
    """Run spopt and send seconds and labels."""
    city = block_city(n_units)
    weights = Rook.from_dataframe(city, use_index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model = MaxPHeuristic(city, weights, ["workload"], "residents", 3_000, top_n=2)
        model.solve()
        seconds = time.perf_counter() - start
    sender.send((seconds, np.unique(model.labels_, return_inverse=True)[1].astype(np.int64)))
