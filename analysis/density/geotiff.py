"""A raster of cells as a cloud-optimised GeoTIFF, written without GDAL: for one band the format is small.

Tiles of 256 x 256 single-precision numbers, deflated; overviews of half the size until one tile holds all; every
directory before the first tile, the overviews' tiles before those of the full raster.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.density.density_results import KernelDensity
from analysis.errors import ParameterError
from analysis.projection import BoolArray, FloatArray, crs_name

TILE = 256
NOTHING = -9999.0
"""Value of cells outside the study area, declared in the file as no data."""

ASCII, SHORT, LONG, DOUBLE = 2, 3, 4, 12
CODES = {ASCII: "s", SHORT: "H", LONG: "I", DOUBLE: "d"}
LARGEST_EPSG = 32767

Tag = tuple[int, int, tuple[float, ...] | bytes]


@dataclass(frozen=True, eq=False)
class _Level:
    """The raster at one size: its tags but for the places of tiles, and its tiles."""

    tags: tuple[Tag, ...]
    tiles: tuple[bytes, ...]


def density_geotiff(density: KernelDensity) -> bytes:
    """Return a density as a cloud-optimised GeoTIFF.

    Parameters
    ----------
    density : KernelDensity

    Returns
    -------
    bytes
        One band of events per km2 (and year where there is a period), single precision, the cells of the grid, the
        northernmost row first; -9999, declared as no data, outside the study area.

    Raises
    ------
    ParameterError
        The CRS of the grid has no EPSG code, by which alone the file can name it.

    References
    ----------
    OGC 19-008r4, GeoTIFF Standard 1.1; OGC 21-026, Cloud Optimized GeoTIFF Standard 1.0.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> from analysis.density.kernel_density import kernel_density
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 1000, crs="EPSG:32616")
    >>> density_geotiff(kernel_density([1500.0], [1500.0], grid, radius_m=2000.0))[:3]
    b'II*'
    """
    grid = density.grid
    code = grid.crs.to_epsg()
    if code is None or code > LARGEST_EPSG:
        raise ParameterError(
            f"{crs_name(grid.crs)} has no EPSG code that a GeoTIFF can name.", "Use a UTM zone as the working CRS."
        )
    keys = (1, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, code, 3076, 0, 1, 9001)
    top = grid.origin_y + grid.n_rows * grid.cell_m
    place: tuple[Tag, ...] = (
        (33550, DOUBLE, (grid.cell_m, grid.cell_m, 0.0)),
        (33922, DOUBLE, (0.0, 0.0, 0.0, grid.origin_x, top, 0.0)),
        (34735, SHORT, keys),
    )
    values, known = (density.density_per_km2 / (density.years or 1.0))[::-1], grid.inside[::-1]
    levels = [_level(values, known, place)]
    while max(values.shape) > TILE:
        values, known = _halved(values, known)
        levels.append(_level(values, known, ()))
    return _file(levels)


def _halved(values: FloatArray, known: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return a raster of half the size: the mean of the known cells of every four."""
    odd = tuple((0, size % 2) for size in values.shape)
    weight = np.pad(known, odd).astype(np.float64)
    parts = np.pad(np.where(known, values, 0.0), odd)
    shape = weight.shape[0] // 2, 2, weight.shape[1] // 2, 2
    total, count = parts.reshape(shape).sum(axis=(1, 3)), weight.reshape(shape).sum(axis=(1, 3))
    return total / np.maximum(count, 1.0), count > 0.0


def _level(values: FloatArray, known: BoolArray, place: tuple[Tag, ...]) -> _Level:
    """Cut a raster into deflated tiles and describe it."""
    n_rows, n_columns = values.shape
    shown: npt.NDArray[np.float32] = np.where(known, values, NOTHING).astype("<f4")
    pad = ((0, -n_rows % TILE), (0, -n_columns % TILE))
    padded = np.pad(shown, pad, constant_values=np.float32(NOTHING))
    tiles = tuple(
        zlib.compress(padded[row : row + TILE, column : column + TILE].tobytes(), 6)
        for row in range(0, n_rows, TILE)
        for column in range(0, n_columns, TILE)
    )
    tags: tuple[Tag, ...] = (
        (254, LONG, (0 if place else 1,)),
        (256, LONG, (n_columns,)),
        (257, LONG, (n_rows,)),
        *((tag, SHORT, (value,)) for tag, value in ((258, 32), (259, 8), (262, 1), (277, 1), (284, 1))),
        (322, SHORT, (TILE,)),
        (323, SHORT, (TILE,)),
        (325, LONG, tuple(len(tile) for tile in tiles)),
        (339, SHORT, (3,)),
        *place,
        (42113, ASCII, f"{NOTHING:g}".encode() + b"\0"),
    )
    return _Level(tags, tiles)


def _file(levels: list[_Level]) -> bytes:
    """Put header, directories and tiles one after the other."""
    sizes = [len(_directory(level, [0] * len(level.tiles), 0, more=True)) for level in levels]
    at = 8 + sum(sizes)
    offsets: list[list[int]] = [[] for _ in levels]
    for number in reversed(range(len(levels))):
        for tile in levels[number].tiles:
            offsets[number].append(at)
            at += len(tile)
    parts, begin = [struct.pack("<2sHI", b"II", 42, 8)], 8
    for number, level in enumerate(levels):
        parts.append(_directory(level, offsets[number], begin, more=number + 1 < len(levels)))
        begin += sizes[number]
    for level in reversed(levels):
        parts.extend(level.tiles)
    return b"".join(parts)


def _directory(level: _Level, offsets: list[int], begin: int, *, more: bool) -> bytes:
    """Return a directory that begins at some place of the file, and the values that do not fit into its entries."""
    tags = sorted([*level.tags, (324, LONG, tuple(offsets))])
    beyond, entries = b"", []
    after = begin + 2 + 12 * len(tags) + 4
    for tag, kind, values in tags:
        if isinstance(values, bytes):
            count, packed = len(values), values
        else:
            count, packed = len(values), struct.pack(f"<{len(values)}{CODES[kind]}", *values)
        if len(packed) > 4:
            where = struct.pack("<I", after + len(beyond))
            beyond += packed + b"\0" * (len(packed) % 2)
        else:
            where = packed.ljust(4, b"\0")
        entries.append(struct.pack("<HHI", tag, kind, count) + where)
    following = after + len(beyond) if more else 0
    return struct.pack("<H", len(tags)) + b"".join(entries) + struct.pack("<I", following) + beyond
