"""The registry of analyses: their parameters, and where each is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.analyses.parameters.area import AreaParameters
from app.analyses.parameters.density import KernelDensityParameters, NetworkDensityParameters
from app.analyses.parameters.fixes import (
    ConcernMismatchParameters,
    FixEvaluationParameters,
    FixRankingParameters,
)
from app.analyses.parameters.hot_spots import HotSpotParameters, SensitivityParameters
from app.analyses.parameters.lighting import FixProposalParameters, LightingParameters
from app.analyses.parameters.places import BackTestParameters, ClustersParameters, TopPlacesParameters
from app.analyses.parameters.times import (
    ChangeParameters,
    EmergingHotSpotParameters,
    HotSpotHistoryParameters,
    NearRepeatParameters,
    TemporalProfileParameters,
)
from app.errors import InvalidInputError
from app.events.service import polygon_of_geojson

if TYPE_CHECKING:
    from app.analyses.inputs import AnalysisInput, AnalysisResult

    Compute = Callable[[AnalysisInput, Any, int], AnalysisResult]


@dataclass(frozen=True)
class Analysis:
    """A kind of analysis.

    Attributes
    ----------
    kind : str
        One of ``app.runs.models.RUN_KINDS``.
    title : str
        What it shows, for headings.
    units : str
        Unit of its main values; empty where they have none.
    parameters : type of AreaParameters
    module : str
        Module of ``app.analyses.computing`` whose ``compute`` does it; loaded when it is first asked for.
    seeded : bool
        Whether it always draws random numbers, so that a seed is stored with every run.
    of_events : bool
        Whether its heading says of which events; else only categories that were chosen are told.
    """

    kind: str
    title: str
    units: str
    parameters: type[AreaParameters]
    module: str
    seeded: bool = False
    of_events: bool = True

    def heading(self, categories: Sequence[str], events: str) -> str:
        """Return the heading of a result.

        Parameters
        ----------
        categories : sequence of str
            All where there is none.
        events : str
            ``incidents``, ``reports`` or ``danger-zones``.
        """
        chosen = ", ".join(categories)
        if self.of_events:
            return f"{self.title} of {chosen or 'all'} {events.replace('-', ' ')}"
        return f"{self.title} ({chosen})" if chosen else self.title

    @property
    def compute(self) -> Compute:
        """The function that computes it."""
        found: Compute = import_module(f"app.analyses.computing.{self.module}").compute
        return found

    def checked(self, given: Mapping[str, Any]) -> AreaParameters:
        """Return parameters with every default filled in.

        Raises
        ------
        InvalidInputError
            A parameter cannot be used; the message names it.
        TooLargeError
            The study area has too many vertices.
        """
        try:
            checked = self.parameters.model_validate(given)
        except ValidationError as error:
            raise InvalidInputError(
                told_faults(error),
                f"The API document describes the parameters of {self.kind}.",
                pointer=first_fault(error),
            ) from error
        if checked.study_area is not None:
            polygon_of_geojson(checked.study_area.model_dump(mode="json"))
        return checked


LONGEST_NAME = 80

ANALYSES: dict[str, Analysis] = {
    analysis.kind: analysis
    for analysis in (
        Analysis("kernel-density", "Density", "events per km²", KernelDensityParameters, "kernel_density"),
        Analysis("getis-ord", "Hot spots", "z-scores of places with their neighbours", HotSpotParameters, "hot_spots"),
        Analysis(
            "sensitivity",
            "Sensitivity of hot spots",
            "share of runs",
            SensitivityParameters,
            "sensitivity",
            seeded=True,
        ),
        Analysis("change", "Change", "rate after over rate before", ChangeParameters, "change"),
        Analysis("hot-spot-history", "History of hot spots", "", HotSpotHistoryParameters, "hot_spot_history"),
        Analysis("emerging-hot-spots", "Emerging hot spots", "", EmergingHotSpotParameters, "emerging_hot_spots"),
        Analysis(
            "near-repeat",
            "Near repeats",
            "risk after recent crimes nearby",
            NearRepeatParameters,
            "near_repeat",
            seeded=True,
        ),
        Analysis("temporal-profile", "Hours and months", "events", TemporalProfileParameters, "temporal_profile"),
        Analysis("clusters", "Clusters", "events", ClustersParameters, "clusters", seeded=True),
        Analysis("top-places", "Top places", "events", TopPlacesParameters, "top_places"),
        Analysis(
            "network-density", "Density along streets", "events per km", NetworkDensityParameters, "network_density"
        ),
        Analysis("back-test", "Back-test", "", BackTestParameters, "back_test", seeded=True),
        Analysis(
            "lighting", "Lighting of streets", "metres of street", LightingParameters, "lighting", of_events=False
        ),
        Analysis("fix-proposals", "Proposed fixes", "", FixProposalParameters, "fix_proposals", of_events=False),
        Analysis(
            "fix-ranking", "Ranking of fixes", "", FixRankingParameters, "fix_ranking", seeded=True, of_events=False
        ),
        Analysis(
            "fix-evaluation", "Effect of a fix", "events", FixEvaluationParameters, "fix_evaluation", of_events=False
        ),
        Analysis(
            "concern-mismatch",
            "Concern against crime",
            "",
            ConcernMismatchParameters,
            "concern_mismatch",
            seeded=True,
            of_events=False,
        ),
    )
}


def first_fault(error: ValidationError) -> str:
    """Return the name of the first parameter that is at fault, nothing where it is all of them together."""
    return ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])[:LONGEST_NAME]


def told_faults(error: ValidationError) -> str:
    """Return the faults of parameters as one sentence each, with their names."""
    parts = []
    for item in error.errors(include_url=False):
        place = ".".join(str(part) for part in item["loc"])
        value = f" is {item['input']}" if isinstance(item["input"], int | float | str) else ""
        parts.append(f"{place}{value[:80]}: {item['msg']}" if place else str(item["msg"]))
    return "; ".join(parts) + "."
