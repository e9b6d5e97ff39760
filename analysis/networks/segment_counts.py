"""Street segments as units: events on each, per 100 m, and which segments meet."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy import sparse

from analysis.hot_spots.neighbours import Neighbours, neighbours_from_pairs
from analysis.networks.snapped_events import SnappedEvents, snapped_events, snapping_parameters
from analysis.networks.street_network import StreetNetwork
from analysis.places.concentration import concentration
from analysis.projection import crs_name
from analysis.summary import Notice, Summary, figure

SHORT_SEGMENT_M = 20.0
"""Below this length, events per 100 m are mostly chance."""


@dataclass(frozen=True, eq=False)
class SegmentCounts:
    """Events on street segments.

    Attributes
    ----------
    frame : GeoDataFrame, one row a segment
        ``count`` (whole events), ``per_100m`` (events per 100 m of street), ``source`` (row of the input),
        ``length_m``, geometry.
    snapped : SnappedEvents
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    snapped: SnappedEvents
    summary: Summary


def segment_counts(
    x: npt.ArrayLike, y: npt.ArrayLike, network: StreetNetwork, *, tolerance_m: float = 50.0
) -> SegmentCounts:
    """Count events on the segments of a street network.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in the CRS of the network.
    network : StreetNetwork
    tolerance_m : float
        Events farther from any street than this are left out and counted.

    Returns
    -------
    SegmentCounts
        Ready for `hot_spots.unit_hot_spots.hot_spots_of_units` with `segment_neighbours`.

    Raises
    ------
    CoordinateError, EmptyInputError, ParameterError
        See `networks.snapped_events.snapped_events`.

    Examples
    --------
    >>> import shapely
    >>> from analysis.hot_spots.unit_hot_spots import hot_spots_of_units
    >>> from analysis.networks.street_network import street_network
    >>> lines = [shapely.LineString([(100 * i, 0), (100 * i + 100, 0)]) for i in range(30)]
    >>> network = street_network(gpd.GeoSeries(lines, crs="EPSG:32616"))
    >>> x = np.r_[np.tile([50.0, 150.0, 250.0], 9), np.arange(450.0, 3000.0, 300.0)]
    >>> found = segment_counts(x, np.zeros(x.size), network)
    >>> found.frame["count"].head(5).tolist()
    [9, 9, 9, 0, 1]
    >>> hot = hot_spots_of_units(found.frame, "count", neighbours=segment_neighbours(network), correction="none")
    >>> hot.frame["gi_bin"].head(4).tolist()
    [0, 3, 0, 0]
    """
    snapped = snapped_events(x, y, network, tolerance_m=tolerance_m)
    count = np.bincount(snapped.segment[snapped.on_street], minlength=network.n)
    frame = network.to_frame()
    frame.insert(0, "count", count)
    frame.insert(1, "per_100m", count * 100.0 / network.length_m)
    short = int(np.count_nonzero((count > 0) & (network.length_m < SHORT_SEGMENT_M)))
    notices: tuple[Notice, ...] = (*network.notices, *snapped.notices)
    if short:
        notice = f"{short:,} segments with events are shorter than {SHORT_SEGMENT_M:g} m: per 100 m they look extreme."
        notices = (*notices, Notice("short_segments", notice))
    used = int(count.sum())
    summary = Summary(
        method="Events on street segments",
        parameters=snapping_parameters(snapped, network),
        n_used=used,
        excluded=snapped.excluded,
        crs=crs_name(network.crs),
        study_area_km2=0.0,
        reading=_reading(frame, snapped),
        warnings=notices,
    )
    return SegmentCounts(frame, snapped, summary)


def segment_neighbours(network: StreetNetwork) -> Neighbours:
    """Return the segments that share a node with each segment.

    Parameters
    ----------
    network : StreetNetwork

    Returns
    -------
    Neighbours
        Of ``network.n`` segments in their order, binary weights. A segment that meets no other is an island.

    Examples
    --------
    >>> import shapely
    >>> from analysis.networks.street_network import street_network
    >>> cross = [shapely.LineString([(0, 0), end]) for end in [(90, 0), (0, 90), (-90, 0), (0, -90)]]
    >>> segment_neighbours(street_network(gpd.GeoSeries(cross, crs="EPSG:32616"))).sizes.tolist()
    [3, 3, 3, 3]
    """
    segment = np.repeat(np.arange(network.n), 2)
    shape = (network.n, len(network.nodes))
    meets = sparse.coo_array((np.ones(segment.size), (segment, network.ends.ravel())), shape=shape).tocsr()
    pairs = (meets @ meets.T).tocoo()
    row, column = pairs.coords
    apart = row != column
    return neighbours_from_pairs(row[apart], column[apart], n=network.n, name="street segments that share a node")


def _reading(frame: gpd.GeoDataFrame, snapped: SnappedEvents) -> str:
    """Say in plain language what was counted."""
    count = frame["count"].to_numpy()
    length = frame["length_m"].to_numpy()
    far = snapped.segment.size - int(count.sum())
    left_out = f" {far:,} events lie farther than {snapped.tolerance_m:g} m from any street." if far else ""
    busiest = int(count.argmax())
    return (
        f"{count.sum():,} events on {count.size:,} street segments of {length.sum() / 1000.0:,.1f} km in all, "
        f"{figure(count.sum() * 100.0 / length.sum())} per 100 m. The busiest segment has {count[busiest]:,} on "
        f"{length[busiest]:,.0f} m. {concentration(count).reading.replace(' places', ' segments')}{left_out}"
    )
