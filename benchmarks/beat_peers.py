"""Other libraries on the same units: GerryChain, spopt and METIS, each in a process that is ended in time."""

from __future__ import annotations

import multiprocessing
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

import geopandas as gpd
import numpy as np

from analysis.beats.drawn import drawn_plan
from analysis.beats.problem import BeatProblem, beat_problem
from analysis.beats.report import BeatReport
from analysis.beats.solver import solve_beats
from benchmarks.cities import block_city

CHAIN_STEPS = 1_000
BURST_LENGTH = 10


def peer_plan(peer: str, n_units: int, seconds: float) -> tuple[float, BeatReport | None]:
    """Run a peer on a block city of that size; return its seconds and the figures of its plan, None without one."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_worker, args=(peer, n_units, sender))
    process.start()
    sender.close()
    try:
        message = receiver.recv() if receiver.poll(seconds) else None
    except EOFError:
        message = None
    process.kill()
    process.join()
    if message is None:
        return seconds, None
    taken, beat = message
    return taken, drawn_plan(_problem(block_city(n_units)), beat, [str(own) for own in range(beat.max() + 1)]).report


def _problem(city: gpd.GeoDataFrame) -> BeatProblem:
    return beat_problem(city, residents="residents", workload="workload")


def _worker(peer: str, n_units: int, sender: Connection) -> None:
    """Run a peer and send seconds and beats."""
    city = block_city(n_units)
    problem = _problem(city)
    beats = solve_beats(problem).report.beats
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        labels = PEERS[peer].divide(city, problem, beats)
        seconds = time.perf_counter() - start
    sender.send((seconds, np.unique(labels, return_inverse=True)[1].astype(np.int64)))


def _metis(_city: gpd.GeoDataFrame, problem: BeatProblem, beats: int) -> np.ndarray:
    """Cut the fewest borders between parts of equal residents."""
    import pymetis

    rows = problem.borders
    _, labels = pymetis.part_graph(
        beats,
        xadj=rows.start.tolist(),
        adjncy=rows.neighbour.tolist(),
        vweights=np.maximum(problem.residents, 1).tolist(),
        contiguous=True,
    )
    return np.array(labels)


def _max_p(city: gpd.GeoDataFrame, _problem: BeatProblem, _beats: int) -> np.ndarray:
    """Find the most regions with a minimum of residents; there is no maximum."""
    from libpysal.weights import Rook
    from spopt.region import MaxPHeuristic

    weights = Rook.from_dataframe(city, use_index=False)
    model = MaxPHeuristic(city, weights, ["workload"], "residents", 3_000, top_n=2)
    model.solve()
    return np.array(model.labels_)


def _chain(_city: gpd.GeoDataFrame, problem: BeatProblem, beats: int) -> np.ndarray:
    """Recombine within the bounds in short bursts towards even workload, from a random tree partition."""
    import networkx as nx
    from gerrychain import Graph, Partition, accept, constraints, updaters
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.partition import recursive_tree_part
    from gerrychain.proposals import recom

    random.seed(0)
    edges = problem.contiguity.edges
    network = nx.Graph()
    for unit in range(problem.n_units):
        network.add_node(unit, residents=int(problem.residents[unit]), workload=float(problem.workload[unit]))
    network.add_edges_from(zip(edges.first.tolist(), edges.second.tolist(), strict=True))
    graph = Graph.from_networkx(network)
    middle = float(problem.residents.sum()) / beats
    tolerance = 0.38
    first = recursive_tree_part(graph, range(beats), middle, "residents", tolerance)
    figures = {"residents": updaters.Tally("residents"), "workload": updaters.Tally("workload")}
    start = Partition(graph, first, figures)
    proposal = partial(recom, pop_col="residents", pop_target=middle, epsilon=tolerance, node_repeats=0)
    optimizer = SingleMetricOptimizer(
        proposal_fn=proposal,
        constraints=[constraints.within_percent_of_ideal_population(start, tolerance, pop_key="residents")],
        initial_state=start,
        optimization_metric_fn=lambda partition: float(np.std(list(partition["workload"].values()))),
        maximize=False,
    )
    for _ in optimizer.short_bursts(BURST_LENGTH, CHAIN_STEPS // BURST_LENGTH, acceptance_fn=accept.always_accept):
        pass
    best = optimizer.best_part.assignment
    return np.array([best[unit] for unit in range(problem.n_units)])


@dataclass(frozen=True)
class Peer:
    """Another library: its package, and how it divides units into so many beats."""

    package: str
    divide: Callable[[gpd.GeoDataFrame, BeatProblem, int], np.ndarray]


PEERS = {
    f"GerryChain, {CHAIN_STEPS:,} steps in short bursts": Peer("gerrychain", _chain),
    "METIS (residents alone)": Peer("pymetis", _metis),
    "spopt MaxP (no maximum)": Peer("spopt", _max_p),
}
