"""How much of a kernel lies within a polygon, exactly: an integral along the boundary.

The mass of a kernel K about a point within a polygon is the integral of ``G(r) d(angle)`` along its boundary, G(r) the
mass per radian within distance r. With ``G = 1 / (2 pi) - T``, the first part is 1 for a point inside and 0 for one
outside, and T(r), the mass per radian beyond r, ends with the reach of the kernel: only the boundary within reach
counts. On a straight piece at distance c from the point, s measured along it from the foot of the perpendicular, the
integral of ``T c / (c^2 + s^2) ds`` has a closed form where K is a polynomial; for the Gaussian what is left beside the
angle is smooth and is integrated by Gauss and Legendre. A point on the boundary sees half a plane.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numba as nb
import numpy as np

from analysis.density.kernels import BELL, CONE, KernelShape
from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks

BELL_REACH = 8.5
"""Standard deviations after which a Gaussian has no mass: exp(-36) = 2e-16."""

BLOCK_POINTS = 8192

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(8)
"""For panels of one standard deviation: the error is below 1e-12."""

ON_BOUNDARY = 1e-9
"""Distance, in bandwidths, within which a point lies on the boundary."""

Masses = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, float, FloatArray, int, int], None]


def mass_within(
    x: FloatArray, y: FloatArray, inside: FloatArray, boundary: FloatArray, kernel: KernelShape, bandwidth: FloatArray
) -> FloatArray:
    """Return how much of the kernel about each point lies within an area.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Points, metres.
    inside : ndarray of float64, shape (n,)
        1 for points in the area, 0 for others.
    boundary : ndarray of float64, shape (m, 4)
        Straight pieces ``x, y, x, y`` of the boundary, the area on their left, metres.
    kernel : KernelShape
    bandwidth : ndarray of float64, shape (n,)
        Of each point, metres.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1.
    """
    widest = float(bandwidth.max()) * min(kernel.reach, BELL_REACH)
    pieces = _short_pieces(boundary, widest)
    middle = 0.5 * (pieces[:, 1] + pieces[:, 3])
    order = np.argsort(middle, kind="stable")
    pieces, middle = np.ascontiguousarray(pieces[order]), np.ascontiguousarray(middle[order])
    masses, fill = np.empty(x.size), _masses_of_form(kernel.form)
    points = np.column_stack([x, y, inside])

    def block(first: int, last: int) -> None:
        fill(points, bandwidth, pieces, middle, widest, masses, first, last)

    for_row_blocks(block, x.size, block_rows=BLOCK_POINTS)
    return masses


def _short_pieces(boundary: FloatArray, longest: float) -> FloatArray:
    """Cut pieces of a boundary to a length."""
    length = np.hypot(boundary[:, 2] - boundary[:, 0], boundary[:, 3] - boundary[:, 1])
    parts = np.maximum(1, np.ceil(length / longest)).astype(np.int64)
    which = np.repeat(np.arange(len(boundary)), parts)
    part = np.arange(which.size) - np.repeat(np.cumsum(parts) - parts, parts)
    begin, end = (part / parts[which])[:, None], ((part + 1) / parts[which])[:, None]
    start, step = boundary[which, :2], boundary[which, 2:] - boundary[which, :2]
    return np.hstack([start + begin * step, start + end * step])


@functools.cache
def _masses_of_form(form: int) -> Masses:
    """Return the compiled integral of a kernel; a constant form lets the compiler drop the others."""
    reach = BELL_REACH if form == BELL else 1.0

    @nb.njit(cache=True, nogil=True, error_model="numpy")
    def fill(
        points: FloatArray,
        bandwidth: FloatArray,
        pieces: FloatArray,
        middle: FloatArray,
        widest: float,
        masses: FloatArray,
        first: int,
        last: int,
    ) -> None:
        """Fill the masses of points first to last."""
        for i in range(first, last):
            x, y, within = points[i]
            beyond = 0.0
            low, high = np.searchsorted(middle, y - 1.5 * widest), np.searchsorted(middle, y + 1.5 * widest)
            for p in range(low, high):
                c, begin, end = _seen_from(x, y, 1.0 / bandwidth[i], pieces[p], reach)
                if end <= begin:
                    continue
                if abs(c) < ON_BOUNDARY:
                    c, within = 0.0, 1.0
                    begin, end = _zero_at_the_point(begin), _zero_at_the_point(end)
                side = 1.0 if c >= 0.0 else -1.0
                angle = side * (math.atan2(end, abs(c)) - math.atan2(begin, abs(c)))
                beyond += 0.5 / math.pi * (angle + c * _rest(form, c, begin, end))
            masses[i] = min(1.0, max(0.0, within - beyond))

    compiled: Masses = fill
    return compiled


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _seen_from(x: float, y: float, per_m: float, piece: FloatArray, reach: float) -> tuple[float, float, float]:
    """Return a piece as seen from a point, in bandwidths.

    The distance of its line, positive where the point is on its left, and begin and end of the part within reach,
    measured from the foot of the perpendicular; both 0 where there is none.
    """
    ax, ay = (piece[0] - x) * per_m, (piece[1] - y) * per_m
    bx, by = (piece[2] - x) * per_m, (piece[3] - y) * per_m
    length = math.hypot(bx - ax, by - ay)
    if length == 0.0 or min(ax, bx) >= reach or max(ax, bx) <= -reach or min(ay, by) >= reach or max(ay, by) <= -reach:
        return 0.0, 0.0, 0.0
    along_x, along_y = (bx - ax) / length, (by - ay) / length
    c = ax * along_y - ay * along_x
    if abs(c) >= reach:
        return 0.0, 0.0, 0.0
    half = math.sqrt(reach * reach - c * c)
    return c, max(-half, ax * along_x + ay * along_y), min(half, bx * along_x + by * along_y)


@nb.njit(inline="always")
def _zero_at_the_point(s: float) -> float:
    """Return 0 for an end of a piece that is the point itself, so that both pieces there agree."""
    return 0.0 if abs(s) < ON_BOUNDARY else s


@nb.njit(inline="always")
def _rest(form: int, c: float, begin: float, end: float) -> float:
    """Return the integral of ``(2 pi T - 1) / (c^2 + s^2)`` over s from begin to end."""
    if form == BELL:
        return _bell_rest(c, begin, end)
    return _rest_to(form, c, end) - _rest_to(form, c, begin)


@nb.njit(inline="always")
def _rest_to(form: int, c: float, s: float) -> float:
    """Return an antiderivative at s.

    With ``u = c^2 + s^2``, ``2 pi T`` is ``(1 - u)^(p + 1)``, for the cone ``1 - 3 u + 2 u^1.5``.
    """
    q, ss = c * c, s * s
    if form == CONE:
        root = math.sqrt(q + ss)
        return -3.0 * s + s * root + (q * math.asinh(s / abs(c)) if c != 0.0 else 0.0)
    first = s * (q + ss / 3.0)
    if form == 0:
        return -s
    if form == 1:
        return -2.0 * s + first
    second = s * (q * q + ss * (q / 1.5 + ss / 5.0))
    if form == 2:
        return -3.0 * s + 3.0 * first - second
    third = s * (q * q * q + ss * (q * q + ss * (0.6 * q + ss / 7.0)))
    return -4.0 * s + 6.0 * first - 4.0 * second + third


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _bell_rest(c: float, begin: float, end: float) -> float:
    """Integrate ``(exp(-u / 2) - 1) / u``, with ``u = c^2 + s^2``, in panels of at most one standard deviation."""
    panels = math.ceil(end - begin)
    half, total = 0.5 * (end - begin) / panels, 0.0
    for panel in range(panels):
        middle = begin + (2 * panel + 1) * half
        for node in range(NODES.size):
            u = c * c + (middle + half * NODES[node]) ** 2
            total += NODE_WEIGHTS[node] * (math.expm1(-0.5 * u) / u if u > 1e-12 else -0.5)
    return half * total
