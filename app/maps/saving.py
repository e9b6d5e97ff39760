"""Maps that are saved as files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from analysis.summary import Summary
from app.maps.context import MapContext
from app.settings import MapSettings


def saved_map_context(
    summary: Summary, *, title: str, units: str, source: Path, boundary: gpd.GeoDataFrame | None
) -> MapContext:
    """Return what a saved map says about itself; everything it needs is inside the file."""
    settings = MapSettings()
    return MapContext.of_summary(
        summary,
        title=title,
        units=units,
        source=source.name,
        boundary=boundary,
        handling_mark=settings.handling_mark,
        assets="embedded",
    )
