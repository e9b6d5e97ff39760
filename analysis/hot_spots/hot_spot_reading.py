"""What hot spots say about themselves: columns, warnings and sentences that cells and areal units have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.hot_spots.conditional_permutation import PermutationTails
from analysis.hot_spots.local_statistics import REASONS
from analysis.hot_spots.significance import CORRECTION_NAMES, Correction, gi_bins
from analysis.projection import BoolArray, FloatArray
from analysis.summary import Notice


def nullable(values: FloatArray, defined: BoolArray) -> pd.arrays.FloatingArray:
    """Return a nullable column.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    defined : ndarray of bool, shape (n,)
        False where the column is null.

    Returns
    -------
    pandas.arrays.FloatingArray, shape (n,)
    """
    return pd.arrays.FloatingArray(np.where(defined, values, 0.0), ~defined)


def bins_of_tails(z: FloatArray, q: FloatArray, tails: PermutationTails) -> npt.NDArray[np.int16]:
    """Return the confidence class of each place, hot or cold only where z and the p-value speak of the same side.

    Parameters
    ----------
    z, q : ndarray of float64, shape (n,)
    tails : PermutationTails
        Of n places.

    Returns
    -------
    ndarray of int16, shape (n,)
        -3 to 3, see `analysis.hot_spots.significance.gi_bins`.

    Notes
    -----
    z of Gi* counts the place itself, the p-value asks about its neighbours. A place of 500 events among empty ones has
    a high z and, where empty places are rare, a small p in the lower tail: its neighbours are unusually cold. That is
    an outlier and no hot spot, so its class is 0.

    Examples
    --------
    >>> tails = PermutationTails(np.array([0.001, 1.0]), np.array([1.0, 0.001]), None)
    >>> bins_of_tails(np.array([4.0, 4.0]), np.array([0.002, 0.002]), tails).tolist()
    [3, 0]
    """
    return gi_bins(np.where(np.sign(z) == tails.direction, z, 0.0), q)


def permutation_name(tails: PermutationTails, thing: str) -> str:
    """Name the kind of p-value.

    Parameters
    ----------
    tails : PermutationTails
    thing : str
        ``"cell"`` or ``"unit"``.

    Returns
    -------
    str
        With the floor of random ones.
    """
    if tails.permutations is None:
        told = f", told down to {2.0 * tails.smallest:.2g}" if tails.smallest else ""
        return f"exact conditional permutation, two-sided{told}"
    floor = 2.0 / (tails.permutations + 1)
    return f"{tails.permutations:,} random conditional permutations a {thing}, two-sided, not below {floor:.2g}"


def statistic_notices(reason: npt.NDArray[np.str_], tails: PermutationTails, thing: str) -> tuple[Notice, ...]:
    """Warn of places without a statistic and of p-values that are not exact.

    Parameters
    ----------
    reason : ndarray of str, shape (n,)
        Key of `analysis.hot_spots.local_statistics.REASONS`, empty where there is a statistic.
    tails : PermutationTails
    thing : str
        ``"cell"`` or ``"unit"``.

    Returns
    -------
    tuple of Notice
    """
    notices = []
    for code in sorted(set(reason[reason != ""].tolist())):
        some = int(np.count_nonzero(reason == code))
        notices.append(Notice(code, f"{some:,} {thing}s {REASONS[code]}: their z, p and q are empty."))
    if tails.permutations is not None:
        notices.append(
            Notice(
                "p_value_floor",
                f"Exact p-values are for whole counts that are not too large, with equal weights; "
                f"{tails.permutations:,} random permutations a {thing} were made, so no p is below "
                f"{2.0 / (tails.permutations + 1):.2g}.",
            )
        )
    return tuple(notices)


def classes_in_words(bins: npt.NDArray[np.int16], correction: Correction, method: str, tails: PermutationTails) -> str:
    """Say how many places are hot and cold, with what confidence and by what method.

    Parameters
    ----------
    bins : ndarray of int16, shape (n,)
    correction : {"bh", "by", "bonferroni", "none"}
    method : str
        For example ``"Getis-Ord Gi*"``.
    tails : PermutationTails

    Returns
    -------
    str
        The rest of a sentence that begins "Of 900 cells, ".
    """
    hot, cold = ([int(np.count_nonzero(bins == sign * level)) for level in (3, 2, 1)] for sign in (1, -1))
    p_kind = "exact" if tails.permutations is None else "random"
    return (
        f"{sum(hot):,} are hot spots ({hot[0]:,} with 99 %, {hot[1]:,} with 95 % and {hot[2]:,} with 90 % confidence) "
        f"and {sum(cold):,} are cold spots ({cold[0]:,}, {cold[1]:,}, {cold[2]:,}), after "
        f"{CORRECTION_NAMES[correction]} over the whole map, by {method} with {p_kind} conditional-permutation "
        "p-values."
    )
