"""What the demonstration asks of the sample, in the order in which a commander and a municipality would."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.analyses import service as analyses
from app.analyses.parameters.area import AreaParameters
from app.analyses.parameters.density import KernelDensityParameters
from app.analyses.parameters.fixes import (
    ConcernMismatchParameters,
    FixEvaluationParameters,
    FixRankingParameters,
)
from app.analyses.parameters.hot_spots import HotSpotParameters
from app.analyses.parameters.lighting import FixProposalParameters, LightingParameters
from app.beats import service as beats
from app.beats.schemas import AllocationParameters
from app.fixes import service as fixes
from app.hot_spots import service as hot_spots
from app.municipalities.context import MunicipalityContext

QUESTIONS: dict[str, str] = {
    "getis-ord": "hot spots",
    "kernel-density": "density",
    "beat-allocation": "beats and officers",
    "lighting": "lighting",
    "concern-mismatch": "concern against crime",
    "fix-proposals": "what could be done",
    "fix-ranking": "what first",
    "fix-evaluation": "did it work",
}
"""Kind of run to its title for people."""

BUDGET = 100_000.0
HOT = 2
"""Class of a cell (`gi_bin`) from which on it is said that a fix answers it: 95 % and more."""

Asked = AreaParameters | AllocationParameters


def parameters_of(session: Session, municipality: MunicipalityContext, kind: str) -> Asked | None:
    """Return the parameters of a question; None where the sample has nothing to ask about."""
    if kind == "beat-allocation":
        plans = beats.list_plans(session, municipality)
        current = next((plan["id"] for plan in plans if plan["run_id"] is None), None)
        return AllocationParameters(hard_boundary="commissariat", current_plan_id=current, plan_name="Proposed beats")
    if kind == "fix-evaluation":
        return _finished_work(session, municipality)
    asked: dict[str, Asked] = {
        "getis-ord": HotSpotParameters(cell_m=150),
        "kernel-density": KernelDensityParameters(cell_m=100, radius_m=400),
        "lighting": LightingParameters(),
        "concern-mismatch": ConcernMismatchParameters(cell_m=300),
        "fix-proposals": FixProposalParameters(burglary_categories=("burglary",), theft_categories=("theft",)),
        "fix-ranking": FixRankingParameters(budget=BUDGET, objective="concern"),
    }
    return asked[kind]


def fingerprint_of(session: Session, municipality: MunicipalityContext, asked: Asked) -> str:
    """Return the fingerprint of the input that a question would read now."""
    if isinstance(asked, AllocationParameters):
        return beats.input_fingerprint(session, municipality, asked)
    return analyses.input_fingerprint(session, municipality, asked)


def _finished_work(session: Session, municipality: MunicipalityContext) -> FixEvaluationParameters | None:
    """Return the evaluation of the first bundle whose fixes are all done."""
    stored = fixes.read_fixes(session, municipality)
    stored["is_done"] = (stored["status"] == "done") & stored["ended_on"].notna()
    bundles = stored[stored["bundle"].notna()].groupby("bundle")["is_done"].all()
    finished = bundles.index[bundles.to_numpy(dtype=bool)]
    if not len(finished):
        return None
    return FixEvaluationParameters(bundle_id=int(finished[0]), selected_on="other")


def link_hot_spots(session: Session, municipality: MunicipalityContext, run_id: int) -> None:
    """Say of each fix which hot cells of a run it stands in."""
    cells = hot_spots.result_frame(session, municipality, "getis-ord", run_id).to_crs(municipality.working_crs)
    hot = cells[cells["gi_bin"] >= HOT]
    fixes.link_cells(session, municipality, run_id, hot.set_index("cell").geometry)
