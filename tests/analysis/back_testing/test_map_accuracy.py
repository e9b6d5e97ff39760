"""Accuracy of a map on later events, with its explanation."""

import numpy as np
import pytest
import shapely

from analysis.back_testing.map_accuracy import map_accuracy
from analysis.errors import CoordinateError, ParameterError
from analysis.grids.square import square_grid

UTM = "EPSG:32616"


def test_a_map_is_measured_on_later_events_and_explained():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    random = np.random.default_rng(1)
    x, y = (
        np.r_[random.uniform(0, 1000, 50), np.full(50, 250.0), 5000],
        np.r_[random.uniform(0, 1000, 50), np.full(51, 250.0)],
    )
    score = np.zeros(100)
    score[22] = 1.0
    found = map_accuracy(score, x, y, grid, area_shares=[0.01])
    assert found.levels[0].hits >= 50
    assert found.levels[0].area == pytest.approx(0.01)
    assert found.summary.excluded == {"outside": 1}
    assert found.summary.n_used == 100
    assert "top 1% of the area" in found.summary.reading
    assert "1 later events outside" in found.summary.reading
    with pytest.raises(ParameterError, match="shape"):
        map_accuracy(score[:5], x, y, grid)
    with pytest.raises(CoordinateError, match="degrees"):
        map_accuracy(score, [-87.0], [41.0], grid)
