"""The collections of the OGC API: what each is called, which right it takes, and where its features come from.

A layer of results is there twice: under its name with the latest run, and under its name and a number with that run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

from sqlalchemy.orm import Session

from app.analyses import service as analyses
from app.analyses.results import days_of
from app.areal_units.service import COLLECTION as AREAL_UNITS
from app.beats import service as beats
from app.danger_zones.service import COLLECTION as DANGER_ZONES
from app.database.feature_collections import Collection, Interval
from app.errors import NotFoundError
from app.features.parameters import MAX_IDENTIFIER
from app.features.precision import seen_at
from app.fixes.service import COLLECTION as FIXES
from app.hot_spots import service as hot_spots
from app.identity.rights import Precision
from app.incidents.service import COLLECTION as INCIDENTS
from app.lights import service as lights
from app.municipalities.context import MunicipalityContext
from app.ogc.crs import ReferenceSystem, systems_of
from app.plans import service as plans
from app.public_places.service import COUNTS as PUBLIC_COUNTS
from app.runs import service as runs
from app.runs.service import AnalysisRun
from app.streets.service import COLLECTION as STREETS

LISTED_RUNS = 10
"""Newest runs whose results are among the collections; those of older ones have an address too."""

BEAT_TABLES = ("beat_plan", "beat", "beat_membership", "officer", "officer_assignment")

Found = tuple[Collection, int | None]
"""A collection, and the number of the run or plan whose rows it has."""

Days = tuple[date | None, date | None]
"""First and last day (included) of the time that features tell of; None where it is open."""

ReadDays = Callable[[Session, MunicipalityContext, int], Days | None]

Find = Callable[[Session, MunicipalityContext, Interval | None], Found]


@dataclass(frozen=True)
class Results:
    """A layer of the results of a kind of run.

    Attributes
    ----------
    kind, layer : str
        Kind of the runs, and name of the layer in their results.
    of_run : callable
        Returns the collection of the features of a run; of no run it is empty.
    table : str
        Where the features are.
    """

    kind: str
    layer: str
    of_run: Callable[[int | None], Collection]
    table: str


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
    tables : tuple of str
        Tables whose rows it shows; their changes are watched (revision 0014).
    shows_state : bool
        Whether ``datetime`` says of which time the features tell, and leaves none out.
    results : Results or None
        Which results of runs it shows, if it does.
    days : callable or None
        Returns of which days the rows of a run or plan tell, where the features themselves have no time.
    """

    described: Collection
    right: str
    find: Find
    tables: tuple[str, ...]
    shows_state: bool = False
    results: Results | None = None
    days: ReadDays | None = None

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
    precision : Precision
        How exactly the caller sees it.
    tables : tuple of str
        See `Layer`.
    number : int or None
        Of the run or plan whose rows it has.
    shows_state : bool
        See `Layer`.
    days : callable or None
        See `Layer`.
    is_steady : bool
        Whether it stays the same all day while the data does.
    """

    collection: Collection
    municipality: MunicipalityContext
    systems: tuple[ReferenceSystem, ...]
    precision: Precision
    tables: tuple[str, ...]
    number: int | None = None
    shows_state: bool = False
    days: ReadDays | None = None
    is_steady: bool = True

    def read_days(self, session: Session) -> Days | None:
        """Return of which days its features tell together; None where each has its own time, or that is not known."""
        if self.days is None or self.number is None:
            return None
        return self.days(session, self.municipality, self.number)


@cache
def layers() -> tuple[Layer, ...]:
    """Return the layers that every municipality has, in the order in which people look for them."""
    return (
        _stored(INCIDENTS, "incident", "category"),
        _stored(DANGER_ZONES, "danger_zone", "danger_zone_change", "report", "category"),
        _stored(FIXES, "fix", "fix_bundle", "fix_danger_zone"),
        _stored(AREAL_UNITS, "areal_unit"),
        _stored(STREETS, "street_segment"),
        _stored(PUBLIC_COUNTS, "published_count"),
        Layer(
            lights.COLLECTION,
            lights.COLLECTION.name,
            lambda session, municipality, interval: (lights.lights_at(session, municipality, interval), None),
            ("street_light", "street_light_outage"),
            shows_state=True,
        ),
        Layer(_described_beats(), "beat-plans", _beats_in_force, BEAT_TABLES, days=_days_of_plan),
        *(_latest(results) for results in _RESULTS),
    )


def view_of(
    session: Session,
    municipality: MunicipalityContext,
    layer: Layer,
    precision: Precision,
    interval: Interval | None = None,
    run: str | None = None,
) -> View:
    """Return a layer as a caller of that precision sees it.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    layer : Layer
    precision : Precision
    interval : Interval or None
        Time of which features tell that show a state.
    run : str or None
        Number of the run whose results are shown, as it stands in an address; the latest without one.

    Raises
    ------
    NotFoundError
        If there is no such run, or it has no such result.
    """
    if run is None:
        found, number = layer.find(session, municipality, interval)
    else:
        found, number = _results_of_run(session, municipality, layer, run)
    return View(
        seen_at(precision, found, municipality),
        municipality,
        systems_of(municipality),
        precision,
        layer.tables,
        number,
        layer.shows_state,
        layer.days,
        is_steady=not layer.shows_state or interval is not None,
    )


def newest_runs(session: Session, municipality: MunicipalityContext, layer: Layer) -> list[str]:
    """Return the numbers of the newest runs that a layer shows the results of; of other layers none."""
    if layer.results is None:
        return []
    found = runs.list_runs(session, municipality, kind=layer.results.kind, state="succeeded", limit=LISTED_RUNS)
    return [str(run.id) for run in found if _has_layer(run, layer.results)]


def _stored(collection: Collection, *tables: str) -> Layer:
    return Layer(collection, collection.name, lambda _session, _municipality, _interval: (collection, None), tables)


def _described_beats() -> Collection:
    described = "Officers' beats of the plan in force, with residents, workload and officer."
    return replace(beats.COLLECTION, title="Officers' beats", description=described)


def _beats_in_force(session: Session, municipality: MunicipalityContext, _interval: Interval | None) -> Found:
    plan_id = plans.plan_in_force(session, municipality)
    described = _described_beats()
    found = replace(beats.beats_of_plan(plan_id), title=described.title, description=described.description)
    return found, plan_id


_RESULTS = (
    *(
        Results(kind, hot_spots.LAYER_OF_KIND[kind].layer, partial(hot_spots.cells_of_run, kind), table)
        for kind, table in (("getis-ord", "hot_spot_cell"), ("kernel-density", "density_cell"))
    ),
    *(
        Results(layer.kind, layer.layer, partial(analyses.collection_of_run, layer), "result_feature")
        for layer in analyses.RUN_LAYERS
    ),
)


def _latest(results: Results) -> Layer:
    """Return the features of the latest run of a kind; there are none before the first."""

    def find(session: Session, municipality: MunicipalityContext, _interval: Interval | None) -> Found:
        run = runs.find_latest_run(session, municipality, results.kind, results.layer)
        number = None if run is None else run.id
        return results.of_run(number), number

    return Layer(results.of_run(None), "results", find, (results.table,), results=results, days=_days_of_run)


def _days_of_plan(session: Session, municipality: MunicipalityContext, plan_id: int) -> Days:
    return beats.get_plan(session, municipality, plan_id)["effective_from"], None


def _days_of_run(session: Session, municipality: MunicipalityContext, run_id: int) -> Days | None:
    return days_of(runs.get_run(session, municipality, run_id).summary)


def _results_of_run(session: Session, municipality: MunicipalityContext, layer: Layer, run: str) -> Found:
    results = layer.results
    known = results is not None and run.isascii() and run.isdecimal() and 0 < int(run[:20]) <= MAX_IDENTIFIER
    found = runs.get_run(session, municipality, int(run)) if known else None
    if results is None or found is None or found.state != "succeeded" or not _has_layer(found, results):
        raise NotFoundError(
            f"{municipality.name} has no layer {layer.name}-{run[:40]}.",
            f"The latest is {layer.name}; others are named by the number of a run of the kind that succeeded.",
        )
    shown = results.of_run(found.id)
    return replace(shown, name=f"{shown.name}-{found.id}", title=f"{shown.title} of run {found.id}"), found.id


def _has_layer(run: AnalysisRun, results: Results) -> bool:
    layers_there = analyses.layers_of(run.kind, run.summary)
    return run.kind == results.kind and any(layer.name == results.layer for layer in layers_there)
