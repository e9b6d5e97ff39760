"""Top places: shares that reconcile, ties, dates, and units that overlap."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, UnitsError
from analysis.grids.square import square_grid
from analysis.places.top_places import EventDays, top_cells, top_points, top_units

UTM = "EPSG:32616"
GRID = square_grid(shapely.box(0, 0, 400, 200), 100, crs=UTM)


def units(**changes):
    columns = {"name": ["b", "a"], **changes}
    shapes = [shapely.box(0, 0, 300, 300), shapely.box(200, 0, 500, 300)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM)


def test_points_pile_up_and_ties_share_a_rank():
    x = np.array([900.0, 500, 500, 700, 700, 900, 900, 300])
    y = np.full(8, 4e6)
    top = top_points(x, y, crs=UTM, n=3)
    assert top.frame["count"].tolist() == [3, 2, 2]
    assert top.frame["rank"].tolist() == [1, 2, 2]
    assert top.frame.geometry.x.tolist() == [900, 500, 700]
    assert top.frame["cumulative_share"].tolist() == pytest.approx([3 / 8, 5 / 8, 7 / 8])
    assert top.frame["first"].isna().all()
    assert top.concentration is None
    again = top_points(x[::-1], y, crs=UTM, n=3)
    assert again.frame.equals(top.frame)
    assert [notice.code for notice in top_points(x, y, crs=UTM, n=2).summary.warnings] == ["tie_at_the_end"]
    json.dumps(top.summary.to_dict(), allow_nan=False)


def test_cells_reconcile_and_know_their_dates():
    x, y = [50, 60, 250, 9999], [50, 50, 150, 0]
    days = EventDays(["2024-03-02 23:30", "2024-01-05 00:10", None, "2024-02-02"], "Europe/Riga")
    top = top_cells(x, y, GRID, days=days)
    assert top.frame["count"].tolist() == [2, 1]
    assert top.frame["first"].tolist()[0] == "2024-01-05"
    assert top.frame["last"].tolist()[0] == "2024-03-02"
    assert top.frame["first"].isna().tolist() == [False, True]
    assert top.summary.n_used == 3
    assert top.summary.excluded == {"outside": 1}
    assert top.concentration.n_places == 8
    assert "1 events in no cell" in top.summary.reading


def test_units_count_an_event_once_where_they_overlap():
    top = top_units([250, 100, 400, 999], [100, 100, 100, 100], units(), "name")
    assert top.frame[["place", "count"]].to_numpy().tolist() == [["a", 2], ["b", 1]]
    assert top.summary.study_area_km2 == pytest.approx(0.15)
    assert top.summary.excluded == {"outside": 1}


def test_a_point_mass_is_told():
    x, y = np.r_[np.full(300, 500.0), np.arange(700) / 2], np.full(1000, 100.0)
    assert "point_mass" in [notice.code for notice in top_points(x, y, crs=UTM).summary.warnings]
    assert "point_mass" in [notice.code for notice in top_units(x, y, units(), "name").summary.warnings]


def test_bad_input_is_refused():
    with pytest.raises(CoordinateError, match="degrees"):
        top_points([-87.1, -87.2], [41.0, 41.1], crs=UTM)
    with pytest.raises(ParameterError, match="at least 1"):
        top_cells([50], [50], GRID, n=0)
    with pytest.raises(ParameterError, match="2 times"):
        top_cells([50], [50], GRID, days=EventDays(["2024-01-01", "2024-01-02"], "Europe/Riga"))
    with pytest.raises(EmptyInputError, match="study area"):
        top_cells([5000], [50], GRID)
    with pytest.raises(EmptyInputError, match="in a unit"):
        top_units([5000], [50], units(), "name")
    with pytest.raises(EmptyInputError, match="no unit"):
        top_units([50], [50], units().iloc[:0], "name")
    with pytest.raises(UnitsError, match="no column"):
        top_units([50], [50], units(), "code")
    with pytest.raises(UnitsError, match="'a' occurs twice"):
        top_units([50], [50], units(name=["a", "a"]), "name")
    with pytest.raises(UnitsError, match="missing"):
        top_units([50], [50], units(name=["a", None]), "name")
    broken = units()
    broken.geometry = [shapely.Point(0, 0), broken.geometry.iloc[1]]
    with pytest.raises(GeometryError, match="'b'"):
        top_units([50], [50], broken, "name")


@pytest.mark.real_data
def test_robberies_of_memphis_gather_in_few_cells(shared_data):
    frame = gpd.read_file(shared_data / "memphis" / "incidents_robberies_2019.geojson").to_crs("EPSG:32615")
    area = shapely.box(*frame.total_bounds)
    grid = square_grid(area, 500, crs="EPSG:32615")
    top = top_cells(frame.geometry.x, frame.geometry.y, grid, days=EventDays(frame["date"], "America/Chicago"))
    assert top.summary.n_used == 2245
    assert 0.25 < top.concentration.share_in_worst < 0.9
    assert top.concentration.even_share_in_worst < top.concentration.share_in_worst
    assert top.concentration.generalised_gini < top.concentration.gini
    assert (top.frame["first"] <= top.frame["last"]).all()
