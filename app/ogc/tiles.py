"""Vector tiles of a layer (OGC API - Tiles), in WebMercatorQuad."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.database.feature_collections import FeatureQuery
from app.database.feature_tiles import FLATTENED, TILE_UNITS, WORLD_METRES, TileAddress, read_tile
from app.database.looks import note_look
from app.errors import NotFoundError
from app.ogc.answers import VARIES, is_known, kept_by_clients, tag_of
from app.ogc.crs import CRS84, EPSG, WEB_MERCATOR
from app.ogc.filters import FILTER_PARAMETERS, read_filter
from app.ogc.filters import SYSTEM as FILTER_SYSTEM
from app.ogc.keeping import made_once
from app.ogc.layers import View
from app.ogc.links import RELATIONS, Link, link, representations, root_of
from app.ogc.requests import BEFORE_ALL, FORMAT, interval_of, require_known, system_of

QUAD = "WebMercatorQuad"
QUAD_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{QUAD}"
MVT = "application/vnd.mapbox-vector-tile"
DEEPEST_ZOOM = 22
MOST_TILE_FEATURES = 20_000
TILE_PIXELS = 256
PIXEL_METRES = 0.00028
"""The pixel that scale denominators are defined by."""
TRUNCATED = "Kvart-Truncated"
TILE_PARAMETERS = ("datetime", *FILTER_PARAMETERS, FORMAT)


def tile_answer(request: Request, session: Session, view: View, zoom: str, row: str, column: str) -> Response:
    """Return a tile; where it cannot hold every feature the header ``Kvart-Truncated`` says so.

    Raises
    ------
    NotFoundError
        If the tile matrix set has no such tile.
    BadParameterError
        If a parameter is unknown or cannot be read.
    """
    given = request.query_params
    require_known(given, TILE_PARAMETERS)
    address = _address(zoom, row, column)
    conditions = read_filter(given, view, system_of(given, FILTER_SYSTEM, view))
    query = FeatureQuery(
        limit=MOST_TILE_FEATURES,
        after=BEFORE_ALL,
        interval=interval_of(given),
        conditions=conditions,
        keeps_unknown=True,
    )
    asked = tuple(sorted((name, text) for name, text in given.items() if name != FORMAT))
    tile = made_once(
        request,
        session,
        view,
        (address, asked),
        lambda: read_tile(session, view.collection, view.municipality.id, address, query),
        lambda made: len(made.content),
    )
    note_look(session, tile.look.collection, tile.look.number, tile.look.first, tile.look.last)
    tag = tag_of(tile.content)
    headers = {"ETag": tag, "Vary": VARIES, "Cache-Control": kept_by_clients(request)}
    headers |= {TRUNCATED: "true"} if tile.more else {}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(tile.content, media_type=MVT, headers=headers)


def describe_tilesets(request: Request, view: View) -> dict[str, Any]:
    """Return the tile sets of a layer."""
    address = f"{root_of(request)}/collections/{view.collection.name}/tiles"
    links = [link(f"{address}/{QUAD}", "self", QUAD), _scheme(request)]
    tileset = {**_tileset(request, view), "links": links}
    return {"tilesets": [tileset], "links": representations(request, f"Tiles of {view.collection.title.lower()}")}


def describe_tileset(request: Request, view: View) -> dict[str, Any]:
    """Return the tile set of a layer in WebMercatorQuad."""
    address = f"{root_of(request)}/collections/{view.collection.name}/tiles/{QUAD}"
    template: dict[str, Any] = {"templated": True}
    links: list[dict[str, Any]] = [
        *representations(request, f"Tiles of {view.collection.title.lower()}"),
        link(f"{address}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", "Tiles", MVT) | template,
        _scheme(request),
        link(f"{address}?f=tilejson", "describedby", "TileJSON"),
    ]
    return {**_tileset(request, view), "links": links}


def tilejson(request: Request, view: View, bounds: tuple[float, float, float, float]) -> dict[str, Any]:
    """Return the tile set as TileJSON 3.0."""
    shown = view.collection
    address = f"{root_of(request)}/collections/{shown.name}/tiles/{QUAD}"
    fields = {item.name: item.description for item in shown.properties if item.type not in FLATTENED}
    return {
        "tilejson": "3.0.0",
        "name": shown.title,
        "description": shown.description,
        "tiles": [f"{address}/{{z}}/{{y}}/{{x}}"],
        "scheme": "xyz",
        "minzoom": 0,
        "maxzoom": DEEPEST_ZOOM,
        "bounds": list(bounds),
        "vector_layers": [{"id": shown.name, "description": shown.description, "fields": fields}],
    }


def tile_matrix_set() -> dict[str, Any]:
    """Return the definition of WebMercatorQuad (OGC Two Dimensional Tile Matrix Set, annex D)."""
    matrices = []
    for zoom in range(DEEPEST_ZOOM + 1):
        size = WORLD_METRES / TILE_PIXELS / 2**zoom
        matrices.append(
            {
                "id": str(zoom),
                "scaleDenominator": size / PIXEL_METRES,
                "cellSize": size,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-WORLD_METRES / 2, WORLD_METRES / 2],
                "matrixWidth": 2**zoom,
                "matrixHeight": 2**zoom,
                "tileWidth": TILE_PIXELS,
                "tileHeight": TILE_PIXELS,
            }
        )
    return {
        "id": QUAD,
        "title": "Web Mercator",
        "uri": QUAD_URI,
        "crs": f"{EPSG}{WEB_MERCATOR}",
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    }


def _scheme(request: Request) -> Link:
    return link(f"{root_of(request)}/tileMatrixSets/{QUAD}", f"{RELATIONS}/tiling-scheme", QUAD)


def _tileset(request: Request, view: View) -> dict[str, Any]:
    return {
        "title": view.collection.title,
        "dataType": "vector",
        "crs": f"{EPSG}{WEB_MERCATOR}",
        "tileMatrixSetURI": QUAD_URI,
        "tileMatrixSetDefinition": f"{root_of(request)}/tileMatrixSets/{QUAD}",
        "layers": [{"id": view.collection.name, "dataType": "vector", "crs": CRS84.uri}],
    }


def _address(zoom: str, row: str, column: str) -> TileAddress:
    numbers = [int(part) for part in (zoom, row, column) if part.isascii() and part.isdecimal() and len(part) <= 9]
    if len(numbers) == 3:
        z, y, x = numbers
        if z <= DEEPEST_ZOOM and y < 2**z and x < 2**z:
            return TileAddress(z, x, y)
    raise NotFoundError(
        f"{QUAD} has no tile {zoom[:20]}/{row[:20]}/{column[:20]}.",
        f"Addresses are zoom (0 to {DEEPEST_ZOOM}), row and column, both below 2 to the power of the zoom; "
        f"a tile has {TILE_UNITS} units a side.",
    )
