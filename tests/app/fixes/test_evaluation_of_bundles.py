"""A bundle is judged as one, over places and times that are made up."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.errors import EmptyInputError, ParameterError
from app.analyses.computing.fix_evaluation import compute
from app.analyses.inputs import AnalysisInput, TownLayers
from app.analyses.parameters.fixes import FixEvaluationParameters
from app.events.service import EventTimes

SIDE_M = 4_000.0
PLACES = [shapely.Point(1_000, 1_000), shapely.LineString([(1_080, 1_000), (1_120, 1_000)])]


@pytest.fixture(scope="module")
def town():
    """Events all over a square, twice as many at two fixes until they were done, half as many after."""
    random = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", "2025-12-31", tz="UTC")
    spread = random.uniform(0, SIDE_M, (30_000, 2))
    at_fixes = random.normal((1_050, 1_000), 40, (240, 2))
    when = days[np.r_[random.integers(0, len(days), len(spread)), random.integers(0, 366, len(at_fixes))]]
    points = np.vstack([spread, at_fixes])
    fixes = gpd.GeoDataFrame(
        {
            "fix": pd.array([1, 2], dtype="Int64"),
            "title": ["Lamps", "Paint"],
            "kind": ["lighting", "maintenance"],
            "status": "done",
            "started_on": [date(2025, 1, 1), date(2025, 1, 8)],
            "ended_on": [date(2025, 1, 20), date(2025, 2, 1)],
            "bundle": pd.array([7, 7], dtype="Int64"),
        },
        geometry=PLACES,
        crs="EPSG:32634",
    )
    times = EventTimes(when, when, np.full(len(when), "hour"))
    area = shapely.box(0, 0, SIDE_M, SIDE_M)
    return AnalysisInput(
        points[:, 0] + 0.0, points[:, 1] + 0.0, fixes.crs, area, times=times, town=TownLayers(fixes=fixes),
        first_day=date(2024, 1, 1), last_day=date(2025, 12, 31),
    )  # fmt: skip


def test_bundle_is_one_treated_area_from_the_first_begin_to_the_last_end(town):
    found = compute(town, FixEvaluationParameters(bundle_id=7, selected_on="other"), 0)
    assert found.summary.parameters["began_on"] == "2025-01-01"
    assert found.summary.parameters["finished_on"] == "2025-02-01"
    assert found.summary.parameters["fix"] == "Lamps; Paint"
    assert found.figures["verdict"]["kind"] == "fewer"
    areas = found.layers[0].frame
    assert (areas["role"] == "treated").sum() == 1
    assert areas.set_index("role").loc["treated"].geometry.intersects(PLACES[1])


def test_own_control_area_takes_the_place_of_suggested_ones(town):
    corner = gpd.GeoSeries([shapely.box(3_000, 3_000, 3_300, 3_300)], crs=town.crs).to_crs("EPSG:4326").iloc[0]
    polygon = {"type": "Polygon", "coordinates": [list(map(list, corner.exterior.coords))]}
    found = compute(town, FixEvaluationParameters.model_validate({"bundle_id": 7, "control_area": polygon}), 0)
    assert "controls" not in found.tables
    assert found.summary.parameters["controls"] == 1


def test_fix_or_bundle_but_one_of_them(town):
    with pytest.raises(ValueError, match="one of them"):
        FixEvaluationParameters(fix_id=1, bundle_id=7)
    with pytest.raises(EmptyInputError, match="no bundle"):
        compute(town, FixEvaluationParameters(bundle_id=8), 0)
    with pytest.raises(ParameterError, match="finished before it was begun"):
        compute(town, FixEvaluationParameters(fix_id=1, began_on=date(2025, 3, 1)), 0)
