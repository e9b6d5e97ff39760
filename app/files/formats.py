"""Which file types Kvart reads, told from the ending and confirmed from the content."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from app.errors import InvalidInputError, NotFoundError, TooLargeError, UnsupportedFormatError

MAX_BYTES = 4 * 1024**3
"""Largest file, after decompression, that is read into memory."""

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class FileFormat(Enum):
    """A file type, with its ending and what its content is called in a message."""

    CSV = (".csv", "delimited text")
    TSV = (".tsv", "delimited text")
    TEXT = (".txt", "delimited text")
    GEOJSON = (".geojson", "GeoJSON")
    JSON = (".json", "GeoJSON")
    GEOPACKAGE = (".gpkg", "GeoPackage")
    GEOPARQUET = (".parquet", "GeoParquet")
    SHAPEFILE = (".zip", "a zipped Shapefile")

    @property
    def ending(self) -> str:
        """The file name ending, with its dot."""
        return self.value[0]

    @property
    def title(self) -> str:
        """What the content is called in a message."""
        return self.value[1]

    @property
    def is_delimited(self) -> bool:
        """Whether the file is delimited text."""
        return self.title == FileFormat.CSV.title

    @property
    def is_geojson(self) -> bool:
        """Whether the file is GeoJSON."""
        return self.title == FileFormat.GEOJSON.title


GZIPPABLE = tuple(member for member in FileFormat if member.is_delimited or member.is_geojson)
_MAGICS = {
    b"SQLite format 3\x00": FileFormat.GEOPACKAGE.title,
    b"PAR1": FileFormat.GEOPARQUET.title,
    b"PK\x03\x04": FileFormat.SHAPEFILE.title,
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
READABLE = "CSV, TSV or GeoJSON (also .gz), GeoPackage (.gpkg), GeoParquet (.parquet), zipped Shapefile (.zip)"


def file_format(path: Path) -> FileFormat:
    """Return the type of a file and confirm that its content is what its ending says.

    Parameters
    ----------
    path : Path
        File to look at.

    Returns
    -------
    FileFormat
        The type told by the ending.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InvalidInputError
        If the file is empty, or its content contradicts its ending.
    UnsupportedFormatError
        If the ending is none that Kvart reads.
    TooLargeError
        If the file is larger than ``MAX_BYTES``.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", "Check the path; folders cannot be read.")
    size = path.stat().st_size
    if size == 0:
        raise InvalidInputError(f"{path.name} is empty (0 bytes).", "Export it again.")
    if size > MAX_BYTES:
        raise _too_large(path)
    found = _format_of_ending(path)
    _require_content(path, found)
    return found


def is_gzipped(path: Path) -> bool:
    """Return whether the file name says that the content is gzip-compressed."""
    return path.suffix.lower() == ".gz"


def read_bytes(path: Path) -> bytes:
    """Return the content of a file as `content_pieces` gives it."""
    return b"".join(content_pieces(path, MAX_BYTES))


def content_pieces(path: Path, piece_bytes: int) -> Iterator[bytes]:
    """Give the content of a file, decompressed where it is gzipped, of at most ``MAX_BYTES`` bytes.

    Parameters
    ----------
    path : Path
    piece_bytes : int
        Most bytes of a piece.

    Raises
    ------
    TooLargeError
        If the decompressed content is larger.
    InvalidInputError
        If the gzip stream is broken.
    """
    size = 0
    try:
        with gzip.open(path) if is_gzipped(path) else path.open("rb") as stream:
            while piece := stream.read(piece_bytes):
                size += len(piece)
                if size > MAX_BYTES:
                    raise _too_large(path)
                yield piece
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInputError(f"{path.name} cannot be decompressed: {error}.", "Copy or export it again.") from error


def _too_large(path: Path) -> TooLargeError:
    return TooLargeError(f"{path.name} holds more than {MAX_BYTES // 1024**3} GB.", "Split it into several files.")


def _format_of_ending(path: Path) -> FileFormat:
    compressed = is_gzipped(path)
    ending = (path.with_suffix("") if compressed else path).suffix.lower()
    for member in GZIPPABLE if compressed else FileFormat:
        if member.ending == ending:
            return member
    shown = f"{ending}.gz" if compressed else ending
    raise UnsupportedFormatError(
        f"{path.name}: files ending in '{shown}' cannot be read.",
        "A Shapefile must be zipped with its .shx, .dbf and .prj." if ending == ".shp" else f"Readable: {READABLE}.",
    )


def _require_content(path: Path, declared: FileFormat) -> None:
    actual = _content_title(_first_bytes(path))
    if actual != declared.title:
        raise InvalidInputError(
            f"{path.name} is not {declared.title} as its ending says; it looks like {actual}.",
            "Give the file its right ending or export it again.",
        )
    if declared is FileFormat.SHAPEFILE:
        _require_shapefile(path)


def _first_bytes(path: Path) -> bytes:
    if not is_gzipped(path):
        with path.open("rb") as stream:
            return stream.read(1024)
    try:
        with gzip.open(path) as stream:
            start = stream.read(1024)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInputError(
            f"{path.name} is not gzip-compressed as its ending says, or is damaged.", "Compress or copy it again."
        ) from error
    if not start:
        raise InvalidInputError(f"{path.name} holds nothing once decompressed.", "Export it again.")
    return start


def _content_title(start: bytes) -> str:
    for magic, title in _MAGICS.items():
        if start.startswith(magic):
            return title
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        return FileFormat.GEOJSON.title
    if text.startswith(b"<"):
        return "a web page or XML"
    if b"\x00" in start and not start.startswith(UTF16_MARKS):
        return "binary data"
    return FileFormat.CSV.title


def _require_shapefile(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise InvalidInputError(f"{path.name} is a damaged zip archive.", "Copy or zip it again.") from error
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise _too_large(path)
    endings = [Path(member.filename).suffix.lower() for member in members if "__MACOSX" not in member.filename]
    missing = [ending for ending in (".shp", ".shx", ".dbf") if ending not in endings]
    if missing:
        raise InvalidInputError(
            f"{path.name} holds no {', '.join(missing)}.", "Zip the .shp, .shx, .dbf and .prj of one Shapefile."
        )
    if endings.count(".shp") > 1:
        raise InvalidInputError(f"{path.name} holds {endings.count('.shp')} Shapefiles.", "Zip each one by itself.")
