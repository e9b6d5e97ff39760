"""Block-like test cities of any size, from a seed: jittered street grids with parks and busy quarters."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

BLOCK_M = 120.0
MEAN_RESIDENTS = 180.0
CRS = "EPSG:32634"


def block_city(n_units: int, seed: int = 0) -> gpd.GeoDataFrame:
    """Generate a city of blocks.

    Parameters
    ----------
    n_units : int
        Blocks wanted.
    seed : int
        The same seed gives the same city.

    Returns
    -------
    GeoDataFrame
        ``unit_id``, ``residents`` (whole, about 12 % zero), ``workload`` (calls a year, heavy-tailed), ``district``
        (three by three) and quadrilateral blocks that share their corners.
    """
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n_units)))
    corners = BLOCK_M * np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="ij"), axis=-1)
    corners = corners + rng.uniform(-0.3, 0.3, corners.shape) * BLOCK_M
    rings = np.stack([corners[:-1, :-1], corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:]], axis=2).reshape(-1, 4, 2)
    rings = rings[:n_units]
    centre = rings.mean(axis=1) / (BLOCK_M * side)
    density = np.full(len(rings), 0.4)
    unrest = np.full(len(rings), 0.6)
    for _ in range(8):
        place, width = rng.uniform(0, 1, 2), rng.uniform(0.08, 0.25)
        density += np.exp(-((centre - place) ** 2).sum(axis=1) / (2 * width**2))
        place, width = rng.uniform(0, 1, 2), rng.uniform(0.03, 0.12)
        unrest += 0.9 * np.exp(-((centre - place) ** 2).sum(axis=1) / (2 * width**2))
    share = density / density.mean() * rng.gamma(1.5, 1.0 / 1.5, len(rings))
    residents = np.round(MEAN_RESIDENTS * share * (rng.uniform(size=len(rings)) > 0.12)).astype(np.int64)
    trouble = rng.gamma(0.6, 1.0 / 0.6, len(rings)) * unrest
    workload = rng.poisson(3.0 * trouble * (0.3 + residents / MEAN_RESIDENTS))
    third = np.minimum((centre * 3).astype(int), 2)
    return gpd.GeoDataFrame(
        {
            "unit_id": np.arange(len(rings)),
            "residents": residents,
            "workload": workload.astype(np.float64),
            "district": [f"D{column + 3 * row + 1}" for column, row in third],
        },
        geometry=shapely.polygons(rings),
        crs=CRS,
    )
