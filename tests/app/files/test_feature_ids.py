"""Numbers of GeoJSON Features are a column where they are the file's own, and none where GDAL would make them up."""

import gzip
import json

import pytest

from app.files import feature_ids
from app.files.tables import read_table


def layer(path, ids, **properties):
    place = {"type": "Point", "coordinates": [22.6, 57.24]}
    features = [
        {"type": "Feature", "geometry": place, "properties": {"kind": "lamp", **properties}}
        | ({} if number is None else {"id": number})
        for number in ids
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def ids_of(path):
    table = read_table(path)
    return table.attributes["id"].to_pylist() if "id" in table.columns else None


@pytest.mark.parametrize("name", ["l.geojson", "l.json", "l.geojson.gz"])
def test_numbers_and_texts_are_a_column(tmp_path, name):
    assert ids_of(layer(tmp_path / name, [7, 0, -12])) == [7, 0, -12]
    assert ids_of(layer(tmp_path / name, ["a", "b"])) == ["a", "b"]


@pytest.mark.parametrize("ids", [[None, None], [5, None]])
def test_numbers_that_are_made_up_are_none(tmp_path, ids):
    assert ids_of(layer(tmp_path / "l.geojson", ids)) is None


def test_a_property_of_that_name_stays(tmp_path):
    assert ids_of(layer(tmp_path / "l.geojson", [1, 2], id="q")) == ["q", "q"]


@pytest.mark.filterwarnings("ignore:Several features with id")
def test_numbers_that_repeat_are_none(tmp_path):
    assert ids_of(layer(tmp_path / "l.geojson", [4, 4])) is None


def test_numbers_between_two_pieces_of_a_file_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_ids, "_PIECE_BYTES", 97)
    numbers = [10**17 + number for number in range(40)]
    assert ids_of(layer(tmp_path / "l.geojson", numbers)) == numbers
