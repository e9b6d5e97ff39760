"""Layers and reports as files that appear whole or not at all.

The format follows the ending: ``.geojson`` in CRS84 (longitude, latitude), ``.gpkg`` and ``.parquet`` in the working
CRS.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely

from app.deferred import Deferred, gpd, pd, pyogrio
from app.errors import FullStorageError, InvalidInputError, UnsupportedFormatError
from app.files.storage import is_full

if TYPE_CHECKING:
    from app.files import gdal_process
else:
    gdal_process = Deferred("app.files.gdal_process")

GEOJSON_DECIMALS = 7
"""About one centimetre: finer digits only make files larger."""
_FINER_DECIMALS = (9, 11, 13)
_AREA_KEPT_WITHIN = 1e-3


class OutputFiles:
    r"""Files that appear together.

    Every file is written beside its place under a temporary name; leaving the ``with`` block renames them all, leaving
    it by an exception removes them all.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with OutputFiles() as outputs:
    ...     outputs.text("a,b\n", folder / "reports" / "table.csv")
    >>> (folder / "reports" / "table.csv").read_text()
    'a,b\n'
    """

    def __init__(self) -> None:
        self._staged: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        """Start with nothing staged."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Rename everything into place, or remove everything when the block failed."""
        try:
            if kind is None:
                for path, staged in self._staged.items():
                    _as_input_error(path, lambda staged=staged, path=path: staged.replace(path))  # type: ignore[misc]
        finally:
            for staged in self._staged.values():
                shutil.rmtree(staged.parent, ignore_errors=True)
            self._staged.clear()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The places of the files, in the order in which they were added."""
        return tuple(self._staged)

    def layer(self, frame: gpd.GeoDataFrame, path: Path) -> None:
        """Stage a layer; see `write_layer`."""
        layer_writer(path)
        if frame.crs is None:
            raise InvalidInputError(
                f"The layer for {path} has no coordinate reference system.", "Set its CRS before writing it."
            )
        self._stage(path, lambda staged: write_where_nothing_is(frame, staged))

    def text(self, text: str, path: Path) -> None:
        """Stage a text file (UTF-8)."""
        self._stage(path, lambda staged: _write_text(text, staged))

    def content(self, content: bytes, path: Path) -> None:
        """Stage a file of bytes."""
        self._stage(path, lambda staged: staged.write_bytes(content))

    def _stage(self, path: Path, write: Callable[[Path], object]) -> None:
        def stage() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=".kvart-", dir=path.parent)) / path.name
            self._staged[path] = staged
            write(staged)

        if path.is_dir():
            raise InvalidInputError(f"{path} is a directory.", "Give the name of a file to write.")
        if path in self._staged:
            raise InvalidInputError(f"Two outputs are to be written to {path}.", "Give each output its own file name.")
        _as_input_error(path, stage)


def write_layer(frame: gpd.GeoDataFrame, path: str | Path) -> None:
    """Write a layer in the format of the file's ending; an interrupted write leaves no partial file.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer in its working CRS (or any known CRS). None and NaN become null; integers stay integers.
    path : str or Path
        ``.geojson`` (or ``.json``): RFC 7946 in CRS84, 7 decimals, exterior rings counter-clockwise, each geometry
        valid after the rounding (a geometry that 7 decimals would break keeps more). ``.gpkg`` and ``.parquet`` keep
        the CRS. Missing directories are created.

    Raises
    ------
    UnsupportedFormatError
        The ending is none of these.
    InvalidInputError
        The layer has no CRS, or the file cannot be written there.
    """
    with OutputFiles() as outputs:
        outputs.layer(frame, Path(path))


def write_where_nothing_is(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a layer as `write_layer` does, but at once; what the system refuses is an `OSError`."""
    layer_writer(path)(_without_infinities(frame), path)


def layer_writer(path: Path) -> Callable[[gpd.GeoDataFrame, Path], None]:
    """Return the function that writes a layer in the format of ``path``, or raise `UnsupportedFormatError`."""
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        endings = ", ".join(sorted(_WRITERS))
        raise UnsupportedFormatError(
            f"Kvart cannot write {path.name!r}: the ending {ending or '(none)'} is not a layer format.",
            f"Use one of {endings}.",
        )
    return _WRITERS[ending]


def check_outputs(
    source: Path,
    *,
    layer: Path | None = None,
    html: Path | None = None,
    csv: Path | None = None,
    json: Path | None = None,
    pdf: Path | None = None,
) -> None:
    """Refuse outputs that could not be written, before the work is done.

    Raises
    ------
    UnsupportedFormatError
        The ending of the layer is not one that Kvart writes.
    InvalidInputError
        Another ending is wrong, or an output would replace the input or another output.
    """
    if layer is not None:
        layer_writer(layer)
    endings = {".html": html, ".csv": csv, ".json": json, ".pdf": pdf}
    for ending, path in endings.items():
        if path is not None and path.suffix.lower() != ending:
            raise InvalidInputError(f"{path.name} does not end in {ending}.", f"Call it {path.stem}{ending}.")
    taken = {source.resolve(): "the input"}
    for path in (layer, *endings.values()):
        if path is None:
            continue
        if path.resolve() in taken:
            raise InvalidInputError(f"{path} is {taken[path.resolve()]} already.", "Give each file a name of its own.")
        taken[path.resolve()] = "another output"


def rounded_geometries(geometries: np.ndarray, decimals: int = GEOJSON_DECIMALS) -> np.ndarray:
    """Round coordinates so that every valid geometry is still valid afterwards.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        In degrees (or any unit); missing ones stay missing.
    decimals : int
        Digits after the point.

    Returns
    -------
    ndarray of shapely geometries, shape (n,)
        Rounded vertex by vertex, which keeps shared borders shared. The few that break thereby are snapped as a whole,
        and those that would lose a part in the snapping keep more digits.
    """
    rounded: np.ndarray = shapely.transform(geometries, lambda coordinates: np.round(coordinates, decimals))
    broken = np.flatnonzero(~shapely.is_missing(geometries) & ~shapely.is_valid(rounded))
    for i in broken:
        rounded[i] = _rounded_with_care(geometries[i], decimals)
    return rounded


def _rounded_with_care(geometry: shapely.Geometry, decimals: int) -> shapely.Geometry:
    for digits in (decimals, *_FINER_DECIMALS):
        plain = shapely.transform(geometry, lambda coordinates, digits=digits: np.round(coordinates, digits))
        if plain.is_valid:
            return plain
        snapped = shapely.set_precision(geometry, 10.0**-digits) if geometry.is_valid else plain
        snapped = shapely.transform(snapped, lambda coordinates, digits=digits: np.round(coordinates, digits))
        same_kind = shapely.get_dimensions(snapped) == shapely.get_dimensions(geometry) and not snapped.is_empty
        if same_kind and snapped.is_valid and math.isclose(snapped.area, geometry.area, rel_tol=_AREA_KEPT_WITHIN):
            return snapped
    return geometry


def _geojson_parts(frame: gpd.GeoDataFrame) -> Iterator[str]:
    lon_lat = frame.geometry.to_crs("OGC:CRS84").to_numpy()
    geometries = shapely.orient_polygons(rounded_geometries(lon_lat))
    columns = {str(name): _json_values(frame[name]) for name in frame.columns if name != frame.geometry.name}
    names = [json.dumps(name, ensure_ascii=False) for name in columns]
    rows = zip(*columns.values(), strict=True) if columns else iter([()] * len(frame))
    yield '{"type":"FeatureCollection","features":['
    for number, (geometry, row) in enumerate(zip(shapely.to_geojson(geometries), rows, strict=True)):
        properties = ",".join(f"{name}:{value}" for name, value in zip(names, row, strict=True))
        comma = ",\n" if number else "\n"
        yield f'{comma}{{"type":"Feature","properties":{{{properties}}},"geometry":{geometry or "null"}}}'
    yield "\n]}\n"


def _json_values(column: pd.Series) -> list[str]:
    missing = column.isna().to_numpy()
    values = column.tolist()
    return [
        "null" if is_missing else json.dumps(value, ensure_ascii=False, allow_nan=False, default=_json_default)
        for value, is_missing in zip(values, missing, strict=True)
    ]


def _json_default(value: Any) -> Any:
    if isinstance(value, date | pd.Timestamp):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray | set | frozenset):
        return list(value)
    return str(value)


def _without_infinities(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    floats = frame.select_dtypes("floating").columns
    if not len(floats) or not np.isinf(frame[floats].to_numpy(dtype=float)).any():
        return frame
    clean = frame.copy()
    clean[floats] = clean[floats].replace([np.inf, -np.inf], np.nan)
    return clean


def _with_nested_values_as_json(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    clean = frame.copy()
    for name in frame.columns:
        if name == frame.geometry.name or frame[name].dtype != object:
            continue
        nested = frame[name].map(lambda value: isinstance(value, list | tuple | dict | set | np.ndarray))
        if nested.any():
            texts = frame[name].map(lambda value: json.dumps(value, ensure_ascii=False, default=_json_default))
            clean[name] = texts.where(nested, frame[name])
    return clean


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="")


def _write_geojson(frame: gpd.GeoDataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(_geojson_parts(frame))


def _write_geopackage(frame: gpd.GeoDataFrame, path: Path) -> None:
    kinds = set(frame.geometry.geom_type.dropna())
    mixed = any({kind, f"Multi{kind}"} <= kinds for kind in ("Point", "LineString", "Polygon"))
    try:
        pyogrio.write_dataframe(
            _with_nested_values_as_json(frame), path, layer=path.stem, driver="GPKG", promote_to_multi=mixed
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise gdal_process.refusal(path, str(error)) from error


def _write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _as_input_error(path: Path, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        reason = error.strerror or str(error)
        if is_full(error):
            raise FullStorageError(f"Cannot write {path.name}: {reason}.", "Make room for it.") from error
        raise InvalidInputError(f"Cannot write {path}: {reason}.", "Choose a place that can be written to.") from error


_WRITERS: dict[str, Callable[[gpd.GeoDataFrame, Path], None]] = {
    ".geojson": _write_geojson,
    ".json": _write_geojson,
    ".gpkg": _write_geopackage,
    ".parquet": _write_parquet,
}
