"""What the API says of its layers."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.orm import Session

from app.access import Access, other_access
from app.database.feature_figures import Extent, read_extent
from app.identity.rights import right_of
from app.municipalities.context import MunicipalityContext
from app.ogc.answers import HTML, OPENAPI
from app.ogc.crs import CRS84
from app.ogc.exports import export_links
from app.ogc.keeping import made_once
from app.ogc.layers import Days, View, layers, newest_runs, view_of
from app.ogc.links import RELATIONS, layer_links, link, representations, root_of
from app.ogc.requests import BEFORE_ALL
from app.settings import ServerSettings

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


def landing_page(request: Request, municipality: MunicipalityContext) -> dict[str, Any]:
    """Return where everything is."""
    root = root_of(request)
    return {
        "title": f"Kvart: {municipality.name}",
        "description": "Incidents, danger zones, fixes, beats and the results of analyses, as layers.",
        "links": [
            *representations(request, f"Kvart: {municipality.name}"),
            link(f"{root}/api", "service-desc", "Description of the API (OpenAPI 3.0)", OPENAPI),
            link(f"{root}/api?f=html", "service-doc", "Description of the API (page)", HTML),
            link(f"{root}/conformance", "conformance", "Requirements classes that the API meets"),
            link(f"{root}/collections", "data", "Layers"),
            link(f"{root}/processes", f"{RELATIONS}/processes", "What can be computed"),
            link(f"{root}/jobs", f"{RELATIONS}/job-list", "Jobs"),
            link(f"{root}/tileMatrixSets", f"{RELATIONS}/tiling-schemes", "Tile matrix sets"),
        ],
    }


def seen_views(session: Session, access: Access, municipality: MunicipalityContext) -> list[tuple[View, Access]]:
    """Return the layers that the caller may see, as it sees them; the results of runs after their latest."""
    found = []
    for layer in layers():
        sight = other_access(access, right_of(layer.right, "read"), municipality.code)
        if sight is not None:
            shown = [None, *newest_runs(session, municipality, layer)]
            found += [(view_of(session, municipality, layer, sight.precision, run=run), sight) for run in shown]
    return found


def describe_collections(
    request: Request, session: Session, municipality: MunicipalityContext, settings: ServerSettings
) -> dict[str, Any]:
    """Return the layers that the caller may see."""
    described = [
        describe_collection(request, session, view, sight, settings)
        for view, sight in seen_views(session, request.state.access, municipality)
    ]
    return {"links": representations(request, "Layers"), "collections": described}


def describe_collection(
    request: Request, session: Session, view: View, access: Access, settings: ServerSettings
) -> dict[str, Any]:
    """Return what a layer is, where its features lie and in which systems it is offered.

    Where its features lie is left out where the caller would need a purpose of use to see them exactly.
    """
    shown, root = view.collection, root_of(request)
    address = f"{root}/collections/{shown.name}"
    document: dict[str, Any] = {
        "id": shown.name,
        "title": shown.title,
        "description": shown.description,
        "links": [
            link(address, "self", shown.title),
            link(f"{address}?f=html", "alternate", f"{shown.title} (page)", HTML),
            *layer_links(root, shown.name, shown.title),
            *export_links(f"{address}/items", f"All {shown.title.lower()}"),
        ],
        "itemType": "feature",
        "crs": [system.uri for system in view.systems],
        "storageCrs": CRS84.uri,
    }
    if not access.lacks_purpose:
        milliseconds = settings.count_milliseconds
        extent = made_once(
            request,
            session,
            view,
            "extent",
            lambda: read_extent(session, shown, view.municipality.id, after=BEFORE_ALL, milliseconds=milliseconds),
        )
        if extent is not None and extent.box is not None:
            document["extent"] = _extent(extent, view.read_days(session), view.municipality)
    return document


def _extent(extent: Extent, days: Days | None, municipality: MunicipalityContext) -> dict[str, Any]:
    told: dict[str, Any] = {"spatial": {"bbox": [list(extent.box or ())], "crs": CRS84.uri}}
    begin, end = extent.begin, _whole_second_after(extent.end)
    if days is not None:
        begin, end = _bounds(days, ZoneInfo(municipality.time_zone))
    if begin is not None or end is not None:
        told["temporal"] = {"interval": [[_time(begin), _time(end)]], "trs": GREGORIAN}
    return told


def _bounds(days: Days, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the first second of the first day and the last second of the last day."""
    first, last = days
    return (
        None if first is None else datetime.combine(first, time.min, zone),
        None if last is None else datetime.combine(last, time(23, 59, 59), zone),
    )


def _whole_second_after(moment: datetime | None) -> datetime | None:
    return moment + timedelta(microseconds=-moment.microsecond % 1_000_000) if moment else None


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
