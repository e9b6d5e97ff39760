"""What a place picked for its high count would have had anyway: the empirical Bayes baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError
from analysis.hot_spots.rates import empirical_bayes


@dataclass(frozen=True)
class ExpectedBaseline:
    """Counts before a fix, freed of the luck that got the places picked.

    Attributes
    ----------
    observed : float
        Events at the picked places in the period that they were picked by.
    expected : float
        Events that such places have in a period of the same length when nothing is done.
    regression : float
        ``expected / observed - 1``: the fall (below zero) that chance alone brings.
    """

    observed: float
    expected: float
    regression: float

    @property
    def reading(self) -> str:
        """One sentence in plain language."""
        return (
            f"The places were picked by the {self.observed:,.0f} events that they had; places like them have "
            f"{self.expected:,.1f} in the next period with nothing done, a change of {self.regression:+.1%} by chance."
        )


def expected_baseline(counts: npt.ArrayLike, picked: npt.ArrayLike) -> ExpectedBaseline:
    """Estimate what places picked for their high counts would have had in the next period.

    Parameters
    ----------
    counts : array_like of int, shape (n_places,)
        Events of every place that could have been picked, in the period that they were picked by.
    picked : array_like of bool, shape (n_places,)
        Which were.

    Returns
    -------
    ExpectedBaseline
        Use `expected` as the count before in a `CountDesign`.

    Raises
    ------
    EmptyInputError
        No event, or no place picked.
    ParameterError
        Lengths that differ, or impossible counts.

    Notes
    -----
    Counts are Poisson about a level of each place's own; levels have mean m and variance a. The expected count of a
    place that had y is ``m + a / (a + m) (y - m)`` (Marshall's estimator with one resident a place). Where all
    variation is chance (a = 0) every place is expected to have m.

    References
    ----------
    Hauer, E. (1997). Observational Before-After Studies in Road Safety. Pergamon.
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40.

    Examples
    --------
    >>> counts = np.random.default_rng(0).poisson(5, 2000)
    >>> found = expected_baseline(counts, counts >= 10)
    >>> found.regression < -0.3
    True
    """
    held, chosen = np.asarray(counts, dtype=np.float64), np.asarray(picked, dtype=np.bool_)
    if held.shape != chosen.shape:
        raise ParameterError(f"There are {held.size} counts but {chosen.size} marks.", "Mark every place.")
    if not chosen.any():
        raise EmptyInputError("No place is picked.", "Mark the places where the fix is.")
    levels = empirical_bayes(held, np.ones(held.size)).smoothed
    observed, expected = float(held[chosen].sum()), float(levels[chosen].sum())
    if observed == 0:
        raise EmptyInputError("The picked places have no event.", "Nothing can be said about a change there.")
    return ExpectedBaseline(observed, expected, expected / observed - 1.0)
