"""Beat sheets to print: one page per beat with map, streets, residents, workload and how to reach the officer."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from analysis.projection import require_metres
from app.charts.captions import Caption
from app.charts.sheet import MARGIN, sheet
from app.charts.static_map import frame_view, scale_and_north
from app.errors import InvalidInputError
from app.maps.formatting import is_missing, number, words
from app.maps.palettes import BOUNDARY, INK, MUTED_INK, NEUTRAL, OUT_OF_BOUNDS, STREET

A4 = (8.27, 11.69)
"""Upright, inches."""
BEAT_FILL = "#dcebf7"
MAP_BOTTOM, MAP_TOP = 0.44, 0.905
PROPORTION = (1.0 - 2 * MARGIN) * A4[0] / ((MAP_TOP - MAP_BOTTOM) * A4[1])
"""Width over height of the map."""
LINE = 0.0145
STREET_COLUMNS, STREET_ROWS = 3, 15
MOST_STREET_NAMES = 12
"""Streets whose name stands on the map, the longest first."""
_PDF = {"CreationDate": None, "Creator": None, "Producer": None}


@dataclass(frozen=True)
class BeatContact:
    """How residents reach the officer of a beat.

    Attributes
    ----------
    officer : str
        Badge number or name, as the service publishes it.
    contact : str
        Duty telephone or address of the post.
    languages : tuple of str
    station : str
    """

    officer: str
    contact: str = ""
    languages: tuple[str, ...] = ()
    station: str = ""


def beat_sheets(
    beats: gpd.GeoDataFrame,
    caption: Caption,
    *,
    contacts: Mapping[str, BeatContact | None] | None = None,
    streets: gpd.GeoDataFrame | None = None,
    street_name: str = "name",
    only: Sequence[str] | None = None,
) -> bytes:
    """Return a PDF with one page for each beat.

    Parameters
    ----------
    beats : GeoDataFrame
        The frame of a plan in metres: ``beat_id``, ``residents``, ``workload``; where present ``units``,
        ``polsby_popper``, ``within_bounds``, ``contiguous`` and ``reason``.
    caption : Caption
        Title of the plan, source, handling mark and run; on every page.
    contacts : mapping of str to BeatContact or None, optional
        Officer of each beat; None, or no entry, for a vacancy. Without it no officer is spoken of.
    streets : GeoDataFrame, optional
        Lines in any CRS, with their names in the column `street_name`.
    street_name : str
    only : sequence of str, optional
        Beats to print, in this order; all by default.

    Returns
    -------
    bytes
        The same for the same input.

    Raises
    ------
    InvalidInputError
        A column is missing, there is no beat, or `only` names one that the plan does not have.
    CoordinateError
        The beats are not in metres.
    """
    _refuse(beats, only)
    chosen = list(beats["beat_id"].astype(str)) if only is None else [str(name) for name in only]
    place = {name: row for row, name in enumerate(beats["beat_id"].astype(str))}
    lines = None if streets is None else streets.to_crs(beats.crs).reset_index(drop=True)
    index = None if lines is None else shapely.STRtree(lines.geometry.to_numpy())
    buffer = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(buffer, metadata=_PDF) as document:
        for page_number, name in enumerate(chosen, start=1):
            row = place[name]
            near = None
            if lines is not None and index is not None:
                near = lines.iloc[np.sort(index.query(_view(beats.geometry.iloc[row])))]
            page = _page(beats, row, caption, near, street_name, contacts)
            told = f"page {page_number} of {len(chosen)}"
            page.text(0.5, 0.3 / A4[1], told, fontsize=7.5, color=MUTED_INK, ha="center", va="bottom")
            document.savefig(page, dpi=200)
    return buffer.getvalue()


def _refuse(beats: gpd.GeoDataFrame, only: Sequence[str] | None) -> None:
    """Raise when there is nothing to print."""
    require_metres(beats.crs)
    for column in ("beat_id", "residents", "workload"):
        if column not in beats.columns:
            raise InvalidInputError(f"The beats have no column {column!r}.", "Give the frame of a plan.")
    if len(beats) == 0 or (only is not None and not len(only)):
        raise InvalidInputError("There is no beat to print.", "Name at least one beat.")
    missing = sorted({str(name) for name in only or ()} - set(beats["beat_id"].astype(str)))
    if missing:
        raise InvalidInputError(f"The plan has no beat {missing[0]!r}.", "Correct the beat id.")


def _view(shape: Any) -> Any:
    """Return the rectangle that the map of a beat shows, in the proportions of the page."""
    left, bottom, right, top = shape.bounds
    high = 1.24 * max(top - bottom, (right - left) / PROPORTION)
    x, y = (left + right) / 2, (bottom + top) / 2
    return shapely.box(x - high * PROPORTION / 2, y - high / 2, x + high * PROPORTION / 2, y + high / 2)


def _page(
    beats: gpd.GeoDataFrame,
    row: int,
    caption: Caption,
    streets: gpd.GeoDataFrame | None,
    street_name: str,
    contacts: Mapping[str, BeatContact | None] | None,
) -> Figure:
    """Return the page of one beat."""
    beat = beats.iloc[row]
    page = sheet(
        Caption(f"Beat {beat['beat_id']}", caption.source, caption.handling_mark, caption.run_id, caption.software),
        caption.title,
        width=A4[0],
        height=A4[1],
    )
    axes = page.add_axes((MARGIN, MAP_BOTTOM, 1.0 - 2 * MARGIN, MAP_TOP - MAP_BOTTOM))
    _draw(axes, beats, row, streets, street_name)
    y = _figures(page, beats, row, MAP_BOTTOM - 0.03)
    if contacts is not None:
        _officer(page, contacts.get(str(beat["beat_id"])), MAP_BOTTOM - 0.03)
    if streets is not None:
        _street_list(page, _street_names(beat.geometry, streets, street_name), y)
    return page


def _draw(axes: Axes, beats: gpd.GeoDataFrame, row: int, streets: gpd.GeoDataFrame | None, street_name: str) -> None:
    """Draw a beat with its surroundings."""
    shape = beats.geometry.iloc[row]
    view = _view(shape)
    axes.set_facecolor(NEUTRAL)
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_exterior_ring(shapely.get_parts(shape))]
    axes.add_collection(PolyCollection(rings, facecolors=BEAT_FILL, edgecolors="none"), autolim=False)
    if streets is not None and len(streets):
        inside = shapely.intersection(streets.geometry.to_numpy(), view)
        _lines(axes, shapely.get_parts(inside), STREET, 0.8)
    around = np.flatnonzero(beats.geometry.intersects(view).to_numpy())
    _lines(axes, shapely.get_parts(shapely.boundary(beats.geometry.to_numpy()[around])), BOUNDARY, 0.7)
    _lines(axes, shapely.get_parts(shapely.boundary(shape)), OUT_OF_BOUNDS, 2.2)
    glow = [withStroke(linewidth=2.5, foreground="white")]
    for other in around:
        seen = shapely.intersection(beats.geometry.iloc[other], view)
        if other == row or seen.area < 0.01 * view.area:
            continue
        spot = shapely.point_on_surface(seen)
        axes.text(spot.x, spot.y, str(beats["beat_id"].iloc[other]), ha="center", va="center", fontsize=9,
                  color=MUTED_INK, path_effects=glow)  # fmt: skip
    if streets is not None and street_name in streets.columns:
        _name_streets(axes, shape, streets, street_name)
    frame_view(axes, np.array(view.bounds))
    axes.set(xlim=view.bounds[::2], ylim=view.bounds[1::2])
    scale_and_north(axes)


def _lines(axes: Axes, lines: Any, colour: str, width: float) -> None:
    paths = [points for line in lines if len(points := shapely.get_coordinates(line)) > 1]
    axes.add_collection(LineCollection(paths, colors=colour, linewidths=width), autolim=False)


def _name_streets(axes: Axes, shape: Any, streets: gpd.GeoDataFrame, street_name: str) -> None:
    """Write the names of the longest streets of a beat along them."""
    inside = shapely.intersection(streets.geometry.to_numpy(), shape)
    table = pd.DataFrame({"name": streets[street_name].to_numpy(dtype=object), "line": inside})
    table["length"] = shapely.length(inside)
    table = table[[not is_missing(name) and bool(str(name)) for name in table["name"]]]
    longest = table.groupby("name", sort=True)["length"].sum().sort_values(ascending=False, kind="stable")
    for name in longest.index[:MOST_STREET_NAMES]:
        own = table[table["name"] == name]
        line = own["line"].to_numpy()[int(np.argmax(own["length"].to_numpy()))]
        if line.length == 0:
            continue
        part = shapely.get_parts(line)
        part = part[int(np.argmax(shapely.length(part)))]
        middle, ahead = (shapely.line_interpolate_point(part, share, normalized=True) for share in (0.5, 0.55))
        angle = np.degrees(np.arctan2(ahead.y - middle.y, ahead.x - middle.x))
        angle = (angle + 90.0) % 180.0 - 90.0
        axes.text(middle.x, middle.y, str(name), rotation=angle, ha="center", va="center", fontsize=6.5, color=INK,
                  path_effects=[withStroke(linewidth=2.0, foreground="white")], clip_on=True)  # fmt: skip


def _figures(page: Figure, beats: gpd.GeoDataFrame, row: int, top: float) -> float:
    """Write the figures of a beat; return where the next part may begin."""
    beat, mean = beats.iloc[row], float(beats["workload"].mean())
    share = f" ({beat['workload'] / mean:.0%} of the mean beat)" if mean > 0 else ""
    facts = [
        ("Residents", f"{int(beat['residents']):,}"),
        ("Workload", f"{number(float(beat['workload']))}{share}"),
        ("Area", f"{beat.geometry.area / 1e6:,.2f} km²"),
    ]
    if "units" in beats.columns:
        facts.append(("Areal units", f"{int(beat['units']):,}"))
    y = _heading(page, "The beat", MARGIN, top)
    for name, value in facts:
        page.text(MARGIN, y, name, fontsize=9, color=MUTED_INK, va="top")
        page.text(MARGIN + 0.13, y, value, fontsize=9, color=INK, va="top")
        y -= LINE
    flagged = not bool(beat.get("within_bounds", True)) or not bool(beat.get("contiguous", True))
    if flagged:
        reason = beat.get("reason")
        told = words(str(reason)) if not is_missing(reason) and str(reason) else "out of bounds or in pieces"
        page.text(MARGIN, y, f"Flagged: {told}", fontsize=9, color=OUT_OF_BOUNDS, va="top", fontweight="bold")
        y -= LINE
    return y - LINE


def _officer(page: Figure, contact: BeatContact | None, top: float) -> None:
    """Write who is responsible and how to reach them."""
    left = 0.55
    y = _heading(page, "Your officer", left, top)
    if contact is None:
        page.text(left, y, "Vacant: ask at the station.", fontsize=9, color=OUT_OF_BOUNDS, va="top")
        return
    page.text(left, y, contact.officer, fontsize=12, fontweight="bold", color=INK, va="top")
    y -= 1.5 * LINE
    for told in (contact.contact, contact.station, ", ".join(contact.languages)):
        for line in textwrap.wrap(told, 46):
            page.text(left, y, line, fontsize=9, color=INK, va="top")
            y -= LINE


def _heading(page: Figure, text: str, left: float, y: float) -> float:
    page.text(left, y, text, fontsize=11, fontweight="bold", color=INK, va="top")
    return y - 1.45 * LINE


def _street_names(shape: Any, streets: gpd.GeoDataFrame, street_name: str) -> list[str]:
    """Return the names of the streets that run through a beat, in order."""
    if street_name not in streets.columns:
        return []
    through = streets[shapely.length(shapely.intersection(streets.geometry.to_numpy(), shape)) > 0]
    return sorted({str(name).strip() for name in through[street_name] if not is_missing(name) and str(name).strip()})


def _street_list(page: Figure, names: list[str], top: float) -> None:
    """Write the streets in columns, and how many did not fit."""
    y = _heading(page, f"Streets ({len(names):,})", MARGIN, top)
    rows = max(1, min(STREET_ROWS, int((y - 0.06) / LINE)))
    room = STREET_COLUMNS * rows
    shown = names if len(names) <= room else [*names[: room - 1], f"and {len(names) - room + 1:,} more"]
    for at, name in enumerate(shown):
        left = MARGIN + (at // rows) * (1.0 - 2 * MARGIN) / STREET_COLUMNS
        short = textwrap.shorten(name, 34, placeholder="…")
        page.text(left, y - (at % rows) * LINE, short, fontsize=8, color=INK, va="top")
