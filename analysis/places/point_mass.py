"""Point masses: single coordinates that hold an implausible share of the events, usually a default geocode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.projection import FloatArray, checked_coordinates
from analysis.summary import Notice

LEAST_EVENTS = 30
LEAST_SHARE = 0.002
LEAST_GAP = 4.0
MOST_MASSES = 5

SAMPLED_ABOVE, SAMPLE, LEAST_IN_SAMPLE = 100_000, 20_000, 10


@dataclass(frozen=True)
class PointMass:
    """A coordinate with an implausible share of the events.

    Attributes
    ----------
    x, y : float
        The coordinate, in the unit of the input.
    n : int
        Events on it.
    share : float
        ``n`` over all events, 0 to 1.
    next_n : int
        Events on the busiest coordinate that is no point mass.
    """

    x: float
    y: float
    n: int
    share: float
    next_n: int


def point_masses(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[PointMass, ...]:
    """Find coordinates that hold an implausible share of the events.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Any unit; equal coordinates are equal to the last bit.

    Returns
    -------
    tuple of PointMass
        Busiest first, at most five; empty where the piles of events thin out gradually.

    Raises
    ------
    CoordinateError, EmptyInputError
        See `checked_coordinates`.

    Notes
    -----
    Snapped data pile up everywhere, but gradually: the busiest point of Chicago holds 122 events and the next 122, 115,
    105. A default geocode stands apart. Sort the piles; where one of the five busiest is at least 4 times the next, the
    piles above that gap are masses, if each holds at least 30 events and 0.2 % of all. The lowest such gap counts, so
    that a second pile (Boston: 1,897 at City Hall, 125 beside it, then 29) is found behind the first.

    Examples
    --------
    >>> x, y = [0.0] * 200 + list(range(1, 101)), [0.0] * 300
    >>> [(mass.n, mass.next_n) for mass in point_masses(x, y)]
    [(200, 1)]
    """
    eastings, northings = checked_coordinates(x, y)
    piles_x, piles_y, piles = _piles(eastings, northings)
    if piles.size == 1:
        n_masses, next_n = int(piles[0] >= LEAST_EVENTS), 0
    else:
        floor = max(LEAST_EVENTS, LEAST_SHARE * eastings.size)
        apart = (piles[:-1] >= LEAST_GAP * piles[1:]) & (piles[:-1] >= floor)
        gaps = np.flatnonzero(apart[:MOST_MASSES])
        n_masses = int(gaps[-1]) + 1 if gaps.size else 0
        next_n = int(piles[n_masses]) if n_masses < piles.size else 0
    return tuple(
        PointMass(float(piles_x[i]), float(piles_y[i]), int(piles[i]), int(piles[i]) / eastings.size, next_n)
        for i in range(n_masses)
    )


def point_mass_notice(x: FloatArray, y: FloatArray) -> Notice | None:
    """Return the warning about point masses, None where there are none.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.

    Returns
    -------
    Notice or None

    Notes
    -----
    Sorting many events takes longer than a density map of them, so of more than 100,000 events a sample of 20,000
    (fixed seed) is looked at first: a mass, at least 0.2 % of all, shows 40 times in it on average; fewer than 10
    settle it.
    """
    if x.size > SAMPLED_ABOVE:
        sample = np.random.default_rng(0).integers(0, x.size, SAMPLE)
        if _piles(x[sample], y[sample])[2][0] < LEAST_IN_SAMPLE:
            return None
    masses = point_masses(x, y)
    if not masses:
        return None
    piles = "; ".join(f"{mass.n:,} ({mass.share:.1%}) at {mass.x:,.1f}, {mass.y:,.1f}" for mass in masses)
    return Notice(
        "point_mass",
        f"Many events share one coordinate: {piles}; the next busiest point holds {masses[0].next_n:,}. "
        "Probably unknown addresses put on a default place: a hot spot there is false. Consider leaving them out.",
    )


def _piles(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Return the distinct coordinates that matter and the events on each, busiest first; equal piles by coordinate."""
    places = np.empty(x.size, dtype=np.complex128)
    places.real, places.imag = x, y
    places.sort()
    begins = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
    piles = np.diff(begins, append=x.size)
    n_others = max(piles.size - MOST_MASSES - 1, 0)
    largest = np.sort(np.argpartition(piles, n_others)[n_others:])
    busiest = largest[np.argsort(-piles[largest], kind="stable")]
    found = places[begins[busiest]]
    return found.real, found.imag, piles[busiest]
