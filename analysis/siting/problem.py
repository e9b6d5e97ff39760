"""What a choice of fixes is made from: places of demand, candidates, and which candidate serves which place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError
from analysis.projection import FloatArray, checked_coordinates, looks_like_degrees, require_metres


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """Demand, candidates and coverage.

    Attributes
    ----------
    covers : scipy.sparse.csr_array of float64, shape (n_demand, n_candidates)
        1 where the candidate serves the place.
    crime : ndarray of float64, shape (n_demand,)
        Expected events a year at each place.
    concern : ndarray of float64, shape (n_demand,)
        Distinct reporters at each place.
    cost : ndarray of float64, shape (n_candidates,)
    """

    covers: csr_array
    crime: FloatArray
    concern: FloatArray
    cost: FloatArray

    @property
    def n_demand(self) -> int:
        """Number of places."""
        return int(self.crime.size)

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return int(self.cost.size)

    def served(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return the places that a choice serves.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n_candidates,)

        Returns
        -------
        ndarray of bool, shape (n_demand,)
        """
        return np.asarray(self.covers @ chosen.astype(np.float64) > 0)


def siting_problem(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    candidates: npt.ArrayLike,
    *,
    crs: Any,
    cost: npt.ArrayLike,
    crime: npt.ArrayLike | None = None,
    concern: npt.ArrayLike | None = None,
    reach_m: npt.ArrayLike = 50.0,
) -> SitingProblem:  # fmt: skip
    """Say which candidates serve which places, by distance.

    Parameters
    ----------
    x, y : array_like of float, shape (n_demand,)
        Places of demand (hot spots, danger zones, segments), metres in `crs`.
    candidates : array_like of shapely.Geometry, shape (n_candidates,)
        Points, lines or polygons of possible fixes.
    crs : Any
        Projected, metres.
    cost : array_like of float, shape (n_candidates,)
        Zero or more, in one currency.
    crime, concern : array_like of float, shape (n_demand,), optional
        Expected events a year, distinct reporters; by default none. They are never added up.
    reach_m : array_like of float, shape (n_candidates,) or a number
        How far a candidate works (`FixKind.reach_m`).

    Returns
    -------
    SitingProblem

    Raises
    ------
    CoordinateError, EmptyInputError
        No place, no candidate, coordinates that are not finite, or not in metres.
    GeometryError
        A candidate without a geometry.
    ParameterError
        Columns of another length, or numbers that are negative or not finite.

    Examples
    --------
    >>> problem = siting_problem([500_000, 500_100], [4e6, 4e6], [shapely.Point(500_010, 4e6)], crs="EPSG:32634",
    ...                          cost=[900], crime=[12, 3], reach_m=50)
    >>> problem.covers.toarray().tolist()
    [[1.0], [0.0]]
    """
    require_metres(crs)
    eastings, northings = checked_coordinates(x, y)
    if eastings.size > 1 and looks_like_degrees(eastings, northings):
        raise CoordinateError("The coordinates look like degrees, not metres.", "Project them to metres.")
    shapes = np.atleast_1d(np.asarray(candidates, dtype=object))
    if shapes.size == 0:
        raise EmptyInputError("There is no candidate.", "Give at least one possible fix.")
    if (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        raise GeometryError("A candidate has no geometry.", "Leave it out.")
    reach = _checked(reach_m, shapes.size, "reach")
    place, candidate = shapely.STRtree(shapely.points(eastings, northings)).query(
        shapes, predicate="dwithin", distance=reach * (1 + 1e-9)
    )[::-1]
    covers = csr_array((np.ones(place.size), (place, candidate)), shape=(eastings.size, shapes.size))
    return SitingProblem(
        covers,
        _checked(0.0 if crime is None else crime, eastings.size, "crime"),
        _checked(0.0 if concern is None else concern, eastings.size, "concern"),
        _checked(cost, shapes.size, "cost"),
    )


def checked_budget(budget: float) -> float:
    """Return a budget after checking it.

    Parameters
    ----------
    budget : float

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        It is negative or not finite.
    """
    if not (math.isfinite(budget) and budget >= 0):
        raise ParameterError(f"The budget is {budget}.", "Give an amount of zero or more.")
    return float(budget)


def _checked(values: npt.ArrayLike, n: int, what: str) -> FloatArray:
    """Return a number for each place or candidate."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim == 0:
        given = np.full(n, float(given))
    if given.shape != (n,):
        raise ParameterError(f"There are {given.size} numbers of {what} for {n} rows.", "Give one each.")
    if not np.isfinite(given).all() or (given < 0).any():
        raise ParameterError(f"A number of {what} is negative or missing.", "Give numbers of zero or more.")
    return given
