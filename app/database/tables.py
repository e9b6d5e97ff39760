"""Every table of the schema, so that migrations and tests see all of it."""

from app.analyses.models import ResultFeature, ResultTable
from app.areal_units.models import ArealUnit
from app.audit.models import AuditBatch, StoredEvent
from app.beats.models import Beat, BeatMembership, BeatPlan
from app.danger_zones.models import DangerZone, DangerZoneChange, Report, ReporterLink, ReporterSalt
from app.database.base import Base
from app.database.data_versions import DataChange
from app.fixes.models import Fix, FixBundle, FixChange, FixDangerZone, FixHotSpot
from app.hot_spots.models import DensityCell, HotSpotCell
from app.identity.models import Account, ApiKey, LoginSession, Membership, SignInLink
from app.incident_blocks.models import IncidentBlock
from app.incidents.models import Category, Incident
from app.ingest.models import ImportBatch, QuarantinedRow, Source
from app.lights.models import StreetLight, StreetLightOutage
from app.municipalities.models import Municipality
from app.officers.models import Officer, OfficerAssignment
from app.photos.models import Photo
from app.plans.models import PlanChange, PlanEdit
from app.public_places.models import PublishedCount, SnapPoint, SnapVersion
from app.retention.models import RetentionRule
from app.runs.models import AnalysisRun
from app.streets.models import StreetSegment

__all__ = [
    "Account",
    "AnalysisRun",
    "ApiKey",
    "ArealUnit",
    "AuditBatch",
    "Base",
    "Beat",
    "BeatMembership",
    "BeatPlan",
    "Category",
    "DangerZone",
    "DangerZoneChange",
    "DataChange",
    "DensityCell",
    "Fix",
    "FixBundle",
    "FixChange",
    "FixDangerZone",
    "FixHotSpot",
    "HotSpotCell",
    "ImportBatch",
    "Incident",
    "IncidentBlock",
    "LoginSession",
    "Membership",
    "Municipality",
    "Officer",
    "OfficerAssignment",
    "Photo",
    "PlanChange",
    "PlanEdit",
    "PublishedCount",
    "QuarantinedRow",
    "Report",
    "ReporterLink",
    "ReporterSalt",
    "ResultFeature",
    "ResultTable",
    "RetentionRule",
    "SignInLink",
    "SnapPoint",
    "SnapVersion",
    "Source",
    "StoredEvent",
    "StreetLight",
    "StreetLightOutage",
    "StreetSegment",
]
