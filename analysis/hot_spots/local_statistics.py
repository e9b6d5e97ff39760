"""Gi, Gi* and local Moran's I on any neighbours, with the reason where a place has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError, ZeroVarianceError
from analysis.hot_spots.conditional_permutation import PermutationTails, affordable_permutations, permutation_tails
from analysis.hot_spots.neighbours import Neighbours
from analysis.hot_spots.random_permutation import random_tails
from analysis.projection import BoolArray, FloatArray

Statistic = Literal["gi_star", "gi"]
Reason = Literal["", "island", "window_covers_map", "no_variance_among_others"]

STATISTIC_NAMES: dict[Statistic, str] = {"gi_star": "Getis-Ord Gi*", "gi": "Getis-Ord Gi"}
REASONS: dict[str, str] = {
    "island": "have no neighbour, so there is nothing around them to judge",
    "window_covers_map": "have the whole map for neighbours, so they cannot differ from the rest",
    "no_variance_among_others": "have others that are all equal, so no arrangement of them differs from another",
    "no_residents": "have no residents, so they have no rate",
}
"""Why a place has no statistic, in words that follow "3 places"."""

ROUNDING = 1e-12
QUADRANTS = np.array([["LL", "LH"], ["HL", "HH"]])


@dataclass(frozen=True)
class LocalG:
    """Gi or Gi* of n places.

    Attributes
    ----------
    z : ndarray of float64, shape (n,)
        z-score, 0 where there is none.
    reason : ndarray of str, shape (n,)
        Why there is none: ``"island"``, ``"window_covers_map"`` or ``"no_variance_among_others"``; else empty.
    """

    z: FloatArray
    reason: npt.NDArray[np.str_]

    @property
    def defined(self) -> BoolArray:
        """Whether there is a z-score, shape (n,)."""
        return np.asarray(self.reason == "")


@dataclass(frozen=True)
class LocalMoran:
    """Local Moran's I of n places.

    Attributes
    ----------
    i : ndarray of float64, shape (n,)
        The statistic, 0 for islands.
    z : ndarray of float64, shape (n,)
        Its z-score under conditional permutation, 0 where there is none.
    quadrant : ndarray of str, shape (n,)
        ``"HH"`` high among high, ``"LL"`` low among low, ``"HL"`` high among low, ``"LH"`` low among high; empty for
        islands. Says nothing of significance.
    reason : ndarray of str, shape (n,)
        Why there is no z-score, as in `LocalG`.
    """

    i: FloatArray
    z: FloatArray
    quadrant: npt.NDArray[np.str_]
    reason: npt.NDArray[np.str_]


def local_g(values: npt.ArrayLike, neighbours: Neighbours, *, statistic: Statistic = "gi_star") -> LocalG:
    """Compute the z-score of Gi* or Gi.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Counts, rates or any other numbers.
    neighbours : Neighbours
        Of n places, any weights. Gi* adds every place to its own neighbours and Gi takes it out, where need be.
    statistic : {"gi_star", "gi"}

    Returns
    -------
    LocalG

    Raises
    ------
    ParameterError
        An unknown statistic, values that are not finite or not n in number, or one place only.
    TooFewEventsError
        Gi of fewer than three places.
    ZeroVarianceError
        Every place holds the same value.

    Notes
    -----
    Gi*: ``z_i = (sum_j w_ij x_j - mean W_i) / (s sqrt((n S1_i - W_i^2) / (n - 1)))`` with the place itself among j,
    ``W_i = sum_j w_ij``, ``S1_i = sum_j w_ij^2``, and mean and s (divided by n) over all n places. Gi: without the
    place itself in j, and with mean, s and n - 1 in place of n over the other places. Multiplying a row of weights by a
    number changes nothing, so binary and row-standardised weights give the same z.

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27(4).

    Examples
    --------
    >>> from analysis.hot_spots.neighbours import neighbours_from_pairs
    >>> row = neighbours_from_pairs([0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2], n=5, name="a road")
    >>> local_g([9.0, 7.0, 1.0, 0.0, 2.0], row, statistic="gi").reason.tolist()
    ['', '', '', '', 'island']
    """
    held = _checked(values, neighbours.n)
    if statistic not in STATISTIC_NAMES:
        raise ParameterError(f"Unknown statistic {statistic!r}.", "Use gi_star or gi.")
    if statistic == "gi":
        return _gi(held, neighbours.without_self())
    window = neighbours.with_self()
    centred = held - held.mean()
    n = held.size
    covered, size = _row_spread(window, n)
    scale = np.sqrt(np.dot(centred, centred) / n * np.where(covered, 1.0, size) / (n - 1))
    z = np.where(covered, 0.0, window.sums(centred) / scale)
    return LocalG(z, np.where(covered, "window_covers_map", ""))


def _gi(held: FloatArray, around: Neighbours) -> LocalG:
    """Compute Gi, which leaves the place itself out of everything."""
    n = held.size
    if n < 3:
        raise TooFewEventsError(
            f"Gi compares a place with the others; {n} places are too few.", "Use Gi* or more places."
        )
    centred = held - held.mean()
    others = n - 1
    mean = -centred / others
    variance = (np.dot(centred, centred) - centred**2) / others - mean**2
    lone = _others_are_equal(held)
    covered, size = _row_spread(around, others)
    scale = np.sqrt(np.where(lone, 1.0, variance) * np.where(covered | around.islands, 1.0, size) / (n - 2))
    deviation = around.sums(centred) - mean * around.sums(np.ones(n))
    reason = np.where(lone, "no_variance_among_others", np.where(covered, "window_covers_map", ""))
    reason = np.where(around.islands, "island", reason)
    return LocalG(np.where(reason == "", deviation / scale, 0.0), reason)


def local_moran(values: npt.ArrayLike, neighbours: Neighbours) -> LocalMoran:
    """Compute local Moran's I with row-standardised weights.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Counts, rates or any other numbers.
    neighbours : Neighbours
        Of n places; the place itself is taken out, and weights are made to add up to 1.

    Returns
    -------
    LocalMoran

    Raises
    ------
    ParameterError
        Values that are not finite or not n in number, or one place only.
    TooFewEventsError
        Fewer than three places.
    ZeroVarianceError
        Every place holds the same value.

    Notes
    -----
    ``I_i = (n - 1) z_i lag_i / sum_j z_j^2`` with z the deviations from the mean and ``lag_i`` the weighted mean of the
    neighbours' z. With the place's own value held fixed I_i is the lag times a constant, so its conditional z-score is
    that of Gi times the sign of z_i, and its p-value that of Gi and Gi*: `neighbour_tails` serves all three.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis 27(2).
    Sokal, R. R., Oden, N. L. and Thomson, B. A. (1998). Local spatial autocorrelation in a biological model.
    Geographical Analysis 30(4).

    Examples
    --------
    >>> from analysis.hot_spots.neighbours import neighbours_from_pairs
    >>> row = neighbours_from_pairs([0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2], n=4, name="a road")
    >>> local_moran([9.0, 7.0, 1.0, 0.0], row).quadrant.tolist()
    ['HH', 'HH', 'LL', 'LL']
    """
    held, around = _checked(values, neighbours.n), neighbours.without_self()
    centred = held - held.mean()
    total = np.where(around.islands, 1.0, around.sums(np.ones(held.size)))
    lag = around.sums(centred) / total
    i = (held.size - 1) * centred * lag / np.dot(centred, centred)
    around_it = local_g(held, around, statistic="gi")
    quadrant = np.where(around.islands, "", QUADRANTS[(centred > 0).astype(int), (lag > 0).astype(int)])
    return LocalMoran(i, around_it.z * np.sign(centred), quadrant, around_it.reason)


def neighbour_tails(
    values: npt.ArrayLike, neighbours: Neighbours, *, permutations: int | None = None, seed: int = 0
) -> PermutationTails:
    """Return the probability of each place's neighbour sum if the other values were dealt out at random.

    Parameters
    ----------
    values : array_like of float, shape (n,)
    neighbours : Neighbours
        Of n places; the place itself is taken out, since its value stays.
    permutations : int, optional
        Random arrangements a place. By default none where exact probabilities can be had, else as many as take a few
        seconds, 999 to 99,999.
    seed : int
        Of the random arrangements.

    Returns
    -------
    PermutationTails
        Of Gi, Gi* and local Moran's I alike; 1 for islands.

    Raises
    ------
    ParameterError
        Values that are not finite or not n in number, or fewer than 99 permutations.

    Notes
    -----
    Whole numbers with weights that are equal within each row: `hot_spots.conditional_permutation.permutation_tails`,
    exact for any number of neighbours. Other values or weights: `analysis.hot_spots.random_permutation.random_tails`.

    Examples
    --------
    >>> from analysis.hot_spots.neighbours import neighbours_from_pairs
    >>> ring = neighbours_from_pairs([0, 1, 2, 3], [1, 2, 3, 0], n=4, name="one way")
    >>> neighbour_tails([0, 0, 1, 2], ring).upper.round(3).tolist()
    [1.0, 0.667, 0.333, 1.0]
    """
    held, around = _checked(values, neighbours.n, may_be_equal=True), neighbours.without_self()
    whole = bool((held == np.floor(held)).all() and np.abs(held).max() < 2**53 / held.size)
    if permutations is None and whole and around.weights_are_equal():
        counts = held.astype(np.int64)
        each = np.add.reduceat(np.r_[counts[around.indices], 0], around.indptr[:-1]) if counts.size else counts
        return permutation_tails(counts, around.sizes, np.where(around.islands, 0, each), seed=seed)
    if permutations is not None and permutations < 99:
        raise ParameterError(f"{permutations} permutations are too few.", "Give 99 or more, such as 9,999.")
    made = permutations or affordable_permutations(around.indices.size)
    centred = held - held.mean()
    sums = around.sums(centred)
    tails = random_tails(centred, around.indptr, around.weights, sums, permutations=made, seed=seed)
    return PermutationTails(*tails, made)


def _checked(values: npt.ArrayLike, n: int, *, may_be_equal: bool = False) -> FloatArray:
    """Return values after checking that they can be compared."""
    held = np.ascontiguousarray(values, dtype=np.float64)
    if held.shape != (n,):
        raise ParameterError(f"There are values of shape {held.shape} and neighbours of {n:,} places.")
    if n == 0:
        raise EmptyInputError("There is no place to compare.", "Check the filters and the file.")
    if not np.isfinite(held).all():
        raise ParameterError("A value is not finite.", "Leave such places out.")
    if may_be_equal:
        return held
    if n == 1:
        raise ParameterError("There is one place; hot spots compare places.", "Use smaller cells or more places.")
    if held.min() == held.max():
        raise ZeroVarianceError(
            f"Every one of {n:,} places holds {held[0]:g}, so none is hotter than the rest.", "Use other places."
        )
    return held


def _row_spread(neighbours: Neighbours, n: int) -> tuple[BoolArray, FloatArray]:
    """Return whether the neighbours of each place are all n with equal weights, and ``n S1 - W^2``."""
    ones = np.ones(neighbours.n)
    squares = Neighbours(
        neighbours.indptr, neighbours.indices, neighbours.weights**2, neighbours.includes_self, neighbours.name
    )
    first = n * squares.sums(ones)
    spread = first - neighbours.sums(ones) ** 2
    return (spread <= ROUNDING * first) & (first > 0), spread


def _others_are_equal(held: FloatArray) -> BoolArray:
    """Tell, for each place, whether all other places hold one value."""
    distinct, which, sizes = np.unique(held, return_inverse=True, return_counts=True)
    if distinct.size != 2:
        return np.zeros(held.size, dtype=np.bool_)
    return np.asarray(sizes[which] == 1)
