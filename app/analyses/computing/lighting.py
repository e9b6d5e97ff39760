"""Which streets are lit, and what happens in the dark: by segment, by light, and as odds of night near dark."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from analysis.errors import AnalysisError, ParameterError
from analysis.lighting.darkness_odds import DarknessOdds, darkness_odds
from analysis.lighting.daylight import LightShares, hours_of_light, light_of_events, rates_per_hour
from analysis.lighting.lamps import working_lamps
from analysis.lighting.street_lighting import LIGHTINGS, Lamps, StreetLighting, street_lighting
from analysis.summary import Notice
from app.analyses.computing.street_overlay import waiting_streets, with_overlay
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.lighting import LightingParameters

NO_LOG = Notice("no_outage_log", "No outage was recorded by then: every lamp is taken to work, which nobody checked.")
NO_INVENTORY = Notice("no_inventory", "There is no street light in the inventory: only map tags tell what is lit.")


def compute(found: AnalysisInput, parameters: LightingParameters, _seed: int) -> AnalysisResult:
    """Return the layer ``street-lighting``, what waits along streets, and rates and odds where events tell them."""
    moment = moment_of_outages(found, parameters)
    lighting, notices = light_streets(found, parameters, moment)
    place = whereabouts(found)
    year = (f"{moment.year}-01-01", f"{moment.year + 1}-01-01")
    dark_hours = hours_of_light(*year, **place, zone=found.zone)["dark"]
    frame = lighting.frame.assign(darkness_exposure_km_h=lighting.frame["unlit_m"] / 1000.0 * dark_hours)
    tables: dict[str, pd.DataFrame] = {}
    figures: dict[str, Any] = {"darkness": _exposure(frame, dark_hours)}
    told = found.with_excluded({}, *notices)
    if len(found.x):
        light = light_at(found, parameters)
        if isinstance(light, Notice):
            told = told.with_excluded({}, light)
        else:
            frame = _with_events(frame, found, light, parameters.within_m)
            tables["light-rates"] = _rates(found, light, place)
            odds, notice = _odds(found, lighting, light, parameters)
            told = told.with_excluded({}, *notice)
            if odds is not None:
                tables["darkness-odds"] = _odds_table(odds)
                figures["darkness"] |= {"reading": odds.summary.reading}
    names = _walked_streets(found, parameters).get("name")
    layer = frame if names is None else frame.assign(name=names.to_numpy())
    layer, overlaid = with_overlay(layer, found, parameters.within_m, parameters.hot_spot_cell_m)
    told = told.with_excluded({}, *overlaid)
    tables |= {"lighting": _lengths(frame), "waiting-streets": waiting_streets(layer)}
    more = {"at": moment.date().isoformat(), "dark_hours_of_year": round(dark_hours)}
    summary = told.of_result(lighting.summary, **more)
    return AnalysisResult(summary, (Layer("street-lighting", layer),), tables, figures)


def moment_of_outages(found: AnalysisInput, parameters: LightingParameters) -> pd.Timestamp:
    """Return the moment at which outages are looked at: the end of a day, in local time.

    Raises
    ------
    ParameterError
        Nothing tells which day is meant.
    """
    day = parameters.at or found.last_day
    if day is not None:
        return pd.Timestamp(day, tz=found.zone) + pd.DateOffset(days=1) - pd.Timedelta(1, "s")
    outages = found.town.outages
    known = (
        []
        if outages is None
        else [outages[name].max() for name in ("out_from", "out_to") if outages[name].notna().any()]
    )
    if not known:
        raise ParameterError("It is not known which day is meant: there are no events.", "Give the day as 'at'.")
    return pd.Timestamp(max(known)).tz_convert(found.zone)


def light_streets(
    found: AnalysisInput, parameters: LightingParameters, moment: pd.Timestamp
) -> tuple[StreetLighting, tuple[Notice, ...]]:
    """Return the lighting of the streets at a moment, and what a careful reader must know of it."""
    streets = _walked_streets(found, parameters)
    lamps, notices = _lamps(found, parameters, moment)
    tags = streets["lit"].to_numpy() if "lit" in streets and streets["lit"].notna().any() else None
    asked = {"step_m": parameters.step_m, "reach_m": parameters.reach_m}
    return street_lighting(streets.geometry.reset_index(drop=True), lamps, lit_tags=tags, **asked), notices


def _walked_streets(found: AnalysisInput, parameters: LightingParameters) -> gpd.GeoDataFrame:
    """Return the streets without those of the classes that nobody walks on."""
    streets = found.known_streets()
    if "street_class" not in streets:
        return streets
    left_out = {name.casefold() for name in parameters.without_classes}
    kept = streets[~streets["street_class"].fillna("").str.casefold().isin(left_out)].reset_index(drop=True)
    if kept.empty:
        raise ParameterError("Every street is of a class that is left out.", "Give other classes in without_classes.")
    return kept


def _lamps(
    found: AnalysisInput, parameters: LightingParameters, moment: pd.Timestamp
) -> tuple[Lamps | None, tuple[Notice, ...]]:
    inventory, outages = found.town.lamps, found.town.outages
    if inventory is None or inventory.empty or outages is None:
        return None, (NO_INVENTORY,)
    local = [outages[name].dt.tz_convert(found.zone) for name in ("out_from", "out_to")]
    working = working_lamps(inventory["lamp"], outages["lamp"], *local, at=moment, zone=found.zone)
    logged = len(outages) > 0 and outages["out_from"].min() <= moment
    doubtful = None if logged or parameters.assume_working else np.ones(len(inventory), dtype=np.bool_)
    covered = None
    if parameters.inventory_within_m is not None:
        covered = shapely.union_all(shapely.buffer(inventory.geometry.to_numpy(), parameters.inventory_within_m))
    places = inventory.geometry
    lamps = Lamps(places.x.to_numpy(), places.y.to_numpy(), working, covered, doubtful)
    return lamps, () if logged or doubtful is not None else (NO_LOG,)


def whereabouts(found: AnalysisInput) -> dict[str, float]:
    """Return longitude and latitude of the middle of the town."""
    area = found.study_area.centroid if found.study_area is not None else shapely.Point(found.x.mean(), found.y.mean())
    longitude, latitude = Transformer.from_crs(found.crs, "EPSG:4326", always_xy=True).transform(area.x, area.y)
    return {"longitude": float(longitude), "latitude": float(latitude)}


def light_at(found: AnalysisInput, parameters: Any) -> LightShares | Notice:
    """Return how likely each event happened by day, in twilight and in the dark; a notice where no clock tells."""
    times = found.event_times()
    to_degrees = Transformer.from_crs(found.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(found.x, found.y)
    try:
        return light_of_events(
            times.begin,
            times.end,
            longitude=longitude,
            latitude=latitude,
            zone=found.zone,
            time_precision=times.precision,
            longest_hours=parameters.longest_hours,
        )
    except AnalysisError as error:
        return Notice("no_hours", f"Night and day are not told apart: {error.message}")


def _with_events(frame: gpd.GeoDataFrame, found: AnalysisInput, light: LightShares, within_m: float) -> Any:
    """Return the segments with the expected events of their surroundings by light."""
    (event, segment), _ = shapely.STRtree(frame.geometry.to_numpy()).query_nearest(
        shapely.points(found.x, found.y), max_distance=within_m, return_distance=True, all_matches=False
    )
    shares = light.shares[event]
    counted = {
        f"{name}_events": np.bincount(segment, shares[:, code], len(frame)).round(2)
        for code, name in enumerate(("day", "twilight", "dark"))
    }
    return frame.assign(**counted)


def _rates(found: AnalysisInput, light: LightShares, place: dict[str, float]) -> pd.DataFrame:
    """Return events per 1,000 hours of day, twilight and dark."""
    times = found.event_times()
    first = found.first_day or times.begin.min().tz_convert(found.zone).date()
    last = found.last_day or times.begin.max().tz_convert(found.zone).date()
    end = pd.Timestamp(last) + pd.Timedelta(1, "D")
    return rates_per_hour(light.expected, hours_of_light(str(first), end, **place, zone=found.zone)).round(3)


def _odds(
    found: AnalysisInput, lighting: StreetLighting, light: LightShares, parameters: LightingParameters
) -> tuple[DarknessOdds | None, tuple[Notice, ...]]:
    used = light.used
    code = lighting.at(found.x[used], found.y[used], within_m=parameters.within_m)
    metres = (float(lighting.frame["unlit_m"].sum()), float(lighting.frame["lit_m"].sum()))
    try:
        odds = darkness_odds(light.shares[used, 2], code, metres=metres)
    except AnalysisError as error:
        return None, (Notice("no_odds", f"Nights near dark and near lit metres are not compared: {error.message}"),)
    return odds, odds.summary.warnings


def _odds_table(odds: DarknessOdds) -> pd.DataFrame:
    rates = odds.night_per_km or (None, None)
    return pd.DataFrame(
        {
            "lighting": ["unlit", "lit"],
            "dark_events": odds.table[:, 0].round(2),
            "light_events": odds.table[:, 1].round(2),
            "dark_events_per_km": pd.array(rates, dtype="Float64"),
            "odds_ratio": pd.array([odds.odds.estimate, 1.0], dtype="Float64"),
            "low": pd.array([odds.odds.low, None], dtype="Float64"),
            "high": pd.array([odds.odds.high, None], dtype="Float64"),
        }
    )


def _lengths(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return kilometres and segments by lighting."""
    return pd.DataFrame(
        {
            "lighting": list(LIGHTINGS),
            "segments": [int((frame["lighting"] == name).sum()) for name in LIGHTINGS],
            "km": [round(float(frame[f"{name}_m"].sum()) / 1000.0, 3) for name in LIGHTINGS],
        }
    )


def _exposure(frame: gpd.GeoDataFrame, dark_hours: float) -> dict[str, Any]:
    return {
        "unlit_km": round(float(frame["unlit_m"].sum()) / 1000.0, 3),
        "dark_hours_of_year": round(dark_hours),
        "exposure_km_h": round(float(frame["darkness_exposure_km_h"].sum())),
    }
