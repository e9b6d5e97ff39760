"""The layers of the service, in the order in which people look for them."""

from __future__ import annotations

from app.areal_units.service import COLLECTION as AREAL_UNITS
from app.beats.service import COLLECTION as BEATS
from app.danger_zones.service import COLLECTION as DANGER_ZONES
from app.database.feature_collections import Collection
from app.fixes.service import COLLECTION as FIXES
from app.hot_spots.service import COLLECTIONS as RESULT_LAYERS
from app.incidents.service import COLLECTION as INCIDENTS
from app.lights.service import COLLECTION as STREET_LIGHTS
from app.municipalities.service import COLLECTION as MUNICIPALITIES
from app.officers.service import COLLECTION as OFFICERS
from app.public_places.service import COUNTS as PUBLIC_COUNTS
from app.streets.service import COLLECTION as STREETS


def layers() -> tuple[Collection, ...]:
    """Return the layers of a municipality."""
    return (INCIDENTS, DANGER_ZONES, STREET_LIGHTS, FIXES, AREAL_UNITS, STREETS, OFFICERS)


def collections() -> tuple[Collection, ...]:
    """Return every collection of features, the municipalities and the results included."""
    return (MUNICIPALITIES, *layers(), PUBLIC_COUNTS, *RESULT_LAYERS, BEATS)
