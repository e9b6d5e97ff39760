"""Checks, comparison, import with row-level errors, export and beat sheets."""

import json
import tempfile

import geopandas as gpd
import pytest
from plan_stripes import ADDRESS, CODE, stripes
from small_town import place

IMPORTS = f"{ADDRESS}/imports"


def upload(client, table, **fields):
    return client.post(IMPORTS, files={"file": ("plan.csv", table)}, data={"name": "Plan", **fields})


def test_bad_rows_are_named_and_nothing_is_stored(analyst, town):
    table = stripes().replace("00-00,B1", "99-99,B1").replace("00-01,B1", "00-02,B1").replace("00-05,B2", "00-05,")
    found = upload(analyst, table).json()
    assert (found["stored"], found["beat_plan_id"], found["error_count"]) == (False, None, 3)
    assert [(error["row"], error["code"]) for error in found["errors"]] == [
        (1, "unknown_unit"),
        (3, "repeated_unit"),
        (6, "missing_beat"),
    ]
    assert found["missing_units"] == ["00-00", "00-01", "00-05"]
    assert analyst.get(ADDRESS).json()["beat_plans"] == []


def test_dry_run_shows_the_plan_and_stores_nothing(analyst, town):
    found = upload(analyst, stripes(4).replace(",", ";"), dry_run="true").json()
    assert (found["stored"], found["beats"], found["units"], found["error_count"]) == (False, 3, 144, 0)
    assert [check["code"] for check in found["checks"] if not check["passed"]] == ["beat_count", "deviation"]
    assert analyst.get(ADDRESS).json()["beat_plans"] == []


def test_what_is_no_table_is_refused_with_the_reason(analyst, town):
    for table, told in (
        ("", "no column unit_id"),
        ("unit_id;beat\n1;2\n", "no column beat_id"),
        ("unit_id,beat_id\n00-00\n", "Row 1 of the table has 1 values"),
        (b"unit_id,beat_id\n\xff,1\n", "not UTF-8"),
        ("unit_id,beat_id\n\x00,1\n", "U+0000"),
    ):
        answer = upload(analyst, table)
        assert answer.status_code == 422, answer.text
        assert told in answer.json()["detail"]
    assert upload(analyst, stripes(), min_residents="9000").status_code == 422
    assert analyst.post(IMPORTS, json={}).status_code == 415


def test_renaming_beats_moves_nobody_and_a_moved_unit_its_residents(draft, analyst):
    first, renamed = draft(), draft(stripes().replace(",B", ",Z"))
    changed = draft(stripes(moved=("00-02", "01-02")))
    address = f"{ADDRESS}/{renamed}/comparison"
    assert analyst.get(address, params={"before": first}).json()["moved_residents"] == 0
    found = analyst.get(f"{ADDRESS}/{changed}/comparison", params={"before": first}).json()
    assert (found["moved_units"], found["moved_residents"]) == (2, 310)
    assert found["moved_unit_ids"] == ["00-02", "01-02"]
    rows = {row["beat_after"]: row for row in found["beats"]}
    assert (rows["B1"]["residents_before"], rows["B1"]["residents_after"], rows["B2"]["residents_in"]) == (
        5940,
        5630,
        310,
    )
    assert analyst.get(address, params={"before": 999}).status_code == 404


def test_changed_officers_are_counted(draft, analyst, commander):
    first, second = draft(), draft()
    for plan, badge in ((first, "100"), (second, "101")):
        body = {"beat_id": "B1", "officer_id": badge, "reason": "chosen"}
        assert commander.post(f"{ADDRESS}/{plan}/assignments", json=body).status_code == 200
    found = analyst.get(f"{ADDRESS}/{second}/comparison", params={"before": first}).json()
    assert (found["changed_officers"], found["kept_officer_residents"]) == (1, 0)


def test_plan_comes_out_as_it_went_in(draft, analyst, tmp_path):
    plan = draft()
    table = analyst.get(f"{ADDRESS}/{plan}/export")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text == stripes()
    layer = json.loads(analyst.get(f"{ADDRESS}/{plan}/export", params={"format": "geojson"}).text)
    assert len(layer["features"]) == 4
    file = tmp_path / "beats.gpkg"
    file.write_bytes(analyst.get(f"{ADDRESS}/{plan}/export", params={"format": "gpkg"}).content)
    package = gpd.read_file(file)
    assert package["residents"].tolist() == [5940] * 4
    assert package.crs.to_epsg() == 32634


def layer_of(features):
    return json.dumps({"type": "FeatureCollection", "features": features})


def beat_feature(left, right, **properties):
    ring = [place(x, y) for x, y in ((left, 0), (right, 0), (right, 3000), (left, 3000), (left, 0))]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


def upload_layer(client, content, name="plan.geojson", **fields):
    return client.post(IMPORTS, files={"file": (name, content)}, data={"name": "Plan", **fields})


@pytest.mark.parametrize("form", ["geojson", "gpkg"])
def test_disk_that_takes_no_plan_is_told(draft, analyst, form, monkeypatch, tmp_path):
    address = f"{ADDRESS}/{draft()}/export"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    answer = analyst.get(address, params={"format": form})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:kvart:problem:storage_failed")
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize("form", ["geojson", "gpkg"])
def test_exported_layer_comes_in_as_the_same_plan(draft, analyst, form):
    content = analyst.get(f"{ADDRESS}/{draft()}/export", params={"format": form}).content
    found = upload_layer(analyst, content, f"plan.{form}").json()
    assert found["stored"], found
    assert analyst.get(f"{ADDRESS}/{found['beat_plan_id']}/export").text == stripes()


def test_layer_of_units_is_read_by_their_ids(analyst, town):
    units = [line.split(",") for line in stripes().splitlines()[1:]]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": place(10 + number, 10)},
            "properties": {"unit_id": unit, "beat_id": beat},
        }
        for number, (unit, beat) in enumerate(units)
    ]
    found = upload_layer(analyst, layer_of(features)).json()
    assert found["stored"], found
    features[3]["properties"]["unit_id"] = "77-77"
    assert upload_layer(analyst, layer_of(features)).json()["errors"][0]["row"] == 4


def test_features_at_fault_are_named_and_nothing_is_stored(analyst, town):
    features = [
        beat_feature(0, 1500, beat_id="West"),
        beat_feature(1250, 2500, beat_id="East"),
        beat_feature(2500, 2750, beat_id=None),
    ]
    found = upload_layer(analyst, layer_of(features)).json()
    assert not found["stored"]
    assert {(error["row"], error["code"]) for error in found["errors"]} == {
        (2, "overlapping_beats"),
        (3, "missing_beat"),
    }
    assert found["error_count"] == 13
    assert found["missing_count"] == 24
    assert upload_layer(analyst, layer_of([beat_feature(0, 3000, name="x")])).status_code == 422
    assert upload_layer(analyst, "{", "plan.geojson").status_code == 422


def test_sheets_are_printed_and_name_only_who_is_published(draft, analyst):
    plan = draft()
    sheets = analyst.get(f"{ADDRESS}/{plan}/sheets", params={"beats": "B1, B3"})
    assert sheets.headers["content-type"] == "application/pdf"
    assert sheets.content.startswith(b"%PDF")
    assert analyst.get(f"{ADDRESS}/{plan}/sheets", params={"beats": "B9"}).status_code == 422


def test_plans_of_other_municipalities_are_not_found(analyst, client, municipality):
    for part in ("history", "checks", "standing", "export", "sheets"):
        assert client.get(f"/municipalities/{municipality}/beat-plans/1/{part}").status_code == 404
    assert client.get(f"/municipalities/{CODE}/beat-plans/1/checks").status_code == 404
