"""The raster is read back by another reader (Pillow), pixel by pixel."""

import io

import numpy as np
import pytest
import shapely
from PIL import Image
from pyproj import CRS

from analysis.density.geotiff import density_geotiff
from analysis.density.kernel_density import kernel_density
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid, square_grid


def density(cell_m, **options):
    random = np.random.default_rng(0)
    x, y = random.uniform(700_000, 730_000, 500), random.uniform(3_900_000, 3_930_000, 500)
    area = shapely.Point(715_000, 3_915_000).buffer(14_000)
    return kernel_density(x, y, square_grid(area, cell_m, crs="EPSG:32615"), radius_m=3000.0, **options)


@pytest.mark.parametrize("cell_m", [40.0, 90.0, 500.0])
def test_every_cell_is_read_back_at_its_place(cell_m):
    found = density(cell_m, years=2.0)
    grid = found.grid
    content = density_geotiff(found)
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (grid.n_columns, grid.n_rows)
        pixels = np.array(image)[::-1]
        tags = dict(image.tag_v2)
        frames = image.n_frames
    shown = pixels[grid.inside]
    assert shown == pytest.approx(found.density_per_km2[grid.inside] / 2.0, rel=1e-6, abs=1e-12)
    assert (pixels[~grid.inside] == -9999.0).all()
    assert tags[33550] == (cell_m, cell_m, 0.0)
    assert tags[33922][3:5] == (grid.bounds[0], grid.bounds[3])
    assert 32615 in tags[34735]
    assert tags[42113] == "-9999"
    assert frames == 1 + max(0, int(np.ceil(np.log2(max(grid.inside.shape) / 256))))
    assert content == density_geotiff(found)


def test_overviews_are_the_means_of_known_cells_and_all_directories_come_first():
    found = density(40.0)
    content = density_geotiff(found)
    with Image.open(io.BytesIO(content)) as image:
        first_tile = min(min(image.tag_v2[324]) for _ in map(image.seek, range(image.n_frames)))
        image.seek(1)
        small = np.array(image)
        assert image.tag_v2[254] == 1
        directories = []
        for frame in range(image.n_frames):
            image.seek(frame)
            directories.append(min(image.tag_v2[324]))
    assert directories == sorted(directories, reverse=True)
    assert min(directories) == first_tile
    values = np.where(found.grid.inside, found.density_per_km2, np.nan)[::-1]
    corner = values[200:202, 300:302]
    assert np.isfinite(corner).all()
    assert small[100, 150] == pytest.approx(corner.mean(), rel=1e-6)


def test_a_crs_that_the_file_cannot_name_is_refused():
    local = CRS.from_proj4("+proj=tmerc +lat_0=41 +lon_0=20 +k=1 +x_0=0 +y_0=0 +ellps=GRS80 +units=m")
    grid = SquareGrid(100.0, 0.0, 0.0, np.ones((4, 4), dtype=bool), local, 0.16)
    with pytest.raises(ParameterError, match="no EPSG code"):
        density_geotiff(kernel_density([200.0], [200.0], grid, radius_m=200.0))
