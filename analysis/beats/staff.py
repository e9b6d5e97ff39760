"""Officers as the matching takes them: rows checked, stations looked up, languages and years read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ParameterError, UnitsError

Real = NDArray[np.float64]
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class Staff:
    """Checked officers.

    Attributes
    ----------
    badges : tuple
        Officer ids.
    station : ndarray of float64, shape (o, 2)
        Home station in metres, NaN where unknown.
    capacity : ndarray of float64, shape (o,)
        Share of a full post, above 0 up to 1.
    languages : tuple of frozenset of str
        Languages each officer speaks, in lower case.
    years : ndarray of float64, shape (o,)
        Years on the present beat, 0 where unknown.
    current_beat : tuple of (str or None)
        Beat each officer holds, None for none.
    """

    badges: tuple[Any, ...]
    station: Real
    capacity: Real
    languages: tuple[frozenset[str], ...]
    years: Real
    current_beat: tuple[str | None, ...]

    @property
    def row(self) -> dict[str, int]:
        """Position of each officer by the text of the id."""
        return {str(badge): own for own, badge in enumerate(self.badges)}


def read_staff(officers: pd.DataFrame, *, stations: pd.DataFrame | None = None, today: dt.date | None = None) -> Staff:
    """Check a table of officers.

    Parameters
    ----------
    officers : DataFrame
        ``officer_id`` (unique), and where known ``station_x`` and ``station_y`` (metres in the CRS of the plan) or
        ``station`` (name of one of ``stations``), ``capacity``, ``current_beat``, ``languages`` (list, or text with
        commas) and ``serves_since`` (date from which the officer has held the beat).
    stations : DataFrame or None
        ``station``, ``x`` and ``y`` in metres.
    today : date or None
        Day up to which years of service count; without it ``serves_since`` is not used.

    Returns
    -------
    Staff

    Raises
    ------
    UnitsError
        When ``officer_id`` is missing or occurs twice, or the stations lack a column.
    ParameterError
        Naming the officer and row with half a station, an unknown station, a capacity that is no share, or a date that
        cannot be read or lies in the future.

    Examples
    --------
    >>> staff = read_staff(pd.DataFrame({"officer_id": ["7"], "languages": ["Romani, Latvian"], "capacity": [0.5]}))
    >>> sorted(staff.languages[0]), staff.capacity.tolist()
    (['latvian', 'romani'], [0.5])
    """
    badges = _checked_ids(officers)
    return Staff(
        badges=badges,
        station=_stations(officers, badges, stations),
        capacity=_capacities(officers, badges),
        languages=_languages(officers, len(badges)),
        years=_years(officers, badges, today),
        current_beat=_current_beats(officers, len(badges)),
    )


def _checked_ids(officers: pd.DataFrame) -> tuple[Any, ...]:
    """Return the unique officer ids."""
    if "officer_id" not in officers.columns:
        present = ", ".join(str(name) for name in officers.columns)
        raise UnitsError("The officers have no column 'officer_id'.", f"Columns present: {present or 'none'}.")
    given = officers["officer_id"].reset_index(drop=True)
    missing, twice = np.flatnonzero(given.isna()), np.flatnonzero(given.duplicated())
    if len(missing):
        raise UnitsError(
            f"Row {missing[0] + 1} of the officers has no officer_id.", "Give every officer a badge number."
        )
    if len(twice):
        raise UnitsError(f"Officer '{given[twice[0]]}' occurs twice (row {twice[0] + 1}).", "List every officer once.")
    return tuple(given.tolist())


def _stations(officers: pd.DataFrame, badges: tuple[Any, ...], stations: pd.DataFrame | None) -> Real:
    """Return the place of every officer's station."""
    places = np.full((len(officers), 2), np.nan)
    if {"station_x", "station_y"} <= set(officers.columns):
        columns = [
            pd.to_numeric(officers[name], errors="coerce").to_numpy(np.float64) for name in ("station_x", "station_y")
        ]
        places = np.column_stack(columns)
        half = np.flatnonzero(np.isfinite(places).sum(axis=1) == 1)
        if len(half):
            raise ParameterError(
                f"Officer '{badges[half[0]]}' (row {half[0] + 1}) has half a station.",
                "Give station_x and station_y in metres, or leave both empty.",
            )
        places[~np.isfinite(places).all(axis=1)] = np.nan
    if stations is None or "station" not in officers.columns:
        return places
    known = _station_places(stations)
    for own, name in enumerate(officers["station"].tolist()):
        if pd.isna(name) or str(name).strip() == "" or np.isfinite(places[own]).all():
            continue
        if str(name).strip() not in known:
            raise ParameterError(
                f"Officer '{badges[own]}' (row {own + 1}) belongs to station '{name}', which is not known.",
                f"Correct the name, or add the station. Stations: {', '.join(sorted(known)[:8])}.",
            )
        places[own] = known[str(name).strip()]
    return places


def _station_places(stations: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the place of every station by name."""
    missing = {"station", "x", "y"} - set(stations.columns)
    if missing:
        raise UnitsError(
            f"The stations have no column '{min(missing)}'.", "Give station, x and y (metres in the plan's CRS)."
        )
    places: dict[str, tuple[float, float]] = {}
    for row, (name, x, y) in enumerate(stations[["station", "x", "y"]].itertuples(index=False), start=1):
        place = pd.to_numeric(pd.Series([x, y]), errors="coerce").to_numpy(np.float64)
        if not np.isfinite(place).all():
            raise ParameterError(f"Station '{name}' (row {row}) has no place.", "Give x and y in metres.")
        places[str(name).strip()] = (float(place[0]), float(place[1]))
    return places


def _capacities(officers: pd.DataFrame, badges: tuple[Any, ...]) -> Real:
    """Return the share of a full post of every officer."""
    if "capacity" not in officers.columns:
        return np.ones(len(officers))
    given = officers["capacity"].reset_index(drop=True)
    share: Real = pd.to_numeric(given, errors="coerce").where(given.notna(), 1.0).to_numpy(np.float64)
    wrong = np.flatnonzero(~((share > 0) & (share <= 1)))
    if len(wrong):
        raise ParameterError(
            f"Officer '{badges[wrong[0]]}' (row {wrong[0] + 1}) has capacity {given[wrong[0]]}.",
            "Give the share of a full post: above 0, up to 1.",
        )
    return share


def _languages(officers: pd.DataFrame, count: int) -> tuple[frozenset[str], ...]:
    """Return the languages of every officer."""
    if "languages" not in officers.columns:
        return (frozenset(),) * count
    return tuple(frozenset(_spoken(value)) for value in officers["languages"].tolist())


def _spoken(value: Any) -> Iterable[str]:
    """Yield the languages of one cell."""
    parts = value.replace(";", ",").replace("|", ",").split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | set | frozenset | np.ndarray):
        return
    for part in parts:
        if str(part).strip():
            yield str(part).strip().lower()


def _years(officers: pd.DataFrame, badges: tuple[Any, ...], today: dt.date | None) -> Real:
    """Return the years of every officer on the present beat."""
    if "serves_since" not in officers.columns or today is None:
        return np.zeros(len(officers))
    given = officers["serves_since"].reset_index(drop=True)
    since = pd.to_datetime(given, errors="coerce")
    unreadable = np.flatnonzero(since.isna() & given.notna() & (given.astype(str).str.strip() != ""))
    if len(unreadable):
        raise ParameterError(
            f"Officer '{badges[unreadable[0]]}' (row {unreadable[0] + 1}) serves since "
            f"'{given[unreadable[0]]}', which is not a date.",
            "Write dates as 2024-09-01.",
        )
    years: Real = ((pd.Timestamp(today) - since).dt.days / DAYS_PER_YEAR).to_numpy(np.float64)
    future = np.flatnonzero(years < 0)
    if len(future):
        raise ParameterError(
            f"Officer '{badges[future[0]]}' (row {future[0] + 1}) serves since {given[future[0]]}, after {today}.",
            "Correct the date.",
        )
    return np.nan_to_num(years, nan=0.0)


def _current_beats(officers: pd.DataFrame, count: int) -> tuple[str | None, ...]:
    """Return the beat that every officer holds."""
    if "current_beat" not in officers.columns:
        return (None,) * count
    given = officers["current_beat"].tolist()
    return tuple(None if pd.isna(beat) or str(beat).strip() == "" else str(beat).strip() for beat in given)


def rows_of(
    staff: Staff, pairs: Iterable[tuple[Any, str]], beats: Mapping[str, int], what: str
) -> list[tuple[int, int]]:
    """Return (beat, officer) positions of (officer id, beat id) pairs.

    Raises
    ------
    ParameterError
        Naming the officer or beat that is unknown.
    """
    place, found = staff.row, []
    for badge, beat in pairs:
        if str(badge) not in place:
            raise ParameterError(f"There is no officer '{badge}', who is named by a {what}.", "Correct the officer id.")
        if str(beat) not in beats:
            raise ParameterError(f"There is no beat '{beat}', which is named by a {what}.", "Correct the beat id.")
        found.append((beats[str(beat)], place[str(badge)]))
    return found
