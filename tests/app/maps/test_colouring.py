import geopandas as gpd
import shapely
from map_frames import beats

from app.maps.colouring import neighbour_colours, neighbours
from app.maps.palettes import BEAT_COLOURS


def test_neighbours_never_share_a_colour():
    touching = neighbours(beats(60).to_crs("EPSG:4326").geometry)
    colours = neighbour_colours(touching, len(BEAT_COLOURS))
    assert all(colours[area] != colours[other] for area, others in enumerate(touching) for other in others)


def test_areas_that_meet_within_a_metre_are_neighbours():
    areas = gpd.GeoSeries([shapely.box(0, 0, 0.01, 0.01), shapely.box(0.010005, 0, 0.02, 0.01)], crs="EPSG:4326")
    assert neighbours(areas) == [{1}, {0}]


def test_too_few_colours_give_the_least_bad_map():
    everyone = [{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}]
    assert sorted(neighbour_colours(everyone, 3).tolist()) in ([0, 0, 1, 2], [0, 1, 1, 2], [0, 1, 2, 2])


def test_no_area_needs_no_colour():
    assert neighbour_colours([], 6).size == 0
