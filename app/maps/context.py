"""What a map says about itself besides its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import geopandas as gpd

from analysis.summary import Notice, Summary, software_version

Assets = Literal["linked", "embedded"]


@dataclass(frozen=True)
class MapContext:
    """Everything around the data of one map document.

    Attributes
    ----------
    title : str
        What the map shows, in the reader's words.
    period : str
        Time span of the data, for example ``"1 Jan 2023 to 31 Dec 2024"``.
    n_used : int
        Events (or units) that entered the result.
    excluded : mapping of str to int
        Events left out, by reason.
    method : str
        Method in the field's terms.
    parameters : mapping
        Parameters that shaped the result; a name that ends in ``_m``, ``_km2`` ... states its unit.
    units : str
        Unit of the mapped values, for example ``"events per km²"``.
    source : str
        Who recorded the data.
    run_id : str
        Identifier under which the result can be found again.
    handling_mark : str
        Who may see the document.
    reading : str
        What the result says, in plain language.
    warnings : tuple of Notice or str
        What a careful reader must know.
    boundary, streets : GeoDataFrame or None
        Study area or municipality, and street lines, in any CRS; drawn as a quiet background.
    basemap_url : str or None
        The operator's own XYZ tile address with ``{z}``, ``{x}`` and ``{y}``; the only outside host a map may ask.
    basemap_attribution : str
        Credit for the basemap.
    assets : {"linked", "embedded"}
        ``linked`` refers to files under ``static_url``; ``embedded`` holds everything, so that a saved file opens by
        double click on a closed network.
    nonce : str or None
        Nonce of the response's Content-Security-Policy; every inline script and style carries it.
    static_url : str
        Where the service mounts ``static_directories()``.
    software : str
        Version that made the result.
    """

    title: str
    period: str = ""
    n_used: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    method: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    units: str = ""
    source: str = ""
    run_id: str = ""
    handling_mark: str = ""
    reading: str = ""
    warnings: tuple[Notice | str, ...] = ()
    boundary: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None
    basemap_url: str | None = None
    basemap_attribution: str = ""
    assets: Assets = "linked"
    nonce: str | None = None
    static_url: str = "/static"
    software: str = field(default_factory=software_version)

    @classmethod
    def of_summary(cls, summary: Summary, *, title: str, **more: Any) -> Self:
        """Return the context of a result from its summary.

        Parameters
        ----------
        summary : Summary
            Gives method, parameters, n, excluded, warnings and software.
        title : str
            What the map shows.
        **more
            Any other field of the context.
        """
        taken: dict[str, Any] = {
            "n_used": summary.n_used,
            "excluded": summary.excluded,
            "method": summary.method,
            "parameters": {**summary.parameters, "working_crs": summary.crs, "study_area_km2": summary.study_area_km2},
            "reading": summary.reading,
            "warnings": summary.warnings,
            "software": summary.software,
        }
        if summary.seed is not None:
            taken["parameters"]["seed"] = summary.seed
        return cls(title=title, **{**taken, **more})
