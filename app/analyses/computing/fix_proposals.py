"""Fixes proposed for danger zones and busy cells by rules that print their evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from analysis.grids.square import square_grid
from analysis.lighting.lamps import working_lamps
from analysis.lighting.street_lighting import LIT, UNLIT, StreetLighting
from analysis.siting.proposals import PlaceEvidence, propose_fixes
from analysis.summary import Notice, Summary
from app.analyses.computing.lighting import light_at, light_streets, moment_of_outages
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.lighting import FixProposalParameters
from app.incidents.catalogue import category_code

STANDING = ("received", "in_moderation", "open", "in_plan", "fix_under_way", "not_confirmed", "reopened")
"""Danger zones that still wait for something to be done."""
COLUMNS = ("place", "danger_zone", "rule", "kind", "fix", "principle", "owner", "evidence", "against",
           "from_crime", "from_concern")  # fmt: skip
Shapes = npt.NDArray[np.object_]


def compute(found: AnalysisInput, parameters: FixProposalParameters, _seed: int) -> AnalysisResult:
    """Return the layer and table ``fix-proposals``."""
    moment = moment_of_outages(found, parameters)
    lighting, notices = light_streets(found, parameters, moment)
    places = _places(found, parameters)
    known = _Known.gathered(found, parameters, lighting, moment)
    near = shapely.buffer(places.geometry.to_numpy(), parameters.around_m)
    rows = []
    for (place, zone, shape), area in zip(places.itertuples(index=False), near, strict=True):
        for proposal in propose_fixes(known.evidence(area)):
            kind = proposal.kind
            told = (place, zone, proposal.rule, kind.code, kind.name, kind.principle, kind.owner, proposal.evidence,
                    proposal.against, proposal.from_crime, proposal.from_concern)  # fmt: skip
            rows.append((*told, shape))
    frame = gpd.GeoDataFrame(rows, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=found.crs)
    frame["danger_zone"] = frame["danger_zone"].astype("Int64")
    table = pd.DataFrame(frame.drop(columns="geometry"))
    summary = found.with_excluded({}, *notices, *known.notices).of_result(_summary(found, parameters, places, frame))
    tables = {"fix-proposals": table} if len(table) else {}
    return AnalysisResult(summary, (Layer("fix-proposals", frame),), tables)


def _places(found: AnalysisInput, parameters: FixProposalParameters) -> gpd.GeoDataFrame:
    """Return the zones that wait and the busiest cells: ``place, zone, geometry``."""
    zones = found.town.zones
    rows: list[tuple[str, int | None, Any]] = []
    if zones is not None:
        waiting = zones[zones["status"].isin(STANDING)]
        rows += [
            (f"danger zone {zone}", int(zone), shape)
            for zone, shape in zip(waiting["zone"], waiting.geometry, strict=True)
        ]
    if parameters.busiest and len(found.x) and found.study_area is not None:
        grid = square_grid(found.study_area, parameters.cell_m, crs=found.crs)
        cells = grid.to_frame(count=grid.count(found.x, found.y).counts[grid.inside])
        busy = cells[cells["count"] > 0].nlargest(parameters.busiest, "count", keep="first")
        rows += [(f"busy cell {rank}", None, shape) for rank, shape in enumerate(busy.geometry, start=1)]
    return gpd.GeoDataFrame(rows, columns=["place", "zone", "geometry"], geometry="geometry", crs=found.crs)


@dataclass(frozen=True)
class _Known:
    """What is known about the town, by place."""

    lighting: StreetLighting
    samples: shapely.STRtree
    out: shapely.STRtree | None
    events: shapely.STRtree
    night: npt.NDArray[np.float64] | None
    years: float
    voices: shapely.STRtree
    concerns: tuple[str, ...]
    others: dict[str, shapely.STRtree]
    notices: tuple[Notice, ...]

    @classmethod
    def gathered(
        cls,
        found: AnalysisInput,
        parameters: FixProposalParameters,
        lighting: StreetLighting,
        moment: pd.Timestamp,
    ) -> _Known:
        """Return what is known, ready to be asked for places."""
        light = light_at(found, parameters) if len(found.x) else None
        told = light is not None and not isinstance(light, Notice)
        voices = found.town.voices
        return cls(
            lighting,
            shapely.STRtree(shapely.points(lighting.sample_x, lighting.sample_y)),
            _lamps_out(found, moment),
            shapely.STRtree(shapely.points(found.x, found.y)),
            light.shares if told else None,  # type: ignore[union-attr]
            found.years() if found.first_day and found.last_day else 1.0,
            shapely.STRtree(() if voices is None else voices.geometry.to_numpy()),
            () if voices is None else tuple(category_code(str(code)) for code in voices["category"]),
            {name: shapely.STRtree(shapely.points(places)) for name, places in found.town.others.items()},
            (light,) if isinstance(light, Notice) else (),
        )

    def evidence(self, area: Any) -> PlaceEvidence:
        """Return what is known within an area."""
        code = self.lighting.sample_lighting[self.samples.query(area, "intersects")]
        known = int(np.isin(code, (LIT, UNLIT)).sum())
        here = self.events.query(area, "intersects")
        yearly = {name: len(tree.query(area, "intersects")) / self.years for name, tree in self.others.items()}
        heard = Counter(self.concerns[i] for i in self.voices.query(area, "intersects"))
        night = None if self.night is None else self.night[here].sum(axis=0) / self.years
        return PlaceEvidence(
            unlit_share=float((code == UNLIT).sum() / known) if known else None,
            lamps_out=None if self.out is None else len(self.out.query(area, "intersects")),
            night_events=None if night is None else float(night[2]),
            day_events=None if night is None else float(night[0]),
            burglaries=yearly.get("burglaries"),
            thefts=yearly.get("thefts"),
            reporters=dict(heard),
        )


def _lamps_out(found: AnalysisInput, moment: pd.Timestamp) -> shapely.STRtree | None:
    lamps, outages = found.town.lamps, found.town.outages
    if lamps is None or outages is None or lamps.empty or outages.empty:
        return None
    local = [outages[name].dt.tz_convert(found.zone) for name in ("out_from", "out_to")]
    working = working_lamps(lamps["lamp"], outages["lamp"], *local, at=moment, zone=found.zone)
    return shapely.STRtree(lamps.geometry.to_numpy()[~working])


def _summary(
    found: AnalysisInput, parameters: FixProposalParameters, places: gpd.GeoDataFrame, frame: gpd.GeoDataFrame
) -> Summary:
    by_crime, by_concern = int(frame["from_crime"].sum()), int(frame["from_concern"].sum())
    asked = parameters.model_dump(include={"around_m", "busiest", "cell_m", "reach_m"})
    return Summary(
        method="Rules that propose fixes from evidence",
        parameters={**asked, "places": len(places), "rules": int(frame["rule"].nunique())},
        n_used=len(found.x),
        excluded={},
        crs=str(found.crs),
        study_area_km2=0.0,
        reading=(
            f"For {frame['place'].nunique():,} of {len(places):,} places {len(frame):,} fixes are proposed: "
            f"{by_crime:,} from recorded crime, {by_concern:,} from what residents say (some from both). Each names "
            "its evidence; go and look before anything is built."
        ),
    )
