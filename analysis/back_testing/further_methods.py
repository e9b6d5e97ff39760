"""Rankings of cells by the other methods of this package, so that a back-test tries each on the same windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.back_testing.ranking_methods import RankingMethod
from analysis.clusters.density_clusters import dbscan_clusters, hdbscan_clusters
from analysis.clusters.nearest_neighbour_clusters import nearest_neighbour_clusters
from analysis.density.adaptive_density import adaptive_density
from analysis.density.kernel_density import Kernel, kernel_density
from analysis.grids.square import SquareGrid
from analysis.hot_spots.getis_ord import gi_star
from analysis.hot_spots.lattice_neighbours import queen_neighbours
from analysis.hot_spots.local_statistics import local_g, local_moran
from analysis.networks.network_density import network_density
from analysis.networks.street_network import StreetNetwork
from analysis.projection import FloatArray

IntArray = npt.NDArray[np.int64]
OTHER_KERNELS: tuple[Kernel, ...] = ("epanechnikov", "triweight", "triangular", "uniform")
REACH_M, WEEK_DAYS = 400.0, 7.0
PARTS, HOT_Z = 4, 1.645
LEAST_EVENTS = 10
STREET_RADIUS_M, LIXEL_M = 300.0, 50.0


def local_statistic_rankings() -> tuple[RankingMethod, ...]:
    """Return Gi (a cell by its neighbours alone) and local Moran's I (high among high first).

    Returns
    -------
    tuple of RankingMethod

    Examples
    --------
    >>> [method.name for method in local_statistic_rankings()]
    ['Gi z', "local Moran's I"]
    """

    def by_gi(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        found = local_g(grid.count(x, y).counts[grid.inside], queen_neighbours(grid), statistic="gi")
        return np.where(found.defined, found.z, 0.0)

    def by_moran(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        found = local_moran(grid.count(x, y).counts[grid.inside], queen_neighbours(grid))
        return np.where(found.quadrant == "HH", found.z, 0.0)

    around = {"neighbours": "queen contiguity"}
    return RankingMethod("Gi z", by_gi, around), RankingMethod("local Moran's I", by_moran, around)


def density_rankings() -> tuple[RankingMethod, ...]:
    """Return densities by the other kernels and by adaptive bandwidth, each with the radius suggested from its window.

    Returns
    -------
    tuple of RankingMethod

    Examples
    --------
    >>> [method.name for method in density_rankings()][0]
    'epanechnikov density, suggested radius'
    """

    def by_kernel(kernel: Kernel) -> RankingMethod:
        def fit(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
            return kernel_density(x, y, grid, kernel=kernel).density_per_km2[grid.inside]

        return RankingMethod(f"{kernel} density, suggested radius", fit, {"kernel": kernel})

    def adaptive(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        return adaptive_density(x, y, grid).density_per_km2[grid.inside]

    one = RankingMethod("adaptive density", adaptive, {"kernel": "quartic", "bandwidth": "Abramson"})
    return (*(by_kernel(kernel) for kernel in OTHER_KERNELS), one)


def prospective_ranking(reach_m: float = REACH_M, days: float = WEEK_DAYS) -> RankingMethod:
    """Return the density of recent events, as near repeats ask for: an event counts less with distance and with age.

    Parameters
    ----------
    reach_m : float
        Radius of the triangular kernel, metres.
    days : float
        An event of the last so many days counts one, of those before a half, then a third.

    Returns
    -------
    RankingMethod

    Notes
    -----
    The prospective mapping of Bowers, Johnson and Pease: 1/(1 + weeks) times a weight that falls with distance.

    References
    ----------
    Bowers, K. J., Johnson, S. D. and Pease, K. (2004). Prospective hot-spotting. *British Journal of Criminology* 44.

    Examples
    --------
    >>> prospective_ranking().name
    'near repeats, 400 m and 7 days'
    """

    def fit(x: FloatArray, y: FloatArray, age_days: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        weights = 1.0 / (1.0 + np.floor(age_days / days))
        density = kernel_density(x, y, grid, kernel="triangular", radius_m=reach_m, weights=weights)
        return density.density_per_km2[grid.inside]

    return RankingMethod(f"near repeats, {reach_m:g} m and {days:g} days", fit, {"radius_m": reach_m, "days": days})


def persistence_ranking(parts: int = PARTS) -> RankingMethod:
    """Return the mean z of Gi* over the parts of the fitting period in which a cell is hot: lasting hot spots first.

    Parameters
    ----------
    parts : int
        Parts of equal length.

    Returns
    -------
    RankingMethod

    Examples
    --------
    >>> persistence_ranking().name
    'persistent hot spots, 4 parts'
    """

    def fit(x: FloatArray, y: FloatArray, age_days: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        part = np.minimum((age_days / (age_days.max() + 0.5) * parts).astype(np.int64), parts - 1)
        score = np.zeros(grid.n_cells)
        for number in range(parts):
            chosen = part == number
            counts = grid.count(x[chosen], y[chosen]).counts
            if np.ptp(counts[grid.inside]):
                z = gi_star(counts, grid.inside).z
                score += np.where(z >= HOT_Z, z, 0.0) / parts
        return score

    return RankingMethod(f"persistent hot spots, {parts} parts", fit, {"parts": parts, "least_z": HOT_Z})


def cluster_rankings(grid: SquareGrid) -> tuple[RankingMethod, ...]:
    """Return the events that a cell holds of clusters, by each way to find them.

    Parameters
    ----------
    grid : SquareGrid
        DBSCAN looks half a cell around.

    Returns
    -------
    tuple of RankingMethod

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> area = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs="EPSG:32616")
    >>> [method.name for method in cluster_rankings(area)]
    ['clusters, nearest neighbours', 'clusters, DBSCAN', 'clusters, HDBSCAN']
    """
    distance = grid.cell_m / 2.0

    def nearest(x: FloatArray, y: FloatArray, area: SquareGrid) -> IntArray:
        within = area.to_frame().union_all() if area.study_area is None else area.study_area
        return nearest_neighbour_clusters(x, y, within, crs=area.crs, simulations=0).cluster_of_event

    def dbscan(x: FloatArray, y: FloatArray, area: SquareGrid) -> IntArray:
        return dbscan_clusters(x, y, crs=area.crs, max_distance_m=distance, min_events=LEAST_EVENTS).cluster_of_event

    def hdbscan(x: FloatArray, y: FloatArray, area: SquareGrid) -> IntArray:
        return hdbscan_clusters(x, y, crs=area.crs, min_events=LEAST_EVENTS).cluster_of_event

    rules: tuple[_Clustering, ...] = (
        _Clustering("nearest neighbours", nearest, {"probability": 0.5}),
        _Clustering("DBSCAN", dbscan, {"max_distance_m": distance}),
        _Clustering("HDBSCAN", hdbscan, {}),
    )
    return tuple(rule.ranking() for rule in rules)


@dataclass(frozen=True)
class _Clustering:
    name: str
    cluster: Callable[[FloatArray, FloatArray, SquareGrid], IntArray]
    parameters: dict[str, Any]

    def ranking(self) -> RankingMethod:
        """Return the ranking by the events in clusters."""

        def fit(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
            inside = self.cluster(x, y, grid) >= 0
            return grid.count(x[inside], y[inside]).counts[grid.inside]

        return RankingMethod(f"clusters, {self.name}", fit, {"min_events": LEAST_EVENTS, **self.parameters})


def street_ranking(network: StreetNetwork, radius_m: float = STREET_RADIUS_M) -> RankingMethod:
    """Return the density along streets: the events that it spreads onto the streets of a cell.

    Parameters
    ----------
    network : StreetNetwork
    radius_m : float
        Of the quartic kernel along streets, metres.

    Returns
    -------
    RankingMethod

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.networks.street_network import street_network
    >>> line = gpd.GeoSeries([shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:32616")
    >>> street_ranking(street_network(line)).name
    'street density, radius 300 m'
    """

    def fit(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        lixels = network_density(x, y, network, radius_m=radius_m, lixel_m=LIXEL_M).to_frame()
        middle = lixels.geometry.interpolate(0.5, normalized=True)
        spread = lixels["density_per_km"].to_numpy() * lixels["length_m"].to_numpy() / 1000.0
        return grid.count(middle.x, middle.y, spread).counts[grid.inside]

    return RankingMethod(f"street density, radius {radius_m:g} m", fit, {"radius_m": radius_m, "lixel_m": LIXEL_M})


def further_methods(grid: SquareGrid, network: StreetNetwork | None = None) -> tuple[RankingMethod, ...]:
    """Return the rankings by every method besides `analysis.back_testing.ranking_methods.standard_methods`.

    Parameters
    ----------
    grid : SquareGrid
    network : StreetNetwork, optional
        Adds the density along its streets.

    Returns
    -------
    tuple of RankingMethod

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> len(further_methods(square_grid(shapely.box(0, 0, 1000, 1000), 100, crs="EPSG:32616")))
    12
    """
    along = () if network is None else (street_ranking(network),)
    return (
        *density_rankings(),
        *local_statistic_rankings(),
        prospective_ranking(),
        persistence_ranking(),
        *cluster_rankings(grid),
        *along,
    )
