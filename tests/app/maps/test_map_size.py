import geopandas as gpd
import map_frames
import numpy as np
import pytest
import shapely
from map_frames import beats, context, density_cells, hot_spot_cells, lights

from app.errors import TooLargeError
from app.maps import page, size
from app.maps.documents import beat_map, density_map, hot_spot_map, lighting_map
from app.maps.merging import merged_by_class
from app.maps.size import MAX_BYTES, simplified_coverage, simplified_lines
from app.maps.thinning import thinned_points


def bare(**changes):
    return context(boundary=None, streets=None, **changes)


def wavy_beats(vertices):
    """Two beats with a wavy border between them."""
    along = np.linspace(0, 0.05, vertices)
    wave = 0.02 + 0.0002 * np.sin(along * 4000)
    border = np.column_stack([wave, along])
    left = shapely.Polygon(np.vstack([border, [[0, 0.05], [0, 0]]]))
    right = shapely.Polygon(np.vstack([border, [[0.05, 0.05], [0.05, 0]]]))
    return gpd.GeoDataFrame({"beat_id": [1, 2], "residents": [4000, 5000]}, geometry=[left, right], crs="EPSG:4326")


def test_above_ten_thousand_cells_only_the_significant_ones_are_drawn():
    cells = hot_spot_cells(130, 60.0)
    assert len(cells) > size.MAX_FEATURES
    document = hot_spot_map(cells, bare())
    assert "cells without significance are left white" in document
    assert len(document.encode()) < MAX_BYTES


def test_more_significant_cells_are_merged_into_patches():
    cells = hot_spot_cells(130, 60.0)
    cells["gi_bin"] = np.where(np.arange(len(cells)) < 6_000, 3.0, -2.0)
    document = hot_spot_map(cells, bare())
    assert "significant cells are merged into 2 patches of one class" in document
    assert len(document.encode()) < 500_000


def test_more_coloured_density_cells_are_merged_into_patches():
    cells = density_cells(220, 36.0)
    cells["density_per_km2"] = np.where(np.arange(len(cells)) % 40 == 0, 1.0, 300.0)
    assert "are merged into" in density_map(cells, bare())


def test_merged_patches_keep_their_area():
    cells = hot_spot_cells(20).fillna({"gi_bin": 0})
    patches = merged_by_class(cells, "gi_bin")
    assert patches["area_km2"].sum() == pytest.approx(len(cells) * 0.04, abs=1e-3)


def test_speckled_significance_is_refused_with_a_hint():
    cells = hot_spot_cells(210, 40.0)
    cells["gi_bin"] = np.where((cells["cell"] // 210 + cells["cell"] % 210) % 2 == 0, 3.0, -3.0)
    with pytest.raises(TooLargeError, match="larger cells"):
        hot_spot_map(cells, bare())


def test_outlines_are_simplified_without_gaps():
    frame = wavy_beats(4000)
    drawn, note = simplified_coverage(frame, limit=2500)
    assert "simplified to about" in note
    assert shapely.coverage_is_valid(drawn.geometry.to_numpy())
    assert drawn.geometry.union_all().geom_type == "Polygon"


def test_simple_outlines_stay_as_they_are():
    frame = wavy_beats(100)
    assert simplified_coverage(frame) == (frame, "")


def test_outlines_that_cannot_be_simplified_are_refused():
    with pytest.raises(TooLargeError, match="vertices"):
        simplified_coverage(wavy_beats(4000), limit=5)


def test_too_many_beats_are_refused():
    many = gpd.GeoDataFrame(
        {"beat_id": range(10_001), "residents": 4000}, geometry=shapely.points(np.zeros((10_001, 2))), crs="EPSG:4326"
    )
    with pytest.raises(TooLargeError, match="10,001 features"):
        beat_map(many, bare())


def test_a_document_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(page, "MAX_BYTES", 10_000)
    with pytest.raises(TooLargeError, match="MB large"):
        beat_map(beats(), bare())


def test_streets_are_simplified_or_left_out():
    streets = map_frames.streets().to_crs("EPSG:4326")
    assert simplified_lines(streets) is streets
    assert len(simplified_lines(streets, limit=3000)) > 0
    assert simplified_lines(streets, limit=10) is None


def test_streets_left_out_are_reported(monkeypatch):
    monkeypatch.setattr("app.maps.background.simplified_lines", lambda _frame: None)
    assert "Streets are left out" in beat_map(beats(), context())


def test_many_lamps_are_grouped_by_state_and_none_is_lost():
    lamps = lights(9_000).to_crs("EPSG:4326")
    grouped, note = thinned_points(lamps, "light_state", 2_000)
    assert len(grouped) <= 2_000
    assert grouped.groupby("light_state")["n"].sum().to_dict() == lamps["light_state"].value_counts().to_dict()
    assert "9,000 points are grouped" in note


def test_a_city_of_lamps_still_has_a_map():
    document = lighting_map(None, bare(), lights=lights(20_000))
    assert "20,000 points are grouped by state" in document
    assert len(document.encode()) < MAX_BYTES
