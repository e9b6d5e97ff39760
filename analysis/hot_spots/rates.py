"""Rates of events per resident: crude, smoothed, or standardised, so that small places do not shout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import FloatArray


@dataclass(frozen=True)
class EmpiricalBayes:
    """Rates with the information of the whole map in them.

    Attributes
    ----------
    smoothed : ndarray of float64, shape (n,)
        Events per resident, drawn towards `overall`, the more the fewer the residents.
    standardised : ndarray of float64, shape (n,)
        Standard deviations of the crude rate from `overall`; the deviation is that of a place with as many residents.
    overall : float
        All events over all residents.
    variance : float
        Of the true rates between places, 0 where chance alone explains how the rates differ.
    """

    smoothed: FloatArray
    standardised: FloatArray
    overall: float
    variance: float


def crude_rates(counts: npt.ArrayLike, residents: npt.ArrayLike) -> FloatArray:
    """Return events per resident.

    Parameters
    ----------
    counts : array_like of float, shape (n,)
        Events, zero or more.
    residents : array_like of float, shape (n,)
        Greater than zero: leave places without residents out, they have no rate.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ParameterError
        Shapes that differ, counts that are negative, residents that are not positive, or numbers that are not finite.

    Examples
    --------
    >>> crude_rates([1, 3], [100, 200]).tolist()
    [0.01, 0.015]
    """
    events, people = _checked(counts, residents)
    return events / people


def empirical_bayes(counts: npt.ArrayLike, residents: npt.ArrayLike) -> EmpiricalBayes:
    """Return rates that allow for chance in places with few residents.

    Parameters
    ----------
    counts : array_like of float, shape (n,)
        Events, zero or more.
    residents : array_like of float, shape (n,)
        Greater than zero.

    Returns
    -------
    EmpiricalBayes

    Raises
    ------
    EmptyInputError
        There is no event.
    ParameterError
        See `crude_rates`.

    Notes
    -----
    With crude rates r_i, residents P_i, overall rate b and ``s^2 = sum P_i (r_i - b)^2 / sum P_i``, the variance
    between places is ``a = max(0, s^2 - b / mean(P))``. Smoothed (Marshall's global estimator):
    ``b + a / (a + b / P_i) (r_i - b)``. Standardised (Assuncao and Reis): ``(r_i - b) / sqrt(a + b / P_i)``.

    Where a comes out negative it is 0 in both: the smoothed rates are then all b, and the standardised ones those of
    pure chance. Packages that keep a negative a divide by variances near zero, or smooth away from the mean.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40.
    Assuncao, R. M. and Reis, E. A. (1999). A new proposal to adjust Moran's I for population density. Statistics in
    Medicine 18.

    Examples
    --------
    >>> rates = empirical_bayes([0, 2, 90, 10], [10, 20, 3000, 1000])
    >>> rates.smoothed.round(3).tolist()
    [0.025, 0.03, 0.03, 0.014]
    """
    events, people = _checked(counts, residents)
    if events.sum() == 0:
        raise EmptyInputError("No unit holds an event.", "Check that events and units are of one place.")
    overall = float(events.sum() / people.sum())
    crude = events / people
    spread = float(np.sum(people * (crude - overall) ** 2) / people.sum())
    variance = max(0.0, spread - overall / float(people.mean()))
    of_chance = overall / people
    smoothed = overall + variance / (variance + of_chance) * (crude - overall)
    return EmpiricalBayes(smoothed, (crude - overall) / np.sqrt(variance + of_chance), overall, variance)


def _checked(counts: npt.ArrayLike, residents: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return counts and residents as arrays that make rates."""
    events, people = np.asarray(counts, dtype=np.float64), np.asarray(residents, dtype=np.float64)
    if events.shape != people.shape or events.ndim != 1:
        raise ParameterError(f"Counts have shape {events.shape}, residents {people.shape}.")
    if not (np.isfinite(events).all() and np.isfinite(people).all()) or (events < 0).any():
        raise ParameterError("A count is negative, or a number is not finite.", "Leave such places out.")
    if (people <= 0).any():
        raise ParameterError("A place has no residents, so it has no rate.", "Leave such places out.")
    return events, people
