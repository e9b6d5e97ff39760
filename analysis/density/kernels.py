"""The kernels of density: one table from which sums, names and conversions are taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError
from analysis.projection import FloatArray

Kernel = Literal["quartic", "epanechnikov", "triweight", "triangular", "uniform", "gaussian"]

CONE, BELL = -1, -2
"""Forms that are no power of ``1 - u^2``: ``1 - u`` and ``exp(-u^2 / 2)``."""

ON_THE_EDGE = 1.0 + 1e-9
"""The uniform kernel is not zero at its edge: events at the radius belong to it, whatever the last bit says."""


@dataclass(frozen=True)
class KernelShape:
    """One kernel, with u the distance in bandwidths.

    Attributes
    ----------
    name : str
    formula : str
        The kernel over the plane, for a person.
    form : int
        Power p of a kernel ``(1 - u^2)^p``, whose sums a row sweep makes; else `CONE` or `BELL`.
    peak : float
        Value at its centre for a bandwidth of 1; the integral over the plane is then 1.
    variance : float
        Variance along an axis for a bandwidth of 1.
    """

    name: Kernel
    formula: str
    form: int
    peak: float
    variance: float

    @property
    def bandwidth(self) -> str:
        """Parameter that its bandwidth goes by: ``sigma_m`` for the Gaussian, else ``radius_m``."""
        return "sigma_m" if self.form == BELL else "radius_m"

    @property
    def reach(self) -> float:
        """Bandwidths after which it is zero, infinite for the Gaussian."""
        return math.inf if self.form == BELL else ON_THE_EDGE if self.form == 0 else 1.0

    def profile(self, u: npt.ArrayLike) -> FloatArray:
        """Return the kernel without its constant.

        Parameters
        ----------
        u : array_like of float
            Distance in bandwidths.

        Returns
        -------
        ndarray of float64
            1 at the centre.

        Examples
        --------
        >>> KERNELS["quartic"].profile([0.0, 0.5, 1.5]).tolist()
        [1.0, 0.5625, 0.0]
        """
        distance = np.asarray(u, dtype=np.float64)
        if self.form == BELL:
            return np.asarray(np.exp(-0.5 * distance**2))
        left = 1.0 - distance if self.form == CONE else (1.0 - distance**2) ** self.form
        return np.where(distance <= self.reach, np.maximum(left, 0.0), 0.0)


def _power(name: Kernel, power: int) -> KernelShape:
    """Return ``(p + 1) / pi (1 - u^2)^p``."""
    factor = {0: "", 1: " (1 - d^2 / r^2)"}.get(power, f" (1 - d^2 / r^2)^{power}")
    return KernelShape(name, f"{power + 1} / (pi r^2){factor}", power, (power + 1) / math.pi, 0.5 / (power + 2))


KERNELS: Mapping[str, KernelShape] = MappingProxyType(
    {
        shape.name: shape
        for shape in (
            _power("quartic", 2),
            _power("epanechnikov", 1),
            _power("triweight", 3),
            KernelShape("triangular", "3 / (pi r^2) (1 - d / r)", CONE, 3.0 / math.pi, 0.15),
            _power("uniform", 0),
            KernelShape("gaussian", "exp(-d^2 / (2 s^2)) / (2 pi s^2)", BELL, 0.5 / math.pi, 1.0),
        )
    }
)


def known_kernel(kernel: str) -> KernelShape:
    """Return a kernel of the table.

    Parameters
    ----------
    kernel : str

    Returns
    -------
    KernelShape

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    if kernel not in KERNELS:
        raise ParameterError(f"Unknown kernel {kernel!r}.", f"Use one of: {', '.join(KERNELS)}.")
    return KERNELS[kernel]


def same_smoothing(bandwidth: float, kernel: KernelShape, other: KernelShape) -> float:
    """Return the bandwidth with which another kernel smooths as much: that of equal variance.

    Parameters
    ----------
    bandwidth : float
        Of `kernel`, metres.
    kernel, other : KernelShape

    Returns
    -------
    float
        Of `other`, metres.

    Examples
    --------
    >>> round(same_smoothing(1.0, KERNELS["gaussian"], KERNELS["quartic"]), 6)
    2.828427
    """
    return bandwidth * math.sqrt(kernel.variance / other.variance)
