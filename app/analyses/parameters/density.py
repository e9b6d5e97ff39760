"""Parameters of densities, on a raster and along streets."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.analyses.parameters.area import AreaParameters, GridParameters, Needs
from app.events.schemas import EventSelection, EventWeights, Length, Name, Weight

Kernel = Literal["quartic", "epanechnikov", "triweight", "triangular", "uniform", "gaussian"]
Level = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]


def check_bandwidth(kernel: Kernel | None, radius_m: float | None, sigma_m: float | None) -> None:
    """Refuse the bandwidth of another kernel."""
    if kernel == "gaussian" and radius_m is not None:
        raise ValueError("the gaussian kernel takes sigma_m, not radius_m")
    if kernel != "gaussian" and sigma_m is not None:
        raise ValueError(f"the {kernel or 'quartic'} kernel takes radius_m, not sigma_m")


class WeightedParameters(AreaParameters):
    """Events that count for more or less than one, for example by the harm that they do."""

    event_weights: bool = Field(
        default=False,
        description="Let each incident count for the `weight` that is stored with it, for example the number of its "
        "victims or a harm index; 1 where it has none. Times the weight of its category, with category_weights.",
    )
    category_weights: dict[Name, Weight] | None = Field(
        default=None,
        max_length=500,
        description="What an event counts for, by the code of its category, for example a harm index; 1 when absent.",
    )
    other_weight: Weight | None = Field(
        default=None,
        description="With category_weights: what events of categories that are not named count for; such "
        "events are refused when absent.",
    )

    def weights(self) -> EventWeights | None:
        """Return what events count for; None where each counts for one."""
        if not self.event_weights and self.category_weights is None:
            return None
        return EventWeights(self.event_weights, self.category_weights, self.other_weight)

    @model_validator(mode="after")
    def _weights_together(self) -> Self:
        if self.other_weight is not None and self.category_weights is None:
            raise ValueError("other_weight goes with category_weights")
        if self.event_weights and self.events != "incidents":
            raise ValueError(f"event_weights goes with events = incidents: {self.events} have no weights of their own")
        return self


class KernelDensityParameters(GridParameters, WeightedParameters):
    """Kernel density in events per km2 at the centre of each cell."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kernel": "quartic", "radius_m": 500, "cell_m": 100, "categories": ["robbery"]}]
        }
    )

    kernel: Kernel = Field(default="quartic", description="Form of the kernel.")
    radius_m: Length | None = Field(
        default=None,
        description="Reach of a kernel other than the gaussian, metres; chosen by bandwidth_rule if absent.",
    )
    sigma_m: Length | None = Field(
        default=None,
        description="Standard deviation of the gaussian kernel, metres; chosen by bandwidth_rule if absent.",
    )
    bandwidth_rule: Literal["nearest", "scott", "cross-validation"] = Field(
        default="nearest", description="What chooses the bandwidth where none is given; the table `bandwidth` tells."
    )
    adaptive: bool = Field(
        default=False, description="Vary the bandwidth: narrow where events are dense, wide where they are sparse."
    )
    edge_correction: Literal["none", "uniform", "diggle"] = Field(
        default="none", description="How to make up for the part of kernels that falls outside the study area."
    )
    per_year: bool = Field(default=False, description="Events per km2 and year, by the length of the period.")
    against: Literal["residents", "events"] | None = Field(
        default=None,
        description="Compare with the residents of the areal units (events per 1,000 residents), or with the events of "
        "`base`.",
    )
    base: EventSelection | None = Field(
        default=None,
        description="The other events, with against = events; weighed alike where they are of the same layer.",
    )
    measure: Literal["ratio", "log-ratio", "difference"] = Field(
        default="log-ratio", description="How densities of two layers of events are compared."
    )
    normalised: bool = Field(
        default=True, description="Compare shares of each layer, so that 1 (or a logarithm of 0) is the same share."
    )
    floor_per_km2: float | None = Field(
        default=None,
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="Density of residents or base below which no ratio is given, per km2; 1 % of the mean when absent.",
    )
    contour_bands: int | None = Field(
        default=None, ge=2, le=50, description="Add the layer `contours`, of about so many bands."
    )
    contour_levels: tuple[Level, ...] = Field(
        default=(), max_length=50, description="Add the layer `contours` between these levels, per km2, ascending."
    )

    def needs(self) -> Needs:
        """Return what the density reads besides the places of its events."""
        return Needs(units=self.against == "residents", base=self.base, weights=self.weights())

    @model_validator(mode="after")
    def _bandwidth_of_the_kernel(self) -> Self:
        check_bandwidth(self.kernel, self.radius_m, self.sigma_m)
        return self

    @model_validator(mode="after")
    def _comparison_is_complete(self) -> Self:
        if (self.against == "events") is not (self.base is not None):
            raise ValueError("against = events and base go together")
        if self.adaptive and self.edge_correction == "uniform":
            raise ValueError("an adaptive density takes the edge correction none or diggle")
        if self.adaptive and self.against == "residents":
            raise ValueError("an adaptive density has no one bandwidth to smooth residents by")
        if self.contour_levels and list(self.contour_levels) != sorted(set(self.contour_levels)):
            raise ValueError("contour_levels must ascend")
        return self


class NetworkDensityParameters(WeightedParameters):
    """Kernel density along streets, in events per kilometre."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"radius_m": 300, "lixel_m": 25}]})

    kernel: Kernel = Field(default="quartic", description="Form of the kernel.")
    radius_m: Length | None = Field(
        default=None, description="Reach of a kernel other than the gaussian along streets, metres; 300 when absent."
    )
    sigma_m: Length | None = Field(
        default=None, description="Standard deviation of the gaussian along streets, metres; 100 when absent."
    )
    equal_split: Literal["continuous", "discontinuous"] = Field(
        default="continuous", description="How a kernel goes on behind a junction; continuous keeps every event."
    )
    lixel_m: Length = Field(default=25.0, description="Longest piece of street with a value of its own, metres.")
    tolerance_m: Length = Field(default=50.0, description="Events farther from a street are left out, metres.")
    per_year: bool = Field(default=False, description="Events per km and year, by the length of the period.")

    def needs(self) -> Needs:
        """Return what the density reads besides the places of its events."""
        return Needs(streets=True, clipped=True, weights=self.weights())

    @model_validator(mode="after")
    def _bandwidth_of_the_kernel(self) -> Self:
        check_bandwidth(self.kernel, self.radius_m, self.sigma_m)
        return self
