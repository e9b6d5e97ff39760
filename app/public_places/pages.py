"""The page on which everybody sees what residents reported and what became of it: map and list of the public layer."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import MunicipalityDep, SessionDep, permit
from app.languages.negotiating import LanguageDep
from app.languages.phrases import phrase_or
from app.open311 import service as open311
from app.open311.service import RequestFilter
from app.web.pages import render_page

SHOWN_AT_ONCE = 500
KINDS = {"open": "open", "reopened": "open", "not_confirmed": "open", "fixed": "done", "confirmed": "done"}
"""Colour of a mark by status; the rest is planned."""

PLANNED = "planned"
LEAST_DONE = ("open", PLANNED, "done")

router = APIRouter(prefix="/reported", include_in_schema=False)


@router.get("/{municipality}", dependencies=[permit("open311", "read")])
def show_reported(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    language: LanguageDep,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Show the public danger zones at their public places, each with its month and the sentences of its steps."""
    wanted = RequestFilter(page=page, page_size=SHOWN_AT_ONCE)
    found = open311.list_requests(session, municipality, wanted, with_updates=True, language=language)
    told = [_told(zone, language) for zone in found]
    return render_page(
        request,
        "reported.html",
        language=language,
        nonce=request.state.nonce,
        here=f"/reported/{municipality.code}",
        municipality=municipality,
        zones=told,
        places=_places(told),
        following=page + 1 if len(found) == SHOWN_AT_ONCE else None,
    )


def _told(zone: dict[str, Any], language: str) -> dict[str, Any]:
    return {
        "concern": phrase_or(language, f"concern.{zone['service_code']}", zone["service_name"]),
        "state": phrase_or(language, f"state.{zone['status_notes']}", zone["status_notes"]),
        "status": zone["status_notes"],
        "month": zone["extended_attributes"]["reported_month"],
        "updates": zone["extended_attributes"]["updates"],
        "place": [zone["long"], zone["lat"]],
    }


def _places(zones: list[dict[str, Any]]) -> str:
    """Return GeoJSON for the map of the page: one mark for each place, as what is least done there."""
    at_place: dict[tuple[float, float], list[dict[str, Any]]] = {}
    for zone in zones:
        at_place.setdefault(tuple(zone["place"]), []).append(zone)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": place},
            "properties": {
                "label": "\n".join(f"{zone['concern']}: {zone['state']}, {zone['month']}" for zone in there),
                "kind": min((KINDS.get(zone["status"], PLANNED) for zone in there), key=LEAST_DONE.index),
            },
        }
        for place, there in at_place.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})
