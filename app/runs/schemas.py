"""Runs as they are asked for and as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.beats.schemas import AllocationParameters
from app.features.schemas import InputModel
from app.hot_spots.schemas import DensityParameters, HotSpotParameters

MAX_SEED = 2**32 - 1
RunKind = Literal["import", "kernel-density", "getis-ord", "beat-allocation"]
RunState = Literal["queued", "running", "succeeded", "failed", "dismissed"]
Seed = Annotated[int | None, Field(ge=0, le=MAX_SEED, description="Seed of the random numbers; 0 when absent.")]


class DensityRun(InputModel):
    """Ask for a kernel density."""

    kind: Literal["kernel-density"]
    parameters: DensityParameters = Field(default_factory=DensityParameters)
    seed: Seed = None


class HotSpotRun(InputModel):
    """Ask for Getis-Ord Gi* hot spots."""

    kind: Literal["getis-ord"]
    parameters: HotSpotParameters = Field(default_factory=HotSpotParameters)
    seed: Seed = None


class AllocationRun(InputModel):
    """Ask for a beat plan."""

    kind: Literal["beat-allocation"]
    parameters: AllocationParameters = Field(default_factory=AllocationParameters)
    seed: Seed = None


RunRequest = Annotated[DensityRun | HotSpotRun | AllocationRun, Field(discriminator="kind")]

RUN_EXAMPLES: dict[str, dict[str, Any]] = {
    "hot spots": {
        "summary": "Hot spots of burglary in cells of 200 m",
        "value": {
            "kind": "getis-ord",
            "parameters": {"categories": ["burglary"], "cell_m": 200, "correction": "bh"},
        },
    },
    "density": {
        "summary": "Density of one year, quartic kernel of 500 m",
        "value": {
            "kind": "kernel-density",
            "parameters": {"radius_m": 500, "cell_m": 100, "period_from": "2025-01-01", "period_to": "2025-12-31"},
        },
    },
    "beats": {
        "summary": "Beats of 3,000 to 7,000 residents with an officer each",
        "value": {
            "kind": "beat-allocation",
            "parameters": {"min_residents": 3000, "max_residents": 7000, "plan_name": "Plan 2026"},
            "seed": 1,
        },
    },
}


class RunLink(BaseModel):
    """Where to go from a run."""

    rel: Literal["self", "result", "map", "beat-plan"]
    href: str
    type: str


class RunDetail(BaseModel):
    """A run: what was asked, of which input, by which software, and how it goes or ended."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 7,
                    "municipality": "talsi",
                    "kind": "getis-ord",
                    "state": "running",
                    "progress": 40,
                    "message": "Gi* of 2,310 cells",
                    "parameters": {"cell_m": 200, "correction": "bh"},
                    "seed": None,
                    "attempt": 1,
                    "software_version": "kvart 0.1.0",
                    "input_fingerprint": None,
                    "summary": None,
                    "problem": None,
                    "created_at": "2026-03-01T09:00:00Z",
                    "started_at": "2026-03-01T09:00:01Z",
                    "finished_at": None,
                    "links": [{"rel": "self", "href": "/municipalities/talsi/runs/7", "type": "application/json"}],
                }
            ]
        }
    )

    id: int
    municipality: str
    kind: RunKind
    state: RunState
    progress: int = Field(description="Percent.")
    message: str
    parameters: dict[str, Any]
    seed: int | None
    attempt: int = Field(description="How many workers have begun this run.")
    software_version: str
    input_fingerprint: str | None = Field(description="SHA-256 over the rows that entered, in a fixed order.")
    summary: dict[str, Any] | None
    problem: dict[str, Any] | None = Field(description="Problem document of a run that failed.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: list[RunLink]


class RunList(BaseModel):
    """Runs of a municipality, newest first."""

    runs: list[RunDetail]
    next_before: int | None = Field(description="Give this as `before` to read on; null on the last page.")
