"""Coordinate reference systems as people write them, and coordinates that contradict them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from analysis.projection import crs_name, looks_like_degrees, named_crs
from app.errors import InvalidInputError


def parse_crs(text: str | CRS) -> CRS:
    """Return the coordinate reference system that a person named: ``EPSG:32610``, ``32610`` or WKT.

    Raises
    ------
    CoordinateError
        If nobody knows such a system.
    """
    if isinstance(text, CRS):
        return text
    return named_crs(f"EPSG:{text.strip()}" if text.strip().isdigit() else text)


def crs_text(crs: CRS) -> str:
    """Return a text that names the system completely: ``EPSG:n``, or WKT where it has no code."""
    authority = crs.to_authority(min_confidence=100)
    return ":".join(authority) if authority else crs.to_wkt()


def same_crs(first: CRS, second: CRS) -> bool:
    """Return whether two systems are the same but for the order in which they write their axes."""
    return bool(first.equals(second, ignore_axis_order=True))


def transform(
    x: NDArray[np.float64], y: NDArray[np.float64], source: CRS, target: CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates in another system, x (easting, longitude) first; infinite where that is not possible.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Coordinates in ``source``.
    source, target : CRS
        Coordinate reference systems.
    """
    if same_crs(source, target):
        return x, y
    there: tuple[Any, Any] = Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    return np.asarray(there[0], dtype=np.float64), np.asarray(there[1], dtype=np.float64)


def median_place(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the median of the coordinates that are finite and not (0, 0), so that a few bad rows decide nothing."""
    placed = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    if not placed.any():
        return None
    middle = (int(np.count_nonzero(placed)) - 1) // 2
    return float(np.partition(x[placed], middle)[middle]), float(np.partition(y[placed], middle)[middle])


def require_agreement(x: NDArray[np.float64], y: NDArray[np.float64], crs: CRS, *, where: str) -> None:
    """Refuse coordinates whose median place cannot belong to ``crs``.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Coordinates; rows without a place are NaN or (0, 0) and do not count.
    crs : CRS
        The system that they are said to be in.
    where : str
        File and columns for the message.

    Raises
    ------
    InvalidInputError
        If they are degrees under a projected system, or beyond 180 and 90 under a geographic one.
    """
    middle = median_place(x, y)
    if middle is None:
        return
    are_degrees = looks_like_degrees(*middle)
    example = f"for example ({middle[0]:.6g}, {middle[1]:.6g})"
    if crs.is_projected and are_degrees:
        raise InvalidInputError(
            f"{where} are degrees, {example}, but {crs_name(crs)} is a projected system.",
            "Longitudes and latitudes are EPSG:4326; leave --crs out or give --crs EPSG:4326.",
        )
    if crs.is_geographic and not are_degrees:
        raise InvalidInputError(
            f"{where} are no longitudes and latitudes, {example}, but {crs_name(crs)} is a geographic system.",
            "Give the projected system of the coordinates with --crs EPSG:n, or name x and y the other way round.",
        )
