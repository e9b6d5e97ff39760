"""Parameters of lighting and of proposals of fixes, which look at it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from app.analyses.parameters.area import AreaParameters, Needs
from app.events.schemas import EventSelection, Length, Name, as_list

Categories = Annotated[tuple[Name, ...], BeforeValidator(as_list), Field(max_length=500)]


class LightingParameters(AreaParameters):
    """Which streets are lit, what happens in the dark, and whether nights are worse near dark than near lit metres."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reach_m": 20, "categories": ["robbery", "assault"]}]})

    at: date | None = Field(
        default=None, description="Day at the end of which outages are looked at; the last day of the events if absent."
    )
    step_m: float = Field(
        default=5.0, ge=0.5, le=100, allow_inf_nan=False, description="Length of the pieces of street, metres."
    )
    reach_m: Length = Field(default=20.0, description="A street is lit so far from a working lamp, metres.")
    without_classes: Categories = Field(
        default=("railway", "rail"), description="Street classes that are left out: nobody walks there."
    )
    inventory_within_m: Length | None = Field(
        default=None,
        description="The inventory knows only the surroundings of its lamps, so far, metres: beyond them no lamp does "
        "not mean no light. It covers the whole municipality when absent.",
    )
    assume_working: bool = Field(
        default=True, description="Lamps work unless an outage is recorded, also where nobody keeps a log of outages."
    )
    within_m: Length = Field(default=30.0, description="Events farther from every street have unknown light, metres.")
    longest_hours: float | None = Field(
        default=24.0, gt=0, le=1e6, allow_inf_nan=False, description="Events in longer windows are left out, hours."
    )
    hot_spot_cell_m: Length | None = Field(
        default=None, description="Cells of the hot spots that streets lie in, metres; suggested when absent."
    )

    def needs(self) -> Needs:
        """Return what the lighting reads besides the places of events."""
        return Needs(times=True, streets=True, lamps=True, clipped=True, may_lack_events=True, zones=True, fixes=True)


class FixProposalParameters(LightingParameters):
    """Fixes proposed for danger zones and busy places, each with the evidence that made its rule fire."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"around_m": 50, "burglary_categories": ["burglary"], "busiest": 20}]}
    )

    around_m: Length = Field(default=50.0, description="Evidence is gathered so far around a place, metres.")
    busiest: int = Field(
        default=20, ge=0, le=500, description="So many of the busiest cells are looked at besides the danger zones."
    )
    cell_m: Length = Field(default=100.0, description="Size of these cells, metres.")
    burglary_categories: Categories = Field(
        default=(), description="Incident categories that are burglary; where there are none, its rule is not asked."
    )
    theft_categories: Categories = Field(
        default=(), description="Incident categories that are theft; where there are none, its rule is not asked."
    )

    def needs(self) -> Needs:
        """Return what the rules read besides the places of events."""
        named = {"burglaries": self.burglary_categories, "thefts": self.theft_categories}
        period = {"period_from": self.period_from, "period_to": self.period_to, "source": self.source}
        others = {name: EventSelection(categories=codes, **period) for name, codes in named.items() if codes}
        return Needs(
            times=True, streets=True, lamps=True, clipped=True, may_lack_events=True, zones=True, voices=True,
            others=others,
        )  # fmt: skip
