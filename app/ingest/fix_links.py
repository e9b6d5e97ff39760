"""Danger zones that the fixes of a file answer besides the first."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.files.columns import listed
from app.ingest import repository
from app.ingest.checking import ReadingPlan, field_column
from app.ingest.loading import Batch
from app.ingest.parsing import PARSERS, ParseContext, as_text


def link_further_zones(session: Session, batch: Batch, plan: ReadingPlan) -> list[Notice]:
    """Link the fixes of a file to the danger zones that it lists for them; return what a reader must know."""
    named = _named_zones(plan)
    if not named:
        return []
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


def _named_zones(plan: ReadingPlan) -> dict[str, list[str]]:
    """Return the further danger zones that a file lists for each fix."""
    field = plan.kind.field("further_danger_zones")
    named: dict[str, list[str]] = {}
    for rows in plan.file.blocks():
        ids = field_column(rows, plan, plan.kind.identifier)
        column = None if field is None else field_column(rows, plan, field)
        if field is not None and column is not None and ids is not None:
            lists = PARSERS[field.type](column, field, ParseContext(rows.decimal, {})).values.to_pylist()
            named |= {code: items or [] for code, items in zip(as_text(ids).to_pylist(), lists, strict=True) if code}
    return named
