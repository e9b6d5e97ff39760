"""How the parameters of each kind of run are checked; those of an import are checked by ``app.ingest``."""

from __future__ import annotations

from pydantic import BaseModel

from app.analyses.kinds import ANALYSES
from app.beats.schemas import AllocationParameters, AssignmentParameters, RedrawParameters

PARAMETERS_OF_KIND: dict[str, type[BaseModel]] = {
    **{kind: analysis.parameters for kind, analysis in ANALYSES.items()},
    "beat-allocation": AllocationParameters,
    "beat-redraw": RedrawParameters,
    "officer-assignment": AssignmentParameters,
    "trade-off": AllocationParameters,
}
