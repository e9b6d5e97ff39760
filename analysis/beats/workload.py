"""Several kinds of work as one workload."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from analysis.errors import ParameterError

Real = NDArray[np.float64]


def combined_workload(amounts: Mapping[str, Real], weights: Mapping[str, float]) -> Real:
    """Add up several kinds of work, each for the share of the whole that its weight gives it.

    Parameters
    ----------
    amounts : mapping of str to ndarray of float64, shape (n,)
        Work of each unit by kind, in any unit: incidents by category, reports, residents, area in square metres.
    weights : mapping of str to float
        Weight of each kind, zero or more.

    Returns
    -------
    ndarray of float64, shape (n,)
        The only kind as it is; of several kinds a figure whose mean is 1.

    Raises
    ------
    ParameterError
        When a weight is negative or not finite, or all are zero.

    Notes
    -----
    Each kind is divided by its mean first, so that weights of 2 and 1 let the first kind make up two thirds of all
    workload whatever the units of the two. A kind that is zero everywhere adds nothing.

    Examples
    --------
    >>> combined_workload({"calls": np.array([0.0, 30.0]), "km2": np.array([3.0, 1.0])}, {"calls": 2.0, "km2": 1.0})
    array([0.5, 1.5])
    """
    for kind, weight in weights.items():
        if not (weight >= 0 and math.isfinite(weight)):
            raise ParameterError(f"The weight of workload '{kind}' is {weight}.", "Give a number, zero or more.")
    total = sum(weights.values())
    if not total > 0:
        raise ParameterError("All weights of the workload are zero.", "Give at least one kind of work a weight.")
    if len(weights) == 1:
        return amounts[next(iter(weights))]
    parts = [
        weight / total * amounts[kind] / max(float(amounts[kind].mean()), 1e-300) for kind, weight in weights.items()
    ]
    combined: Real = np.sum(parts, axis=0)
    return combined


def ways_km(x: Real, y: Real, stations: Real) -> Real:
    """Return the way from the nearest station to each event, as travel that a unit causes.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Places of the events in metres (any projected CRS).
    stations : ndarray of float64, shape (s, 2)
        Places of the stations in the same CRS.

    Returns
    -------
    ndarray of float64, shape (n,)
        Kilometres in a straight line.

    Raises
    ------
    ParameterError
        When there is no station, or one without a finite place.

    Notes
    -----
    Summed over the events of a unit this is the travel that the unit asks for: remote units get their share of the work
    although little happens there.

    Examples
    --------
    >>> ways_km(np.array([0.0, 3000.0]), np.array([0.0, 4000.0]), np.array([[0.0, 0.0], [90_000.0, 0.0]])).tolist()
    [0.0, 5.0]
    """
    places = np.asarray(stations, np.float64).reshape(-1, 2)
    if not len(places) or not np.isfinite(places).all():
        raise ParameterError(
            "There is no station with a place to travel from.", "Give stations, or officers, with coordinates."
        )
    if not len(x):
        return np.zeros(0)
    metres, _ = cKDTree(places).query(np.column_stack([x, y]))
    return np.asarray(metres, np.float64) / 1000.0


def workload_text(weights: Mapping[str, float]) -> str | None:
    """Say which columns make up the workload, None when there is none.

    Examples
    --------
    >>> workload_text({"calls": 2.0, "reports": 1.0})
    '2 calls + 1 reports'
    """
    if len(weights) <= 1:
        return next(iter(weights), None)
    return " + ".join(f"{weight:g} {kind}" for kind, weight in weights.items())
