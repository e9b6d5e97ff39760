"""Random points in a study area: what chance would make of the same number of events."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.projection import FloatArray


def random_points(study_area: BaseGeometry, n: int, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw points that are equally likely everywhere in an area.

    Parameters
    ----------
    study_area : Polygon or MultiPolygon
        Valid, with an area; metres.
    n : int
        Points.
    random : numpy.random.Generator
        Made by the caller from its seed.

    Returns
    -------
    x, y : ndarray of float64, shape (n,)
        Metres.

    Notes
    -----
    By rejection from the bounding rectangle, as many at a time as the area is likely to need.

    Examples
    --------
    >>> x, y = random_points(shapely.box(0, 0, 10, 10), 5, np.random.default_rng(0))
    >>> x.size, bool((x < 10).all())
    (5, True)
    """
    shapely.prepare(study_area)
    left, bottom, right, top = study_area.bounds
    kept_x, kept_y = np.empty(0), np.empty(0)
    share = study_area.area / ((right - left) * (top - bottom))
    while kept_x.size < n:
        draw = int(1.1 * (n - kept_x.size) / share) + 10
        x, y = random.uniform(left, right, draw), random.uniform(bottom, top, draw)
        inside = shapely.contains_xy(study_area, x, y)
        kept_x, kept_y = np.r_[kept_x, x[inside]], np.r_[kept_y, y[inside]]
    return kept_x[:n], kept_y[:n]
