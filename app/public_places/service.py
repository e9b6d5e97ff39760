"""Use cases of what is public: build the snap points of a municipality, publish counts, read the public layers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.orm import Session

from analysis.privacy.public_categories import public_category
from analysis.projection import FloatArray
from app.areal_units import service as areal_units
from app.beats import service as beats
from app.database.public_views import PUBLIC_COUNTS as COUNTS
from app.database.public_views import PUBLIC_ZONES as ZONES
from app.deferred import Deferred, gpd, pd
from app.errors import ConflictError, InvalidInputError
from app.events import service as events
from app.municipalities.context import MunicipalityContext
from app.public_places import repository
from app.public_places.models import Basis
from app.streets import service as streets

if TYPE_CHECKING:
    from analysis.privacy import small_counts, snap_points
else:
    small_counts, snap_points = Deferred("analysis.privacy.small_counts"), Deferred("analysis.privacy.snap_points")

__all__ = [
    "COUNTS",
    "ZONES",
    "Built",
    "build_points",
    "months_to_publish",
    "publish_month",
    "read_month",
    "read_public_zones",
    "show_points",
]

SPACING_METRES = 300.0
"""Between candidates where there is no street."""

OUTSIDE = "outside"
UNCATEGORISED = "uncategorised"
ALL = "all"


@dataclass(frozen=True)
class Built:
    """Snap points of a municipality and what they did.

    Attributes
    ----------
    fingerprint : str
        Of the points and their rule.
    basis : {"addresses", "residents"}
        What the addresses were taken from.
    points : int
    is_new : bool
        False where the same points were stored already.
    placed : int
        Danger zones that had no public place before.
    public : int
        Danger zones that are public now.
    fewest_between : int or None
        How few addresses the overlap of a catchment of these points and of those before may hold; None without.
    reading : str
        One paragraph in plain language.
    """

    fingerprint: str
    basis: Basis
    points: int
    is_new: bool
    placed: int
    public: int
    fewest_between: int | None
    reading: str


def build_points(
    session: Session,
    municipality: MunicipalityContext,
    *,
    addresses: gpd.GeoDataFrame | None = None,
    units_source: str | None = None,
    replace: bool = False,
) -> Built:
    """Choose the snap points of a municipality, store them once, and place the danger zones that have no place.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    addresses : GeoDataFrame, optional
        A register of addresses, points in the working CRS; by default addresses are spread over the areal units by
        their residents, and then no point is kept that seems to stand for none.
    units_source : str, optional
        Source of the areal units, where there are several.
    replace : bool
        Whether other points than those stored may be taken; what was placed before keeps its place.

    Raises
    ------
    ConflictError
        Other points are stored, and they are not to be replaced.
    InvalidInputError
        There are no areal units to take residents from.
    AnalysisError
        There are too few addresses for a single point.
    """
    basis: Basis = "residents" if addresses is None else "addresses"
    homes = _homes(session, municipality, addresses, units_source)
    points = _choose(_candidates(session, municipality), homes, municipality.working_crs, basis)
    known = repository.newest_version(session, municipality.id)
    is_new = known is None or known["fingerprint"] != points.version
    fewest = None
    if known is not None and is_new:
        if not replace:
            raise ConflictError(
                f"{municipality.name} has other snap points, built on {known['created_at']:%Y-%m-%d}.",
                "Where each new build draws new points, comparing them narrows places down. Build again with "
                "--replace only because streets or addresses changed.",
            )
        stored = repository.read_points(session, municipality.id, known["id"])
        earlier = dataclasses.replace(points, x=stored["x"].to_numpy(), y=stored["y"].to_numpy())
        fewest = snap_points.fewest_addresses_between(earlier, points, homes[:, 0], homes[:, 1])
    if is_new:
        summary = json.dumps(dataclasses.asdict(points.summary))
        repository.insert_version(session, municipality.id, points, basis, summary)
    placed = repository.place_zones(session, municipality.id)
    public = repository.count_public_zones(session, municipality.id)
    number = int(points.x.size)
    return Built(points.version, basis, number, is_new, placed, public, fewest, points.summary.reading)


def show_points(session: Session, municipality: MunicipalityContext) -> dict[str, object] | None:
    """Return what the newest snap points say of themselves; None where there are none, and then nothing is public."""
    version = repository.newest_version(session, municipality.id)
    if version is None:
        return None
    summary = version["summary"]
    return {
        "fingerprint": version["fingerprint"],
        "basis": version["basis"],
        "built_at": version["created_at"].isoformat(),
        "points": summary["parameters"]["points"],
        "reading": summary["reading"],
        "public_danger_zones": repository.count_public_zones(session, municipality.id),
        "published_months": [
            f"{month:%Y-%m}" for month in sorted(repository.published_months(session, municipality.id))
        ],
    }


def read_public_zones(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return the public danger zones in WGS 84, with category, status, time of day and month."""
    return repository.read_public_zones(session, municipality.id)


def months_to_publish(session: Session, municipality: MunicipalityContext) -> list[dt.date]:
    """Return the complete months with incidents that were not published yet, by their first days."""
    months = repository.months_of_incidents(session, municipality.id)
    if months is None:
        return []
    first, last, present = months
    published = repository.published_months(session, municipality.id)
    span = pd.date_range(first, min(last, present), freq="MS")
    return [month.date() for month in span if month.date() < present and month.date() not in published]


def read_month(text: str) -> dt.date:
    """Return the first day of a month that is written as YYYY-MM.

    Raises
    ------
    InvalidInputError
        It is no month.
    """
    try:
        return dt.datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month of the local calendar
    except ValueError as error:
        raise InvalidInputError(f"{text[:20]!r} is no month.", "Write it as 2026-03.") from error


def publish_month(
    session: Session, municipality: MunicipalityContext, month: dt.date, *, plan_id: int | None = None
) -> int:
    """Publish the incidents of a month by beat and category, once and for good, and return the number of areas.

    Small counts are hidden, and what would give them away. What was published never changes: rows that come later
    would show by the difference.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    month : date
        Its first day.
    plan_id : int, optional
        Beat plan whose beats are the areas; by default the one in force. Without one, only the municipality counts.

    Raises
    ------
    ConflictError
        The month was published before.
    InvalidInputError
        It is not over yet, or has no incidents.
    NotFoundError
        There is no such plan.
    """
    if month in repository.published_months(session, municipality.id):
        raise ConflictError(f"{month:%Y-%m} was published before.", "What was published never changes.")
    if month not in months_to_publish(session, municipality):
        raise InvalidInputError(f"{month:%Y-%m} is not over, or has no incidents.", "Choose a complete month.")
    plan = _plan_in_force(session, municipality) if plan_id is None else plan_id
    if plan_id is not None:
        beats.get_plan(session, municipality, plan_id)
    areas = [] if plan is None else [*repository.areas_of(session, municipality.id, plan), OUTSIDE]
    counts = _table(repository.count_incidents(session, municipality.id, month, plan), areas)
    shown = small_counts.suppress_table(counts.to_numpy()).shown
    columns = [*counts.columns, ALL]
    told = {
        area: json.dumps(dict(zip(columns, line, strict=True)))
        for area, line in zip([*counts.index, None], shown.tolist(), strict=True)
        if plan is not None or area is None
    }
    repository.insert_counts(session, municipality.id, month, plan, told)
    return len(told)


def _homes(
    session: Session, municipality: MunicipalityContext, addresses: gpd.GeoDataFrame | None, units_source: str | None
) -> FloatArray:
    if addresses is not None:
        return _coordinates(addresses.geometry.to_numpy())
    units = areal_units.read_units(session, municipality, units_source)
    areas = units[units["residents"].notna() & units.geom_type.isin(["Polygon", "MultiPolygon"])]
    if areas.empty:
        raise InvalidInputError(
            f"{municipality.name} has no areas with residents.", "Import areal units, or name a file of addresses."
        )
    return snap_points.addresses_of_units(areas, "residents")


def _candidates(session: Session, municipality: MunicipalityContext) -> FloatArray:
    """Return the middles of streets, and nodes of a fixed lattice for where there is none."""
    area = shapely.union_all(events.read_study_area(session, municipality).to_numpy())
    left, bottom, right, top = np.floor(np.array(area.bounds) / SPACING_METRES) * SPACING_METRES
    columns = np.arange(left, right + SPACING_METRES, SPACING_METRES)
    rows = np.arange(bottom, top + SPACING_METRES, SPACING_METRES)
    nodes = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    places = [nodes[shapely.contains_xy(area, nodes[:, 0], nodes[:, 1])]]
    known = streets.find_streets(session, municipality)
    if known is not None:
        lines = known.geometry.explode(ignore_index=True).to_numpy()
        places.append(_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True)))
    return np.concatenate(places)


def _coordinates(points: npt.ArrayLike) -> FloatArray:
    return np.asarray(shapely.get_coordinates(points), dtype=np.float64)


def _choose(candidates: FloatArray, homes: FloatArray, crs: str, basis: Basis) -> snap_points.SnapPoints:
    """Choose the points; where homes are estimated, a point that seems to stand for none may stand for one."""
    least = snap_points.LEAST_ADDRESSES
    points = snap_points.snap_points(*candidates.T, *homes.T, crs=crs, least_addresses=least)
    if basis == "addresses":
        return points
    lived_in = points.addresses > 0
    return snap_points.snap_points(points.x[lived_in], points.y[lived_in], *homes.T, crs=crs, least_addresses=least)


def _plan_in_force(session: Session, municipality: MunicipalityContext) -> int | None:
    plans = beats.list_plans(session, municipality)
    return next((plan["id"] for plan in plans if plan["status"] == "published"), None)


def _table(counts: pd.DataFrame, areas: list[str]) -> pd.DataFrame:
    """Return numbers of incidents, areas by public categories; without areas in one row."""
    codes = counts["category"].fillna(UNCATEGORISED).map(public_category)
    shown = counts.assign(category=codes, area=counts["area"].fillna(OUTSIDE)).dropna(subset="category")
    if shown.empty:
        return pd.DataFrame(0, index=areas or [OUTSIDE], columns=["other"])
    table = shown.pivot_table(index="area", columns="category", values="n", aggfunc="sum", fill_value=0)
    return table.reindex(areas or [OUTSIDE], fill_value=0).astype(np.int64)
