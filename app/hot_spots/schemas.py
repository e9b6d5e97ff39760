"""Parameters of density and hot-spot runs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.events.schemas import LONGEST_M, SHORTEST_M, GridParameters


class DensityParameters(GridParameters):
    """Kernel density in events per km2 at the centre of each cell."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kernel": "quartic", "radius_m": 500, "cell_m": 100, "categories": ["robbery"]}]
        }
    )

    kernel: Literal["quartic", "gaussian"] = Field(default="quartic", description="Form of the kernel.")
    radius_m: float | None = Field(
        default=None,
        ge=SHORTEST_M,
        le=LONGEST_M,
        allow_inf_nan=False,
        description="Reach of the quartic kernel, metres; suggested when absent.",
    )
    sigma_m: float | None = Field(
        default=None,
        ge=SHORTEST_M,
        le=LONGEST_M,
        allow_inf_nan=False,
        description="Standard deviation of the gaussian kernel, metres; suggested when absent.",
    )

    @model_validator(mode="after")
    def _bandwidth_of_the_kernel(self) -> Self:
        if self.kernel == "quartic" and self.sigma_m is not None:
            raise ValueError("the quartic kernel takes radius_m, not sigma_m")
        if self.kernel == "gaussian" and self.radius_m is not None:
            raise ValueError("the gaussian kernel takes sigma_m, not radius_m")
        return self


class HotSpotParameters(GridParameters):
    """Getis-Ord Gi* on square cells (queen neighbours and the cell itself)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cell_m": 200, "correction": "bh"}]})

    correction: Literal["bh", "by", "bonferroni", "none"] = Field(
        default="bh", description="Map-wide correction: Benjamini-Hochberg, Benjamini-Yekutieli, Bonferroni or none."
    )
