"""What stands around a chart, and the files that there are of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from analysis.summary import software_version

Format = Literal["svg", "png", "pdf"]


@dataclass(frozen=True)
class Caption:
    """What stands around a chart.

    Attributes
    ----------
    title : str
        What the chart shows, in the reader's words.
    source : str
        Who recorded the data, and over which period.
    handling_mark : str
        Who may see it.
    run_id : str
        Under which the result can be found again.
    software : str
        Version that made the result.
    """

    title: str
    source: str = ""
    handling_mark: str = ""
    run_id: str = ""
    software: str = field(default_factory=software_version)

    @property
    def footer(self) -> str:
        """One line under the chart."""
        run = f"Run {self.run_id}" if self.run_id else ""
        source = f"Source: {self.source}" if self.source else ""
        return "   |   ".join(part for part in (source, run, self.software) if part)
