"""Small worlds for the tests of beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import pytest
import shapely

CRS = "EPSG:32634"


def make_grid(
    residents: Sequence[Sequence[int]], *, cell_m: float = 100.0, **columns: Sequence[Any]
) -> gpd.GeoDataFrame:
    """One square unit for each entry; row 0 is the southernmost, unit ids are "row-column"."""
    places = [(row, column) for row, line in enumerate(residents) for column in range(len(line))]
    squares = [shapely.box(c * cell_m, r * cell_m, (c + 1) * cell_m, (r + 1) * cell_m) for r, c in places]
    return gpd.GeoDataFrame(
        {
            "unit_id": [f"{row}-{column}" for row, column in places],
            "people": [residents[row][column] for row, column in places],
            **columns,
        },
        geometry=squares,
        crs=CRS,
    )


@pytest.fixture
def grid() -> Callable[..., gpd.GeoDataFrame]:
    return make_grid
