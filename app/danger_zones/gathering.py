"""Danger zones out of imported reports, without entries of staff, duplicates and piles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from analysis.places.point_mass import point_masses
from app.danger_zones.imported_reports import repository
from app.danger_zones.models import DUPLICATE_STATUS, STAFF_SOURCES
from app.identity.caller import Caller
from app.municipalities.context import MunicipalityContext


@dataclass(frozen=True)
class Gathered:
    """What became of the reports of a municipality that had no danger zone.

    Attributes
    ----------
    zones : int
        Danger zones that were made.
    reports : int
        Reports that they are made of.
    staff, duplicates, on_piles, uncategorised : int
        Reports that were left out, each for the first reason that held: entered by staff, marked as duplicates by
        their source, at a point that stands for unknown addresses, without a concern.
    """

    zones: int
    reports: int
    staff: int
    duplicates: int
    on_piles: int
    uncategorised: int


def zones_from_reports(session: Session, municipality: MunicipalityContext, actor: Caller) -> Gathered:
    """Make danger zones of the reports that have none, and return what was made and left out.

    Reports of the same concern at the same point are one zone; who sent them is unknown, so each counts as a resident.
    A zone is ``received`` while a report of it is open at its source, else ``fixed``: its reporters may confirm that.
    """
    places = repository.report_places(session, municipality.id, DUPLICATE_STATUS)
    x, y = np.array([place["x"] for place in places]), np.array([place["y"] for place in places])
    piles = {(mass.x, mass.y) for mass in point_masses(x, y)} if places else set()
    left = {"staff": 0, "duplicates": 0, "on_piles": 0, "uncategorised": 0}
    taken = []
    for place in places:
        if place["has_zone"]:
            continue
        if place["reported_by"] in STAFF_SOURCES:
            left["staff"] += 1
        elif place["is_duplicate"]:
            left["duplicates"] += 1
        elif (place["x"], place["y"]) in piles:
            left["on_piles"] += 1
        elif place["category_id"] is None:
            left["uncategorised"] += 1
        else:
            taken.append(place["id"])
    zones = repository.gather_reports(session, municipality.id, taken, actor_kind=actor.kind, actor=actor.name)
    return Gathered(zones, len(taken), **left)
