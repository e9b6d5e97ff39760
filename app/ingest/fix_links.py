"""Danger zones that the fixes of a file answer besides the first."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.files.columns import listed
from app.ingest import repository
from app.ingest.loading import Batch, Loaded


def link_further_zones(session: Session, batch: Batch, loaded: Loaded) -> list[Notice]:
    """Link the fixes of a file to the danger zones that it lists for them; return what a reader must know."""
    named = {code: values["further_danger_zones"] or [] for code, values in loaded.asides.items()}
    wanted = sorted({zone for items in named.values() for zone in items})
    municipality = batch.municipality_id
    fixes = repository.referenced_rows(session, municipality, "fix", list(named), batch.source_id)
    zones = repository.referenced_rows(session, municipality, "danger_zone", wanted)
    links = {fix: sorted({zones[zone] for zone in named[code] if zone in zones}) for code, fix in fixes.items()}
    repository.link_fixes_to_zones(session, municipality, links)
    unknown = [zone for zone in wanted if zone not in zones]
    if not unknown:
        return []
    message = f"There are no danger zones {listed(unknown, limit=10)}; the links to them were left out."
    return [Notice("unknown_zones", message)]
