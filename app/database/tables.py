"""Every table of the schema, so that migrations and tests see all of it."""

from app.areal_units.models import ArealUnit
from app.beats.models import Beat, BeatMembership, BeatPlan
from app.danger_zones.models import DangerZone, Report
from app.database.base import Base
from app.fixes.models import Fix
from app.hot_spots.models import DensityCell, HotSpotCell
from app.incidents.models import Category, Incident
from app.ingest.models import ImportBatch, QuarantinedRow, Source
from app.lights.models import StreetLight, StreetLightOutage
from app.municipalities.models import Municipality
from app.officers.models import Officer, OfficerAssignment
from app.runs.models import AnalysisRun
from app.streets.models import StreetSegment

__all__ = [
    "AnalysisRun",
    "ArealUnit",
    "Base",
    "Beat",
    "BeatMembership",
    "BeatPlan",
    "Category",
    "DangerZone",
    "DensityCell",
    "Fix",
    "HotSpotCell",
    "ImportBatch",
    "Incident",
    "Municipality",
    "Officer",
    "OfficerAssignment",
    "QuarantinedRow",
    "Report",
    "Source",
    "StreetLight",
    "StreetLightOutage",
    "StreetSegment",
]
