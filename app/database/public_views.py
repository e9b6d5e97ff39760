"""What anybody may see of a collection: views of the database that apply every rule of publication (revision 0008).

Pages, rectangles and time filters act on what the views show; nothing else of a row can be asked about.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import BigInteger, Integer, String, column, table
from sqlalchemy.dialects.postgresql import JSONB

from app.database.base import INSTANT, geometry
from app.database.feature_collections import Collection, Property

PUBLIC_STATUSES = ("open", "in_plan", "fix_under_way", "fixed", "confirmed", "not_confirmed", "reopened")

_ZONE = table(
    "public_danger_zone",
    column("municipality_id", Integer),
    column("id", BigInteger),
    column("category", String),
    column("status", String),
    column("day_part", String),
    column("weekday", String),
    column("season", String),
    column("reported_month", String),
    column("month_begin", INSTANT),
    column("month_end", INSTANT),
    column("geom", geometry("POINT")),
)
_COUNT = table(
    "public_count",
    column("municipality_id", Integer),
    column("id", BigInteger),
    column("month", String),
    column("month_begin", INSTANT),
    column("month_end", INSTANT),
    column("area", String),
    column("counts", JSONB),
    column("geom", geometry("MULTIPOLYGON")),
)

PUBLIC_ZONES = Collection(
    name="danger-zones",
    title="Public danger zones",
    singular="public danger zone",
    description="Danger zones that staff opened and that three residents named or staff verified, each at a public "
    "place that stands for eight addresses at least or for none.",
    source=_ZONE,
    identifier=_ZONE.c.id,
    municipality=_ZONE.c.municipality_id,
    geometry=_ZONE.c.geom,
    geometry_types=("Point",),
    properties=(
        Property("category", _ZONE.c.category, "string", "Code of the concern.", filterable=True),
        Property("status", _ZONE.c.status, "string", "What became of it.", PUBLIC_STATUSES, filterable=True),
        Property("day_part", _ZONE.c.day_part, "string", "When it is dangerous.", filterable=True),
        Property("weekday", _ZONE.c.weekday, "string", "On which days.", filterable=True),
        Property("season", _ZONE.c.season, "string", "In which season.", filterable=True),
        Property("reported_at", _ZONE.c.reported_month, "month", "The month in which it was first named."),
    ),
    time=(_ZONE.c.month_begin, _ZONE.c.month_end),
)
PUBLIC_COUNTS = Collection(
    name="public-counts",
    title="Public counts of incidents",
    singular="public count",
    description="Recorded incidents of an area in a month, by category, as they were published once: counts of 1 to 4 "
    "as `<5`, and `not shown` for what would give one away.",
    source=_COUNT,
    identifier=_COUNT.c.id,
    municipality=_COUNT.c.municipality_id,
    geometry=_COUNT.c.geom,
    geometry_types=("MultiPolygon",),
    properties=(
        Property("month", _COUNT.c.month, "month", "The month of the local calendar.", filterable=True),
        Property("area", _COUNT.c.area, "string", "Beat; null for all of the municipality.", filterable=True),
        Property("counts", _COUNT.c.counts, "object", "Whole numbers, `<5` or `not shown`, by category and `all`."),
    ),
    time=(_COUNT.c.month_begin, _COUNT.c.month_end),
    geometry_optional=True,
)

PUBLIC_VIEWS = {view.name: view for view in (PUBLIC_ZONES, PUBLIC_COUNTS)}


def public_view(collection: Collection) -> Collection:
    """Return the collection as anybody may see it: by its view, or without what is internal where it is no secret.

    Raises
    ------
    LookupError
        It has neither a view nor internal properties; then nobody may be granted a public look at it.
    """
    if collection.name not in PUBLIC_VIEWS and any(item.internal for item in collection.properties):
        return replace(collection, properties=tuple(item for item in collection.properties if not item.internal))
    return PUBLIC_VIEWS[collection.name]
