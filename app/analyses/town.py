"""Reading what the town knows besides events: lamps, fixes, danger zones, voices, beats."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.analyses.inputs import TownLayers
from app.analyses.parameters.area import Needs
from app.beats import service as beats
from app.concern import service as concern
from app.errors import NotFoundError
from app.events import service as events
from app.fixes import service as fixes
from app.lights import service as lights
from app.municipalities.context import MunicipalityContext


def read_town(
    session: Session, municipality: MunicipalityContext, needs: Needs, within: BaseGeometry | None
) -> TownLayers:
    """Return the layers that an analysis needs, those within a study area where one was given.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    needs : Needs
    within : Polygon or MultiPolygon or None
        In the working CRS.
    """
    found: dict[str, Any] = {}
    if needs.lamps:
        found["lamps"], found["outages"] = lights.read_inventory(session, municipality)
    if needs.fixes:
        found["fixes"] = fixes.read_fixes(session, municipality)
    if needs.zones:
        found["zones"] = _inside(concern.read_zones(session, municipality), within)
    if needs.voices:
        found["voices"] = _inside(concern.read_voices(session, municipality), within)
    if needs.beats:
        found["beats"] = _read_beats(session, municipality)
    others = {name: _places(session, municipality, selection) for name, selection in needs.others.items()}
    return TownLayers(**found, others=others)


def _inside(layer: gpd.GeoDataFrame, within: BaseGeometry | None) -> gpd.GeoDataFrame:
    return layer if within is None else layer[layer.intersects(within)].reset_index(drop=True)


def _read_beats(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame | None:
    """Return the beats of the newest plan; None where there is none."""
    try:
        plan = beats.latest_plan(session, municipality)
    except NotFoundError:
        return None
    frame = beats.beat_frame(session, municipality, plan).to_crs(municipality.working_crs)
    return gpd.GeoDataFrame({"beat": frame["beat_id"]}, geometry=frame.geometry, crs=frame.crs)


def _places(session: Session, municipality: MunicipalityContext, selection: Any) -> np.ndarray[Any, Any]:
    read = events.read_events(session, municipality, selection)
    return np.column_stack([read.x, read.y])
