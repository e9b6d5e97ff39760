"""From p-values to q-values and confidence classes, map-wide."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError
from analysis.projection import FloatArray

Correction = Literal["bh", "by", "bonferroni", "none"]

CORRECTION_NAMES: dict[Correction, str] = {
    "bh": "Benjamini-Hochberg false discovery rate",
    "by": "Benjamini-Yekutieli false discovery rate",
    "bonferroni": "Bonferroni family-wise error rate",
    "none": "no correction for multiple testing",
}

CLASS_LIMITS = ((0.10, 1), (0.05, 2), (0.01, 3))
"""Largest q of each class: 90, 95 and 99 % confidence."""


def q_values(p_values: npt.ArrayLike, correction: Correction = "bh") -> FloatArray:
    """Adjust the p-values of a whole map for multiple testing.

    Parameters
    ----------
    p_values : array_like of float, shape (n,)
        0 to 1.
    correction : {"bh", "by", "bonferroni", "none"}

    Returns
    -------
    ndarray of float64, shape (n,)
        Smallest level at which each test is still rejected, 0 to 1. Equal p have equal q.

    Raises
    ------
    ParameterError
        An unknown correction, or a p-value that is no probability.

    Notes
    -----
    Benjamini-Hochberg: ``q_(i) = min over j >= i of p_(j) n / j``, in ascending order of p; it controls the expected
    share of false hot spots among those declared, also under the positive dependence of neighbouring cells.
    Benjamini-Yekutieli multiplies by ``1 + 1/2 + ... + 1/n`` and holds under any dependence. Bonferroni: ``p n``.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57(1).
    Benjamini, Y. and Yekutieli, D. (2001). The Annals of Statistics 29(4).

    Examples
    --------
    >>> q_values([0.01, 0.02, 0.03, 0.5]).tolist()
    [0.04, 0.04, 0.04, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if correction not in get_args(Correction):
        raise ParameterError(f"Unknown correction {correction!r}.", "Use bh, by, bonferroni or none.")
    if p.size and not (p.min() >= 0.0 and p.max() <= 1.0):
        raise ParameterError("A p-value is not between 0 and 1.")
    if correction == "none" or p.size == 0:
        return p.copy()
    if correction == "bonferroni":
        return np.minimum(1.0, p * p.size)
    ordered = np.sort(p)
    last_of_tie = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    distinct, rank = ordered[last_of_tie], last_of_tie + 1
    factor = float(p.size) * (float(np.sum(1.0 / np.arange(1, p.size + 1))) if correction == "by" else 1.0)
    steps = np.minimum.accumulate((distinct * factor / rank)[::-1])[::-1]
    return np.asarray(np.minimum(1.0, steps)[np.searchsorted(distinct, p)])


def gi_bins(z: npt.ArrayLike, q: npt.ArrayLike) -> npt.NDArray[np.int16]:
    """Return the confidence class of each cell.

    Parameters
    ----------
    z, q : array_like of float, shape (n,)
        z-score, whose sign tells hot from cold, and q-value.

    Returns
    -------
    ndarray of int16, shape (n,)
        3, 2, 1: hot with 99, 95, 90 % confidence (q at most 0.01, 0.05, 0.10); -3, -2, -1: cold; 0: neither, also where
        z or q is not a number.

    Examples
    --------
    >>> gi_bins([4.0, 2.5, -2.0, 0.3], [0.001, 0.05, 0.08, 0.9]).tolist()
    [3, 2, -1, 0]
    """
    z_scores, levels = np.asarray(z, dtype=np.float64), np.asarray(q, dtype=np.float64)
    bins = np.zeros(z_scores.shape, dtype=np.int16)
    for limit, confidence in CLASS_LIMITS:
        significant = levels <= limit
        bins[significant & (z_scores > 0)] = confidence
        bins[significant & (z_scores < 0)] = -confidence
    return bins
