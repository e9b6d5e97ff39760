"""Features of a layer: a page of them, or one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.database.feature_collections import FeatureQuery
from app.database.feature_figures import Count, count_features
from app.database.feature_pages import FeaturePage, read_feature, read_feature_page
from app.errors import NotFoundError
from app.features.parameters import MAX_IDENTIFIER
from app.ogc.answers import GEOJSON, HTML, PAGE_OR_JSON, page, tagged, wanted_format
from app.ogc.exports import CONTENT_CRS, EXPORTS, MEDIA_TYPES, export_answer, export_links
from app.ogc.keeping import made_once
from app.ogc.layers import View
from app.ogc.links import Link, link, root_of
from app.ogc.requests import (
    BEFORE_ALL,
    FORMAT,
    page_token,
    read_items_request,
    require_known,
    system_of,
)


def items_answer(request: Request, session: Session, view: View, *, count_milliseconds: int) -> Response:
    """Return a page of the features that the request asks for.

    Raises
    ------
    BadParameterError
        If a parameter is unknown or cannot be read.
    """
    asked = read_items_request(request.query_params, view)
    wanted = wanted_format(request, (*PAGE_OR_JSON, *EXPORTS), MEDIA_TYPES)
    if wanted in EXPORTS:
        return export_answer(request, session, view, asked, wanted)
    relations = view.tables if view.is_steady and asked.known_count is None else ()
    found = read_feature_page(session, view.collection, view.municipality.id, asked.query, relations=relations)
    count = asked.known_count or _count(request, session, view, asked.query, found, count_milliseconds)
    tail: dict[str, Any] = {
        "numberMatched": count.number,
        "numberReturned": found.number_returned,
        "timeStamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "links": _page_links(request, view, found, count),
    }
    if not count.exact:
        tail["numberMatchedIsEstimate"] = True
    if wanted == "html":
        features = json.loads(f"[{found.features}]")
        return page(request, "items.html", document=tail, features=features, view=view, root=root_of(request))
    text = json.dumps(tail, ensure_ascii=False, separators=(",", ":"))
    content = f'{{"type":"FeatureCollection","features":[{found.features}],{text[1:]}'
    headers = {CONTENT_CRS: f"<{asked.system.uri}>"}
    return tagged(request, content, GEOJSON, headers, changing=tail["timeStamp"])


def item_answer(request: Request, session: Session, view: View, identifier: str) -> Response:
    """Return one feature.

    Raises
    ------
    NotFoundError
        If the layer has none of that identifier.
    BadParameterError
        If a parameter is unknown or cannot be read.
    """
    require_known(request.query_params, ("crs", FORMAT, *(["datetime"] if view.shows_state else [])))
    system = system_of(request.query_params, "crs", view)
    wanted = wanted_format(request)
    number = int(identifier) if identifier.isascii() and identifier.isdecimal() and len(identifier) <= 19 else -1
    feature = None
    if 0 <= number <= MAX_IDENTIFIER:
        feature = read_feature(session, view.collection, view.municipality.id, number, system.projection)
    if feature is None:
        raise NotFoundError(
            f"{view.municipality.name} has no {view.collection.singular} {identifier[:40]!r}.",
            f"GET {root_of(request)}/collections/{view.collection.name}/items lists those there are.",
        )
    links = _item_links(request, view)
    if wanted == "html":
        shown = json.loads(feature)
        return page(request, "item.html", document={"links": links}, feature=shown, view=view, root=root_of(request))
    content = f'{feature[:-1]},"links":{json.dumps(links, ensure_ascii=False)}}}'
    return tagged(request, content, GEOJSON, {CONTENT_CRS: f"<{system.uri}>"})


def _count(
    request: Request, session: Session, view: View, query: FeatureQuery, found: FeaturePage, count_milliseconds: int
) -> Count:
    """Return how many features match; a first page that holds all of them says so itself."""
    if query.after == BEFORE_ALL and found.next_after is None:
        return Count(found.number_returned, exact=True)
    first = replace(query, after=BEFORE_ALL)

    def count() -> Count:
        return count_features(session, view.collection, view.municipality.id, first, milliseconds=count_milliseconds)

    given = request.query_params.items()
    asked = tuple(sorted((name, text) for name, text in given if name not in {FORMAT, "limit", "after", "crs"}))
    return made_once(
        request, session, view, ("count", asked), count, is_final=lambda made: made.exact, changes=found.changes
    )


def _page_links(request: Request, view: View, found: FeaturePage, count: Count) -> list[Link]:
    title = view.collection.title
    links = [
        link(request.url, "self", title, GEOJSON),
        link(request.url.include_query_params(**{FORMAT: "html"}), "alternate", f"{title} (page)", HTML),
        link(f"{root_of(request)}/collections/{view.collection.name}", "collection", title),
    ]
    if found.next_after is not None:
        following = request.url.include_query_params(after=page_token(found.next_after, count))
        links.append(link(following, "next", "Next page", GEOJSON))
    items = f"{root_of(request)}/collections/{view.collection.name}/items"
    filters = {name: text for name, text in request.query_params.items() if name not in {"limit", "after"}}
    return [*links, *export_links(items, f"All {title.lower()}", filters)]


def _item_links(request: Request, view: View) -> list[Link]:
    title = view.collection.title
    return [
        link(request.url, "self", f"The {view.collection.singular}", GEOJSON),
        link(request.url.include_query_params(**{FORMAT: "html"}), "alternate", "The same as a page", HTML),
        link(f"{root_of(request)}/collections/{view.collection.name}", "collection", title),
    ]
