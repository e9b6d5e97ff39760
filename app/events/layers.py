"""Which rows of which table are events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.events.schemas import EventLayer


@dataclass(frozen=True)
class Layer:
    """Where events of a layer stand, and which of its rows are none."""

    table: str
    category_kind: str
    time: str
    until: str
    precision: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Conditions of the rows that are no events, by reason; the first that holds counts."""
    weight: str = "1"
    """What an event counts for by itself."""
    rows: str = ""
    """Statement of the rows with their coordinates, where the table has none in metres."""


_NO_VOICES = {
    "staff": "e.reported_by = any(%(staff)s)",
    "duplicate": "coalesce(e.status, '') ~* %(duplicate)s",
    "same_reporter": (
        "(e.reporter_key is not null and exists (select from report o where o.municipality_id = e.municipality_id "
        "and o.danger_zone_id = e.danger_zone_id and o.reporter_key = e.reporter_key and o.id < e.id))"
    ),
}
"""A resident's report counts once: entries of staff, duplicates by their source and repetitions do not."""

_NO_PLACES = {
    "staff": "e.reported_by = any(%(staff)s)",
    "duplicate": "e.status = 'duplicate'",
    "rejected": "e.status = 'rejected'",
}
"""A danger zone of residents counts once, by whatever name and number of them it goes."""

_ZONES = """(
    select z.municipality_id, z.id, z.category_id, z.source_id, z.status, z.reported_by, z.reported_at,
        st_x(p.place) as x, st_y(p.place) as y
    from (
        select m.id, m.working_crs as crs, (
            select s.srid from spatial_ref_sys s where s.auth_name = 'EPSG' and s.auth_srid = s.srid
                and s.srid = substring(m.working_crs from '^EPSG:([0-9]{4,6})$')::int) as number
        from municipality m where m.id = %(municipality)s
    ) town
    join danger_zone z on z.municipality_id = town.id
    cross join lateral (
        select case when town.number is null then st_transform(st_centroid(z.geom), town.crs)
            else st_transform(st_centroid(z.geom), town.number) end as place
    ) p
)"""
"""A CRS that is named by its number is looked up once, one that is named by text for every row."""

LAYERS: dict[EventLayer, Layer] = {
    "incidents": Layer(
        "incident", "incident", "occurred_from", "e.occurred_to", "e.time_precision", weight="coalesce(e.weight, 1)"
    ),
    "reports": Layer("report", "concern", "reported_at", "null::timestamptz", "'minute'", _NO_VOICES),
    "danger-zones": Layer(
        "danger_zone", "concern", "reported_at", "null::timestamptz", "'minute'", _NO_PLACES, rows=_ZONES
    ),
}
