"""Gi* of the bins of a space-time cube, in neighbourhoods of space and time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, TooFewEventsError, ZeroVarianceError
from analysis.hot_spots.conditional_permutation import permutation_tails
from analysis.hot_spots.hot_spot_reading import bins_of_tails
from analysis.hot_spots.significance import Correction, q_values
from analysis.projection import BoolArray, FloatArray
from analysis.space_time.local_time import IntArray

LARGEST_WINDOW = 18
"""Nine cells at two time steps."""


@dataclass(frozen=True)
class CubeHotSpots:
    """Gi* of the bins of a cube.

    Attributes
    ----------
    z, p_value, q_value : ndarray of float64, shape (n_steps, n_cells)
        Cells in the order of `SquareGrid.cells`.
    bins : ndarray of int16, shape (n_steps, n_cells)
        Confidence classes, -3 to 3.
    permutations : int or None
        None: exact p-values.
    """

    z: FloatArray
    p_value: FloatArray
    q_value: FloatArray
    bins: npt.NDArray[np.int16]
    permutations: int | None


def cube_hot_spots(
    counts: IntArray, inside: BoolArray, *, correction: Correction = "bh", seed: int = 0
) -> CubeHotSpots:
    """Compute Gi* of every bin of a cube among all bins.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_steps, n_rows, n_columns)
    inside : ndarray of bool, shape (n_rows, n_columns)
        Cells of the study area.
    correction : {"bh", "by", "bonferroni", "none"}
        Over all bins of the cube.
    seed : int
        Of random permutations, which are made only where exact ones would take too long.

    Returns
    -------
    CubeHotSpots

    Raises
    ------
    EmptyInputError
        No event.
    TooFewEventsError
        Too few bins for a window not to cover all.
    ZeroVarianceError
        Every bin holds the same count.
    ParameterError
        An unknown correction.

    Notes
    -----
    The window of a bin is its cell and the up to eight cells around it (queen), at its own time step and at the step
    before, binary weights: up to 18 bins, up to 9 at the first step. z, p, q and classes are those of
    `hot_spots.getis_ord.hot_spots`, with the mean, the standard deviation and n taken over all bins of the cube.

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27(4).

    Examples
    --------
    >>> counts = np.zeros((6, 5, 5), dtype=np.int64)
    >>> counts[3:, 1:4, 1:4] = 2
    >>> cube_hot_spots(counts, np.ones((5, 5), dtype=bool)).bins[:, 12].tolist()
    [0, 0, 0, 1, 3, 3]
    """
    values = np.ascontiguousarray(counts, dtype=np.int64)
    held = values[:, inside]
    n, total = held.size, int(held.sum())
    if total == 0:
        raise EmptyInputError("No bin holds an event.", "Check that events and study area are of one place.")
    if n <= LARGEST_WINDOW:
        raise TooFewEventsError(f"{n} bins are too few to compare.", "Use smaller cells, or more or shorter steps.")
    spread = n * int(np.dot(held.ravel(), held.ravel())) - total**2
    if spread == 0:
        raise ZeroVarianceError(f"Every one of {n:,} bins holds the same count.", "Use other cells or other steps.")
    sums, sizes = _cube_windows(values, inside)
    sums, sizes = sums[:, inside], sizes[:, inside]
    scale = np.zeros(LARGEST_WINDOW + 1)
    for size in range(1, LARGEST_WINDOW + 1):
        scale[size] = 1.0 / (math.sqrt(spread) * math.sqrt(size * (n - size) / (n - 1)))
    z = (n * sums - total * sizes) * scale[sizes]
    tails = permutation_tails(held.ravel(), sizes.ravel() - 1, (sums - held).ravel(), seed=seed)
    p = tails.two_sided
    q = q_values(p, correction)
    bins = bins_of_tails(z.ravel(), q, tails)
    return CubeHotSpots(z, p.reshape(z.shape), q.reshape(z.shape), bins.reshape(z.shape), tails.permutations)


@nb.njit(cache=True, nogil=True)
def _cube_windows(counts: IntArray, inside: BoolArray) -> tuple[IntArray, IntArray]:
    """Sum counts and bins over the window of every bin of the study area."""
    n_steps, n_rows, n_columns = counts.shape
    sums, sizes = np.zeros_like(counts), np.zeros_like(counts)
    for t in range(n_steps):
        for r in range(n_rows):
            for c in range(n_columns):
                if not inside[r, c]:
                    continue
                for row in range(max(0, r - 1), min(n_rows, r + 2)):
                    for column in range(max(0, c - 1), min(n_columns, c + 2)):
                        if inside[row, column]:
                            sums[t, r, c] += counts[t, row, column]
                            sizes[t, r, c] += 1
    for t in range(n_steps - 1, 0, -1):
        sums[t] += sums[t - 1]
        sizes[t] += sizes[t - 1]
    return sums, sizes
