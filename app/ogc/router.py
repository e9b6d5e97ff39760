"""The OGC API over HTTP: a landing page for each municipality, and routes for each layer.

Each layer has routes of its own, so that each names its row of the table of rights.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from analysis.summary import software_version
from app.access import other_access
from app.dependencies import AccessDep, EntranceDep, MunicipalityDep, SessionDep, SettingsDep, permit
from app.identity.rights import right_of
from app.ogc.answers import OPENAPI, SCHEMA, answer, page, tagged_json, wanted_format
from app.ogc.collections import describe_collection, describe_collections, landing_page, seen_views
from app.ogc.conformance import CONFORMS_TO
from app.ogc.document import openapi_document
from app.ogc.items import item_answer, items_answer
from app.ogc.layers import Layer, layers
from app.ogc.links import representations, root_of
from app.ogc.requests import FORMAT, interval_of, require_known
from app.ogc.schemas import queryables_of, schema_of
from app.ogc.views import address_of, addresses_of, requested_view
from app.web.reference import reference_sections

router = APIRouter(prefix="/municipalities/{municipality}/ogc", include_in_schema=False)

FeatureParam = Annotated[str, Path(max_length=100)]
ENTRANCE = [permit("ogc", "read", checks_parameters=False)]


@router.get("", dependencies=ENTRANCE)
@router.get("/", dependencies=ENTRANCE)
def landing(request: Request, municipality: MunicipalityDep) -> Response:
    """Return the landing page."""
    require_known(request.query_params, (FORMAT,))
    return answer(request, landing_page(request, municipality), "landing.html", root=root_of(request))


@router.get("/conformance", dependencies=ENTRANCE)
def conformance(request: Request, municipality: MunicipalityDep) -> Response:
    """Return the requirements classes that the API meets."""
    require_known(request.query_params, (FORMAT,))
    links = representations(request, f"What the API of {municipality.name} conforms to")
    document = {"links": links, "conformsTo": list(CONFORMS_TO)}
    return answer(request, document, "conformance.html", root=root_of(request))


@router.get("/api", dependencies=ENTRANCE)
def api(request: Request, session: SessionDep, municipality: MunicipalityDep, access: AccessDep) -> Response:
    """Return the description of the API."""
    require_known(request.query_params, (FORMAT,))
    views = [view for view, _ in seen_views(session, access, municipality)]
    computes, follows = (
        other_access(access, right_of("runs", action), municipality.code) is not None for action in ("create", "read")
    )
    version = software_version().removeprefix("kvart ")
    document = openapi_document(request, views, version, computes=computes, follows=follows)
    if wanted_format(request) == "html":
        return page(request, "api.html", info=document["info"], sections=reference_sections(document))
    return tagged_json(request, document, OPENAPI)


@router.get("/collections", dependencies=ENTRANCE)
def collections(
    request: Request, session: SessionDep, municipality: MunicipalityDep, settings: SettingsDep
) -> Response:
    """Return the layers that the caller may see."""
    require_known(request.query_params, (FORMAT,))
    document = describe_collections(request, session, municipality, settings.server)
    return answer(request, document, "collections.html", root=root_of(request))


def _add_layer(layer: Layer, address: str) -> None:
    """Add the routes of a layer."""
    guard = [permit(layer.right, "read", checks_parameters=False)]

    @router.get(address, dependencies=guard)
    def describe(
        request: Request,
        session: SessionDep,
        municipality: MunicipalityDep,
        access: AccessDep,
        settings: SettingsDep,
    ) -> Response:
        """Return what the layer is."""
        require_known(request.query_params, (FORMAT,))
        view = requested_view(request, session, municipality, layer)
        document = describe_collection(request, session, view, access, settings.server)
        return answer(request, document, "collection.html", root=root_of(request))

    @router.get(f"{address}/schema", dependencies=guard)
    def schema(request: Request, session: SessionDep, municipality: MunicipalityDep) -> Response:
        """Return the JSON schema of the features of the layer."""
        require_known(request.query_params, (FORMAT,))
        view = requested_view(request, session, municipality, layer)
        document = schema_of(view, f"{address_of(request, view)}/schema")
        return answer(request, document, "schema.html", media_type=SCHEMA, root=root_of(request))

    @router.get(f"{address}/queryables", dependencies=guard)
    def queryables(request: Request, session: SessionDep, municipality: MunicipalityDep) -> Response:
        """Return the JSON schema of what can be asked for."""
        require_known(request.query_params, (FORMAT,))
        view = requested_view(request, session, municipality, layer)
        document = queryables_of(view, f"{address_of(request, view)}/queryables")
        return answer(request, document, "schema.html", media_type=SCHEMA, root=root_of(request))

    @router.get(f"{address}/items", dependencies=guard)
    def items(request: Request, entrance: EntranceDep, settings: SettingsDep) -> Response:
        """Return a page of the features of the layer."""
        with entrance() as (session, municipality):
            view = requested_view(request, session, municipality, layer, interval_of(request.query_params))
            return items_answer(request, session, view, count_milliseconds=settings.server.count_milliseconds)

    @router.get(f"{address}/items/{{feature}}", dependencies=guard)
    def item(
        request: Request,
        session: SessionDep,
        municipality: MunicipalityDep,
        feature: FeatureParam,
    ) -> Response:
        """Return one feature of the layer."""
        view = requested_view(request, session, municipality, layer, interval_of(request.query_params))
        return item_answer(request, session, view, feature)


for _layer in layers():
    for _address in addresses_of(_layer):
        _add_layer(_layer, _address)
