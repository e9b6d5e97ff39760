"""The map of places at raised risk, and clusters that lie within others."""

import geopandas as gpd
import shapely
from map_frames import context

from app.maps.clusters import _large_first
from app.maps.near_repeats import risk_map

CRS = "EPSG:32634"


def cells(risks):
    shapes = [shapely.box(350_000 + 100 * i, 6_340_000, 350_100 + 100 * i, 6_340_100) for i in range(len(risks))]
    return gpd.GeoDataFrame({"risk": risks, "events": [1] * len(risks)}, geometry=shapes, crs=CRS)


def test_risk_is_told_in_times_of_the_usual_on_a_day():
    document = risk_map(cells([0.2, 0.5, 1.0, 2.9, 3.0, 11.2]), context(parameters={"as_of": "2024-12-27"}))
    assert "Risk on 2024-12-27" in document
    for label in ("up to 1.5 times the usual", "1.5 to 2 times", "2 to 4 times", "over 4 times"):
        assert label in document
    assert ">the usual risk<" not in document
    assert "12.2" in document


def test_cells_of_the_usual_risk_are_in_the_legend_where_they_are_in_the_layer():
    document = risk_map(cells([0.0, 1.0]), context())
    assert "Raised risk" in document
    assert "the usual risk" in document


def test_a_hull_within_another_is_drawn_after_it():
    hulls = gpd.GeoDataFrame(
        {"cluster": [1, 2, 3]},
        geometry=[shapely.box(0.4, 0.4, 0.5, 0.5), shapely.box(0, 0, 1, 1), shapely.Point(0.45, 0.45)],
        crs="EPSG:4326",
    )
    assert _large_first(hulls)["cluster"].tolist() == [2, 1, 3]
