"""Gi* with exact p-values and false discovery rate on a million cells."""

from __future__ import annotations

import warnings

import numpy as np
from esda.getisord import G_Local
from libpysal.weights import lat2W

from analysis.hot_spots.conditional_permutation import permutation_tails
from analysis.hot_spots.getis_ord import gi_star
from analysis.hot_spots.significance import gi_bins, q_values
from benchmarks.report import Row, Section, Timing, measure, peak_mb

SIDE = 1000
PEER_SIDE = 100
PERMUTATIONS = 999


def run() -> Section:
    """Measure our map against esda's, z alone and with p-values."""
    counts = zero_inflated_counts(SIDE)
    small = zero_inflated_counts(PEER_SIDE)
    cells = f"{SIDE * SIDE:,} cells"
    z_only, with_p = _esda(small, 0), _esda(small, PERMUTATIONS)
    factor = (SIDE / PEER_SIDE) ** 2
    note = f"esda timed on {PEER_SIDE * PEER_SIDE:,} cells (weights made beforehand) and multiplied by {factor:g}"
    inside = np.ones(counts.shape, dtype=bool)
    rows = (
        Row(
            f"{cells}: z, exact p, Benjamini-Hochberg q, class",
            measure(lambda: hot_spot_arrays(counts), runs=9),
            0.3,
            f"esda G_Local, {PERMUTATIONS} permutations, extrapolated",
            _times(with_p, factor),
            peak_mb(lambda: hot_spot_arrays(counts)),
            note,
        ),
        Row(
            f"{cells}: z",
            measure(lambda: gi_star(counts, inside), runs=9),
            None,
            "esda G_Local, no permutations, extrapolated",
            _times(z_only, factor),
            peak_mb(lambda: gi_star(counts, inside)),
            note,
        ),
        Row(
            f"{PEER_SIDE * PEER_SIDE:,} cells: z, exact p, q, class",
            measure(lambda: hot_spot_arrays(small), runs=9),
            None,
            f"esda G_Local, {PERMUTATIONS} permutations",
            with_p,
        ),
    )
    about = (
        "Zero-inflated counts (gamma-Poisson) with one cell of 500 events; queen neighbours and the cell itself. Ours "
        "is from the count array to the class array; the p-value is exact, the peer's is from permutations."
    )
    return Section("getis_ord", "Getis-Ord Gi*", about, rows)


def zero_inflated_counts(side: int) -> np.ndarray:
    """Return counts of events, most of them zero, the largest 500."""
    random = np.random.default_rng(3)
    counts = random.poisson(random.gamma(0.1, 3.0, (side, side)))
    counts[side // 2, side // 2] = 500
    return counts


def hot_spot_arrays(counts: np.ndarray) -> np.ndarray:
    """Return the class of every cell."""
    statistic = gi_star(counts, np.ones(counts.shape, dtype=bool))
    values = counts.ravel()
    p = permutation_tails(values, statistic.sizes - 1, statistic.sums - values).two_sided
    return gi_bins(statistic.z, q_values(p))


def _esda(counts: np.ndarray, permutations: int) -> Timing:
    """Time esda on a small lattice."""
    weights = lat2W(*counts.shape, rook=False)
    values = counts.ravel().astype(float)

    def theirs() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            G_Local(values, weights, transform="B", star=True, permutations=permutations, seed=1)

    return measure(theirs, runs=3)


def _times(timing: Timing, factor: float) -> Timing:
    """Multiply a timing."""
    return Timing(tuple(seconds * factor for seconds in timing.seconds))
