"""Hot spots of areal units: values, neighbours, nulls with reasons, and the summary."""

import esda
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph
from libpysal.weights import KNN

from analysis.errors import (
    CoordinateError,
    EmptyInputError,
    GeometryError,
    ParameterError,
    UnitsError,
    ZeroVarianceError,
)
from analysis.grids.square import square_grid
from analysis.hot_spots.distance_neighbours import band_neighbours, kernel_neighbours, nearest_neighbours
from analysis.hot_spots.getis_ord import hot_spots
from analysis.hot_spots.local_statistics import local_g
from analysis.hot_spots.unit_hot_spots import hot_spots_of_units

UTM = "EPSG:32616"
NULLABLE = ["value", "gi_z", "p_value", "q_value", "moran_i", "moran_z"]


def town(side=12, seed=0):
    random = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(side * side), side)
    geometry = shapely.box(100.0 * column, 100.0 * row, 100.0 * column + 100, 100.0 * row + 100)
    near = (np.abs(row - 3) <= 1) & (np.abs(column - 3) <= 1)
    residents = random.integers(100, 900, side * side)
    thefts = random.poisson(residents * np.where(near, 0.05, 0.005))
    names = [f"u{i}" for i in range(side * side)]
    return gpd.GeoDataFrame({"thefts": thefts, "people": residents}, geometry=geometry, index=names, crs=UTM)


def centres(frame):
    return frame.geometry.centroid.x, frame.geometry.centroid.y


def test_units_that_are_cells_give_what_cells_give():
    frame = town()
    points = frame.loc[frame.index.repeat(frame["thefts"])].geometry.centroid
    grid = square_grid(shapely.box(0, 0, 1200, 1200), 100, crs=UTM)
    of_cells = hot_spots(points.x, points.y, grid)
    of_units = hot_spots_of_units(frame, "thefts")
    for column in ("count", "gi_bin"):
        assert (of_cells.frame[column].to_numpy() == of_units.frame[column].to_numpy()).all()
    for column in ("gi_z", "p_value", "q_value"):
        one, other = (result.frame[column].to_numpy(dtype=float) for result in (of_cells, of_units))
        assert other == pytest.approx(one, rel=1e-10, abs=1e-12)
    assert of_units.summary.seed is None
    assert of_units.summary.n_used == frame["thefts"].sum()
    assert of_units.summary.parameters["neighbours"] == "queen contiguity"
    assert "Of 144 units" in of_units.summary.reading
    assert of_units.summary.study_area_km2 == pytest.approx(1.44)


@pytest.mark.parametrize("values", ["rate", "empirical_bayes", "standardised"])
def test_rates_are_compared_by_seeded_permutations(values):
    frame = town()
    found = hot_spots_of_units(frame, "thefts", residents="people", values=values, seed=7)
    again = hot_spots_of_units(frame, "thefts", residents="people", values=values, seed=7)
    assert found.frame.equals(again.frame)
    assert found.summary.seed == 7
    assert "p_value_floor" in [notice.code for notice in found.summary.warnings]
    hottest = found.frame.loc[found.frame["gi_z"].idxmax()]
    assert hottest["gi_bin"] == 3
    assert hottest["quadrant"] == "HH"
    assert hottest.geometry.centroid.distance(shapely.Point(350, 350)) < 150
    assert list(found.frame.index) == list(frame.index)


def test_units_without_residents_are_left_out_and_counted():
    frame = town()
    frame.iloc[5, frame.columns.get_loc("people")] = 0
    frame.iloc[5, frame.columns.get_loc("thefts")] = 4
    frame.iloc[6, frame.columns.get_loc("people")] = 10
    found = hot_spots_of_units(frame, "thefts", residents="people")
    unit = found.frame.loc["u5"]
    assert unit["reason"] == "no_residents"
    assert unit[[*NULLABLE, "quadrant"]].isna().all()
    assert unit["gi_bin"] == 0
    assert unit["count"] == 4
    assert found.summary.excluded == {"no_residents": 4}
    assert found.summary.n_used + 4 == frame["thefts"].sum()
    assert found.frame.loc["u4", "neighbours"] == 4
    assert {"no_residents", "few_residents"} <= {notice.code for notice in found.summary.warnings}
    assert hot_spots_of_units(frame, "thefts", residents="people", values="count").summary.excluded == {}


def test_islands_are_null_under_gi_and_alone_under_gi_star():
    frame = town()
    far = gpd.GeoDataFrame({"thefts": [90], "people": [50]}, geometry=[shapely.box(9e3, 9e3, 9100, 9100)], crs=UTM)
    frame = pd.concat([frame, far.set_index(pd.Index(["far"]))])
    plain, star = (hot_spots_of_units(frame, "thefts", statistic=name) for name in ("gi", "gi_star"))
    assert plain.frame.loc["far", "reason"] == "island"
    assert plain.frame.loc["far", [*NULLABLE[1:], "quadrant"]].isna().all()
    assert plain.summary.method == "Getis-Ord Gi"
    assert "1 units have no neighbour" in plain.summary.warnings[0].message
    assert star.frame.loc["far", "gi_z"] > 0
    assert star.frame.loc["far", "p_value"] == 1
    assert pd.isna(star.frame.loc["far", "moran_i"])
    for column in NULLABLE:
        assert str(plain.frame[column].dtype) == "Float64"
        assert np.isfinite(plain.frame[column].dropna().to_numpy(dtype=float)).all()


def test_a_band_over_the_whole_map_is_null_everywhere_and_said_so():
    frame = town(4)
    found = hot_spots_of_units(frame, "thefts", neighbours=band_neighbours(*centres(frame), 9000.0))
    assert found.frame[["gi_z", "p_value", "q_value"]].isna().all(axis=None)
    assert (found.frame["gi_bin"] == 0).all()
    assert (found.frame["reason"] == "window_covers_map").all()
    assert "window_covers_map" in [notice.code for notice in found.summary.warnings]


def test_any_neighbours_are_taken():
    frame = town()
    x, y = centres(frame)
    points = np.column_stack([x, y])
    nearest = hot_spots_of_units(frame, "thefts", neighbours=nearest_neighbours(x, y, 6)).frame
    assert (nearest["neighbours"] == 6).all()
    kernel = kernel_neighbours(x, y, radius_m=250.0)
    weighted = hot_spots_of_units(frame, "thefts", neighbours=kernel)
    assert weighted.frame["gi_z"].to_numpy(dtype=float) == pytest.approx(local_g(frame["thefts"], kernel).z)
    assert weighted.summary.seed == 0
    old = hot_spots_of_units(frame, "thefts", neighbours=KNN(points, k=4, ids=list(frame.index))).frame
    new = hot_spots_of_units(frame, "thefts", neighbours=Graph.build_knn(frame.set_geometry(frame.centroid), k=4)).frame
    assert (old["neighbours"] == 4).all()
    assert (new["neighbours"] == 4).all()
    assert (hot_spots_of_units(frame, "thefts", neighbours="rook").frame["neighbours"] <= 4).all()


def test_points_with_counts_need_neighbours_made_beforehand():
    frame = town()
    places = frame.set_geometry(frame.geometry.centroid)
    found = hot_spots_of_units(places, "thefts", neighbours=band_neighbours(*centres(frame), 150.0))
    assert found.frame["gi_bin"].max() == 3
    with pytest.raises(GeometryError, match="no polygon"):
        hot_spots_of_units(places, "thefts")


def test_an_outlier_among_the_cold_is_no_hot_spot():
    frame = town(20)
    frame["thefts"] = 5
    row, column = np.divmod(np.arange(400), 20)
    frame.loc[(np.abs(row - 10) <= 1) & (np.abs(column - 10) <= 1), "thefts"] = 0
    frame.loc["u210", "thefts"] = 500
    found = hot_spots_of_units(frame, "thefts", correction="none").frame.loc["u210"]
    assert found["gi_z"] > 0
    assert found["p_value"] < 0.01
    assert found["gi_bin"] == 0
    assert found["quadrant"] == "HL"


def test_weighted_counts_and_few_events_are_possible():
    frame = town(5)
    frame["thefts"] = 0.0
    frame.loc["u7", "thefts"] = 2.5
    found = hot_spots_of_units(frame, "thefts")
    assert found.frame["count"].sum() == 2.5
    assert "few_events" in [notice.code for notice in found.summary.warnings]


@pytest.mark.parametrize(
    ("change", "options", "error", "problem"),
    [
        ({}, {"count": "burglary"}, UnitsError, "no column 'burglary'. There are: thefts, people"),
        ({"thefts": -1}, {}, UnitsError, "first is 'u0' with"),
        ({"thefts": np.nan}, {}, UnitsError, "144 units, the first is 'u0'"),
        ({"thefts": "many"}, {}, UnitsError, "with 'many'"),
        ({"thefts": 0}, {}, EmptyInputError, "No unit holds an event"),
        ({"thefts": 3}, {}, ZeroVarianceError, "holds 3"),
        ({"people": 0}, {"residents": "people"}, EmptyInputError, "No unit has residents"),
        ({}, {"values": "rate"}, ParameterError, "need residents"),
        ({}, {"values": "sum"}, ParameterError, "Unknown values"),
        ({}, {"neighbours": "bishop"}, ParameterError, "Unknown neighbours 'bishop'"),
        (
            {},
            {"neighbours": band_neighbours([0.0, 1.0], [0.0, 1.0], 1.0)},
            ParameterError,
            "144 units and neighbours of 2",
        ),
        ({}, {"correction": "fdr"}, ParameterError, "Unknown correction"),
        ({}, {"statistic": "i"}, ParameterError, "Unknown statistic"),
    ],
)
def test_unusable_input_is_refused(change, options, error, problem):
    with pytest.raises(error, match=problem):
        hot_spots_of_units(town().assign(**change), options.pop("count", "thefts"), **options)


def test_frames_without_metres_or_units_are_refused():
    with pytest.raises(CoordinateError, match="in degrees"):
        hot_spots_of_units(town().to_crs("EPSG:4326"), "thefts")
    with pytest.raises(CoordinateError, match="no coordinate reference system"):
        hot_spots_of_units(town().set_crs(None, allow_override=True), "thefts")
    with pytest.raises(EmptyInputError, match="no unit"):
        hot_spots_of_units(town().iloc[:0], "thefts")


@pytest.mark.real_data
def test_block_groups_of_chicago(shared_data):
    folder = shared_data / "chicago"
    units = gpd.read_parquet(folder / "census_block_groups_2010.parquet").to_crs("EPSG:26916")
    events = pd.read_csv(folder / "incidents_aggravated_assaults_2010_2019.csv.gz", usecols=["longitude", "latitude"])
    places = gpd.GeoSeries(
        gpd.points_from_xy(events["longitude"], events["latitude"], crs="EPSG:4326").to_crs(units.crs)
    )
    units["assaults"] = np.bincount(units.sindex.query(places, predicate="within")[1], minlength=len(units))
    counts = hot_spots_of_units(units, "assaults")
    assert counts.summary.parameters["p_value"] == "exact conditional permutation, two-sided, told down to 2e-12"
    assert counts.frame[["gi_z", "p_value", "q_value", "moran_i"]].notna().all(axis=None)
    rates = hot_spots_of_units(units, "assaults", residents="population_2010", values="empirical_bayes")
    empty = units["population_2010"] == 0
    assert (rates.frame["reason"].notna() == empty).all()
    assert rates.summary.n_used + rates.summary.excluded["no_residents"] == units["assaults"].sum() == 148_538
    peer = esda.Moran_Local(
        rates.frame.loc[~empty, "value"].to_numpy(dtype=float),
        Graph.build_fuzzy_contiguity(units[~empty]).to_W(),
        permutations=0,
    )
    moran = rates.frame.loc[~empty, "moran_i"]
    some = moran.notna().to_numpy()
    assert np.count_nonzero(~some) == 1
    assert moran[some].to_numpy(dtype=float) == pytest.approx(peer.Is[some], rel=1e-9, abs=1e-12)
