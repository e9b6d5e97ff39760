"""Source profiles: what a supplier's files mean, declared once and used for every file of that source."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.errors import InvalidInputError, NotFoundError
from app.files.columns import nearest
from app.files.coordinate_systems import parse_crs
from app.files.delimited import Dialect
from app.files.values import NULL_TOKENS

TimePrecision = Literal["second", "minute", "hour", "day", "month", "year"]


class SourceProfile(BaseModel):
    """How the files of one source are read; everything left out is found from the file or has a default.

    Attributes
    ----------
    columns : dict of str to str
        Column of the file for each field, for example ``{"occurred_from": "DATE OCC"}``.
    crs : str, optional
        Coordinate reference system of the coordinates, as ``EPSG:n`` or WKT.
    timezone : str, optional
        IANA name of the zone of local times; by default that of the municipality.
    utc_label : {"utc", "local"}
        What a time labelled ``Z`` or ``+00`` means: UTC, or the local clock with a wrong label.
    time_precision : str, optional
        The finest unit that the times really have, where that is coarser than they look.
    date_format : str, optional
        ``"day-first"``, ``"month-first"`` or a strptime format such as ``"%d.%m.%Y %H:%M"``.
    null_tokens : tuple of str
        Texts that mean "no value".
    delimiter, decimal, encoding, layer : str, optional
        How a text file is written, and which layer of a GeoPackage counts.
    category : str, optional
        Category of every row, for files of one category that have no such column.
    categories : dict of str to str
        Category for each value of the category column; values not named here become categories of their own.
    sensitive_categories : tuple of str
        Categories that no public layer may show.
    reported_by : dict of str to str
        Who reported, for each value of that column: citizen, officer_interview, survey, municipality, unknown.
    statuses : dict of str to str
        Status for each value of the status column.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field(default_factory=dict)
    crs: str | None = None
    timezone: str | None = None
    utc_label: Literal["utc", "local"] = "utc"
    time_precision: TimePrecision | None = None
    date_format: str | None = None
    null_tokens: tuple[str, ...] = NULL_TOKENS
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    layer: str | None = None
    category: str | None = None
    categories: dict[str, str] = Field(default_factory=dict)
    sensitive_categories: tuple[str, ...] = ()
    reported_by: dict[str, str] = Field(default_factory=dict)
    statuses: dict[str, str] = Field(default_factory=dict)

    @field_validator("crs")
    @classmethod
    def _crs_is_known(cls, text: str | None) -> str | None:
        if text is not None:
            parse_crs(text)
        return text

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, name: str | None) -> str | None:
        if name is not None:
            require_timezone(name)
        return name

    @property
    def dialect(self) -> Dialect:
        """How the files are written."""
        return Dialect(self.delimiter, self.decimal, self.encoding, self.layer)

    def words_of(self, field: str) -> dict[str, str]:
        """Return what the supplier's words for a field mean."""
        return {"reported_by": self.reported_by, "status": self.statuses}.get(field, {})

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, as JSON-ready values."""
        return self.model_dump(mode="json", exclude_defaults=True)


def require_timezone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises
    ------
    InvalidInputError
        If there is none of this name.
    """
    zones = available_timezones()
    if name in zones:
        return ZoneInfo(name)
    near = nearest(name, zones) or "America/Chicago"
    raise InvalidInputError(f"There is no time zone '{name}'.", f"Use an IANA name, for example {near}.")


def load_profile(path: Path) -> dict[str, Any]:
    """Return the settings of a profile written in TOML, checked.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InvalidInputError
        If it is no TOML or holds settings that a profile does not have.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no profile {path}.", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path.name} is no valid TOML: {error}.", "Correct that line.") from error
    combine_profiles(settings, where=path.name)
    return settings


def combine_profiles(*layers: dict[str, Any], where: str = "The profile") -> SourceProfile:
    """Return the profile that later settings make of earlier ones; mappings are merged key by key.

    Raises
    ------
    InvalidInputError
        If a setting does not exist or has an impossible value.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            both_map = isinstance(value, dict) and isinstance(merged.get(name), dict)
            merged[name] = merged[name] | value if both_map else value
    try:
        return SourceProfile.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"])
        near = nearest(setting, SourceProfile.model_fields)
        hint = f"Did you mean '{near}'?" if first["type"] == "extra_forbidden" and near else ""
        hint = hint or f"Settings are: {', '.join(SourceProfile.model_fields)}."
        raise InvalidInputError(f"{where}: '{setting}': {first['msg']}.", hint) from error
