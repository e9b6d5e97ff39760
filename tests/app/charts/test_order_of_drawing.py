"""On paper too, no cluster hides a smaller one."""

import geopandas as gpd
import shapely
from matplotlib.figure import Figure

from app.charts.static_map import draw_map


def test_small_hulls_lie_above_large_ones():
    hulls = gpd.GeoDataFrame(
        {"events": [900, 15]},
        geometry=[
            shapely.box(500_000, 4_000_000, 505_000, 4_005_000),
            shapely.box(501_000, 4_001_000, 501_400, 4_001_400),
        ],
        crs="EPSG:32634",
    )
    for frame in (hulls, hulls.iloc[::-1]):
        axes = Figure().subplots()
        draw_map(axes, frame, "events")
        widths = [shape.get_paths()[0].get_extents().width for shape in axes.collections]
        assert widths == sorted(widths, reverse=True)
        assert len(widths) == 2
