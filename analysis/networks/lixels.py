"""Lixels of a street network, and the mass of events on each."""

from __future__ import annotations

import math

import numpy as np

from analysis.errors import ParameterError
from analysis.networks.cutting import IntArray
from analysis.networks.snapped_events import SnappedEvents
from analysis.networks.spreading import LENGTH_UNITS_M, LineKernel, Sources, Ways, own_mass, spread_mass
from analysis.networks.street_network import StreetNetwork
from analysis.projection import FloatArray

MOST_LIXELS = 20_000_000


def lixel_ways(network: StreetNetwork, lixel_m: float) -> Ways:
    """Cut the segments of a network into equal lixels.

    Parameters
    ----------
    network : StreetNetwork
    lixel_m : float
        No lixel is longer, metres.

    Returns
    -------
    Ways
        The network as compiled code walks it.

    Raises
    ------
    ParameterError
        The length is not positive, or makes more than `MOST_LIXELS` lixels.
    """
    if not (math.isfinite(lixel_m) and lixel_m > 0):
        raise ParameterError(f"lixel_m is {lixel_m}.", "Give a positive number of metres.")
    lixels = np.maximum(1, np.ceil(network.length_m / lixel_m * (1.0 - 1e-12)))
    if lixels.sum() > MOST_LIXELS:
        raise ParameterError(
            f"Lixels of {lixel_m:g} m are {lixels.sum():,.0f} on these streets, more than {MOST_LIXELS:,}.",
            "Use longer lixels.",
        )
    at = network.ends.ravel()
    halves = np.argsort(at, kind="stable")
    first_half = np.r_[0, np.cumsum(np.bincount(at, minlength=len(network.nodes)))]
    first_lixel = np.r_[0, np.cumsum(lixels)].astype(np.int64)
    length = np.round(network.length_m / LENGTH_UNITS_M[0]).astype(np.int64)
    return Ways(network.ends, first_half, halves, length, LENGTH_UNITS_M[0], network.length_m / lixels, first_lixel)


def event_mass(
    network: StreetNetwork, ways: Ways, snapped: SnappedEvents, weight: FloatArray, kernel: LineKernel
) -> tuple[FloatArray, float]:
    """Spread events over lixels.

    Parameters
    ----------
    network : StreetNetwork
    ways : Ways
        Of the network.
    snapped : SnappedEvents
        Shape (n,); those on no street are left out.
    weight : ndarray of float64, shape (n,)
    kernel : LineKernel

    Returns
    -------
    mass : ndarray of float64, shape (n_lixels,)
        May be below zero under a continuous kernel between junctions of many streets.
    length_unit_m : float
        To which the lengths of segments were rounded.

    Raises
    ------
    ParameterError
        See `networks.spreading.spread_mass`.
    """
    used = snapped.on_street
    segment, position, counted = snapped.segment[used], snapped.position_m[used], weight[used]
    length = network.length_m[segment]
    side = (position > 0.5 * length).astype(np.int64)
    node = np.where(snapped.at_node[used], network.ends[segment, side], -1)
    between = node < 0
    places, at = np.unique(np.column_stack([segment, position])[between], axis=0, return_inverse=True)
    heavy = _ordered_sums(at, counted[between], len(places))
    on, along = places[:, 0].astype(np.int64), np.ascontiguousarray(places[:, 1])
    mass = np.zeros(ways.first_lixel[-1])
    own_mass(ways, on, along, heavy, kernel, mass)
    nodes, which = np.unique(node[~between], return_inverse=True)
    half = np.r_[2 * on, 2 * on + 1]
    gap = np.r_[along, network.length_m[on] - along]
    near = gap < kernel.reach_m
    sources = _sources(ways, half[near], gap[near], np.r_[heavy, heavy][near])
    at_nodes = Sources(
        np.full(nodes.size, -1), nodes, np.arange(nodes.size + 1), np.zeros(nodes.size),
        _ordered_sums(which, counted[~between], nodes.size),
    )  # fmt: skip
    out, unit_m = spread_mass(ways, sources, kernel)
    out_of_nodes, unit_of_nodes_m = spread_mass(ways, at_nodes, kernel)
    return mass + out + out_of_nodes, max(unit_m, unit_of_nodes_m)


def lixel_starts(segment: IntArray, length_m: FloatArray) -> FloatArray:
    """Return where on its segment each lixel begins.

    Parameters
    ----------
    segment : ndarray of int64, shape (n_lixels,)
        Segment of each lixel, ascending.
    length_m : ndarray of float64, shape (n_lixels,)

    Returns
    -------
    ndarray of float64, shape (n_lixels,)
        Metres.

    Examples
    --------
    >>> lixel_starts(np.array([0, 0, 1]), np.array([20.0, 20.0, 9.0])).tolist()
    [0.0, 20.0, 0.0]
    """
    first = np.r_[True, np.diff(segment) > 0]
    number = np.arange(segment.size)
    return np.asarray((number - number[first][np.cumsum(first) - 1]) * length_m)


def _sources(ways: Ways, half: IntArray, gap_m: FloatArray, weight: FloatArray) -> Sources:
    """Return events between nodes by the half of a segment through which they leave."""
    order = np.lexsort((gap_m, half))
    distinct, first = np.unique(half[order], return_index=True)
    node = ways.ends[distinct // 2, distinct % 2]
    return Sources(distinct, node, np.r_[first, half.size], gap_m[order], weight[order])


def _ordered_sums(group: IntArray, values: FloatArray, n: int) -> FloatArray:
    """Sum values by group so that their order does not matter."""
    order = np.lexsort((values, group))
    return np.bincount(group[order], values[order], minlength=n).astype(np.float64)
