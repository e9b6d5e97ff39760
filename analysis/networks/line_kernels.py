"""The kernels of density along a line, and their integrals."""

from __future__ import annotations

import math

import numba as nb

from analysis.density.kernels import BELL, CONE

BELL_CUT = 4.0
"""Standard deviations at which the Gaussian along a street is cut; what is left is scaled to a mass of 1."""

_BELL_MASS = math.erf(BELL_CUT / math.sqrt(2.0))


@nb.njit(cache=True, nogil=True)
def mass_up_to(form: int, u: float) -> float:
    """Return the mass of a kernel along a line from its centre up to a distance; for compiled code.

    Parameters
    ----------
    form : int
        See `density.kernels.KernelShape`.
    u : float
        Zero or more, in bandwidths.

    Returns
    -------
    float
        0 at the centre, 1/2 from the edge on.

    Notes
    -----
    Kernels along a line have mass 1 there: ``3/4 (1 - u^2)``, ``15/16 (1 - u^2)^2``, ``35/32 (1 - u^2)^3``,
    ``1 - u``, ``1/2``, and the Gaussian cut at `BELL_CUT` standard deviations.

    Examples
    --------
    >>> mass_up_to(2, 0.0), mass_up_to(2, 1.0), round(mass_up_to(2, 0.5), 6)
    (0.0, 0.5, 0.396484)
    """
    if form == BELL:
        return 0.5 * math.erf(min(u, BELL_CUT) / math.sqrt(2.0)) / _BELL_MASS
    if u >= 1.0:
        return 0.5
    v = u * u
    if form == CONE:
        mass = u - 0.5 * v
    elif form == 0:
        mass = 0.5 * u
    elif form == 1:
        mass = 0.75 * u * (1.0 - v / 3.0)
    elif form == 2:
        mass = 0.9375 * u * (1.0 - v * (2.0 / 3.0 - 0.2 * v))
    else:
        mass = 1.09375 * u * (1.0 - v * (1.0 - v * (0.6 - v / 7.0)))
    return mass
