"""The work beneath network density: the mass of a kernel carried along streets and parted at nodes, exactly.

What arrives at a node along one segment leaves along the others. Lengths of segments are whole numbers of a small
unit, so that ways of equal length meet exactly and are carried on as one: the work grows with the number of different
distances, not with the number of ways. The unit is a nanometre; only where that leaves too many ways, as on long
reaches of the continuous kernel between short segments, it is a quarter of a metre or a metre. Mass is kept in any.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numba as nb
import numpy as np

from analysis.errors import ParameterError
from analysis.networks.cutting import IntArray
from analysis.networks.line_kernels import mass_up_to
from analysis.projection import BoolArray, FloatArray
from analysis.row_blocks import for_row_blocks

LENGTH_UNITS_M = (1e-9, 0.25, 1.0)
BLOCKS = 8
"""Sources are parted into so many blocks, whatever the number of threads, and the sums of blocks added in order."""

MOST_ARRIVALS = 300_000
"""Arrivals at nodes from one source above which a coarser unit is taken."""


class Ways(NamedTuple):
    """A network as compiled code walks it; segment s has the halves 2 s (at its start) and 2 s + 1 (at its end).

    Attributes
    ----------
    ends : ndarray of int64, shape (n, 2)
        Node at the start and at the end of each segment.
    first_half : ndarray of int64, shape (n_nodes + 1,)
        The halves that meet at node v are ``halves[first_half[v]:first_half[v + 1]]``.
    halves : ndarray of int64, shape (2 n,)
    length : ndarray of int64, shape (n,)
        Of each segment, in units.
    unit_m : float
    lixel_m : ndarray of float64, shape (n,)
        Length of a lixel of each segment.
    first_lixel : ndarray of int64, shape (n + 1,)
    """

    ends: IntArray
    first_half: IntArray
    halves: IntArray
    length: IntArray
    unit_m: float
    lixel_m: FloatArray
    first_lixel: IntArray


class Sources(NamedTuple):
    """Events by what they leave through: an end of their segment, or the node they are at.

    Attributes
    ----------
    half : ndarray of int64, shape (k,)
        Half of the segment through whose node events leave, -1 for events at a node.
    node : ndarray of int64, shape (k,)
    first : ndarray of int64, shape (k + 1,)
        Events of source i are ``first[i]`` to ``first[i + 1]``.
    gap_m : ndarray of float64, shape (m,)
        From each event to the node, ascending within a source.
    weight : ndarray of float64, shape (m,)
    """

    half: IntArray
    node: IntArray
    first: IntArray
    gap_m: FloatArray
    weight: FloatArray


class LineKernel(NamedTuple):
    """A kernel along streets.

    Attributes
    ----------
    form : int
        See `density.kernels.KernelShape`.
    bandwidth_m : float
    reach_m : float
        Distance at which it ends.
    continuous : bool
        Whether density is continuous at nodes, or discontinuous.
    """

    form: int
    bandwidth_m: float
    reach_m: float
    continuous: bool


def spread_mass(
    ways: Ways, sources: Sources, kernel: LineKernel, threads: int | None = None
) -> tuple[FloatArray, float]:
    """Return the mass that leaves the segments of events and comes to rest on each lixel.

    Parameters
    ----------
    ways : Ways
    sources : Sources
    kernel : LineKernel
    threads : int, optional

    Returns
    -------
    mass : ndarray of float64, shape (n_lixels,)
    length_unit_m : float
        To which the lengths of segments were rounded, one of `LENGTH_UNITS_M`.

    Raises
    ------
    ParameterError
        From some place more than `MOST_ARRIVALS` different distances lead to nodes within reach, even in the coarsest
        unit.
    """
    n = sources.half.size
    block_rows = max(1, -(-n // BLOCKS))
    for unit_m in LENGTH_UNITS_M:
        rounded = _in_units(ways, unit_m)
        parts = np.zeros((-(-n // block_rows), ways.first_lixel[-1]))
        refused = np.zeros(1, np.bool_)

        def add(
            first: int, last: int, rounded: Ways = rounded, parts: FloatArray = parts, refused: BoolArray = refused
        ) -> None:
            _spread(rounded, sources, kernel, parts[first // block_rows], first, last, refused)

        for_row_blocks(add, n, block_rows=block_rows, threads=threads)
        if not refused[0]:
            return np.asarray(parts.sum(axis=0)), unit_m
    raise ParameterError(
        f"A kernel of {kernel.reach_m:g} m runs along more than {MOST_ARRIVALS:,} different ways from one place.",
        "Use a smaller bandwidth, or the discontinuous kernel, which has fewer ways.",
    )


def _in_units(ways: Ways, unit_m: float) -> Ways:
    """Return a network whose lengths are whole numbers of a unit."""
    lixels = np.diff(ways.first_lixel)
    length = np.maximum(1, np.round(ways.lixel_m * lixels / unit_m)).astype(np.int64)
    return ways._replace(length=length, unit_m=unit_m, lixel_m=unit_m * length / lixels)


@nb.njit(cache=True, nogil=True)
def own_mass(
    ways: Ways, segment: IntArray, position_m: FloatArray, weight: FloatArray, kernel: LineKernel, mass: FloatArray
) -> None:
    """Add the mass that stays on the segments of the events themselves; for compiled code.

    Parameters
    ----------
    ways : Ways
    segment : ndarray of int64, shape (m,)
    position_m, weight : ndarray of float64, shape (m,)
        Metres from the start of the segment.
    kernel : LineKernel
    mass : ndarray of float64, shape (n_lixels,)
        Added to.
    """
    for event in range(segment.size):
        first, last = ways.first_lixel[segment[event]], ways.first_lixel[segment[event] + 1]
        lixel_m, at = ways.lixel_m[segment[event]], position_m[event]
        before = -mass_up_to(kernel.form, at / kernel.bandwidth_m)
        for lixel in range(first, last):
            border = (lixel + 1 - first) * lixel_m - at
            after = np.sign(border) * mass_up_to(kernel.form, abs(border) / kernel.bandwidth_m)
            mass[lixel] += weight[event] * (after - before)
            before = after


@nb.njit(cache=True, nogil=True)
def _spread(
    ways: Ways,
    sources: Sources,
    kernel: LineKernel,
    mass: FloatArray,
    first: int,
    last: int,
    refused: BoolArray,
) -> None:
    """Add what sources first to last send out; stop and say so where there are too many ways."""
    arrived = np.zeros(np.max(np.diff(ways.first_half)))
    for source in range(first, last):
        gap = sources.gap_m[sources.first[source] : sources.first[source + 1]]
        weight = sources.weight[sources.first[source] : sources.first[source + 1]]
        farthest = np.int64((kernel.reach_m - gap[0]) / ways.unit_m)
        heap = [(np.int64(0), sources.node[source], sources.half[source], 1.0)]
        arrivals = 0
        while heap:
            distance, node, half, amount = heapq.heappop(heap)
            begin, end = ways.first_half[node], ways.first_half[node + 1]
            arrived[: end - begin] = 0.0
            total = amount
            _note(ways, begin, end, half, amount, arrived)
            while heap and heap[0][0] == distance and heap[0][1] == node:
                _, _, half, amount = heapq.heappop(heap)
                total += amount
                _note(ways, begin, end, half, amount, arrived)
            for place in range(begin, end):
                out = _leaving(total, arrived[place - begin], end - begin, half < 0, kernel.continuous)
                if out == 0.0:
                    continue
                away = ways.halves[place]
                segment = away // 2
                _lay(ways, kernel, away, ways.unit_m * distance, out, gap, weight, mass)
                beyond = distance + ways.length[segment]
                if beyond < farthest:
                    arrivals += 1
                    heapq.heappush(heap, (beyond, ways.ends[segment, 1 - away % 2], away ^ 1, out))
            if refused[0] or arrivals > MOST_ARRIVALS:
                refused[0] = True
                return


@nb.njit(cache=True, nogil=True, inline="always")
def _note(ways: Ways, begin: int, end: int, half: int, amount: float, arrived: FloatArray) -> None:
    """Note along which of the halves that meet at a node an amount arrived."""
    for place in range(begin, end):
        if ways.halves[place] == half:
            arrived[place - begin] += amount


@nb.njit(cache=True, nogil=True, inline="always")
def _leaving(total: float, arrived: float, degree: int, from_node: bool, continuous: bool) -> float:
    """Return what leaves along a half, of the total that arrived at its node and what arrived along the half itself."""
    if from_node or continuous:
        return 2.0 * total / degree - arrived
    return (total - arrived) / (degree - 1) if degree > 1 else 0.0


@nb.njit(cache=True, nogil=True)
def _lay(
    ways: Ways,
    kernel: LineKernel,
    half: int,
    distance_m: float,
    amount: float,
    gap: FloatArray,
    weight: FloatArray,
    mass: FloatArray,
) -> None:
    """Add the mass of events at some distance before a node to the lixels of a segment, from that node on."""
    segment = half // 2
    first, last = ways.first_lixel[segment], ways.first_lixel[segment + 1]
    lixel_m = ways.lixel_m[segment]
    for event in range(gap.size):
        start = distance_m + gap[event]
        if start >= kernel.reach_m:
            break
        share = amount * weight[event]
        before = mass_up_to(kernel.form, start / kernel.bandwidth_m)
        for step in range(last - first):
            after = mass_up_to(kernel.form, (start + (step + 1) * lixel_m) / kernel.bandwidth_m)
            mass[first + step if half % 2 == 0 else last - 1 - step] += share * (after - before)
            if start + (step + 1) * lixel_m >= kernel.reach_m:
                break
            before = after
