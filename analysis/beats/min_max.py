"""Making the workload of the busiest beat as small as possible, one ceiling after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from analysis.beats.energy import Rules
from analysis.beats.graph import UnitGraph
from analysis.beats.patience import Patience
from analysis.beats.randomness import random_stream
from analysis.beats.search import Attempt, Effort, Walk, judge, seeded
from analysis.beats.trees import scratch_for
from analysis.row_blocks import thread_count

Labels = NDArray[np.int64]

FRESH = Effort(steps_per_unit=1500, least_steps=60_000, hot=5.0, cold=0.01, merge_split=0.1)
ONWARD = Effort(steps_per_unit=1500, least_steps=60_000, hot=2.0, cold=0.01, merge_split=0.1)
SHAPE = Effort(steps_per_unit=600, least_steps=20_000, hot=0.02, cold=2e-4, merge_split=0.05)
BATCH = 4
"""Walks under one ceiling at a time."""
BATCHES = 10
"""Batches under the last ceiling before it counts as out of reach; fewer for many units."""
BATCH_UNITS = 1_500
BREACH_WEIGHT = 100.0
SHAPE_SHARE = 0.02
"""Weights of evenness and shape while a ceiling is tried."""


def lowest_peak(
    graph: UnitGraph,
    group: Labels,
    parts: Labels,
    attempt: Attempt,
    rules: Rules,
    *,
    bound: float,
    seed: int,
    patience: Patience,
) -> Attempt:
    """Lower the workload of the busiest beat as far as the search can.

    Parameters
    ----------
    graph, rules
        Units and neighbours; bounds and weights.
    group, parts : ndarray of int64, shape (n,) and (g,)
        Connected group of each unit, and beats of each group, for fresh starts.
    attempt : Attempt
        Division to begin with.
    bound : float
        No division has a smaller largest workload.
    seed, patience
        Seed of the run, and how long it may take.

    Returns
    -------
    Attempt
        Never with more breaches or a larger peak than ``attempt``; among divisions with the same peak one with good
        shapes.

    Notes
    -----
    A ceiling between the bound and the best peak so far counts as a breach of the bounds. While walks keep under it,
    the next ceiling is set halfway to the bound; when none does, closer to the best peak; the last one lies just below
    it. Half of the walks begin anew, the others from the best division. Afterwards shapes are rounded off under the
    best peak.
    """
    search = _Search(graph, group, parts, rules, seed, patience)
    best = attempt
    grain = _grain(graph.workload)
    low = bound
    batches = max(1, min(BATCHES, BATCHES * BATCH_UNITS // max(1, len(group)) // 10 + 1))
    while peak(graph, best) > bound + 1e-9 and not patience.is_over():
        high = peak(graph, best)
        last = high - low <= 2.0 * grain
        ceiling = high - grain if last else (low + high) / 2.0
        found = search.under(ceiling, best, batches if last else 1)
        if found is not None:
            best = found
            low = min(low, peak(graph, best))
        elif last:
            break
        else:
            low = ceiling
    return search.rounded_off(best)


def peak(graph: UnitGraph, attempt: Attempt) -> float:
    """Return the workload of the busiest beat."""
    return float(np.bincount(attempt.beat, graph.workload).max())


def _grain(workload: NDArray[np.float64]) -> float:
    """Return the smallest step worth trying: 1 between whole numbers, else a thousandth of the mean unit."""
    if (workload == np.round(workload)).all():
        return 1.0
    return max(1e-3 * float(workload.mean()), 1e-12)


class _Search:
    """Walks under a ceiling, with random streams of their own."""

    def __init__(
        self, graph: UnitGraph, group: Labels, parts: Labels, rules: Rules, seed: int, patience: Patience
    ) -> None:
        self.graph, self.group, self.parts = graph, group, parts
        self.rules, self.seed, self.patience = rules, seed, patience
        self.turn = 0

    def under(self, ceiling: float, best: Attempt, batches: int) -> Attempt | None:
        """Return a division under the ceiling with no more breaches than ``best``, None when none was found."""
        rules = self.rules._replace(
            most_workload=ceiling + 1e-9,
            breach=BREACH_WEIGHT,
            workload=SHAPE_SHARE * self.rules.workload,
            compactness=SHAPE_SHARE * self.rules.compactness,
        )
        for _ in range(batches):
            if self.patience.is_over():
                return None
            numbers = range(self.turn, self.turn + BATCH)
            self.turn += BATCH
            with ThreadPoolExecutor(min(BATCH, thread_count())) as pool:
                found = list(pool.map(lambda number: self._walked(number, best, rules), numbers))
            good = [
                attempt
                for attempt in found
                if attempt.breaches <= best.breaches and peak(self.graph, attempt) <= ceiling + 1e-9
            ]
            if good:
                return min(good, key=lambda attempt: (peak(self.graph, attempt), attempt.energy))
        return None

    def _walked(self, number: int, best: Attempt, rules: Rules) -> Attempt:
        """Return the end of one walk."""
        random = random_stream(self.seed, 7, number)
        scratch, beat, effort = scratch_for(self.graph), best.beat, ONWARD
        if number % 2 and not self.graph.fixed.any():
            effort = FRESH
            beat = seeded(self.graph, self.group, self.parts, rules, even_residents=0.5, random=random, scratch=scratch)
        walk = Walk(self.graph, beat, best.n_beats, rules, effort=effort, random=random, scratch=scratch)
        walk.advance(0.0, 1.0)
        return walk.result()

    def rounded_off(self, best: Attempt) -> Attempt:
        """Return a division with better shapes under the same ceiling."""
        ceiling = peak(self.graph, best)
        rules = self.rules._replace(most_workload=ceiling + 1e-9, breach=BREACH_WEIGHT)
        random = random_stream(self.seed, 8)
        walk = Walk(self.graph, best.beat, best.n_beats, rules, effort=SHAPE, random=random)
        walk.advance(0.0, 1.0)
        found = walk.result()
        if found.breaches > best.breaches or peak(self.graph, found) > ceiling + 1e-9:
            found = best
        return judge(self.graph._replace(home=best.home), found.beat, best.n_beats, self.rules)
