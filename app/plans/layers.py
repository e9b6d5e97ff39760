"""A plan from a layer: areas of beats, or units that name their beat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from analysis.beats.importing import MISSING_BEAT, ImportPreview, RowError, preview_assignments
from analysis.beats.problem import BeatProblem
from app.errors import InvalidInputError
from app.files.reading import read_features

LAYER_SUFFIXES = frozenset({".geojson", ".json", ".gpkg"})
OVERLAPPING_BEATS = "overlapping_beats"
POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def preview_layer(problem: BeatProblem, file: Path, working_crs: str) -> ImportPreview:
    """Read a plan from a layer with ``beat_id``, and ``unit_id`` where its features are units.

    Parameters
    ----------
    problem : BeatProblem
        The task, with the units that the plan is for.
    file : Path
        GeoJSON or GeoPackage.
    working_crs : str
        CRS of the units.

    Returns
    -------
    ImportPreview
        Of a layer of beats each unit goes to the beat that holds its inner point; a unit in none is missing, one in
        several is an error of the later feature.

    Raises
    ------
    InvalidInputError
        The file is no such layer, or has features without a place.
    """
    found = read_features(file, working_crs=working_crs, expect="units", required=["beat_id"])
    if found.excluded:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in found.excluded.items())
        raise InvalidInputError(
            f"{file.name}: {sum(found.excluded.values())} features have no place ({reasons}).",
            "Correct them; a plan is taken in as a whole or not at all.",
        )
    layer = found.frame
    if "unit_id" in layer.columns:
        return preview_assignments(problem, pd.DataFrame(layer[["unit_id", "beat_id"]]))
    if not np.isin(shapely.get_type_id(layer.geometry.to_numpy()), POLYGONAL).all():
        raise InvalidInputError(
            f"{file.name} holds points without a column unit_id.",
            "Send areas of beats, or units with unit_id and beat_id.",
        )
    return _of_areas(problem, layer["beat_id"], layer.geometry.to_numpy())


def _of_areas(problem: BeatProblem, names: pd.Series, areas: np.ndarray) -> ImportPreview:
    """Give each unit to the beat that holds its inner point."""
    known = (names.notna() & (names.astype(str).str.strip() != "")).to_numpy()
    errors = [
        RowError(row, MISSING_BEAT, f"Feature {row}: it has no beat id.", "Fill it in, or remove the feature.")
        for row in (np.flatnonzero(~known) + 1).tolist()
    ]
    units, features = shapely.STRtree(areas).query(shapely.point_on_surface(problem.polygons), predicate="intersects")
    pairs = pd.DataFrame({"unit": units, "feature": features})[known[features]].sort_values(["unit", "feature"])
    first = pairs.drop_duplicates("unit").set_index("unit")["feature"]
    pairs["first"] = pairs["unit"].map(first)
    pairs["same"] = names.to_numpy()[pairs["feature"]] == names.to_numpy()[pairs["first"]]
    errors += [
        RowError(
            int(pair.feature) + 1,
            OVERLAPPING_BEATS,
            f"Feature {pair.feature + 1}: unit '{problem.unit_ids[pair.unit]}' lies in it and in {pair.first + 1}.",
            "Draw beats that do not overlap.",
        )
        for pair in pairs[~pairs["same"]].itertuples()
    ]
    table = pd.DataFrame(
        {
            "unit_id": problem.unit_ids[first.index.to_numpy()],
            "beat_id": names.iloc[first.to_numpy()].reset_index(drop=True),
        }
    )
    return replace(preview_assignments(problem, table), errors=tuple(sorted(errors, key=lambda error: error.row)))
