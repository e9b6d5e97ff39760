"""Neighbours by the name of their rule and its parameters, as a command line or a request gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd

from analysis.density.kernels import Kernel
from analysis.errors import ParameterError
from analysis.grids.cell_grid import CellGrid
from analysis.grids.hexagons import HexagonGrid
from analysis.hot_spots.distance_neighbours import band_neighbours, kernel_neighbours, nearest_neighbours
from analysis.hot_spots.lattice_neighbours import cell_neighbours, queen_neighbours, rook_neighbours
from analysis.hot_spots.libpysal_neighbours import contiguous_neighbours
from analysis.hot_spots.neighbours import Neighbours
from analysis.projection import FloatArray, require_metres

Rule = Literal["contiguity", "queen", "rook", "band", "nearest", "kernel"]

TAKES: dict[Rule, frozenset[str]] = {
    "contiguity": frozenset(),
    "queen": frozenset(),
    "rook": frozenset(),
    "band": frozenset({"radius_m"}),
    "nearest": frozenset({"k"}),
    "kernel": frozenset({"kernel", "radius_m", "sigma_m"}),
}


@dataclass(frozen=True)
class NeighbourRule:
    """How neighbours are found.

    Attributes
    ----------
    rule : {"contiguity", "queen", "rook", "band", "nearest", "kernel"}
        ``"contiguity"`` is queen on squares and areal units, and the six around on hexagons.
    radius_m : float or None
        Of a band or a finite kernel, metres.
    sigma_m : float or None
        Of the Gaussian kernel, metres.
    k : int or None
        Number of nearest neighbours.
    kernel : str or None
        Of kernel weights, quartic by default.
    """

    rule: Rule = "contiguity"
    radius_m: float | None = None
    sigma_m: float | None = None
    k: int | None = None
    kernel: Kernel | None = None

    def __post_init__(self) -> None:
        if self.rule not in TAKES:
            raise ParameterError(f"Unknown neighbours {self.rule!r}.", f"Use one of: {', '.join(TAKES)}.")
        given = {name for name in ("radius_m", "sigma_m", "k", "kernel") if getattr(self, name) is not None}
        strange = sorted(given - TAKES[self.rule])
        if strange:
            raise ParameterError(f"Neighbours by {self.rule} take no {strange[0]}.", "Leave it out.")
        if self.rule == "band" and self.radius_m is None:
            raise ParameterError("A distance band needs radius_m.", "Give a positive number of metres.")
        if self.rule == "nearest" and self.k is None:
            raise ParameterError("Nearest neighbours need k.", "Give how many, such as 8.")


def neighbours_of_cells(grid: CellGrid, rule: NeighbourRule) -> Neighbours:
    """Return the neighbours of the cells of a grid.

    Parameters
    ----------
    grid : SquareGrid or HexagonGrid
    rule : NeighbourRule
        Distances are between centres.

    Returns
    -------
    Neighbours
        In the order of ``grid.cells``.

    Raises
    ------
    ParameterError
        Queen or rook on hexagons, or see `analysis.hot_spots.distance_neighbours`.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.hexagons import hexagon_grid
    >>> grid = hexagon_grid(shapely.box(0, 0, 2000, 2000), 200, crs="EPSG:32616")
    >>> neighbours_of_cells(grid, NeighbourRule("band", radius_m=200.0)).sizes.max() == 6
    np.True_
    """
    if rule.rule == "contiguity":
        return cell_neighbours(grid)
    if rule.rule in {"queen", "rook"}:
        if isinstance(grid, HexagonGrid):
            raise ParameterError(f"Hexagons have no {rule.rule} neighbours.", "Use contiguity.")
        return queen_neighbours(grid) if rule.rule == "queen" else rook_neighbours(grid)
    return _by_distance(*grid.centres(), rule)


def neighbours_of_units(units: gpd.GeoSeries, rule: NeighbourRule) -> Neighbours:
    """Return the neighbours of areal units or points.

    Parameters
    ----------
    units : GeoSeries, shape (n,)
        Projected, metres.
    rule : NeighbourRule
        Distances are between centroids.

    Returns
    -------
    Neighbours
        In the order of `units`.

    Raises
    ------
    CoordinateError
        The CRS is missing or not in metres.
    GeometryError
        Contiguity of what is no valid polygon.
    ParameterError
        See `analysis.hot_spots.distance_neighbours`.

    Examples
    --------
    >>> places = gpd.GeoSeries.from_xy([0, 10, 30], [0, 0, 0], crs="EPSG:32616")
    >>> neighbours_of_units(places, NeighbourRule("nearest", k=1)).indices.tolist()
    [1, 0, 1]
    """
    require_metres(units.crs)
    if rule.rule in {"contiguity", "queen", "rook"}:
        return contiguous_neighbours(units, corners=rule.rule != "rook")
    middle = units.centroid
    return _by_distance(middle.x.to_numpy(), middle.y.to_numpy(), rule)


def _by_distance(x: FloatArray, y: FloatArray, rule: NeighbourRule) -> Neighbours:
    """Return the neighbours by distance between places."""
    if rule.radius_m is not None and rule.rule == "band":
        return band_neighbours(x, y, rule.radius_m)
    if rule.k is not None:
        return nearest_neighbours(x, y, rule.k)
    return kernel_neighbours(x, y, kernel=rule.kernel or "quartic", radius_m=rule.radius_m, sigma_m=rule.sigma_m)
