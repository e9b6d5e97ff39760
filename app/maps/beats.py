"""The map of a beat plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from app.errors import InvalidInputError
from app.maps.colouring import neighbour_colours, neighbours
from app.maps.context import MapContext
from app.maps.formatting import is_missing, number, plain, words
from app.maps.furniture import (
    TABLE_ROWS,
    Bar,
    Column,
    Fact,
    LegendEntry,
    LegendGroup,
    Swatch,
    Table,
    table_note,
    table_rows,
)
from app.maps.layers import label_layer, label_places, shape_layer, to_degrees, unlocated_note
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import BEAT_COLOURS, INK, OUT_OF_BOUNDS
from app.maps.size import require_feature_count, simplified_coverage

_VACANT = "vacant"
_MANY = 80
"""Beats above which borders are drawn thin."""
_BLOCKS_OF_MEAN, _MOST_BLOCKS = 5, 15
"""Length of the bar of a beat with the mean workload, and of the longest bar."""
_MOVED_OPACITY = 0.4
_CHANGES = {
    "moved_residents": "Residents moved in",
    "moved_units": "Units moved",
    "moved": "Moved",
    "residents_before": "Residents before",
    "residents_in": "Residents who come",
    "residents_out": "Residents who go",
    "workload_before": "Workload before",
}


@dataclass(frozen=True)
class ResidentBand:
    """How many residents a beat should have.

    Attributes
    ----------
    lowest, highest : int
        Residents.
    """

    lowest: int = 3000
    highest: int = 7000


@dataclass(frozen=True)
class _Plan:
    """The beats in EPSG:4326 with what is written about them."""

    beats: gpd.GeoDataFrame
    band: ResidentBand
    officers: Mapping[Any, Any] | None
    reasons: Mapping[Any, str]
    moved: gpd.GeoDataFrame | None

    @property
    def outside(self) -> np.ndarray:
        """Beats that break the band, fall apart, or have another reason not to be as asked for."""
        beats = self.beats
        broken = ~beats["residents"].between(self.band.lowest, self.band.highest)
        if "within_bounds" in beats.columns:
            broken = ~beats["within_bounds"].fillna(value=False).astype(bool)
        if "contiguous" in beats.columns:
            broken |= ~beats["contiguous"].fillna(value=False).astype(bool)
        if "reason" in beats.columns:
            broken |= beats["reason"].fillna("").astype(str) != ""
        return np.asarray(broken)

    def officer(self, beat_id: Any) -> str:
        """Badge number of a beat's officer, or that the beat is vacant."""
        officer = (self.officers or {}).get(beat_id)
        return _VACANT if is_missing(officer) else str(officer)

    def reason(self, position: int) -> str:
        """Why a beat is out of bounds; empty for the others."""
        beat = self.beats.iloc[position]
        if beat["beat_id"] in self.reasons:
            return self.reasons[beat["beat_id"]]
        if not self.outside[position]:
            return ""
        stated = beat.get("reason")
        if not is_missing(stated) and str(stated):
            return words(str(stated))
        if "contiguous" in self.beats.columns and not beat["contiguous"]:
            return "not in one piece"
        below = beat["residents"] < self.band.lowest
        return f"below {self.band.lowest:,} residents" if below else f"above {self.band.highest:,} residents"


def beat_map(
    frame: gpd.GeoDataFrame,
    context: MapContext,
    *,
    officers: Mapping[Any, Any] | None = None,
    band: ResidentBand | None = None,
    reasons: Mapping[Any, str] | None = None,
    moved: gpd.GeoDataFrame | None = None,
) -> str:
    """Return the HTML document of a beat plan.

    Parameters
    ----------
    frame : GeoDataFrame
        Beats in any CRS with ``beat_id`` and ``residents``; used where present: ``workload``, ``polsby_popper``,
        ``units``, ``within_bounds``, ``contiguous``, ``reason``, ``officer_id``, and of a plan that replaces another
        ``moved_residents``, ``moved_units``, ``moved``, ``residents_before``, ``residents_in``, ``residents_out``,
        ``workload_before``, ``officer_before``.
    context : MapContext
        Title, period, method, source and the like. ``min_residents`` and ``max_residents`` among its parameters give
        the band.
    officers : mapping, optional
        ``beat_id`` to the officer's badge number or name, None for a vacancy; replaces the column ``officer_id``.
        Where neither names an officer, none were assigned yet and no beat is called vacant.
    band : ResidentBand, optional
        Residents a beat should have; replaces the parameters of the context.
    reasons : mapping, optional
        ``beat_id`` to a sentence that says why the beat is not as asked for; replaces the code of the column
        ``reason``.
    moved : GeoDataFrame, optional
        Areas whose residents change beat, in any CRS: ``beat_before``, ``beat_after``, ``residents``, ``units``; see
        `app.beats.changes.moved_areas`.

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        Where a column is missing or there is nothing to draw.
    TooLargeError
        Where there are more beats or vertices than a document holds.
    """
    missing = [column for column in ("beat_id", "residents") if column not in frame.columns]
    if missing:
        raise InvalidInputError(f"The beat layer lacks {' and '.join(missing)}.", "Draw the beats of a beat plan.")
    require_feature_count(len(frame), "beats", "Draw one municipality at a time.")
    beats, note = simplified_coverage(to_degrees(frame, "beats"))
    known = officers
    if known is None and "officer_id" in beats.columns and beats["officer_id"].notna().any():
        known = dict(zip(beats["beat_id"], beats["officer_id"], strict=True))
    shown = to_degrees(moved, "moved residents") if moved is not None else None
    plan = _Plan(beats, band or _band_of(context), known, reasons or {}, shown)
    areas, marked, labels = _layers(plan)
    patches = _moved_layer(plan)
    over = tuple(layer for layer in (patches, marked, labels) if layer is not None)
    page = Page(
        context=context,
        under=(areas,) if areas is not None else (),
        over=over,
        legend=(*_legend(plan, areas, marked, labels), *_moved_legend(plan, patches)),
        facts=_facts(plan),
        table=_table(plan),
        bounds=view_bounds(beats),
        notes=(*((note,) if note else ()), *unlocated_note(frame, "beats")),
    )
    return render_page(page)


def _band_of(context: MapContext) -> ResidentBand:
    default = ResidentBand()
    lowest = context.parameters.get("min_residents", default.lowest)
    highest = context.parameters.get("max_residents", default.highest)
    return ResidentBand(int(lowest), int(highest))


def _layers(plan: _Plan) -> tuple[folium.GeoJson | None, folium.GeoJson | None, folium.GeoJson | None]:
    beats = plan.beats
    if beats.empty:
        return None, None, None
    colours = neighbour_colours(neighbours(beats.geometry), len(BEAT_COLOURS))
    styles = [
        {
            "color": "#ffffff",
            "weight": 2.5 if len(beats) <= _MANY else 1.2,
            "opacity": 1,
            "fill": True,
            "fillColor": BEAT_COLOURS[colour],
            "fillOpacity": 0.85,
        }
        for colour in colours
    ]
    areas = shape_layer("beats", beats.geometry, styles, _texts(plan))
    outside = beats.geometry[plan.outside]
    marked = None
    if len(outside):
        outline = {
            "color": OUT_OF_BOUNDS,
            "weight": 3.5 if len(beats) <= _MANY else 2.0,
            "opacity": 1,
            "fill": False,
            "dashArray": "8 6",
        }
        marked = shape_layer("out of bounds", outside, [outline] * len(outside))
    by_size = beats.sort_values("residents", ascending=False, kind="stable")
    lines = [
        [str(value) for value in by_size["beat_id"]],
        [number(value) for value in by_size["residents"]],
    ]
    if plan.officers is not None:
        lines.append([plan.officer(value) for value in by_size["beat_id"]])
    if "workload" in beats.columns:
        lines.append(_drawn_bars(by_size["workload"]))
    labels = label_layer("beat labels", label_places(by_size.geometry), lines)
    return areas, marked, labels


def _drawn_bars(workload: pd.Series) -> list[str]:
    """Return a bar of blocks for each workload with its share of the mean; empty texts where all are zero."""
    known = workload.fillna(0).clip(lower=0)
    mean = float(known.mean())
    if mean <= 0:
        return [""] * len(known)
    return [
        f"{'█' * min(round(_BLOCKS_OF_MEAN * value / mean), _MOST_BLOCKS)} {value / mean:.0%}"
        for value in known.tolist()
    ]


def _moved_layer(plan: _Plan) -> folium.GeoJson | None:
    """Return the areas whose residents change beat."""
    moved = plan.moved
    if moved is None or moved.empty:
        return None
    style = {"color": INK, "weight": 1, "opacity": 1, "fill": True, "fillColor": INK, "fillOpacity": _MOVED_OPACITY}
    texts = {
        "From beat": [str(value) for value in moved["beat_before"]],
        "To beat": [str(value) for value in moved["beat_after"]],
        "Residents": [number(value) for value in moved["residents"]],
        "Areal units": [number(value) for value in moved["units"]],
    }
    return shape_layer("moved residents", moved.geometry, [style] * len(moved), texts)


def _moved_legend(plan: _Plan, patches: folium.GeoJson | None) -> tuple[LegendGroup, ...]:
    if plan.moved is None:
        return ()
    entry = LegendEntry(
        Swatch(fill=INK, opacity=_MOVED_OPACITY), "residents here change beat", number(plan.moved["residents"].sum())
    )
    note = "Point at a dark area to see from which beat to which." if patches is not None else "Nobody changes beat."
    return (LegendGroup("Moved", (entry,), "residents", note, (patches,) if patches is not None else ()),)


def _texts(plan: _Plan) -> dict[str, list[str]]:
    beats = plan.beats
    texts = {
        "Beat": [str(value) for value in beats["beat_id"]],
        "Residents": [number(value) for value in beats["residents"]],
    }
    if plan.officers is not None:
        texts["Officer"] = [plan.officer(value) for value in beats["beat_id"]]
    if "workload" in beats.columns:
        texts["Workload"] = [number(value) for value in beats["workload"]]
    if "units" in beats.columns:
        texts["Areal units"] = [plain(value) for value in beats["units"]]
    if "polsby_popper" in beats.columns:
        texts["Compactness"] = [number(value, 2) for value in beats["polsby_popper"]]
    for column, label in _CHANGES.items():
        if column in beats.columns:
            texts[label] = [number(value) for value in beats[column]]
    if "officer_before" in beats.columns:
        texts["Officer before"] = [plain(value) for value in beats["officer_before"]]
    if plan.outside.any() or plan.reasons:
        texts["Reason"] = [plan.reason(position) for position in range(len(beats))]
    return texts


def _legend(
    plan: _Plan,
    areas: folium.GeoJson | None,
    marked: folium.GeoJson | None,
    labels: folium.GeoJson | None,
) -> tuple[LegendGroup, ...]:
    band = plan.band
    groups = [
        LegendGroup(
            "Beats",
            note="Colours only tell neighbours apart; they carry no value.",
            layers=(areas,) if areas is not None else (),
        )
    ]
    if labels is not None:
        content = "Beat, residents, officer" if plan.officers is not None else "Beat, residents"
        if "workload" in plan.beats.columns:
            content += ", and a bar: workload against the mean beat (100 %)"
        groups.append(LegendGroup("Labels", note=f"{content}. Zoom in where a label has no room.", layers=(labels,)))
    if marked is not None:
        entry = LegendEntry(
            Swatch(stroke=OUT_OF_BOUNDS, dashed=True),
            f"outside {band.lowest:,} to {band.highest:,} residents, in pieces, or across a hard boundary",
            number(plan.outside.sum()),
        )
        groups.append(LegendGroup("Out of bounds", (entry,), "beats", layers=(marked,)))
    return tuple(groups)


def _facts(plan: _Plan) -> tuple[Fact, ...]:
    beats = plan.beats
    inside = len(beats) - int(plan.outside.sum())
    facts = [
        Fact("beats", number(len(beats))),
        Fact("within bounds", f"{inside:,} of {len(beats):,}"),
        Fact("residents", number(beats["residents"].sum())),
    ]
    if plan.officers is not None:
        facts.append(Fact("vacant", number(sum(plan.officer(value) == _VACANT for value in beats["beat_id"]))))
    if plan.moved is not None:
        everyone, moved = float(beats["residents"].sum()), float(plan.moved["residents"].sum())
        facts.append(Fact("change beat", f"{moved:,.0f} ({moved / everyone:.0%})" if everyone else f"{moved:,.0f}"))
    return tuple(facts)


def _resident_bars(plan: _Plan) -> list[Bar]:
    band, residents = plan.band, plan.beats["residents"].fillna(0)
    scale = max(float(residents.max()), float(band.highest)) * 1.05 or 1.0
    marks = (band.lowest / scale, band.highest / scale)
    return [
        Bar(number(value), float(value) / scale, marks, not band.lowest <= value <= band.highest) for value in residents
    ]


def _workload_bars(workload: pd.Series) -> list[Bar]:
    known = workload.fillna(0).clip(lower=0)
    scale = float(known.max()) * 1.05 or 1.0
    mark = (float(known.mean()) / scale,)
    return [Bar(number(value), float(shown) / scale, mark) for value, shown in zip(workload, known, strict=True)]


def _table(plan: _Plan) -> Table:
    beats = plan.beats
    content: dict[str, list[Any]] = dict(_texts(plan))
    if len(beats):
        content["Residents"] = list(_resident_bars(plan))
        if "workload" in beats.columns:
            content["Workload"] = list(_workload_bars(beats["workload"]))
    textual = ("Beat", "Officer", "Officer before", "Reason")
    columns = tuple(Column(label, numeric=label not in textual) for label in content)
    band = plan.band
    caption = f"Beats; marks on the bars: {band.lowest:,} and {band.highest:,} residents, mean workload"
    places = beats.geometry.head(TABLE_ROWS)
    shown = {label: cells[:TABLE_ROWS] for label, cells in content.items()}
    return Table(caption, columns, table_rows(shown, places), table_note(len(beats), "beats"))
