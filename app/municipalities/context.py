"""The municipality that a request, a command or a run works for."""

from __future__ import annotations

from dataclasses import dataclass

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class MunicipalityContext:
    """What every use case needs to know of its municipality.

    Attributes
    ----------
    id : int
        Key that every repository function takes.
    code : str
        Name in addresses and commands.
    name : str
        Name that people use.
    working_crs : str
        Projected CRS in metres, as pyproj reads it.
    time_zone : str
        IANA name.
    bounds : tuple of float
        West, south, east and north of the boundary, degrees.
    """

    id: int
    code: str
    name: str
    working_crs: str
    time_zone: str
    bounds: Bounds
