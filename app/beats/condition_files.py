"""Conditions of a plan from the command line: short ones as options, many in a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely
from pydantic import Field, ValidationError
from pyproj import CRS

from analysis.beats.conditions import Conditions
from analysis.beats.officers import OfficerConditions
from app.beats.schemas import ConditionParameters, OfficerParameters
from app.errors import InvalidInputError
from app.files.formats import read_bytes
from app.files.reading import read_features

Pair = tuple[str, str]


class ConditionDocument(ConditionParameters):
    """A file of conditions: those of HTTP, and those of the officers."""

    officers: OfficerParameters = Field(default_factory=OfficerParameters)


@dataclass(frozen=True)
class ConditionInput:
    """Conditions as they were given.

    Attributes
    ----------
    document : Path or None
        JSON like `ConditionDocument`.
    bridges, forbidden_borders : tuple of str
        ``UNIT,UNIT``.
    barriers : Path or None
        File of lines that no beat may cross.
    locked_units : tuple of str
        ``UNIT=BEAT``.
    locked_beats : tuple of str
    forbidden_officers, fixed_officers : tuple of str
        ``OFFICER,BEAT``.
    max_travel_km : float or None
    several : bool
    languages : tuple of str
        ``LANGUAGE=COLUMN``.
    """

    document: Path | None = None
    bridges: tuple[str, ...] = ()
    forbidden_borders: tuple[str, ...] = ()
    barriers: Path | None = None
    locked_units: tuple[str, ...] = ()
    locked_beats: tuple[str, ...] = ()
    forbidden_officers: tuple[str, ...] = ()
    fixed_officers: tuple[str, ...] = ()
    max_travel_km: float | None = None
    several: bool = False
    languages: tuple[str, ...] = field(default=())

    def read(self) -> ConditionDocument:
        """Return all conditions together.

        Raises
        ------
        InvalidInputError
            The file is no such JSON, or an option has not the form it needs.
        """
        given = _document(self.document)
        officers = given.officers
        return given.model_copy(
            update={
                "bridges": (*given.bridges, *_pairs(self.bridges, "--bridge", "UNIT,UNIT")),
                "forbidden_borders": (
                    *given.forbidden_borders,
                    *_pairs(self.forbidden_borders, "--forbidden-border", "UNIT,UNIT"),
                ),
                "locked_units": given.locked_units | dict(_pairs(self.locked_units, "--lock-unit", "UNIT=BEAT")),
                "locked_beats": (*given.locked_beats, *self.locked_beats),
                "officers": officers.model_copy(
                    update={
                        "forbidden": (
                            *officers.forbidden,
                            *_pairs(self.forbidden_officers, "--forbid-officer", "OFFICER,BEAT"),
                        ),
                        "fixed": (*officers.fixed, *_pairs(self.fixed_officers, "--fix-officer", "OFFICER,BEAT")),
                        "max_travel_km": officers.max_travel_km if self.max_travel_km is None else self.max_travel_km,
                        "several": officers.several or self.several,
                        "languages": officers.languages | dict(_pairs(self.languages, "--language", "LANGUAGE=COLUMN")),
                    }
                ),
            }
        )


def conditions_of(document: ConditionDocument, barriers: Path | None, crs: CRS) -> Conditions:
    """Return the conditions of a plan as the analysis takes them.

    Raises
    ------
    KvartError, AnalysisError
        The file of barriers cannot be used, or holds something else than lines.
    """
    lines = () if barriers is None else tuple(read_features(barriers, working_crs=crs, expect="lines").frame.geometry)
    return Conditions(
        bridges=document.bridges,
        forbidden=document.forbidden_borders,
        barriers=(*lines, *_lines_of(document, crs)),
        locked_units=document.locked_units,
        locked_beats=document.locked_beats,
    )


def officer_conditions_of(document: ConditionDocument) -> OfficerConditions:
    """Return the conditions of the officers as the analysis takes them."""
    asked = document.officers
    return OfficerConditions(asked.forbidden, asked.fixed, asked.max_travel_km, asked.several)


def workload_terms(given: Sequence[str]) -> str | dict[str, float] | None:
    """Return the workload: one column as it is, several with the share of each.

    Raises
    ------
    InvalidInputError
        A share is no number, or a column is named twice.

    Examples
    --------
    >>> workload_terms(["calls=2", "reports=1"])
    {'calls': 2.0, 'reports': 1.0}
    >>> workload_terms(["calls"])
    'calls'
    """
    terms: dict[str, float] = {}
    for text in given:
        column, sign, share = (part.strip() for part in text.rpartition("=")) if "=" in text else (text, "", "")
        if column in terms:
            raise InvalidInputError(f"--workload names {column!r} twice.", "Name each column once.")
        try:
            terms[column] = float(share) if sign else 1.0
        except ValueError as error:
            raise InvalidInputError(f"--workload {text!r}: {share!r} is no number.", "Write COL=2.") from error
    return next(iter(terms)) if len(terms) == 1 else terms or None


def _document(path: Path | None) -> ConditionDocument:
    if path is None:
        return ConditionDocument()
    try:
        content: Any = json.loads(read_bytes(path))
    except OSError as error:
        raise InvalidInputError(f"Cannot read {path}: {error.strerror}.", "Check the path.") from error
    except ValueError as error:
        raise InvalidInputError(f"{path.name} is no JSON: {error}.", "Correct it.") from error
    try:
        return ConditionDocument.model_validate(content)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in wrong["loc"])
        raise InvalidInputError(
            f"{path.name}, {place or 'the whole'}: {wrong['msg']}.", "docs/beats.md shows what the file holds."
        ) from error


def _lines_of(document: ConditionDocument, crs: CRS) -> tuple[Any, ...]:

    lines = [shapely.LineString(line.coordinates) for line in document.barriers]
    return tuple(gpd.GeoSeries(lines, crs="EPSG:4326").to_crs(crs)) if lines else ()


def _pairs(given: Sequence[str], option: str, form: str) -> tuple[Pair, ...]:
    sign = "=" if "=" in form else ","
    found = []
    for text in given:
        parts = [part.strip() for part in text.split(sign)]
        if len(parts) != 2 or not all(parts):
            raise InvalidInputError(f"{option} {text!r} is not {form}.", "Names with such a mark go into --conditions.")
        found.append((parts[0], parts[1]))
    return tuple(found)
