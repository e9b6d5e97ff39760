"""Which events enter an analysis, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from app.features.schemas import InputModel, PlainText

WEIGHING = frozenset({"event_weights", "category_weights", "other_weight"})
"""Parameters of the analyses that weigh events."""
EventLayer = Literal["incidents", "reports", "danger-zones"]
SHORTEST_M, LONGEST_M = 0.01, 1_000_000.0
"""Range of a length that an analysis may be asked for, metres."""
FARTHEST_M = 1e8
"""No coordinate of a projected CRS lies further from its origin, metres."""
Length = Annotated[float, Field(ge=SHORTEST_M, le=LONGEST_M, allow_inf_nan=False)]
"""A length that an analysis may be asked for, metres."""
Coordinate = Annotated[float, Field(ge=-FARTHEST_M, le=FARTHEST_M, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""What an event counts for."""
Name = Annotated[PlainText, StringConstraints(max_length=200)]
"""A name of something stored."""


@dataclass(frozen=True)
class EventWeights:
    """What an event counts for: its own weight, that of its category, or the product of both.

    Attributes
    ----------
    own : bool
        Whether an incident counts for the weight that is stored with it, 1 where none is.
    by_category : mapping of str to float or None
        Codes of categories with the weight of their events; None counts every category alike.
    other : float or None
        Weight of events of every other category; None refuses them.
    """

    own: bool
    by_category: Mapping[str, float] | None = None
    other: float | None = None

    @property
    def in_words(self) -> str:
        """What an event counts for, for people."""
        told = ("its own weight", self.own), ("the weight of its category", self.by_category is not None)
        return " times ".join(words for words, holds in told if holds)


def as_list(value: Any) -> Any:
    """Return one name as a list of one; anything else as it is."""
    return [value] if isinstance(value, str) else value


class EventSelection(InputModel):
    """Incidents, reports or danger zones of a municipality, by category, period and source."""

    model_config = ConfigDict(frozen=True)

    events: EventLayer = Field(
        default="incidents",
        description="Layer that the events come from; of reports those of residents, each reporter once: no entries of "
        "staff, no duplicates. Of danger zones each once at its middle, however many named it: none of staff, no "
        "duplicates, none that was rejected.",
    )
    categories: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = Field(
        default=(), max_length=500, description="Codes of the categories; all when empty. One code may stand alone."
    )
    period_from: date | None = Field(default=None, description="First day, in the municipality's time zone.")
    period_to: date | None = Field(default=None, description="Last day (included), in the municipality's time zone.")
    source: Name | None = Field(default=None, description="Name of one source; all when absent.")

    @model_validator(mode="before")
    @classmethod
    def _weighed_where_that_means_something(cls, given: Any) -> Any:
        """Refuse weights, with a reason, where every event counts for one."""
        strange = sorted(WEIGHING.intersection(given) - set(cls.model_fields)) if isinstance(given, dict) else ()
        if strange:
            raise ValueError(
                f"{strange[0]} is a parameter of kernel-density and network-density; no other analysis weighs events"
            )
        return given

    @model_validator(mode="after")
    def _period_in_order(self) -> Self:
        if self.period_from and self.period_to and self.period_to < self.period_from:
            raise ValueError(f"period_to ({self.period_to}) is before period_from ({self.period_from})")
        return self
