"""Candidates of a ranking: fixes, and bundles whose fixes are done together or not at all."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analysis.errors import EmptyInputError
from analysis.siting.catalogue import CATALOGUE, BenefitRange, FixKind
from analysis.summary import Notice
from app.analyses.inputs import AnalysisInput
from app.analyses.parameters.fixes import FixRankingParameters

USUAL_REACH_M = 50.0
KINDS: dict[str, FixKind] = {kind.code: kind for kind in CATALOGUE}
BUNDLE = "bundle"
"""Kind of a candidate that is a bundle."""


def candidates(
    found: AnalysisInput, parameters: FixRankingParameters
) -> tuple[gpd.GeoDataFrame, dict[str, int], tuple[Notice, ...]]:
    """Return the candidates, how many fixes are none and why, and what a reader must know.

    Columns: ``fix`` (the first of a bundle), ``bundle, fixes`` (how many), ``title, kind, status, owner, cost,
    best_kind`` (that of the largest known benefit), ``reach`` (the area that it serves).
    """
    fixes = found.town.fixes
    if fixes is None or fixes.empty:
        raise EmptyInputError("There is no fix to choose from.", "Import or propose fixes first.")
    kept, excluded = _open(fixes, parameters)
    every = _wholes(kept, parameters)
    rules = [("no_cost", every["cost"].notna())]
    if parameters.objective == "crime":
        rules.append(("benefit_on_crime_not_known", every["best_kind"].map(lambda kind: benefit(kind) is not None)))
    taken = every
    for reason, keeps in rules:
        excluded[reason] = int(taken.loc[~keeps.loc[taken.index], "fixes"].sum())
        taken = taken[keeps.loc[taken.index]]
    if taken.empty:
        raise EmptyInputError(
            f"None of {len(fixes)} fixes can be chosen: {', '.join(f'{n} {why}' for why, n in excluded.items() if n)}.",
            "Give costs, other statuses, or rank by concern.",
        )
    unknown = sorted({str(kind) for kind in kept["kind"]} - set(KINDS))
    message = f"Kinds that are not in the catalogue work as far as {USUAL_REACH_M:g} m: {', '.join(unknown)}."
    return taken.reset_index(drop=True), excluded, (Notice("unknown_kind", message),) if unknown else ()


def benefit(kind: str) -> BenefitRange | None:
    """Return what is known of the benefit of a kind on crime."""
    return KINDS[kind].benefit if kind in KINDS else None


def _open(fixes: gpd.GeoDataFrame, parameters: FixRankingParameters) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    keeps = fixes["status"].isin(parameters.statuses)
    return fixes[keeps].reset_index(drop=True), {"other_status": int((~keeps).sum())}


def _wholes(fixes: gpd.GeoDataFrame, parameters: FixRankingParameters) -> gpd.GeoDataFrame:
    """Return a row for each fix that stands alone and for each bundle."""
    alone = fixes["bundle"].isna() | (not parameters.bundles_whole)
    keys = np.where(alone, fixes["fix"].map("fix {}".format), fixes["bundle"].map("bundle {}".format))
    parts = [group for _, group in fixes.groupby(keys, sort=False)]
    rows = [_whole(part, parameters.reach_m) for part in parts]
    columns = ["fix", "bundle", "fixes", "title", "kind", "status", "owner", "cost", "best_kind", "reach", "geometry"]
    frame = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=fixes.crs)
    return frame.astype({"cost": "Float64", "bundle": "Int64", "fix": "Int64"})


def _whole(part: gpd.GeoDataFrame, reach_m: float | None) -> dict[str, object]:
    """Return a fix, or the fixes of a bundle, as one candidate."""
    first = part.iloc[0]
    kinds = part["kind"].tolist()
    reach = [reach_m or (KINDS[kind].reach_m if kind in KINDS else USUAL_REACH_M) for kind in kinds]
    served = shapely.union_all(shapely.buffer(part.geometry.to_numpy(), reach))
    known = {kind: range_.middle for kind in kinds if (range_ := benefit(kind)) is not None}
    is_bundle = len(part) > 1
    return {
        "fix": first["fix"],
        "bundle": first["bundle"] if is_bundle else pd.NA,
        "fixes": len(part),
        "title": first["bundle_title"] if is_bundle else first["title"],
        "kind": BUNDLE if is_bundle else first["kind"],
        "status": "; ".join(dict.fromkeys(part["status"])),
        "owner": "; ".join(dict.fromkeys(part["owner"].dropna().astype(str))) or None,
        "cost": part["cost"].sum() if part["cost"].notna().all() else pd.NA,
        "best_kind": max(known, key=known.__getitem__) if known else kinds[0],
        "reach": served,
        "geometry": _together(part),
    }


def _together(part: gpd.GeoDataFrame) -> shapely.Geometry:
    """Return one geometry of what is done: its points, lines or areas, or the hull of what is mixed."""
    whole = shapely.union_all(part.geometry.to_numpy())
    return whole if whole.geom_type != "GeometryCollection" else shapely.convex_hull(whole)
