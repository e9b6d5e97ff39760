"""Parameters of clusters, of the busiest places and of back-tests."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.analyses.parameters.area import AreaParameters, GridParameters, Needs
from app.events.schemas import Length

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class ClustersParameters(AreaParameters):
    """Clusters of events by density or by nearest neighbours, with hulls and ellipses."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"method": "dbscan", "max_distance_m": 100, "min_events": 15}]}
    )

    method: Literal["dbscan", "hdbscan", "nearest-neighbour"] = Field(
        default="nearest-neighbour", description="nearest-neighbour: hierarchical, against random points."
    )
    min_events: int = Field(default=10, ge=2, le=100_000, description="Least events of a cluster.")
    max_distance_m: Length | None = Field(default=None, description="dbscan: neighbours are at most so far apart.")
    merge_distance_m: float | None = Field(
        default=None, ge=0, le=10_000, allow_inf_nan=False, description="hdbscan: nearer clusters are made one, metres."
    )
    probability: Probability | None = Field(
        default=None, description="nearest-neighbour: level of the threshold distance; 0.5 when absent."
    )
    threshold_m: Length | None = Field(
        default=None, description="nearest-neighbour: the threshold itself instead of probability, metres."
    )
    min_clusters: int | None = Field(
        default=None, ge=2, le=1000, description="nearest-neighbour: least clusters of one of the next order; 4."
    )
    simulations: int | None = Field(
        default=None, ge=0, le=999, description="nearest-neighbour: sets of random points; 99 when absent."
    )

    def needs(self) -> Needs:
        """Return what the clustering reads besides the places of its events."""
        return Needs(clipped=True)

    @model_validator(mode="after")
    def _options_of_the_method(self) -> Self:
        takes = {
            "dbscan": {"max_distance_m"},
            "hdbscan": {"merge_distance_m"},
            "nearest-neighbour": {"probability", "threshold_m", "min_clusters", "simulations"},
        }
        given = {name for names in takes.values() for name in names if getattr(self, name) is not None}
        wrong = given - takes[self.method]
        if wrong:
            raise ValueError(f"{self.method} takes no {', '.join(sorted(wrong))}")
        if self.method == "dbscan" and self.max_distance_m is None:
            raise ValueError("dbscan needs max_distance_m")
        if self.probability is not None and self.threshold_m is not None:
            raise ValueError("give probability or threshold_m, not both")
        return self


class TopPlacesParameters(GridParameters):
    """The busiest places, and how concentrated events are over all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"place": "street-segments", "most": 20}]})

    place: Literal["cells", "areal-units", "street-segments", "points"] = Field(
        default="cells", description="What a place is."
    )
    most: int = Field(default=20, ge=1, le=1000, description="Places to list.")
    worst_share: Share = Field(default=0.05, description="Part of all places whose share of the events is told.")
    tolerance_m: Length = Field(
        default=50.0, description="With street segments: events farther from a street are left out, metres."
    )

    def needs(self) -> Needs:
        """Return what the table reads besides the places of its events."""
        return Needs(
            times=True,
            units=self.place == "areal-units",
            streets=self.place == "street-segments",
            clipped=self.place != "cells",
        )


class BackTestParameters(GridParameters):
    """Which method would have foretold later events best: fitted on one period, judged on the next."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cell_m": 250, "fit": 12, "score": 1, "unit": "month", "measure": "pai"}]}
    )

    fit: int = Field(default=12, ge=1, le=3660, description="Length of the period to learn from.")
    score: int = Field(default=1, ge=1, le=3660, description="Length of the period to be judged on.")
    step: int | None = Field(default=None, ge=1, le=3660, description="From one window to the next; score when absent.")
    unit: Literal["month", "day"] = Field(default="month", description="Unit of fit, score and step.")
    measure: Literal["pai", "pei", "hit-rate", "area-under"] = Field(
        default="pai", description="What ranks the methods."
    )
    area_share: Share = Field(default=0.05, description="Part of the area at which methods are ranked.")
    area_shares: tuple[Share, ...] = Field(
        default=(0.01, 0.05, 0.1, 0.2), min_length=1, max_length=20, description="Parts of the area to report."
    )
    residents: bool = Field(default=False, description="Add the baseline of residents, from the areal units.")
    methods: Literal["every", "standard"] = Field(
        default="every",
        description="Every method, or only counts, quartic and gaussian densities, Gi* and chance, which are quicker.",
    )
    along_streets: bool = Field(default=False, description="Add the density along streets.")
    resamples: int = Field(default=2000, ge=100, le=20_000, description="Bootstrap resamples of the windows.")

    @model_validator(mode="after")
    def _streets_are_of_every(self) -> Self:
        if self.along_streets and self.methods != "every":
            raise ValueError("along_streets goes with methods = every")
        return self

    def needs(self) -> Needs:
        """Return what the test reads besides the places of its events."""
        return Needs(times=True, units=self.residents, streets=self.along_streets)
