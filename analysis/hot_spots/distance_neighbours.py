"""Neighbours by distance between points, or between the centres of cells and areal units."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from analysis.density.kernels import ON_THE_EDGE, Kernel, known_kernel
from analysis.errors import ParameterError
from analysis.hot_spots.neighbours import IntArray, Neighbours, neighbours_from_pairs
from analysis.projection import FloatArray, checked_coordinates

MOST_LINKS = 50_000_000
"""Largest number of pairs that are listed (about 2 GB while they are)."""

GAUSSIAN_REACH = 4.0
"""Standard deviations after which a Gaussian weight (below 0.0004) is left out."""


def band_neighbours(x: npt.ArrayLike, y: npt.ArrayLike, radius_m: float) -> Neighbours:
    """Return the points within a distance of each point.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres.
    radius_m : float
        At most this far, with a margin of a billionth, so that points at the distance itself belong to the band
        whatever the last bit says. Metres.

    Returns
    -------
    Neighbours
        Binary weights; points at the same place are neighbours.

    Raises
    ------
    ParameterError
        The distance is not positive, or so large that there would be more than `MOST_LINKS` pairs.
    CoordinateError, EmptyInputError
        See `analysis.projection.checked_coordinates`.

    Examples
    --------
    >>> band_neighbours([0, 30, 60], [0, 40, 80], 50.0).sizes.tolist()
    [1, 2, 1]
    """
    rows, indices, _, n = _pairs_within(x, y, _positive("radius_m", radius_m))
    return neighbours_from_pairs(rows, indices, n=n, name=f"distance band of {radius_m:g} m")


def kernel_neighbours(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    kernel: Kernel = "quartic",
    radius_m: float | None = None,
    sigma_m: float | None = None,
) -> Neighbours:
    """Return the points around each point, weighted less the further they are.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres.
    kernel : {"quartic", "epanechnikov", "triweight", "triangular", "uniform", "gaussian"}
    radius_m : float, optional
        Of a finite kernel, metres.
    sigma_m : float, optional
        Standard deviation of the Gaussian, metres; weights beyond `GAUSSIAN_REACH` of them are left out.

    Returns
    -------
    Neighbours
        Every point is its own neighbour with weight 1, the largest.

    Raises
    ------
    ParameterError
        An unknown kernel, no bandwidth or that of another kernel, or one so large that there would be more than
        `MOST_LINKS` pairs.
    CoordinateError, EmptyInputError
        See `analysis.projection.checked_coordinates`.

    Examples
    --------
    >>> around = kernel_neighbours([0, 50, 100], [0, 0, 0], kernel="triangular", radius_m=100.0)
    >>> around.weights.tolist()
    [1.0, 0.5, 0.5, 1.0, 0.5, 0.5, 1.0]
    """
    shape = known_kernel(kernel)
    given = {"radius_m": radius_m, "sigma_m": sigma_m}
    bandwidth = given.pop(shape.bandwidth)
    if bandwidth is None or any(value is not None for value in given.values()):
        raise ParameterError(
            f"The {kernel} kernel takes {shape.bandwidth}.", f"Give {shape.bandwidth} in metres alone."
        )
    reach = GAUSSIAN_REACH if math.isinf(shape.reach) else 1.0
    rows, indices, distance, n = _pairs_within(x, y, _positive(shape.bandwidth, bandwidth) * reach)
    weights = shape.profile(np.minimum(distance / bandwidth, reach * ON_THE_EDGE))
    own = np.arange(n)
    name = f"{kernel} kernel, {shape.bandwidth} {bandwidth:g}"
    return neighbours_from_pairs(np.r_[rows, own], np.r_[indices, own], np.r_[weights, np.ones(n)], n=n, name=name)


def nearest_neighbours(x: npt.ArrayLike, y: npt.ArrayLike, k: int) -> Neighbours:
    """Return the k points nearest to each point.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres.
    k : int
        1 to n - 1.

    Returns
    -------
    Neighbours
        Binary weights; being near is not mutual.

    Raises
    ------
    ParameterError
        There are not k other points, or so many points at one place that more than `MOST_LINKS` pairs would tie.
    CoordinateError, EmptyInputError
        See `analysis.projection.checked_coordinates`.

    Notes
    -----
    Of points equally far away (within a billionth) those with the smaller x come first, then with the smaller y, so the
    choice does not depend on the order of rows; only among points at the same place the earlier row comes first.

    Examples
    --------
    >>> nearest_neighbours([0, 10, -10, 0], [0, 0, 0, 30], 1).indices.tolist()
    [2, 0, 0, 0]
    """
    eastings, northings = checked_coordinates(x, y)
    n = eastings.size
    if not 1 <= k < n:
        raise ParameterError(f"{k} nearest neighbours of {n:,} points.", f"Give k from 1 to {max(1, n - 1):,}.")
    points = np.column_stack([eastings, northings])
    tree = KDTree(points)
    reach = tree.query(points, k=k + 1)[0][:, -1]
    sizes = tree.query_ball_point(points, reach * (1.0 + 1e-9), return_length=True)
    _refuse_too_many(int(sizes.sum()), "Points at the same place all tie; count events by place first.")
    found = tree.query_ball_point(points, reach * (1.0 + 1e-9), return_sorted=True)
    rows, indices = np.repeat(np.arange(n), sizes), np.concatenate([np.asarray(near, np.int64) for near in found])
    others = rows != indices
    rows, indices = rows[others], indices[others]
    distance = np.hypot(eastings[indices] - eastings[rows], northings[indices] - northings[rows])
    tied = distance > reach[rows] * (1.0 - 1e-9)
    order = np.lexsort((indices, northings[indices], eastings[indices], tied, rows))
    place = np.arange(rows.size) - np.repeat(np.r_[0, np.cumsum(sizes - 1)[:-1]], sizes - 1)
    kept = order[place < k]
    return neighbours_from_pairs(rows[kept], indices[kept], n=n, name=f"{k} nearest neighbours")


def _positive(name: str, length: float) -> float:
    """Return a length after checking it."""
    if not (math.isfinite(length) and length > 0):
        raise ParameterError(f"{name} is {length}.", "Give a positive number of metres.")
    return length


def _pairs_within(x: npt.ArrayLike, y: npt.ArrayLike, radius_m: float) -> tuple[IntArray, IntArray, FloatArray, int]:
    """Return every pair of points within a distance, both ways round, its distance, and the number of points."""
    eastings, northings = checked_coordinates(x, y)
    tree = KDTree(np.column_stack([eastings, northings]))
    reach = radius_m * (1.0 + 1e-9)
    links = int(tree.count_neighbors(tree, reach)) - eastings.size
    _refuse_too_many(links, "Use a smaller distance, or count events by place or cell first.")
    pairs = tree.query_pairs(reach, output_type="ndarray").astype(np.int64)
    rows, indices = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    distance = np.hypot(eastings[indices] - eastings[rows], northings[indices] - northings[rows])
    return rows, indices, distance, eastings.size


def _refuse_too_many(links: int, hint: str) -> None:
    """Refuse what would not fit into memory."""
    if links > MOST_LINKS:
        raise ParameterError(f"There would be {links:,} pairs of neighbours; at most {MOST_LINKS:,} are listed.", hint)
