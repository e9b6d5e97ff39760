"""Danger zones of a file that are duplicates of others: which of these links can be kept, and keeping them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.ingest.checking import ReadingPlan, check_rows
from app.ingest.fields import FieldType
from app.ingest.findings import Reason
from app.ingest.histories import repository
from app.ingest.loading import Batch

DUPLICATE = "duplicate"
Place = str | int
"""A danger zone: the identifier of one of the file's source, the key of any other."""


@dataclass(frozen=True)
class _Row:
    line: int
    identifier: str | None
    target: str
    status: str


class _Stored:
    """Danger zones of the municipality as far as links may lead to them."""

    def __init__(self, session: Session, batch: Batch, names: list[str]) -> None:
        zones = repository.named_zones(session, batch.municipality_id, names)
        own = {zone["id"]: zone["external_id"] for zone in zones if zone["source_id"] == batch.source_id}
        self._keys = {zone["external_id"]: zone["id"] for zone in sorted(zones, key=lambda zone: zone["id"])}
        self._keys |= {name: key for key, name in own.items()}
        self._places: dict[int, Place] = {zone["id"]: own.get(zone["id"], zone["id"]) for zone in zones}
        self.links = {
            self._places[zone["id"]]: self._places.get(zone["merged_into"], zone["merged_into"])
            for zone in zones
            if zone["merged_into"] is not None
        }

    def place(self, name: str) -> Place | None:
        """Return the zone that an identifier stands for: of the same source if there is one, else the latest."""
        key = self._keys.get(name)
        return None if key is None else self._places[key]

    def key(self, name: str) -> int | None:
        """Return the key of that zone."""
        return self._keys.get(name)


def without_broken_merges(session: Session, plan: ReadingPlan, batch: Batch) -> ReadingPlan:
    """Return the plan with the rows that are duplicates of no danger zone, of themselves or of one another.

    A row whose zone is not taken in, for whatever reason, is not taken in either, unless that zone is stored already.
    """
    field = next((field for field in plan.kind.fields if field.type is FieldType.SIBLING), None)
    if field is None or field.name not in plan.columns.columns:
        return plan
    identifiers, rows = _rows_of(plan, field.name)
    stored = _Stored(session, batch, sorted({row.target for row in rows}))
    broken: dict[int, Reason] = {}
    while fresh := _broken([row for row in rows if row.line not in broken], identifiers, stored, field.name):
        broken |= fresh
        identifiers -= {row.identifier for row in rows if row.line in fresh}
    return replace(plan, broken=broken)


def _rows_of(plan: ReadingPlan, name: str) -> tuple[set[str | None], list[_Row]]:
    """Return the identifiers of the good rows of a file, and those of them that are duplicates."""
    identifiers: set[str | None] = set()
    found: list[_Row] = []
    for raw in plan.file.blocks():
        checked = check_rows(raw, plan)
        statuses = checked.values["status"].to_pylist() if "status" in checked.values else [None] * raw.n_rows
        columns = zip(checked.ids.to_pylist(), checked.values[name].to_pylist(), statuses, strict=True)
        for line, (identifier, target, status), good in zip(raw.lines.tolist(), columns, checked.accepted, strict=True):
            if good:
                identifiers.add(identifier)
                if target is not None:
                    found.append(_Row(line, identifier, target, status or "received"))
    return identifiers, found


def _broken(rows: list[_Row], identifiers: set[str | None], stored: _Stored, name: str) -> dict[int, Reason]:
    """Return why rows cannot be duplicates of what they name, by line."""
    links: dict[Place, Place | None] = {**stored.links}
    for row in rows:
        if row.identifier:
            links[row.identifier] = row.target if row.target in identifiers else stored.place(row.target)
    found: dict[int, Reason] = {}
    for row in rows:
        if row.status != DUPLICATE:
            message = f"{name} names '{row.target}', but the status is '{row.status}': only a duplicate has it."
            found[row.line] = Reason(f"{name}_not_duplicate", message)
        elif row.target == row.identifier:
            found[row.line] = Reason(f"{name}_itself", f"{name} names the row itself.")
        elif row.target not in identifiers and stored.place(row.target) is None:
            message = f"{name} '{row.target}' is no danger zone of this file or of the municipality."
            found[row.line] = Reason(f"unknown_{name}", message)
        elif row.identifier and _leads_back(row.identifier, links):
            message = f"{name} '{row.target}' leads back to '{row.identifier}': one of them has to stand by itself."
            found[row.line] = Reason(f"{name}_circular", message)
    return found


def _leads_back(start: str, links: Mapping[Place, Place | None]) -> bool:
    seen: set[Place] = set()
    here: Place | None = links.get(start)
    while here is not None and here not in seen:
        if here == start:
            return True
        seen.add(here)
        here = links.get(here)
    return False


def keep_merges(session: Session, batch: Batch, targets: Mapping[str, str]) -> int:
    """Make the danger zones of a file the duplicates of those they name; return how many changed by that only.

    Parameters
    ----------
    session : Session
    batch : Batch
    targets : mapping of str to str
        Identifier of the other danger zone, by that of the duplicate.
    """
    stored = _Stored(session, batch, sorted(set(targets.values())))
    keys = {name: stored.key(target) for name, target in targets.items()}
    known = {name: key for name, key in keys.items() if key is not None}
    changed = repository.merge_zones(session, batch.municipality_id, batch.source_id, batch.batch_id, known)
    repository.unmerge_zones(session, batch.municipality_id, batch.batch_id)
    return changed
