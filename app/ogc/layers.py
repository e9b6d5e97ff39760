"""The collections of the OGC API: what each is called, which right it takes, and where its features come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.areal_units.service import COLLECTION as AREAL_UNITS
from app.beats import service as beats
from app.danger_zones.service import COLLECTION as DANGER_ZONES
from app.database.feature_pages import Collection, Interval
from app.features.precision import seen_at
from app.fixes.service import COLLECTION as FIXES
from app.hot_spots import service as hot_spots
from app.identity.rights import Precision
from app.incidents.service import COLLECTION as INCIDENTS
from app.lights import service as lights
from app.municipalities.context import MunicipalityContext
from app.ogc.crs import ReferenceSystem, systems_of
from app.plans import service as plans
from app.runs import service as runs
from app.streets.service import COLLECTION as STREETS

Find = Callable[[Session, MunicipalityContext, Interval | None], Collection]


@dataclass(frozen=True)
class Layer:
    """A collection of the OGC API.

    Attributes
    ----------
    described : Collection
        What it is, whatever rows it has.
    right : str
        Row of the table of rights, with the action ``read``.
    find : callable
        Returns the collection with its rows, at a time where it shows a state.
    shows_state : bool
        Whether ``datetime`` says of which time the features tell, and leaves none out.
    """

    described: Collection
    right: str
    find: Find
    shows_state: bool = False

    @property
    def name(self) -> str:
        """Last part of its address."""
        return self.described.name


@dataclass(frozen=True)
class View:
    """A layer as a caller sees it.

    Attributes
    ----------
    collection : Collection
        Exact or coarse; its name is the last part of the address.
    municipality : MunicipalityContext
    systems : tuple of ReferenceSystem
        What it is offered in, CRS84 first.
    shows_state : bool
        See `Layer`.
    """

    collection: Collection
    municipality: MunicipalityContext
    systems: tuple[ReferenceSystem, ...]
    shows_state: bool = False


def layers() -> tuple[Layer, ...]:
    """Return the layers that every municipality has, in the order in which people look for them."""
    return (
        *(_stored(collection) for collection in (INCIDENTS, DANGER_ZONES, FIXES, AREAL_UNITS, STREETS)),
        Layer(lights.COLLECTION, lights.COLLECTION.name, lights.lights_at, shows_state=True),
        Layer(_described_beats(), "beat-plans", _beats_in_force),
        *(_latest(kind, collection) for kind, collection in zip(_LATEST, hot_spots.COLLECTIONS, strict=True)),
    )


def view_of(
    session: Session,
    municipality: MunicipalityContext,
    layer: Layer,
    precision: Precision,
    interval: Interval | None = None,
) -> View:
    """Return a layer as a caller of that precision sees it."""
    found = layer.find(session, municipality, interval)
    return View(seen_at(precision, found, municipality), municipality, systems_of(municipality), layer.shows_state)


def _stored(collection: Collection) -> Layer:
    return Layer(collection, collection.name, lambda _session, _municipality, _interval: collection)


def _described_beats() -> Collection:
    return replace(beats.COLLECTION, description="Beats of the plan in force, with residents, workload and officer.")


def _beats_in_force(session: Session, municipality: MunicipalityContext, _interval: Interval | None) -> Collection:
    plan_id = plans.plan_in_force(session, municipality)
    return replace(beats.beats_of_plan(plan_id), description=_described_beats().description)


_LATEST = ("getis-ord", "kernel-density")


def _latest(kind: str, described: Collection) -> Layer:
    """Return the cells of the latest run of a kind; there are none before the first."""

    def find(session: Session, municipality: MunicipalityContext, _interval: Interval | None) -> Collection:
        run = runs.find_latest_run(session, municipality, kind, hot_spots.LAYER_OF_KIND[kind].layer)
        return hot_spots.cells_of_run(kind, None if run is None else run.id)

    return Layer(described, "results", find)
