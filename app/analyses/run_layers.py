"""Layers of results that the OGC API offers under names of their own, with the types of what they show."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.feature_collections import PropertyType


@dataclass(frozen=True)
class RunLayer:
    """A layer of the results of a kind of run.

    Attributes
    ----------
    kind : str
        Of the runs.
    layer : str
        Its name in a result.
    name, title, singular, description : str
        See `app.database.feature_collections.Collection`.
    geometry_types : tuple of str
        GeoJSON types that may occur.
    columns : tuple
        Name, JSON type and description of each column.
    """

    kind: str
    layer: str
    name: str
    title: str
    singular: str
    description: str
    geometry_types: tuple[str, ...]
    columns: tuple[tuple[str, PropertyType, str], ...]


LIGHTING_SEGMENTS = RunLayer(
    kind="lighting",
    layer="street-lighting",
    name="lighting-segments",
    title="Lighting of streets",
    singular="lighting segment",
    description="Each segment of a street: how much of it is lit, and what happens along it by light.",
    geometry_types=("LineString", "MultiLineString"),
    columns=(
        ("name", "string", "Name of the street."),
        ("lighting", "string", "What most of it is: `lit`, `unlit` or `unknown`."),
        ("source", "string", "What tells: `inventory` of lamps or `map`; null where nothing does."),
        ("length_m", "number", "Length, metres."),
        ("lit_m", "number", "Of which lit, metres."),
        ("unlit_m", "number", "Of which unlit, metres."),
        ("unknown_m", "number", "Of which nothing is known, metres."),
        ("unlit_share", "number", "Unlit part of what is known, 0 to 1."),
        ("nearest_working_lamp_m", "number", "Distance to the nearest lamp that works, metres."),
        ("conflict", "boolean", "Whether the map contradicts the inventory."),
        ("darkness_exposure_km_h", "number", "Unlit kilometres times dark hours of a year."),
        ("day_events", "number", "Expected events by day; null where the run had none."),
        ("twilight_events", "number", "Expected events in twilight; null where the run had none."),
        ("dark_events", "number", "Expected events in the dark; null where the run had none."),
    ),
)
EVALUATION_AREAS = RunLayer(
    kind="fix-evaluation",
    layer="evaluation-areas",
    name="evaluation-areas",
    title="Areas of an evaluation",
    singular="evaluation area",
    description="Where a fix was evaluated: the treated area, its buffer, and the controls with theirs.",
    geometry_types=("Polygon", "MultiPolygon"),
    columns=(
        ("role", "string", "`treated`, `buffer`, `control` or `control_buffer`."),
        ("rank", "integer", "Of a control and its buffer: 1 is the most alike."),
        ("events_before", "number", "Events before the fix."),
        ("events_after", "number", "Events after it."),
    ),
)
RUN_LAYERS = (LIGHTING_SEGMENTS, EVALUATION_AREAS)
