"""What becomes of single rows: taken in, or quarantined with line, raw values and every reason."""

import gzip
import json

import numpy as np
import pytest
from import_figures import codes, counts

from app.errors import ImportRefusedError, InvalidInputError
from app.files import delimited, tables
from app.ingest import planning
from app.ingest.findings import MAX_RAW_LENGTH

HEADER = "id,category,occurred_from,occurred_to,longitude,latitude,beat\n"
GOOD = "1,Burglary,2026-03-01 21:15,2026-03-02 06:00,22.60,57.25,B1\n"


def quarantine(rows):
    """Return line and reason codes of every quarantined row."""
    found = rows("select line, reasons from quarantined_row order by line, id")
    return [(line, [reason["code"] for reason in reasons]) for line, reasons in found]


def test_good_row_is_stored_with_place_time_and_category(take_in, rows):
    report = take_in(HEADER + GOOD)
    assert counts(report) == (1, 0, 0, 0)
    [row] = rows(
        """select external_id, code, label, kind, st_x(geom), st_y(geom), x, y, occurred_from, occurred_to,
        time_precision, recorded_area from incident join category on category.id = category_id"""
    )
    assert row[:6] == ("1", "burglary", "Burglary", "incident", 22.60, 57.25)
    assert row[6:8] == pytest.approx((596_539, 6_346_349), abs=1)
    assert [time.isoformat() for time in row[8:10]] == ["2026-03-01T19:15:00+00:00", "2026-03-02T04:00:00+00:00"]
    assert row[10:] == ("minute", "B1")
    assert report.columns == {
        "external_id": "id", "category": "category", "occurred_from": "occurred_from", "occurred_to": "occurred_to",
        "recorded_area": "beat",
    }  # fmt: skip
    assert {"columns_by_name", "assumed_crs"} <= codes(report)


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ("2,a,2026-03-01,,0,0,", ["zero_coordinates"]),
        ("2,a,2026-03-01,,,57.25,", ["missing_coordinates"]),
        ("2,a,2026-03-01,,NA,57.25,", ["missing_coordinates"]),
        ("2,a,2026-03-01,,here,57.25,", ["unreadable_coordinates"]),
        ("2,a,2026-03-01,,57.25,22.60,", ["swapped_coordinates"]),
        ("2,a,2026-03-01,,22.60,157.25,", ["out_of_range"]),
        ("2,a,2026-03-01,,inf,57.25,", ["unreadable_coordinates"]),
        ("2,a,2026-03-01,,24.60,57.25,", ["outside_region"]),
        ("2,a,soon,,22.60,57.25,", ["unreadable_occurred_from"]),
        ("2,a,2026-02-30,,22.60,57.25,", ["unreadable_occurred_from"]),
        ("2,a,2026-03-02,2026-03-01,22.60,57.25,", ["end_before_start"]),
        ("2,a,soon,later,0,0,", ["unreadable_occurred_from", "unreadable_occurred_to", "zero_coordinates"]),
        ("2,a,2026-03-01", ["ragged_row"]),
        ("2,a,2026-03-01,,22.60,57.25,B1,more", ["ragged_row"]),
        (f"2,a,2026-03-01,,22.60,57.25,{'B' * 10_001}", ["too_long"]),
        (f"{'9' * 3000},a,2026-03-01,,22.60,57.25,B1", ["too_long"]),
    ],
)
def test_bad_row_is_quarantined_with_every_reason(take_in, rows, row, reasons):
    report = take_in(HEADER + GOOD + row + "\n")
    assert counts(report) == (1, 0, 0, 1)
    assert quarantine(rows) == [(3, reasons)]
    assert report.reasons == dict.fromkeys(reasons, 1)


def test_weight_is_taken_in_and_what_is_no_weight_quarantined(take_in, rows):
    weights = ["2.5", "", "NA", "1", "0", "-3", "much", "inf", "1e400", "2e9", "1e-9"]
    text = "id,type,date,lon,lat,harm\n"
    text += "".join(f"{n},a,2026-03-01,22.6,57.25,{weight}\n" for n, weight in enumerate(weights))
    report = take_in(text, columns={"weight": "harm"})
    assert counts(report) == (5, 0, 0, 6)
    stored = rows("select external_id, weight from incident order by external_id::int")
    assert stored == [("0", 2.5), ("1", None), ("2", None), ("3", 1.0), ("10", 1e-9)]
    out_of_range, unreadable = "weight_out_of_range", "unreadable_weight"
    assert [codes for _, codes in quarantine(rows)] == [
        [out_of_range], [out_of_range], [unreadable], [unreadable], [unreadable], [out_of_range],
    ]  # fmt: skip
    messages = rows("select reasons -> 0 ->> 'message' from quarantined_row order by line limit 3")
    assert messages == [
        ("weight is 0, which is not above 0.",), ("weight is -3, which is not above 0.",),
        ("weight 'much' is not a number.",),
    ]  # fmt: skip


def test_weight_is_found_by_its_name_and_kept_by_a_file_without_one(take_in, rows):
    header, row = "id,type,date,lon,lat", "7,a,2026-03-01,22.6,57.25"
    report = take_in(f"{header},Weight\n{row},3\n", columns={"external_id": "id"})
    assert report.columns["weight"] == "Weight"
    assert counts(take_in(f"{header},weight\n{row},4\n")) == (0, 1, 0, 0)
    assert counts(take_in(f"{header},weight\n{row},4.0\n")) == (0, 0, 1, 0)
    assert rows("select weight from incident") == [(4.0,)]


@pytest.mark.parametrize("form", ["csv", "geojson", "gpkg", "parquet"])
def test_weights_survive_the_way_out_and_in_again(take_in, rows, client, empty, tmp_path, form):
    weights = ["", "2.5", "1e-9", "7"]
    header = "id,type,date,lon,lat,weight\n"
    take_in(header + "".join(f"{n},a,2026-03-01,22.6,57.25,{weight}\n" for n, weight in enumerate(weights)))
    answer = client.get("/municipalities/talsi/ogc/collections/incidents/items", params={"f": form})
    assert answer.status_code == 200, answer.text
    path = tmp_path / f"incidents.{form}"
    path.write_bytes(answer.content)
    report = take_in(path, source="kvart", municipality=empty, columns={"external_id": "external_id"})
    assert counts(report) == (4, 0, 0, 0), report.reasons
    query = """select external_id, weight, occurred_from from incident i join municipality m on m.id = i.municipality_id
        where m.code = :code order by 1"""
    assert rows(query, code="other") == rows(query, code="talsi")
    assert [weight for _, weight, _ in rows(query, code="other")] == [None, 2.5, 1e-9, 7.0]


def test_zero_bytes_are_refused_before_they_reach_the_database(take_in):
    with pytest.raises(InvalidInputError, match="binary data"):
        take_in(HEADER + GOOD * 25 + GOOD.replace("B1", "B\x00"))


def test_quarantine_keeps_the_raw_values_and_says_what_is_wrong(take_in, rows):
    take_in(HEADER + GOOD + "2,a,31.02.2025 25:61,,0,0,B2\n")
    [(raw, reasons)] = rows("select raw, reasons from quarantined_row")
    assert raw == {
        "id": "2", "category": "a", "occurred_from": "31.02.2025 25:61", "occurred_to": "", "longitude": "0",
        "latitude": "0", "beat": "B2",
    }  # fmt: skip
    assert [reason["message"] for reason in reasons] == [
        "occurred_from '31.02.2025 25:61' is not a time that exists.", "The place is exactly (0, 0) in WGS 84.",
    ]  # fmt: skip


def test_lines_are_those_of_the_file_even_after_values_of_several_lines(take_in, rows):
    text = HEADER + '1,"Bur\nglary",2026-03-01,,22.60,57.25,\n\n2,a,2026-03-01,,0,0,\n3,short\n4,a,x,,22.6,57.25,\n'
    report = take_in(text)
    assert counts(report) == (1, 0, 0, 3)
    assert quarantine(rows) == [
        (5, ["zero_coordinates"]), (6, ["ragged_row"]), (7, ["unreadable_occurred_from"]),
    ]  # fmt: skip
    assert "blank_lines" in codes(report)


def test_zero_is_tested_in_the_crs_of_the_source(take_in, rows):
    text = "type,year,month,day,hour,minute,x,y\na,2020,6,19,3,40,596553,6346519\nb,2020,6,19,0,0,0.0,0.0\n"
    report = take_in(text, crs="EPSG:32634")
    assert counts(report) == (1, 0, 0, 1)
    assert quarantine(rows) == [(3, ["zero_coordinates"])]
    assert report.columns["occurred_from"] == "year+month+day+hour+minute"
    assert rows("select occurred_from::text, time_precision from incident") == [("2020-06-19 00:40:00+00", "minute")]


def test_blank_time_is_taken_in_as_unknown(take_in, rows):
    report = take_in(HEADER + "1,a,,,22.6,57.25,\n")
    assert rows("select occurred_from, time_precision from incident") == [(None, "unknown")]
    assert "unknown_times" in codes(report)


def test_long_windows_and_places_outside_the_boundary_are_warned_of(take_in):
    report = take_in(HEADER + "1,a,2026-03-01,2026-03-20,22.8,57.25,\n2,a,,2026-03-20,22.6,57.25,\n")
    assert counts(report) == (2, 0, 0, 0)
    assert {"long_windows", "outside_boundary", "end_without_start"} <= codes(report)


def test_repeated_identifiers_do_not_hide_rows(take_in, rows):
    other = GOOD.replace("B1", "B2")
    report = take_in(HEADER + "1,a,2026-03-01,,0,0,\n" + GOOD + GOOD + other, columns={"external_id": "id"})
    assert counts(report) == (1, 0, 1, 2)
    assert quarantine(rows) == [(2, ["zero_coordinates"]), (5, ["repeated_id"])]
    [(reasons,)] = rows("select reasons from quarantined_row where line = 5")
    assert reasons[0]["message"] == "The identifier '1' is that of line 3, which differs."


def test_rows_that_differ_behind_what_is_kept_of_a_long_text_are_not_the_same(take_in, rows):
    row = "1,2026-03-01,22.60,57.25," + "x" * MAX_RAW_LENGTH
    text = "id,occurred_from,longitude,latitude,note\n" + f"{row}A\n{row}A\n{row}B\n"
    assert counts(take_in(text, columns={"external_id": "id"})) == (1, 0, 1, 1)
    assert quarantine(rows) == [(4, ["repeated_id"])]


def test_rows_without_identifiers_are_never_taken_for_the_same(take_in, rows):
    row = "a,2026-03-01,22.60,57.25\n"
    report = take_in("category,occurred_from,longitude,latitude\n" + row * 3)
    assert counts(report) == (3, 0, 0, 0)
    [first, second, third] = [key for (key,) in rows("select external_id from incident order by external_id")]
    assert first.endswith(":0000000002")
    assert len({first, second, third}) == 3


def test_column_that_repeats_is_no_identifier_unless_declared(take_in):
    text = "id,occurred_from,longitude,latitude\n" + "7,2026-03-01,22.60,57.25\n" * 5
    report = take_in(text)
    assert counts(report) == (5, 0, 0, 0)
    assert "not_an_identifier" in codes(report)
    assert counts(take_in(text, source="other", columns={"external_id": "id"})) == (1, 0, 4, 0)


def test_blank_identifiers_get_the_line_instead(take_in, rows):
    take_in("id,occurred_from,longitude,latitude\nA,2026-03-01,22.60,57.25\n,2026-03-01,22.60,57.25\n")
    assert [len(key) for (key,) in rows("select external_id from incident order by id")] == [1, 43]


def test_categories_are_mapped_and_the_sensitive_ones_marked(take_in, rows):
    place = "22,6;57,25\n"
    text = f"typ;datum;lon;lat\nDiebstahl;01.03.2026;{place}Sexualdelikt;13.03.2026;{place};13.03.2026;{place}"
    take_in(
        text,
        columns={"category": "typ", "occurred_from": "datum"},
        categories={"Diebstahl": "Theft"},
        sensitive_categories=["Sexualdelikt"],
    )
    found = rows("select code, label, sensitive from category where kind = 'incident' order by code")
    assert found == [("sexualdelikt", "Sexualdelikt", True), ("theft", "Theft", False)]
    assert rows("select count(*) from incident where category_id is null") == [(1,)]


def test_one_category_for_the_whole_file(take_in, rows):
    take_in("date,lon,lat\n2026-03-01,22.6,57.25\n", category="Vehicle theft")
    assert rows("select code from incident join category on category.id = category_id") == [("vehicle-theft",)]


def test_free_text_is_no_category(take_in):
    text = "category,date,lon,lat\n" + "".join(f"text {n},2026-03-01,22.6,57.25\n" for n in range(2_001))
    with pytest.raises(ImportRefusedError, match="2,001 different values"):
        take_in(text)


def test_reports_know_who_reported(take_in, rows):
    text = (
        "case_id,type,open_dt,closed_dt,case_status,source,lon,lat\n"
        "1,Light,2026-03-01 10:00,2026-02-01 10:00,Open - Dup,Employee Generated,22.6,57.25\n"
        "2,Light,2026-03-01 10:00,,Open,Citizens Connect App,22.6,57.25\n"
        "3,Light,2026-03-01 10:00,,Open,Telex,22.6,57.25\n"
        "4,Light,2026-03-01 10:00,,Open,Beirat,22.6,57.25\n"
    )
    report = take_in(text, "reports", reported_by={"Beirat": "survey"}, statuses={"Open": "received"})
    assert counts(report) == (4, 0, 0, 0)
    found = rows("select external_id, reported_by, channel, status from report order by external_id")
    assert found == [
        ("1", "municipality", "Employee Generated", "Open - Dup"), ("2", "citizen", "Citizens Connect App", "received"),
        ("3", "unknown", "Telex", "received"), ("4", "survey", "Beirat", "received"),
    ]  # fmt: skip
    assert {"marked_duplicates", "end_before_start", "reporters"} <= codes(report)


def test_point_mass_is_reported(take_in):
    generator = np.random.default_rng(1)
    lines = [f"2026-03-01,{22.55 + 0.1 * x:.6f},{57.22 + 0.05 * y:.6f}" for x, y in generator.random((300, 2))]
    report = take_in("\n".join(["date,lon,lat", *lines, *["2026-03-01,22.6,57.25"] * 60]) + "\n")
    [mass] = [notice.message for notice in report.notices if notice.code == "point_mass"]
    assert mass.startswith("60 rows (16.7%)")


def test_clock_and_coverage_warnings(take_in):
    generator = np.random.default_rng(2)
    hours = np.clip(generator.normal(10, 3, 4_000), 0, 23.99)
    days = generator.integers(0, 365, 4_000)
    kept = (days < 120) | (days > 180)
    times = (
        np.datetime64("2025-01-01T00:00")
        + days[kept].astype("timedelta64[D]")
        + (hours[kept] * 60).astype("timedelta64[m]")
    )
    lines = [f"{str(time).replace('T', ' ')},22.6,57.25,A" for time in times]
    report = take_in("\n".join(["date,lon,lat,beat", *lines]) + "\n")
    assert {"shifted_clock", "empty_months"} <= codes(report)
    rounded = [line.replace(line[13:16], ":00") for line in lines]
    assert {"rounded_times"} <= codes(take_in("\n".join(["date,lon,lat,beat", *rounded]) + "\n", source="b"))
    midnight = [f"{line[:11]}00:00{line[16:]}" for line in lines[:600]]
    assert "midnight_times" in codes(take_in("\n".join(["date,lon,lat,beat", *midnight, *lines]) + "\n", source="c"))


def test_areas_with_empty_months_and_future_rows_are_told(take_in):
    days = [
        (month, day, area)
        for month in range(1, 13)
        for day in range(1, 27)
        for area in "AB"
        if area + str(month) != "B6"
    ]
    lines = [f"2025-{month:02d}-{day:02d} 10:{day:02d},22.6,57.25,{area}" for month, day, area in days]
    report = take_in("\n".join(["date,lon,lat,beat", *lines, "2099-01-01 10:00,22.6,57.25,A"]) + "\n")
    messages = {notice.code: notice.message for notice in report.notices}
    assert "B (2025-06)" in messages["empty_area_months"]
    assert messages["future_times"].startswith("1 rows")


def test_month_precision_is_told(take_in, rows):
    report = take_in("Month,Crime.type,Longitude,Latitude\n2026-01,Burglary,22.6,57.25\n2026-02,Burglary,22.6,57.25\n")
    assert "coarse_times" in codes(report)
    assert rows("select distinct time_precision from incident") == [("month",)]


def test_file_with_only_bad_rows_is_refused_and_leaves_nothing(take_in, rows):
    with pytest.raises(ImportRefusedError, match="none of its 2 rows") as refused:
        take_in(HEADER + "1,a,2026-03-01,,0,0,\n2,a,soon,,22.6,57.25,\n")
    assert refused.value.details == {"reasons": {"zero_coordinates": 1, "unreadable_occurred_from": 1}}
    assert rows("select count(*) from source union all select count(*) from import_batch") == [(0,), (0,)]


@pytest.mark.parametrize(
    ("kind", "profile", "words"),
    [
        ("incident", {}, "no kind of import 'incident'"),
        ("incidents", {"columns": {"occured_from": "occurred_from"}}, "no field 'occured_from'"),
        ("incidents", {"columns": {"category": "typ"}}, "no column 'typ'"),
        ("incidents", {"timezone": "Riga"}, "no time zone 'Riga'"),
        ("incidents", {"colums": {}}, "'colums'"),
        ("incidents", {"crs": "EPSG:32634"}, "are degrees"),
        ("incidents", {"utc_label": "maybe"}, "'utc_label'"),
    ],
)
def test_wrong_settings_are_refused_in_words(take_in, kind, profile, words):
    with pytest.raises(InvalidInputError, match=words) as refused:
        take_in(HEADER + GOOD, kind, **profile)
    assert refused.value.hint


def test_source_needs_a_name(take_in):
    with pytest.raises(InvalidInputError, match="no name"):
        take_in(HEADER + GOOD, source="  ")


def test_slices_do_not_show(take_in, rows, monkeypatch):
    monkeypatch.setattr(tables, "PIECE_BYTES", 256)
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 3)
    text = HEADER + "".join(
        f"{n % 8},a{n % 4},2026-03-01 10:00,,22.6,57.25,{'' if n % 5 else 'x'}\n" for n in range(11)
    )
    told = []
    report = take_in(gzip.compress(text.encode()), name="rows.csv.gz", columns={"external_id": "id"},
                     progress=lambda fraction, message: told.append((fraction, message)))  # fmt: skip
    assert counts(report) == (8, 0, 1, 2)
    assert [line for line, _ in quarantine(rows)] == [10, 12]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert told[0] == (0.0, "reading")
    assert told[-1] == (1.0, "done")


def test_sample_of_a_long_file_is_that_of_the_whole(take_in, monkeypatch):
    monkeypatch.setattr(tables, "PIECE_BYTES", 256)
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 7)
    monkeypatch.setattr(planning, "SAMPLE_ROWS", 4)
    looked_at = []
    detect = planning.detect_format

    def watched(sample, *rest, **named):
        looked_at.append(sample.to_pylist())
        return detect(sample, *rest, **named)

    monkeypatch.setattr(planning, "detect_format", watched)
    take_in(HEADER + "".join(f"{n},theft,2026-03-01 10:{n:02d},,22.6,57.25,\n" for n in range(50)))
    assert looked_at[0] == [f"2026-03-01 10:{n:02d}" for n in range(0, 50, 12)]


def test_report_is_json(take_in):
    told = json.loads(json.dumps(take_in(HEADER + GOOD).to_dict()))
    assert told["accepted"] == told["rows_read"] == 1
    assert told["file_name"] == "file.csv"
