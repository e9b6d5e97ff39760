"""Routes of the tiles of each layer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.dependencies import EntranceDep, MunicipalityDep, SessionDep, permit
from app.ogc.answers import PAGE_OR_JSON, answer, tagged_json, wanted_format
from app.ogc.layers import Layer, layers
from app.ogc.links import link, representations, root_of
from app.ogc.requests import FORMAT, interval_of, require_known
from app.ogc.tiles import QUAD, QUAD_URI, describe_tileset, describe_tilesets, tile_answer, tile_matrix_set, tilejson
from app.ogc.views import addresses_of, requested_view

router = APIRouter(prefix="/municipalities/{municipality}/ogc", include_in_schema=False)

TILEJSON = "tilejson"
ENTRANCE = [permit("ogc", "read", checks_parameters=False)]


@router.get("/tileMatrixSets", dependencies=ENTRANCE)
def tile_matrix_sets(request: Request, municipality: MunicipalityDep) -> Response:
    """Return the tile matrix sets: there is one."""
    require_known(request.query_params, (FORMAT,))
    own = link(f"{root_of(request)}/tileMatrixSets/{QUAD}", "self", QUAD)
    document = {
        "tileMatrixSets": [{"id": QUAD, "title": "Web Mercator", "uri": QUAD_URI, "links": [own]}],
        "links": representations(request, f"Tile matrix sets of {municipality.name}"),
    }
    return answer(request, document, "document.html", root=root_of(request), title="Tile matrix sets")


@router.get(f"/tileMatrixSets/{QUAD}", dependencies=ENTRANCE)
def web_mercator_quad(request: Request, municipality: MunicipalityDep) -> Response:
    """Return the definition of the tile matrix set."""
    require_known(request.query_params, (FORMAT,))
    title = f"{QUAD} for {municipality.name}"
    document = {**tile_matrix_set(), "links": representations(request, title)}
    return answer(request, document, "document.html", root=root_of(request), title=title)


def _add_tiles(layer: Layer, address: str) -> None:
    """Add the routes of the tiles of a layer."""
    guard = [permit(layer.right, "read", checks_parameters=False)]

    @router.get(address, dependencies=guard)
    def tilesets(request: Request, session: SessionDep, municipality: MunicipalityDep) -> Response:
        """Return the tile sets of the layer."""
        require_known(request.query_params, (FORMAT,))
        view = requested_view(request, session, municipality, layer)
        title = f"Tiles of {view.collection.title.lower()}"
        return answer(request, describe_tilesets(request, view), "document.html", root=root_of(request), title=title)

    @router.get(f"{address}/{QUAD}", dependencies=guard)
    def tileset(request: Request, session: SessionDep, municipality: MunicipalityDep) -> Response:
        """Return the tile set of the layer, as OGC or as TileJSON describes it."""
        require_known(request.query_params, (FORMAT,))
        view = requested_view(request, session, municipality, layer)
        if wanted_format(request, (*PAGE_OR_JSON, TILEJSON)) == TILEJSON:
            return tagged_json(request, tilejson(request, view, municipality.bounds))
        title = f"Tiles of {view.collection.title.lower()}"
        return answer(request, describe_tileset(request, view), "document.html", root=root_of(request), title=title)

    @router.get(f"{address}/{QUAD}/{{zoom}}/{{row}}/{{column}}", dependencies=guard)
    def tile(request: Request, entrance: EntranceDep, zoom: str, row: str, column: str) -> Response:
        """Return a tile of the layer."""
        with entrance() as (session, municipality):
            view = requested_view(request, session, municipality, layer, interval_of(request.query_params))
            return tile_answer(request, session, view, zoom, row, column)


for _layer in layers():
    for _address in addresses_of(_layer):
        _add_tiles(_layer, f"{_address}/tiles")
