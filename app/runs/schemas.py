"""Runs as they are asked for and as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.features.schemas import InputModel
from app.runs.models import RunKind, RunState
from app.runs.parameters import PARAMETERS_OF_KIND

MAX_SEED = 2**32 - 1
Seed = Annotated[int | None, Field(ge=0, le=MAX_SEED, description="Seed of the random numbers; 0 when absent.")]


class RequestedRun(InputModel):
    """Ask for a run of a kind."""

    kind: str
    parameters: BaseModel
    seed: Seed = None


def _request_of(kind: str, parameters: type[BaseModel]) -> type[RequestedRun]:
    """Return the model of a request: parameters may be left out where none of them is required."""
    optional = not any(field.is_required() for field in parameters.model_fields.values())
    name = "".join(word.capitalize() for word in kind.split("-"))
    return create_model(
        f"{name}Run",
        __base__=RequestedRun,
        __doc__=(parameters.__doc__ or "").strip().partition("\n")[0],
        kind=(Literal[kind], ...),  # type: ignore[arg-type]
        parameters=(parameters, Field(default_factory=parameters) if optional else ...),
    )


REQUESTS = tuple(_request_of(kind, parameters) for kind, parameters in PARAMETERS_OF_KIND.items())
if TYPE_CHECKING:
    RunRequest = RequestedRun
else:
    RunRequest = Annotated[Union[REQUESTS], Field(discriminator="kind")]  # noqa: UP007 - of a tuple

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
    "change": {
        "summary": "Change from one year to the next in cells of 500 m",
        "value": {
            "kind": "change",
            "parameters": {
                "cell_m": 500,
                "before": {"first": "2024-01-01", "last": "2024-12-31"},
                "after": {"first": "2025-01-01", "last": "2025-12-31"},
            },
        },
    },
    "near repeats": {
        "summary": "Near repeats of burglary, and the places at raised risk",
        "value": {"kind": "near-repeat", "parameters": {"categories": ["burglary"], "cell_m": 100}},
    },
    "back-test": {
        "summary": "Which method would have foretold the next month best",
        "value": {"kind": "back-test", "parameters": {"cell_m": 250, "fit": 12, "score": 1}},
    },
    "lighting": {
        "summary": "Lit and unlit streets, and nights near dark",
        "value": {"kind": "lighting", "parameters": {"categories": ["robbery", "assault"], "reach_m": 20}},
    },
    "ranking": {
        "summary": "Fixes under a budget of 100,000",
        "value": {"kind": "fix-ranking", "parameters": {"budget": 100000, "objective": "concern"}},
    },
    "did it work": {
        "summary": "Evaluation of a fix against controls and buffer",
        "value": {"kind": "fix-evaluation", "parameters": {"fix_id": 1, "selected_on": "other"}},
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

    rel: Literal[
        "self", "result", "places", "table", "raster", "events", "map", "chart", "report", "beat-plan", "collection"
    ]
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
    repeat_of: int | None = Field(default=None, description="Run whose question was asked again.")
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
