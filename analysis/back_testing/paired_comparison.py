"""Ranking methods by what each reached in the same windows, with bootstrap intervals of the paired differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import FloatArray

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A mean difference and its interval.

    Attributes
    ----------
    mean : float
        Mean over the windows.
    low, high : float or None
        Percentile bootstrap interval of 95 %; None with one window.
    """

    mean: float
    low: float | None
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        """True where the whole interval lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def ranked_methods(
    values: npt.ArrayLike, names: list[str], *, reference: str | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Rank methods by their mean over windows and compare each with the best and with a reference.

    Parameters
    ----------
    values : array_like of float, shape (n_windows, n_methods)
        What each method reached in each window; more is better.
    names : list of str, length n_methods
    reference : str, optional
        One of `names`; without it there is no comparison with a reference.
    resamples : int
        Bootstrap resamples.
    seed : int

    Returns
    -------
    DataFrame
        Best first: ``rank``, ``method``, ``mean``, ``windows_won`` (shared where methods tie), ``behind_best`` with
        ``behind_best_low`` and ``behind_best_high``, ``above_reference`` with ``above_reference_low`` and
        ``above_reference_high``. Intervals are nullable (pandas ``Float64``) and null with one window. Equal means
        share a rank and stand in the order of their names.

    Raises
    ------
    EmptyInputError
        No window or no method.
    ParameterError
        Values of another shape or not finite, a reference that is not among the methods, or no resample.

    Notes
    -----
    Windows are resampled with replacement, for all methods the same: what makes a window hard for every method cancels
    in the differences. With few windows the intervals are too narrow; windows that share days are not independent.

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap, chapter 13. Chapman and Hall.

    Examples
    --------
    >>> ranking = ranked_methods([[2.0, 1.0], [3.0, 1.5], [2.5, 1.0]], ["density", "counts"], reference="counts")
    >>> ranking[["method", "mean", "above_reference"]].values.tolist()
    [['density', 2.5, 1.3333333333333333], ['counts', 1.1666666666666667, 0.0]]
    """
    table = np.asarray(values, dtype=np.float64)
    if table.size == 0:
        raise EmptyInputError("There is no window or no method to rank.", "Take more data or shorter periods.")
    if table.ndim != 2 or table.shape[1] != len(names) or not np.isfinite(table).all():
        raise ParameterError(f"Values of shape {table.shape} for {len(names)} methods.", "Give a finite value of each.")
    if resamples < 1:
        raise ParameterError(f"There are {resamples} resamples.", "Take at least 1,000.")
    if reference is not None and reference not in names:
        raise ParameterError(f"The reference {reference!r} is not tested.", f"Use one of {', '.join(names)}.")
    means = table.mean(axis=0)
    order = sorted(range(len(names)), key=lambda i: (-means[i], names[i]))
    drawn = _resampled_means(table, resamples, seed)
    won = table == table.max(axis=1, keepdims=True)
    data: dict[str, Any] = {
        "rank": [1 + int(np.count_nonzero(means > means[i])) for i in order],
        "method": [names[i] for i in order],
        "mean": [float(means[i]) for i in order],
        "windows_won": [float((won[:, i] / won.sum(axis=1)).sum()) for i in order],
    }
    data |= _columns("behind_best", [_interval(table, drawn, order[0], i) for i in order])
    if reference is not None:
        against = names.index(reference)
        data |= _columns("above_reference", [_interval(table, drawn, i, against) for i in order])
    return pd.DataFrame(data)


def _resampled_means(table: FloatArray, resamples: int, seed: int) -> FloatArray | None:
    """Return the means of resampled windows, shape (resamples, n_methods); None where there is one window."""
    n_windows = table.shape[0]
    if n_windows == 1:
        return None
    chosen = np.random.default_rng(seed).integers(0, n_windows, (resamples, n_windows))
    return np.asarray(table[chosen].mean(axis=1))


def _interval(table: FloatArray, drawn: FloatArray | None, one: int, other: int) -> Interval:
    """Return how much more the one method reached than the other."""
    mean = float(np.mean(table[:, one] - table[:, other]))
    if drawn is None:
        return Interval(mean, None, None)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(drawn[:, one] - drawn[:, other], [tail, 1.0 - tail])
    return Interval(mean, float(low), float(high))


def _columns(name: str, intervals: list[Interval]) -> dict[str, Any]:
    """Return a difference and its interval as columns."""
    return {
        name: [interval.mean for interval in intervals],
        f"{name}_low": pd.array([interval.low for interval in intervals], dtype="Float64"),
        f"{name}_high": pd.array([interval.high for interval in intervals], dtype="Float64"),
    }
