"""Confidence intervals of counts and shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtri

from analysis.errors import ParameterError
from analysis.projection import FloatArray


def poisson_interval(
    counts: npt.ArrayLike, confidence: float = 0.95, *, dispersion: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Return the exact interval of the expected number behind each count.

    Parameters
    ----------
    counts : array_like of float, shape (n,)
        Zero or more; expected counts (fractions) are allowed.
    confidence : float
        Between 0 and 1.
    dispersion : float
        Variance over mean, at least 1: counts that vary more than Poisson counts get a wider interval.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)

    Raises
    ------
    ParameterError
        A negative count, one that is not finite, or an impossible confidence or dispersion.

    Notes
    -----
    Garwood: the quantiles of the gamma distributions with shape ``c`` (low) and ``c + 1`` (high); with a dispersion
    f of ``c / f``, times f.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28(3-4).

    Examples
    --------
    >>> low, high = poisson_interval([0, 10])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 4.8], [3.69, 18.39])
    """
    values = _checked(counts, confidence)
    if not (np.isfinite(dispersion) and dispersion >= 1):
        raise ParameterError(f"The dispersion is {dispersion}.", "Give a number of at least 1.")
    scaled, tail = values / dispersion, (1.0 - confidence) / 2.0
    low = np.where(scaled > 0, gammaincinv(np.where(scaled > 0, scaled, 1.0), tail), 0.0)
    return low * dispersion, gammaincinv(scaled + 1.0, 1.0 - tail) * dispersion


def wilson_interval(counts: npt.ArrayLike, total: float, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the interval of the share behind each count of a total.

    Parameters
    ----------
    counts : array_like of float, shape (n,)
        Zero to `total`; expected counts (fractions) are allowed.
    total : float
        More than zero.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
        0 to 1.

    Raises
    ------
    ParameterError
        A count that is not between zero and the total, or an impossible confidence.

    Notes
    -----
    Wilson's score interval: ``(s + z^2 / 2n -+ z sqrt(s (1 - s) / n + z^2 / 4n^2)) / (1 + z^2 / n)``, s the share.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22(158).

    Examples
    --------
    >>> low, high = wilson_interval([0, 5], 10)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.237], [0.278, 0.763])
    """
    values = _checked(counts, confidence)
    if not (np.isfinite(total) and total > 0 and (values <= total * (1 + 1e-9)).all()):
        raise ParameterError(f"Counts of a total of {total} are not possible.", "Give parts of a total above zero.")
    share = np.minimum(values / total, 1.0)
    z = float(ndtri(0.5 + confidence / 2.0))
    middle = share + z**2 / (2.0 * total)
    half = z * np.sqrt(share * (1.0 - share) / total + z**2 / (4.0 * total**2))
    scale = 1.0 + z**2 / total
    return np.clip((middle - half) / scale, 0.0, 1.0), np.clip((middle + half) / scale, 0.0, 1.0)


def _checked(counts: npt.ArrayLike, confidence: float) -> FloatArray:
    """Return counts after checking them and the confidence."""
    values = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any():
        raise ParameterError("A count is negative or not finite.", "Counts are zero or more.")
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence is {confidence}.", "Give a number between 0 and 1, such as 0.95.")
    return values
