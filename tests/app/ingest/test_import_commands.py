"""``kvart import`` and ``kvart quarantine`` as a person calls them."""

from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"


@pytest.fixture
def town(kvart):
    assert kvart("import", "municipalities", SAMPLE / "municipality.geojson")[0] == 0
    return kvart


def test_sample_town_goes_in_with_its_profiles(town, rows, tmp_path):
    calls = [
        ("areal-units", "areal_units.gpkg"), ("streets", "streets.geojson"), ("incidents", "incidents.csv"),
        ("danger-zones", "danger_zones.geojson"),
        ("reports", "reports.csv", "--profile", SAMPLE / "profiles/reports.toml"),
        ("street-lights", "street_lights.csv"), ("street-light-outages", "street_light_outages.csv"),
        ("fixes", "fixes.geojson"), ("beats", "beat_plan.csv"),
        ("officers", "officers.csv", "--profile", SAMPLE / "profiles/officers.toml"),
    ]  # fmt: skip
    for kind, name, *options in calls:
        code, _, err = town("import", kind, SAMPLE / name, "--source", "town", *options)
        assert (code, err) == (0, ""), kind
    expected = {
        "areal_unit": 703, "street_segment": 2_039, "incident": 10_515, "danger_zone": 120, "report": 360,
        "street_light": 5_059, "street_light_outage": 226, "fix": 17, "beat_membership": 703, "officer": 14,
        "quarantined_row": 15, "officer_assignment": 12,
    }  # fmt: skip
    assert {table: rows(f"select count(*) from {table}")[0][0] for table in expected} == expected


def test_result_reconciles_and_leads_to_the_quarantine(town, tmp_path):
    code, out, _ = town("import", "incidents", SAMPLE / "incidents.csv", "--source", "police")
    assert code == 0
    for words in ("10,530", "10,515", "15", "zero_coordinates 12, unreadable_occurred_from 3", "rows/s"):
        assert words in out
    [advice] = [line for line in out.splitlines() if "kvart quarantine" in line]
    command = advice.split("kvart ")[1].split()
    code, out, _ = town(*command)
    assert code == 0
    assert out.startswith("402: The place is exactly (0, 0)")
    code, out, _ = town(*command, "--out", tmp_path / "bad.csv")
    assert (tmp_path / "bad.csv").read_text().startswith("line,reasons,id,category")
    assert town("quarantine", "--batch", "99")[0] == 2


def test_options_become_the_profile(town, rows, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("nr\twann\tost\tnord\n1\t01.02.2026 10:00\t320000,5\t3987000\n")
    code, _, err = town(
        "import", "incidents", path, "--source", "s", "--crs", "EPSG:32634", "--timezone", "UTC", "--delimiter", "tab",
        "--decimal", ",", "--map", "external_id=nr,occurred_from=wann", "--x", "ost", "--y", "nord",
        "--date-format", "day-first", "--category", "Theft", "--municipality", "lindenkvart",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert rows("select occurred_from::text, x from incident") == [("2026-02-01 10:00:00+00", 320_000.5)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["incidents", "none.csv"], "no file"),
        (["incidents", SAMPLE / "README.md"], "'.md' cannot be read"),
        (["incidents", SAMPLE / "incidents.csv", "--map", "category"], "not FIELD=COLUMN"),
        (["incidents", SAMPLE / "incidents.csv", "--map", "kategory=id"], "Did you mean category?"),
        (["incidents", SAMPLE / "incidents.csv", "--crs", "EPSG:99999"], "EPSG:99999"),
        (["incidents", SAMPLE / "incidents.csv", "--timezone", "Riga"], "no time zone 'Riga'"),
        (["incidents", SAMPLE / "incidents.csv", "--municipality", "nowhere"], "no municipality"),
        (["incidents", SAMPLE / "incidents.csv", "--profile", "none.toml"], "no profile"),
        (["incidents", SAMPLE / "incidents.csv", "--profile", SAMPLE / "incidents.csv"], "no valid TOML"),
        (["reports", SAMPLE / "reports.csv"], "coordinate reference system is not stated"),
    ],
)
def test_mistakes_end_with_two_and_one_clear_message(town, rows, arguments, words):
    code, _, err = town("import", *arguments, "--source", "police")
    assert code == 2
    assert err.startswith("kvart: ")
    assert words in " ".join(err.split())
    assert "Traceback" not in err
    assert rows("select count(*) from source") == [(0,)]


def test_without_a_municipality_the_way_is_told(kvart):
    code, _, err = kvart("import", "incidents", SAMPLE / "incidents.csv", "--source", "police")
    assert code == 2
    assert "kvart import municipalities FILE" in err


def test_with_two_municipalities_one_must_be_named(town):
    boundary = SAMPLE / "municipality.geojson"
    assert town("import", "municipalities", boundary)[1].count("unchanged") == 1
    assert town("import", "municipalities", boundary, "--code", "second")[0] == 0
    code, _, err = town("import", "incidents", SAMPLE / "incidents.csv", "--source", "police")
    assert code == 2
    assert "lindenkvart, second" in err
