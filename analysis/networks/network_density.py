"""Kernel density along streets: equal-split continuous and discontinuous kernels.

The kernel of an event is followed along every way from it, up to the bandwidth. At a node of m segment ends

- *discontinuous*: each of the other m - 1 segments takes 1/(m - 1), none goes back, and what runs into a dead end is
  lost: the integral is at most n, and the summary states it;
- *continuous*: each of the other m - 1 segments takes 2/m and the rest, 2/m - 1, goes back: negative at junctions, 1 at
  dead ends. Density is continuous at nodes and the integral over the network is n.

An event at a node starts along all m segment ends with 2/m. The value of a lixel is the integral of
the kernels over it divided by its length, no sample at its centre, so mass is kept whatever the length of lixels.

References
----------
Okabe, A. and Sugihara, K. (2012). Spatial Analysis along Networks. Wiley, chapter 9.
McSwiggan, G., Baddeley, A. and Nair, G. (2017). Kernel density estimation on a linear network. Scandinavian Journal of
Statistics 44(2).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from analysis.density.density_results import check_years, unit_of
from analysis.density.kernels import BELL, Kernel, KernelShape, known_kernel
from analysis.errors import ParameterError
from analysis.grids.cell_grid import checked_weights
from analysis.networks.cutting import IntArray, cut_lines
from analysis.networks.line_kernels import BELL_CUT
from analysis.networks.lixels import event_mass, lixel_starts, lixel_ways
from analysis.networks.snapped_events import SnappedEvents, snapped_events, snapping_parameters
from analysis.networks.spreading import LENGTH_UNITS_M, LineKernel
from analysis.networks.street_network import StreetNetwork
from analysis.projection import FloatArray, crs_name
from analysis.summary import Notice, Summary, figure

EqualSplit = Literal["continuous", "discontinuous"]

LIXELS_A_RADIUS = 5
"""Lixels that should fit into a bandwidth, for the map to show its shape."""


@dataclass(frozen=True, eq=False)
class NetworkDensity:
    """Density along streets, lixel by lixel.

    Attributes
    ----------
    density_per_km : ndarray of float64, shape (n_lixels,)
        Events per kilometre of street, the mean over the lixel.
    segment : ndarray of int64, shape (n_lixels,)
        Segment that each lixel is part of; lixels follow each other from its start to its end.
    length_m : ndarray of float64, shape (n_lixels,)
    network : StreetNetwork
    snapped : SnappedEvents
    summary : Summary
    years : float or None
        Length of the period, where it was given.
    """

    density_per_km: FloatArray
    segment: IntArray
    length_m: FloatArray
    network: StreetNetwork
    snapped: SnappedEvents
    summary: Summary
    years: float | None = None

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the lixels with ``density_per_km, segment, source, length_m, geometry``.

        Returns
        -------
        GeoDataFrame, one row a lixel
            With a period ``density_per_km_year`` comes first.
        """
        start = lixel_starts(self.segment, self.length_m)
        inner = start > 0
        pieces = cut_lines(self.network.geometry, self.segment[inner], start[inner], 0.0)
        data: dict[str, Any] = {} if self.years is None else {"density_per_km_year": self.density_per_km / self.years}
        data |= {
            "density_per_km": self.density_per_km,
            "segment": self.segment,
            "source": self.network.source[self.segment],
            "length_m": self.length_m,
        }
        return gpd.GeoDataFrame(data, geometry=pieces.geometry, crs=self.network.crs)


def network_density(  # noqa: PLR0913
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    network: StreetNetwork,
    *,
    radius_m: float | None = None,
    sigma_m: float | None = None,
    kernel: Kernel = "quartic",
    equal_split: EqualSplit = "continuous",
    lixel_m: float = 25.0,
    tolerance_m: float = 50.0,
    weights: npt.ArrayLike | None = None,
    years: float | None = None,
) -> NetworkDensity:
    """Estimate the density of events along the streets of a network.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres.
    network : StreetNetwork
    radius_m, sigma_m : float, optional
        Radius of a finite kernel, standard deviation of the Gaussian (which is cut at 4 of them), metres along streets.
    kernel : {"quartic", "epanechnikov", "triweight", "triangular", "uniform", "gaussian"}
    equal_split : {"continuous", "discontinuous"}
    lixel_m : float
        Segments are cut into equal lixels, none longer than this.
    tolerance_m : float
        Events farther from any street than this are left out and counted.
    weights : array_like of float, shape (n,), optional
        Let an event count for this much; 1 by default.
    years : float, optional
        Length of the period; the frame and the reading then give events per km and year.

    Returns
    -------
    NetworkDensity

    Raises
    ------
    ParameterError
        An unknown kernel or split, a bandwidth or lixel that is missing, not positive or of another kernel, bad
        weights, a bandwidth so wide that there are too many ways.
    CoordinateError, EmptyInputError
        See `networks.snapped_events`.

    Examples
    --------
    >>> import shapely
    >>> from analysis.networks.street_network import street_network
    >>> cross = [shapely.LineString([(0, 0), end]) for end in [(500, 0), (0, 500), (-500, 0), (0, -500)]]
    >>> network = street_network(gpd.GeoSeries(cross, crs="EPSG:32616"))
    >>> density = network_density([0.0], [0.0], network, radius_m=200.0, kernel="uniform", lixel_m=100.0)
    >>> density.density_per_km[:5].round(6).tolist(), round(density.summary.parameters["mass_kept"], 9)
    ([1.25, 1.25, 0.0, 0.0, 0.0], 1.0)
    """
    shape = known_kernel(kernel)
    line_kernel = _line_kernel(shape, radius_m, sigma_m, equal_split)
    ways = lixel_ways(network, lixel_m)
    snapped = snapped_events(x, y, network, tolerance_m=tolerance_m)
    weight = np.ones(snapped.segment.size) if weights is None else checked_weights(weights, snapped.segment.size)
    mass, unit_m = event_mass(network, ways, snapped, weight, line_kernel)
    segment = np.repeat(np.arange(network.n), np.diff(ways.first_lixel))
    length, shown = ways.lixel_m[segment], np.maximum(mass, 0.0)
    total = float(weight[snapped.on_street].sum())
    parameters = {
        "kernel": kernel,
        shape.bandwidth: line_kernel.bandwidth_m,
        "equal_split": equal_split,
        "lixel_m": lixel_m,
        **snapping_parameters(snapped, network),
        "weighted": weights is not None,
        **_unit(years, weighted=weights is not None),
        "length_unit_m": unit_m,
        "mass_kept": float(shown.sum()) / total if total > 0 else 1.0,
    }
    summary = _summary(network, snapped, parameters, _doubts(mass, line_kernel, lixel_m, parameters))
    unread = NetworkDensity(shown / length * 1000.0, segment, length, network, snapped, summary, years)
    return dataclasses.replace(unread, summary=dataclasses.replace(summary, reading=_reading(unread)))


def _unit(years: float | None, *, weighted: bool) -> dict[str, Any]:
    """Return the unit of the density, and the period it is for."""
    check_years(years)
    unit = unit_of("events per km" if years is None else "events per km and year", weighted=weighted)
    return {"unit": unit} if years is None else {"unit": unit, "years": years}


def _summary(
    network: StreetNetwork, snapped: SnappedEvents, parameters: dict[str, Any], doubts: tuple[Notice, ...]
) -> Summary:
    """Return how the density was made, but for its reading."""
    return Summary(
        method=f"Network kernel density ({parameters['kernel']}, equal-split {parameters['equal_split']})",
        parameters=parameters,
        n_used=int(np.count_nonzero(snapped.on_street)),
        excluded=snapped.excluded,
        crs=crs_name(network.crs),
        study_area_km2=0.0,
        reading="",
        warnings=(*network.notices, *snapped.notices, *doubts),
    )


def _line_kernel(
    shape: KernelShape, radius_m: float | None, sigma_m: float | None, equal_split: EqualSplit
) -> LineKernel:
    """Return the kernel after checking that the bandwidth is its own."""
    if equal_split not in {"continuous", "discontinuous"}:
        raise ParameterError(f"Unknown equal_split {equal_split!r}.", "Use continuous or discontinuous.")
    own, other = (sigma_m, radius_m) if shape.form == BELL else (radius_m, sigma_m)
    if other is not None:
        wrong = "radius_m" if shape.form == BELL else "sigma_m"
        raise ParameterError(f"The {shape.name} kernel takes no {wrong}.", f"Give {shape.bandwidth}.")
    if own is None or not (math.isfinite(own) and own > 0):
        raise ParameterError(f"{shape.bandwidth} is {own}.", "Give a positive number of metres along streets.")
    reach = BELL_CUT if shape.form == BELL else 1.0
    return LineKernel(shape.form, float(own), reach * float(own), equal_split == "continuous")


def _doubts(mass: FloatArray, kernel: LineKernel, lixel_m: float, parameters: dict[str, Any]) -> tuple[Notice, ...]:
    """Warn of lixels too long for the kernel and of mass that is lost or negative."""
    notices = []
    if lixel_m * LIXELS_A_RADIUS > kernel.bandwidth_m:
        notices.append(
            Notice(
                "long_lixels",
                f"Lixels of {lixel_m:g} m are long for a bandwidth of {kernel.bandwidth_m:g} m: the map shows steps. "
                f"At least {LIXELS_A_RADIUS} should fit into it.",
            )
        )
    if not kernel.continuous and parameters["mass_kept"] < 1.0 - 1e-9:
        notices.append(
            Notice(
                "mass_lost_at_dead_ends",
                f"The discontinuous kernel loses what runs into dead ends: {1 - parameters['mass_kept']:.1%} of the "
                "events. The continuous one keeps all.",
            )
        )
    if parameters["length_unit_m"] > LENGTH_UNITS_M[0]:
        notices.append(
            Notice(
                "lengths_rounded",
                f"So many ways lead round short segments within {kernel.reach_m:g} m that the lengths of segments were "
                f"rounded to {parameters['length_unit_m']:g} m to join them. A smaller bandwidth needs no rounding.",
            )
        )
    negative = int(np.count_nonzero(mass < -1e-9 * max(float(mass.max()), 1e-300)))
    if negative:
        notices.append(
            Notice(
                "negative_density",
                f"The continuous kernel was below zero on {negative:,} lixels between junctions of many streets, and "
                f"was set to zero there; the map holds {parameters['mass_kept']:.2%} of the events.",
            )
        )
    return tuple(notices)


def _reading(found: NetworkDensity) -> str:
    """Say in plain language what the map shows."""
    density, parameters = found.density_per_km / (found.years or 1.0), found.summary.parameters
    highest = int(density.argmax())
    segment = found.segment[highest]
    along = lixel_starts(found.segment, found.length_m)[highest] + 0.5 * found.length_m[highest]
    place = found.network.geometry[segment].interpolate(along)
    mean = float((density * found.length_m).sum() / found.length_m.sum())
    name = known_kernel(parameters["kernel"]).bandwidth
    bandwidth = f"{name.removesuffix('_m')} {parameters[name]:g} m"
    return (
        f"Density along {parameters['street_km']:,.1f} km of streets in {density.size:,} lixels of at most "
        f"{parameters['lixel_m']:g} m, {parameters['kernel']} kernel with {bandwidth} along streets, equal-split "
        f"{parameters['equal_split']}. The highest density is {figure(density[highest])} {parameters['unit']} at "
        f"{place.x:,.0f}, {place.y:,.0f}, on segment {segment}; the mean of the streets is {figure(mean)}. "
        "Distance is along streets, so a river or a railway without a crossing parts what a map of cells would blur "
        "together. It shows where events are many; it does not test whether that is more than chance."
    )
