import numpy as np
import pandas as pd
import pytest
from pyproj import CRS

from app.beats.officer_files import read_officers
from app.errors import InvalidInputError

UTM = CRS("EPSG:32634")


def test_officers_with_stations_in_degrees_are_projected(tmp_path):
    path = tmp_path / "officers.csv"
    path.write_text("Badge No;Languages;Lat;Lon;FTE\n0017;sq|en;42,0;21,0;0,5\n18;;;;\n")
    officers = read_officers(path, UTM)
    assert officers["officer_id"].tolist() == ["0017", "18"]
    assert officers["station_x"].iloc[0] == pytest.approx(500_000, abs=1)
    assert officers["station_y"].iloc[0] == pytest.approx(4_649_776, abs=50)
    assert np.isnan(officers["station_x"].iloc[1])
    assert officers["capacity"].iloc[0] == 0.5
    assert officers["languages"].tolist() == ["sq|en", None]
    assert "current_beat" not in officers


def test_officers_with_stations_in_the_working_crs_stay(tmp_path):
    path = tmp_path / "officers.parquet"
    pd.DataFrame(
        {"officer_id": [7.0, 9.0], "station_x": [1.5, 2.5], "station_y": [3e6, 4e6], "beat": ["A", None]}
    ).to_parquet(path)
    officers = read_officers(path, UTM)
    assert officers["officer_id"].tolist() == ["7", "9"]
    assert officers["station_y"].tolist() == [3e6, 4e6]
    assert officers["current_beat"].tolist() == ["A", None]


def test_a_ragged_line_is_named(tmp_path):
    path = tmp_path / "officers.csv"
    path.write_text("badge,beat\n7,A\n8,A,B\n")
    with pytest.raises(InvalidInputError, match="line 3"):
        read_officers(path, UTM)
