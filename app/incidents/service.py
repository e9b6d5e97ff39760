"""Use cases of incidents and of the catalogue of categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shapely import Point
from sqlalchemy.orm import Session

from app.features.geometries import checked_geometry, require_within_surroundings, working_coordinates
from app.incidents import repository
from app.incidents.catalogue import CONCERN_CATEGORIES, category_code
from app.incidents.models import Category
from app.incidents.repository import INCIDENTS as COLLECTION
from app.incidents.schemas import IncidentFeature
from app.municipalities.context import MunicipalityContext

__all__ = [
    "COLLECTION",
    "category_code",
    "concern_category_ids",
    "ensure_concern_catalogue",
    "list_categories",
    "store_incidents",
]


def store_incidents(
    session: Session, municipality: MunicipalityContext, incidents: Sequence[IncidentFeature]
) -> list[int]:
    """Store incidents, all or none, and return their identifiers in the order given.

    Raises
    ------
    InvalidInputError
        If a place cannot be stored as it is; nothing is stored.
    """
    points = [_checked_point(municipality, feature, index) for index, feature in enumerate(incidents)]
    labels = {category_code(feature.properties.category): feature.properties.category for feature in incidents}
    repository.insert_missing_categories(session, municipality.id, "incident", labels)
    categories = repository.category_ids(session, municipality.id, "incident")
    rows = [
        _row(feature, point, xy, categories)
        for feature, point, xy in zip(incidents, points, working_coordinates(municipality, points), strict=True)
    ]
    return repository.insert_incidents(session, municipality.id, rows)


def list_categories(session: Session, municipality: MunicipalityContext, kind: str | None) -> list[Category]:
    """Return the categories of the municipality, of one kind or of all."""
    return repository.list_categories(session, municipality.id, kind)


def ensure_concern_catalogue(session: Session, municipality_id: int) -> None:
    """Give a municipality the catalogue of concerns to start from; what it has stays as it is."""
    repository.insert_missing_categories(session, municipality_id, "concern", CONCERN_CATEGORIES)


def concern_category_ids(session: Session, municipality: MunicipalityContext) -> dict[str, int]:
    """Return the key of each concern that the municipality knows, by code; the catalogue exists afterwards."""
    known = repository.category_ids(session, municipality.id, "concern")
    if CONCERN_CATEGORIES.keys() <= known.keys():
        return known
    ensure_concern_catalogue(session, municipality.id)
    return repository.category_ids(session, municipality.id, "concern")


def _checked_point(municipality: MunicipalityContext, feature: IncidentFeature, index: int) -> Point:
    member = f"features[{index}].geometry"
    point = checked_geometry(feature.geometry, member=member, max_vertices=1)
    require_within_surroundings(municipality, point, member=member)
    return point


def _row(feature: IncidentFeature, point: Point, xy: tuple[float, float], categories: dict[str, int]) -> dict[str, Any]:
    known = feature.properties
    return {
        "category_id": categories[category_code(known.category)],
        "geom": point,
        "x": xy[0],
        "y": xy[1],
        "occurred_from": known.occurred_from,
        "occurred_to": known.occurred_to,
        "time_precision": known.precision(),
        "recorded_area": known.recorded_area,
        "weight": known.weight,
    }
