"""Parameters of hot spots and of their sensitivity to the grid."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.analyses.parameters.area import GridParameters, Needs
from app.analyses.parameters.density import Kernel, check_bandwidth
from app.events.schemas import Length, Name, Weight

Correction = Literal["bh", "by", "bonferroni", "none"]
MOST_UNITS, MOST_PAIRS = 100_000, 1_000_000
"""Of neighbours that are given, so many at most."""
CORRECTION = "Map-wide correction: Benjamini-Hochberg, Benjamini-Yekutieli, Bonferroni or none."


class HotSpotParameters(GridParameters):
    """Getis-Ord Gi*, Gi or local Moran's I of cells, areal units or street segments."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cell_m": 200, "correction": "bh"}]})

    correction: Correction = Field(default="bh", description=CORRECTION)
    statistic: Literal["gi-star", "gi", "local-moran"] = Field(
        default="gi-star", description="With the place itself in its sum, without it, or local Moran's I."
    )
    units: Literal["squares", "hexagons", "areal-units", "street-segments"] = Field(
        default="squares", description="What is compared with its neighbours."
    )
    values: Literal["count", "rate", "empirical-bayes", "standardised"] = Field(
        default="count",
        description="Counts, or rates per resident of areal units: crude, smoothed or standardised (empirical Bayes).",
    )
    neighbours: Literal["contiguity", "queen", "rook", "band", "nearest", "kernel", "given"] = Field(
        default="contiguity",
        description="Contiguity: the eight squares or six hexagons around, units that touch, segments that meet. "
        "Given: by the names of areal units.",
    )
    neighbour_weights: dict[Name, dict[Name, Weight]] | None = Field(
        default=None,
        max_length=MOST_UNITS,
        description="With neighbours = given: for each areal unit its neighbours and their weights, as libpysal's "
        "W(...).to_adjlist or a .gal or .gwt file lists them.",
    )
    radius_m: Length | None = Field(default=None, description="Of a band or a kernel of neighbours, metres.")
    sigma_m: Length | None = Field(default=None, description="Of the gaussian kernel of neighbours, metres.")
    nearest: int | None = Field(default=None, ge=1, le=1000, description="Number of nearest neighbours.")
    kernel: Kernel | None = Field(default=None, description="Kernel of the weights of neighbours; quartic when absent.")
    permutations: int | None = Field(
        default=None,
        ge=99,
        le=99_999,
        description="Random arrangements for p; when absent p is exact where it can be, and else they are as many as "
        "take a few seconds.",
    )
    tolerance_m: Length = Field(
        default=50.0, description="With street segments: events farther from a street are left out, metres."
    )

    def needs(self) -> Needs:
        """Return what the statistic reads besides the places of its events."""
        return Needs(
            units=self.units == "areal-units",
            streets=self.units == "street-segments",
            clipped=self.units in ("areal-units", "street-segments"),
            counts_only=self.units == "squares" and not self.exclude_point_masses,
        )

    @model_validator(mode="after")
    def _values_of_units(self) -> Self:
        if self.values != "count" and self.units != "areal-units":
            raise ValueError("rates take units = areal-units, which have residents")
        return self

    @model_validator(mode="after")
    def _neighbours_have_what_they_take(self) -> Self:
        if self.neighbours == "kernel":
            check_bandwidth(self.kernel, self.radius_m, self.sigma_m)
        given = {name for name in ("radius_m", "sigma_m", "nearest", "kernel") if getattr(self, name) is not None}
        takes = {"band": {"radius_m"}, "nearest": {"nearest"}, "kernel": {"radius_m", "sigma_m", "kernel"}}
        wrong = given - takes.get(self.neighbours, set())
        if wrong:
            raise ValueError(f"neighbours = {self.neighbours} takes no {', '.join(sorted(wrong))}")
        needed = {"band": {"radius_m"}, "nearest": {"nearest"}, "kernel": {"radius_m", "sigma_m"}}
        if self.neighbours in needed and not given & needed[self.neighbours]:
            raise ValueError(f"neighbours = {self.neighbours} needs {' or '.join(sorted(needed[self.neighbours]))}")
        if (self.neighbours == "given") is not (self.neighbour_weights is not None):
            raise ValueError("neighbours = given and neighbour_weights go together")
        if self.neighbours == "given" and self.units != "areal-units":
            raise ValueError("neighbours = given takes units = areal-units, which have names")
        if sum(map(len, (self.neighbour_weights or {}).values())) > MOST_PAIRS:
            raise ValueError(f"neighbour_weights holds more than {MOST_PAIRS:,} pairs of units")
        if self.units in ("hexagons", "street-segments") and self.neighbours in ("queen", "rook"):
            raise ValueError(f"{self.units} have no queen or rook neighbours; use contiguity")
        return self


class SensitivityParameters(GridParameters):
    """The same hot spots over several origins and cell sizes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cell_m": 200, "sizes": [0.75, 1, 1.25], "origins": 4}]})

    correction: Correction = Field(default="bh", description=CORRECTION)
    units: Literal["squares", "hexagons"] = Field(default="squares", description="Shape of the cells.")
    sizes: tuple[Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False)], ...] = Field(
        default=(0.75, 1.0, 1.25),
        min_length=1,
        max_length=20,
        description="Cell sizes of the runs, in cells of the reference grid.",
    )
    origins: int = Field(default=4, ge=1, le=20, description="Runs of each size, each on a grid moved at random.")
