"""Log-linear regression of counts: Poisson, and quasi-Poisson where counts vary more than that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, ndtri, stdtr, stdtrit

from analysis.errors import ParameterError, TooFewEventsError
from analysis.projection import FloatArray

MOST_STEPS = 100
CLOSE_ENOUGH = 1e-16
"""Square of a last step in units of the standard error (Newton decrement)."""

STEEPEST = 25.0
"""A rate of ``exp(-25)`` means that a column tells exactly where there are no events."""

OVERDISPERSION_LEVEL = 0.05


@dataclass(frozen=True)
class LogLinearFit:
    """A fitted model.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (k,)
    covariance : ndarray of float64, shape (k, k)
        Scaled by the dispersion where that is above 1.
    fitted : ndarray of float64, shape (n,)
        Expected counts.
    dispersion : float
        Pearson's chi-square over its degrees of freedom.
    overdispersed : bool
        Whether that is significantly above 1 (5 %), so that the quasi-Poisson model was taken.
    degrees : int
        Degrees of freedom left.
    """

    coefficients: FloatArray
    covariance: FloatArray
    fitted: FloatArray
    dispersion: float
    overdispersed: bool
    degrees: int

    @property
    def scale(self) -> float:
        """Factor by which variances exceed those of Poisson counts; 1 unless overdispersed."""
        return self.dispersion if self.overdispersed else 1.0

    def quantile(self, confidence: float) -> float:
        """Return the quantile that makes an interval: of Student's t where the dispersion was estimated, else normal.

        Parameters
        ----------
        confidence : float
            Between 0 and 1.
        """
        upper = 0.5 + confidence / 2.0
        return float(stdtrit(self.degrees, upper) if self.overdispersed else ndtri(upper))

    def p_value(self, column: int) -> float:
        """Return the two-sided p-value of a coefficient.

        Parameters
        ----------
        column : int
        """
        ratio = -abs(float(self.coefficients[column])) / float(np.sqrt(self.covariance[column, column]))
        return float(2.0 * stdtr(self.degrees if self.overdispersed else np.inf, ratio))


def log_linear(counts: npt.ArrayLike, design: npt.ArrayLike, exposure: npt.ArrayLike) -> LogLinearFit:
    """Fit expected counts as exposure times the exponential of a sum of columns.

    Parameters
    ----------
    counts : array_like of float, shape (n,)
        Zero or more.
    design : array_like of float, shape (n, k)
        The columns, of full rank; the first is usually 1.
    exposure : array_like of float, shape (n,)
        Above zero, for example days.

    Returns
    -------
    LogLinearFit

    Raises
    ------
    ParameterError
        Shapes that do not fit, numbers that are not finite, or columns that say the same.
    TooFewEventsError
        No degree of freedom is left, or the counts do not determine the model (for example all zero on one side).

    Notes
    -----
    ``log E(count) = log(exposure) + X b``, maximum likelihood by iteratively reweighted least squares, halving a step
    that lowers the likelihood. Covariance ``(X' W X)^-1`` with W the expected counts. Pearson's chi-square against its
    distribution (5 %) tells whether counts vary more than Poisson counts; then the covariance is multiplied by
    ``chi-square / (n - k)`` and Student's t takes the place of the normal distribution.

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, chapters 4 and 6. Chapman and Hall.

    Examples
    --------
    >>> fit = log_linear([10, 20, 40, 80], [[1, 0], [1, 1], [1, 2], [1, 3]], [1, 1, 1, 1])
    >>> np.exp(fit.coefficients).round(6).tolist(), fit.overdispersed
    ([10.0, 2.0], False)
    """
    y, x, days = (np.asarray(values, dtype=np.float64) for values in (counts, design, exposure))
    if x.ndim != 2 or y.shape != (x.shape[0],) or days.shape != y.shape:
        raise ParameterError("Counts, columns and exposure differ in length.", "Give one of each a row.")
    if not all(np.isfinite(values).all() for values in (y, x, days)) or (y < 0).any() or (days <= 0).any():
        raise ParameterError("A count, column or exposure is impossible.", "Counts are zero or more, exposure above.")
    degrees = y.size - x.shape[1]
    if degrees < 1 or y.sum() == 0:
        raise TooFewEventsError(
            f"{y.size} counts with {y.sum():g} events do not determine {x.shape[1]} coefficients.",
            "Use a longer period.",
        )
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ParameterError("Two columns say the same.", "Leave one out.")
    coefficients = _most_likely(y, x, days)
    mu = days * np.exp(x @ coefficients)
    covariance = np.linalg.inv(x.T @ (mu[:, None] * x))
    chi_square = float(np.sum((y - mu) ** 2 / mu))
    dispersion = chi_square / degrees
    overdispersed = chi_square > float(chdtri(degrees, OVERDISPERSION_LEVEL))
    return LogLinearFit(
        coefficients, covariance * (dispersion if overdispersed else 1.0), mu, dispersion, overdispersed, degrees
    )


def _most_likely(y: FloatArray, x: FloatArray, days: FloatArray) -> FloatArray:
    """Return the coefficients of greatest likelihood."""
    start = np.log(days * y.sum() / days.sum())
    coefficients = np.linalg.lstsq(x, start - np.log(days), rcond=None)[0]
    likelihood = _likelihood(y, x, days, coefficients)
    for _ in range(MOST_STEPS):
        mu = days * np.exp(x @ coefficients)
        weight = np.sqrt(mu)
        step = np.linalg.lstsq(x * weight[:, None], (y - mu) / weight, rcond=None)[0]
        better = _likelihood(y, x, days, coefficients + step)
        decrement = float(np.sum(mu * (x @ step) ** 2))
        while better < likelihood and decrement > CLOSE_ENOUGH:
            step, decrement = step / 2.0, decrement / 4.0
            better = _likelihood(y, x, days, coefficients + step)
        coefficients, likelihood = coefficients + step, better
        if np.abs(x @ coefficients).max() > STEEPEST:
            break
        if decrement <= CLOSE_ENOUGH:
            return np.asarray(coefficients)
    raise TooFewEventsError("The counts do not determine the model.", "Use a longer period, or fewer columns.")


def _likelihood(y: FloatArray, x: FloatArray, days: FloatArray, coefficients: FloatArray) -> float:
    """Return the Poisson log-likelihood but for a constant; minus infinity where it overflows."""
    line = x @ coefficients
    if line.max() > 700.0:
        return -np.inf
    return float(np.sum(y * line - days * np.exp(line)))
