"""Files handed in over HTTP."""

import csv
import io
import json

import pytest

from app.files.spreadsheets import safe_cell
from app.imports import uploads
from app.imports.uploads import safe_file_name
from app.jobs.worker import Worker

ROWS = """id,category,occurred_from,longitude,latitude
1,burglary,2026-03-01 21:15,22.60,57.25
2,robbery,2026-03-02 22:15,22.61,57.26
3,=HYPERLINK("x"),2026-03-02 22:15,0,0
"""


@pytest.fixture
def address(municipality):
    return f"/municipalities/{municipality}/imports"


def hand_in(client, address, content=ROWS, name="march.csv", **fields):
    fields = {"kind": "incidents", "source": "police", **fields}
    kept = {name: value for name, value in fields.items() if value is not None}
    return client.post(address, data=kept, files={"file": (name, content)})


def test_file_becomes_a_run_and_its_rows_become_incidents(client, address, database, settings):
    answer = hand_in(client, address)
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert answer.headers["location"].endswith(f"/runs/{run['id']}")
    assert (run["kind"], run["state"]) == ("import", "queued")
    assert str(settings.database.home) not in answer.text
    assert Worker(database).run_until_idle() == 1
    done = client.get(answer.headers["location"]).json()
    assert done["state"] == "succeeded", done
    assert client.get(address.replace("imports", "incidents")).json()["numberReturned"] == 2
    batch = client.get(f"{address}/{done['summary']['batch_id']}").json()
    counts = [batch[name] for name in ("rows_read", "accepted", "updated", "unchanged", "quarantined")]
    assert counts == [3, 2, 0, 0, 1]
    assert (batch["file_name"], batch["kind"], batch["source"]) == ("march.csv", "incidents", "police")
    assert client.get(address).json() == {"imports": [batch], "next_before": None}
    assert client.get(address, params={"kind": "officers"}).json()["imports"] == []


def test_quarantine_is_shown_with_raw_values_and_reasons(client, address, database):
    hand_in(client, address)
    Worker(database).run_until_idle()
    batch = client.get(address).json()["imports"][0]
    page = client.get(f"{address}/{batch['id']}/quarantine").json()
    [row] = page["rows"]
    assert row["line"] == 4
    assert row["raw"]["category"] == '=HYPERLINK("x")'
    assert row["reasons"][0]["message"]
    table = client.get(f"{address}/{batch['id']}/quarantine", params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["content-disposition"].startswith("attachment")
    [cells] = csv.DictReader(io.StringIO(table.text))
    assert cells["category"] == '\'=HYPERLINK("x")'


def test_quarantine_comes_in_pages(client, address, database):
    bad = "".join(f"{n},x,2026-03-01,0,0\n" for n in range(10, 15))
    hand_in(client, address, ROWS + bad)
    Worker(database).run_until_idle()
    batch = client.get(address).json()["imports"][0]
    lines, after = [], 0
    while after is not None:
        page = client.get(f"{address}/{batch['id']}/quarantine", params={"most": 2, "after_line": after}).json()
        lines += [row["line"] for row in page["rows"]]
        after = page["next_after_line"]
    assert lines == [4, 5, 6, 7, 8, 9]


def test_imports_come_in_pages(client, address, database):
    for source in ("a", "b", "c"):
        hand_in(client, address, source=source)
    Worker(database).run_until_idle()
    first = client.get(address, params={"most": 2}).json()
    second = client.get(address, params={"most": 2, "before": first["next_before"]}).json()
    assert [batch["source"] for batch in first["imports"] + second["imports"]] == ["c", "b", "a"]


@pytest.mark.parametrize("profile", ['{"date_format": "day-first"}', 'date_format = "day-first"'])
def test_profile_as_json_or_toml(client, address, database, profile):
    content = "when,what,x,y\n01.03.2026 10:00,burglary,22.6,57.25\n"
    columns = "occurred_from=when,category=what,x=x,y=y"
    answer = hand_in(client, address, content, profile=profile, map=columns, crs="EPSG:4326", timezone="Europe/Riga")
    assert answer.status_code == 201, answer.text
    Worker(database).run_until_idle()
    [feature] = client.get(address.replace("imports", "incidents")).json()["features"]
    assert feature["properties"]["occurred_from"] == "2026-03-01T08:00:00+00:00"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "people"}, "kind"),
        ({"kind": None}, "kind"),
        ({"source": None}, "source"),
        ({"source": " "}, "source"),
        ({"colour": "red"}, "colour"),
        ({"map": "category"}, "map"),
        ({"map": "category=a,category=b"}, "map"),
        ({"profile": "{"}, "profile"),
        ({"profile": "= 1"}, "profile"),
    ],
)
def test_impossible_parts_are_named(client, address, settings, fields, pointer):
    answer = hand_in(client, address, **fields)
    assert answer.status_code == 422
    assert answer.json()["pointer"] == pointer
    assert no_upload_is_left(settings)


@pytest.mark.parametrize(
    "fields", [{"profile": '{"colour": "red"}'}, {"crs": "EPSG:0"}, {"timezone": "Mars/Olympus"}, {"profile": "[1]"}]
)
def test_impossible_settings(client, address, settings, fields):
    assert hand_in(client, address, **fields).status_code == 422
    assert no_upload_is_left(settings)


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("report.pdf", "%PDF-1.7", 415),
        ("march.gpkg", ROWS, 422),
        ("march.csv", "", 422),
        ("noending", ROWS, 415),
    ],
)
def test_files_of_no_use(client, address, settings, name, content, status):
    answer = hand_in(client, address, content, name)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert no_upload_is_left(settings)


def test_form_without_a_file(client, address, settings):
    answer = client.post(address, files={"kind": (None, "incidents"), "source": (None, "police")})
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "file"
    assert no_upload_is_left(settings)


def part(disposition, content):
    return b"--b\r\nContent-Disposition: form-data" + disposition + b"\r\n\r\n" + content


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 422),
        (f"multipart/form-data; boundary={'b' * 300}", b"x", 422),
        ("multipart/form-data; boundary=b", b"", 422),
        ("multipart/form-data; boundary=b", b"garbage", 422),
        ("multipart/form-data; boundary=b", part(b'; name="file"; filename="a.csv"', b"x"), 422),
        ("multipart/form-data; boundary=b", part(b"", b"x\r\n--b--\r\n"), 422),
        ("multipart/form-data; boundary=b", part(b'; name="kind"', b"\xff\r\n--b--\r\n"), 422),
    ],
)
def test_broken_forms(client, address, settings, media_type, body, status):
    answer = client.post(address, content=body, headers={"Content-Type": media_type})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert no_upload_is_left(settings)


def test_part_that_comes_twice(client, address, settings):
    parts = [("kind", (None, "incidents")), ("kind", (None, "reports")), ("file", ("a.csv", ROWS))]
    assert client.post(address, files=parts).json()["pointer"] == "kind"
    assert client.post(address, files=[("file", ("a.csv", ROWS))] * 2).json()["pointer"] == "file"
    assert no_upload_is_left(settings)


def test_file_larger_than_the_cap(client, address, settings):
    answer = hand_in(client, address, "x" * (1024**2 + 1))
    assert answer.status_code == 413
    assert no_upload_is_left(settings)


def test_disk_without_room_is_told_and_left_as_it_was(client, address, settings, monkeypatch):
    monkeypatch.setattr(uploads, "safe_file_name", lambda _name: "/dev/full")
    answer = hand_in(client, address)
    assert (answer.status_code, answer.headers["content-type"]) == (507, "application/problem+json")
    assert answer.json()["type"] == "urn:kvart:problem:insufficient_storage"
    assert "/dev" not in answer.text
    assert [path for path in settings.database.uploads.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    assert hand_in(client, address).status_code == 201


def test_file_that_is_refused_for_another_reason_is_not_told_as_a_full_disk(
    client, address, settings, monkeypatch, caplog
):
    monkeypatch.setattr(uploads, "safe_file_name", lambda _name: "missing/file.csv")
    answer = hand_in(client, address)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == "urn:kvart:problem:storage_failed"
    assert "full" not in answer.json()["detail"]
    assert "No such file" in caplog.text
    assert no_upload_is_left(settings)


def test_field_larger_than_its_cap(client, address, settings):
    assert hand_in(client, address, source="x" * 300_000).status_code == 413
    assert no_upload_is_left(settings)


def test_unknown_municipality_is_refused_before_the_file_is_read(client, settings):
    assert hand_in(client, "/municipalities/nobody/imports").status_code == 404
    assert no_upload_is_left(settings)


def test_unknown_import(client, address):
    assert client.get(f"{address}/1").status_code == 404
    assert client.get(f"{address}/1/quarantine").status_code == 404
    assert client.get(f"{address}/1/quarantine", params={"format": "xml"}).status_code == 400


def test_files_of_ended_imports_are_forgotten(client, address, database, settings, monkeypatch):
    hand_in(client, address)
    waiting = hand_in(client, address, source="other")
    monkeypatch.setattr("app.imports.service.FORGOTTEN_AFTER_SECONDS", -1.0)
    client.delete(waiting.headers["location"])
    hand_in(client, address, source="third")
    uploads = [path.name for path in (settings.database.home / "uploads" / "talsi").iterdir()]
    assert len(uploads) == 2
    Worker(database).run_until_idle()
    assert client.get(address).json()["imports"][0]["source"] == "third"


def no_upload_is_left(settings):
    return not [path for path in settings.database.home.glob("uploads/**/*") if path.is_file()]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "+49"),
        ("-71.05", "-71.05"),
        ("-1+cmd", "'-1+cmd"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        (None, ""),
        (-5, "-5"),
        ({"a": 1}, '{"a": 1}'),
        ("plain", "plain"),
    ],
)
def test_no_cell_is_a_formula(value, cell):
    assert safe_cell(value) == cell


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\files\\march.csv", "march.csv"),
        ("..", "upload"),
        ("", "upload"),
        (".hidden", "hidden"),
        ("a b\x00.csv", "a_b_.csv"),
        ("x" * 300 + ".csv.gz", "x" * 113 + ".csv.gz"),
    ],
)
def test_file_names_are_safe(given, kept):
    assert safe_file_name(given) == kept


def test_profile_that_is_stored_is_what_differs(client, address, database):
    answer = hand_in(client, address, profile=json.dumps({"delimiter": ","}), map="category=category")
    assert answer.json()["parameters"]["profile"] == {"delimiter": ",", "columns": {"category": "category"}}
