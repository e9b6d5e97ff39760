"""Whole layers as files: what matches a request, as CSV, GeoJSON, GeoPackage, GeoParquet or FlatGeobuf.

Text goes out as it is read, some thousand features at a time, each part in a transaction of its own with its own audit
event: a slow client keeps nothing waiting. Files that are not written from front to back are written to disk first,
batch by batch, from one state of the database; the file has lost its name before the first byte of it is sent.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pyproj import CRS
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.access import ENTERED, account_for
from app.database.base import WGS84
from app.database.feature_collections import FeatureQuery
from app.database.feature_pages import FeaturePage, read_feature_page
from app.database.sessions import Database
from app.deferred import Deferred
from app.dependencies import take_turn
from app.files.storage import storing
from app.ogc.answers import VARIES, kept_by_clients
from app.ogc.layers import View
from app.ogc.links import Link, link
from app.ogc.requests import FORMAT, ItemsRequest

if TYPE_CHECKING:
    from app.database import feature_rows
    from app.files import streaming
else:
    feature_rows, streaming = Deferred("app.database.feature_rows"), Deferred("app.files.streaming")

FILE_CHUNK = 256 * 1024
CONTENT_CRS = "Content-Crs"


@dataclass(frozen=True)
class ExportFormat:
    """A format of files.

    Attributes
    ----------
    title : str
    ending : str
    media_type : str
    """

    title: str
    ending: str
    media_type: str


EXPORTS = {
    "csv": ExportFormat("CSV", ".csv", "text/csv"),
    "geojson": ExportFormat("GeoJSON", ".geojson", "application/geo+json"),
    "gpkg": ExportFormat("GeoPackage", ".gpkg", "application/geopackage+sqlite3"),
    "parquet": ExportFormat("GeoParquet", ".parquet", "application/vnd.apache.parquet"),
    "fgb": ExportFormat("FlatGeobuf", ".fgb", "application/flatgeobuf"),
}
"""By the value of ``f``."""
MEDIA_TYPES = {kind.media_type: name for name, kind in EXPORTS.items() if name != "geojson"}
"""Formats by what the header ``Accept`` begins with; a page is GeoJSON too, so that its media type asks for a page."""


def export_links(items: str, title: str, filters: Mapping[str, str] = MappingProxyType({})) -> list[Link]:
    """Return the links to a layer as files.

    Parameters
    ----------
    items : str
        Address of the features.
    title : str
    filters : mapping of str to str
        Parameters that the files obey.
    """
    return [
        link(f"{items}?{urlencode({**filters, FORMAT: name})}", "enclosure", f"{title} ({kind.title})", kind.media_type)
        for name, kind in EXPORTS.items()
    ]


def export_answer(request: Request, session: Session, view: View, asked: ItemsRequest, name: str) -> Response:
    """Return every feature that the request asks for, as a file."""
    kind = EXPORTS[name]
    shown = view.collection.name
    headers = {
        "Content-Disposition": f'attachment; filename="{view.municipality.code}-{shown}{kind.ending}"',
        "Vary": VARIES,
        "Cache-Control": kept_by_clients(request),
        CONTENT_CRS: f"<{asked.system.uri}>",
    }
    if kind.ending in streaming.WRITERS:
        file = _written_file(session, view, asked, kind.ending)
        return StreamingResponse(_contents(file), media_type=kind.media_type, headers=headers)
    text = _csv_of(view, asked) if name == "csv" else _geojson_of(view, asked)
    part = _read_part(session, view, asked.query, text, asked.most)
    return StreamingResponse(_parts(request, view, asked, text, part), media_type=kind.media_type, headers=headers)


@dataclass(frozen=True)
class _Text:
    """How features are written one after the other: None writes GeoJSON."""

    head: str
    feature: ColumnElement[str] | None
    separator: str
    tail: str


def _csv_of(view: View, asked: ItemsRequest) -> _Text:
    projection = asked.query.projection
    return _Text(
        feature_rows.csv_header(view.collection, projection), feature_rows.csv_line(view.collection, projection), "", ""
    )


def _geojson_of(view: View, asked: ItemsRequest) -> _Text:
    """Return GeoJSON that names its system where it is not longitude and latitude, as GDAL reads and writes it."""
    srid = asked.query.projection.srid
    named = "" if srid == WGS84 else f',"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::{srid}"}}}}'
    head = f'{{"type":"FeatureCollection","name":{json.dumps(view.collection.name)}{named},"features":[\n'
    return _Text(head, None, ",\n", "\n]}\n")


def _read_part(session: Session, view: View, query: FeatureQuery, text: _Text, left: int | None) -> FeaturePage:
    limit = feature_rows.BATCH_ROWS if left is None else min(feature_rows.BATCH_ROWS, left)
    shown = replace(query, limit=limit, projection=replace(query.projection, flipped=False))
    return read_feature_page(session, view.collection, view.municipality.id, shown, text=text.feature)


async def _parts(
    request: Request, view: View, asked: ItemsRequest, text: _Text, part: FeaturePage
) -> AsyncIterator[str]:
    """Give the text part by part, of which the first has been read with the request."""

    def read_after(last: int) -> FeaturePage:
        database: Database = request.app.state.database
        query = replace(asked.query, after=last)
        with database.inside(view.municipality.id) as session:
            session.info[ENTERED] = view.municipality.id
            found = _read_part(session, view, query, text, left)
            account_for(session, request)
            return found

    left = None if asked.most is None else asked.most - part.number_returned
    yield text.head + part.features
    while part.next_after is not None and left != 0:
        async with asynccontextmanager(take_turn)(request):
            part = await to_thread.run_sync(read_after, part.next_after)
        left = None if left is None else left - part.number_returned
        yield text.separator + part.features
    yield text.tail


def _written_file(session: Session, view: View, asked: ItemsRequest, ending: str) -> BinaryIO:
    """Return a file with all features that is gone as soon as it is closed.

    Raises
    ------
    StorageError
        If the disk does not take it.
    """
    shown, srid = view.collection, asked.query.projection.srid
    table = feature_rows.read_feature_table(session, shown, view.municipality.id, asked.query, most=asked.most)
    layer = streaming.LayerStream(
        name=shown.name,
        schema=table.schema,
        batches=table.batches,
        geometry=feature_rows.GEOMETRY,
        geometry_type=table.geometry_type,
        geometry_types=shown.geometry_types,
        crs=None if srid == WGS84 else CRS.from_epsg(srid),
    )
    with storing("The file"), TemporaryDirectory(prefix="kvart-export-") as directory:
        path = Path(directory, f"{shown.name}{ending}")
        streaming.WRITERS[ending](layer, path)
        return path.open("rb")


async def _contents(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await to_thread.run_sync(file.read, FILE_CHUNK):
            yield chunk
    finally:
        file.close()
