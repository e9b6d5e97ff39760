"""Events brought to the nearest street segment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from analysis.errors import CoordinateError, EmptyInputError, ParameterError
from analysis.events import FEW_EVENTS
from analysis.networks.cutting import IntArray
from analysis.networks.street_network import StreetNetwork
from analysis.places.point_mass import point_mass_notice
from analysis.projection import FloatArray, checked_coordinates, looks_like_degrees
from analysis.summary import Notice

AT_NODE_M = 0.1
"""An event that lies this near to a node, along its segment, is at the node."""

FAR_SHARE = 0.05
"""Part of the events too far from any street above which a notice is given."""


@dataclass(frozen=True, eq=False)
class SnappedEvents:
    """Where events lie on a street network.

    Attributes
    ----------
    segment : ndarray of int64, shape (n,)
        Nearest segment, -1 where none is within the tolerance.
    position_m : ndarray of float64, shape (n,)
        Metres from the start of the segment, along it; 0 where there is none.
    distance_m : ndarray of float64, shape (n,)
        To the street; the tolerance where there is none.
    at_node : ndarray of bool, shape (n,)
        True for events at a junction or a dead end.
    tolerance_m : float
    notices : tuple of Notice
        ``far_from_streets``, ``at_junctions``, ``few_events``, ``point_mass``, where they apply.
    """

    segment: IntArray
    position_m: FloatArray
    distance_m: FloatArray
    at_node: npt.NDArray[np.bool_]
    tolerance_m: float
    notices: tuple[Notice, ...]

    @property
    def on_street(self) -> npt.NDArray[np.bool_]:
        """True for events that are on a segment, shape (n,)."""
        return np.asarray(self.segment >= 0)

    @property
    def excluded(self) -> dict[str, int]:
        """Events left out, by reason: ``far_from_streets``."""
        far = int(np.count_nonzero(~self.on_street))
        return {"far_from_streets": far} if far else {}


def snapped_events(
    x: npt.ArrayLike, y: npt.ArrayLike, network: StreetNetwork, *, tolerance_m: float = 50.0
) -> SnappedEvents:
    """Bring events to the nearest street segment.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres in the CRS of the network.
    network : StreetNetwork
    tolerance_m : float
        Events farther from any street than this are left out and counted.

    Returns
    -------
    SnappedEvents

    Raises
    ------
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none within the tolerance of a street.
    ParameterError
        The tolerance is not positive.

    Notes
    -----
    An event as near to several segments goes to the first of them in the order of the network, whatever the order of
    the events. At junctions that is a convention, not a finding: the notice ``at_junctions`` tells how many events it
    concerns. Network density does not depend on it, because an event at a node belongs to all segments there.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from analysis.networks.street_network import street_network
    >>> network = street_network(gpd.GeoSeries([shapely.LineString([(0, 0), (300, 0)])], crs="EPSG:32616"))
    >>> snapped = snapped_events([120.0, 120.0], [4.0, 90.0], network)
    >>> snapped.segment.tolist(), snapped.position_m.tolist(), snapped.excluded
    ([0, -1], [120.0, 0.0], {'far_from_streets': 1})
    """
    if not (math.isfinite(tolerance_m) and tolerance_m > 0):
        raise ParameterError(f"tolerance_m is {tolerance_m}.", "Give a positive number of metres.")
    eastings, northings = checked_coordinates(x, y)
    xy, event_at = np.unique(np.column_stack([eastings, northings]), axis=0, return_inverse=True)
    places = shapely.points(xy)
    pairs, gaps = shapely.STRtree(network.geometry).query_nearest(
        places, max_distance=tolerance_m, return_distance=True, all_matches=True
    )
    order = np.lexsort((pairs[1], pairs[0]))
    found, first = np.unique(pairs[0][order], return_index=True)
    if not found.size:
        _refuse_elsewhere(eastings, northings, network, tolerance_m)
    segment, distance = np.full(len(xy), -1, np.int64), np.full(len(xy), float(tolerance_m))
    segment[found], distance[found] = pairs[1][order][first], gaps[order][first]
    position = np.zeros(len(xy))
    position[found] = shapely.line_locate_point(network.geometry[segment[found]], places[found])
    at_node = np.zeros(len(xy), np.bool_)
    length = network.length_m[segment[found]]
    at_node[found] = np.minimum(position[found], length - position[found]) <= AT_NODE_M
    several = np.bincount(pairs[0], minlength=len(xy)) > 1
    notices = _notices(eastings, northings, segment[event_at] < 0, (several | at_node)[event_at], tolerance_m)
    return SnappedEvents(
        segment[event_at], position[event_at], distance[event_at], at_node[event_at], float(tolerance_m), notices
    )


def snapping_parameters(snapped: SnappedEvents, network: StreetNetwork) -> dict[str, Any]:
    """Return what a summary says about a network and the events on it.

    Parameters
    ----------
    snapped : SnappedEvents
    network : StreetNetwork

    Returns
    -------
    dict
    """
    return {
        "segments": network.n,
        "street_km": round(float(network.length_m.sum()) / 1000.0, 3),
        "tolerance_m": snapped.tolerance_m,
        "unsplit_crossings": network.unsplit_crossings,
    }


def _refuse_elsewhere(x: FloatArray, y: FloatArray, network: StreetNetwork, tolerance_m: float) -> None:
    """Say where the events and the streets are."""
    left, bottom, right, top = shapely.total_bounds(network.geometry)
    extents = (
        f"The events reach from {x.min():,.6g}, {y.min():,.6g} to {x.max():,.6g}, {y.max():,.6g}, "
        f"the streets from {left:,.6g}, {bottom:,.6g} to {right:,.6g}, {top:,.6g}."
    )
    if looks_like_degrees(x, y) and not looks_like_degrees((left, right), (bottom, top)):
        raise CoordinateError(
            f"The events look like degrees, the streets are in metres. {extents}",
            "Project the events to the CRS of the streets.",
        )
    raise EmptyInputError(
        f"None of {x.size:,} events is within {tolerance_m:g} m of a street. {extents}",
        "Check that both are in the same CRS, or allow a larger tolerance_m.",
    )


def _notices(
    x: FloatArray, y: FloatArray, far: npt.NDArray[np.bool_], tied: npt.NDArray[np.bool_], tolerance_m: float
) -> tuple[Notice, ...]:
    """Warn of what makes any result from these events doubtful."""
    notices = []
    some = int(np.count_nonzero(far))
    if some > FAR_SHARE * far.size:
        notices.append(
            Notice(
                "far_from_streets",
                f"{some:,} of {far.size:,} events ({some / far.size:.0%}) lie farther than {tolerance_m:g} m from any "
                "street and were left out.",
            )
        )
    tied_events = int(np.count_nonzero(tied & ~far))
    if tied_events:
        notices.append(
            Notice(
                "at_junctions",
                f"{tied_events:,} events lie at a junction or as near to another segment: they count at the first of "
                "these segments. In network density they belong to all of them.",
            )
        )
    if far.size - some < FEW_EVENTS:
        notices.append(
            Notice("few_events", f"Only {far.size - some} events were used: the map may change with a few more.")
        )
    mass = point_mass_notice(x, y)
    return (*notices, mass) if mass else tuple(notices)
