"""What an import says of the lives of danger zones and fixes: statuses, sentences, merges, and all of it again."""

import json
import threading

import pytest
from import_figures import counts

from app.errors import ImportRefusedError
from app.ingest.service import import_file
from app.municipalities.service import find_municipality

HEAD = "id,category,status,lon,lat,reporters,reported_at,updated_at,passed_on_to,merged_into,why,next_step\n"


def zone(code, status="open", *, merged="", to="", why="", following="", updated="2026-02-01T10:00:00Z"):
    place = f"22.6{code[-1]},57.24"
    return f"{code},traffic,{status},{place},3,2026-01-05T10:00:00Z,{updated},{to},{merged},{why},{following}\n"


def take(take_in, *zones, **options):
    return take_in(HEAD + "".join(zones), "danger-zones", source="council", **options)


@pytest.fixture
def told(database, talsi, rows):
    """Return ``(action, from, to, why)`` of the history of a zone."""

    def read(code):
        return rows(
            "select action, from_status, to_status, why from danger_zone_change c join danger_zone z on "
            "z.id = c.danger_zone_id where z.external_id = :code order by c.id",
            code=code,
        )

    return read


def test_an_imported_zone_begins_its_history_with_the_import(take_in, told, rows):
    take(take_in, zone("z1", "passed_on", to="Water company", why="Not ours."), zone("z2"))
    assert told("z1") == [("import", None, "passed_on", "Not ours.")]
    assert told("z2") == [("import", None, "open", None)]
    assert rows("select passed_on_to from danger_zone order by external_id") == [("Water company",), (None,)]
    assert rows("select distinct changed_at::date::text, actor_kind from danger_zone_change") == [
        ("2026-02-01", "import")
    ]


def test_a_later_status_of_the_source_is_a_step_with_its_sentence(take_in, told):
    take(take_in, zone("z1"), zone("z2"))
    later = zone("z1", "fixed", why="Six lamps burn.", following="We ask you.", updated="2026-03-01T10:00:00Z")
    assert counts(take(take_in, later, zone("z2"))) == (0, 1, 1, 0)
    assert counts(take(take_in, later, zone("z2"))) == (0, 0, 2, 0)
    assert told("z1") == [("import", None, "open", None), ("import", "open", "fixed", "Six lamps burn.")]
    assert len(told("z2")) == 1


def test_what_staff_decided_stays_until_the_source_says_something_new(take_in, told, rows, database, client):
    take(take_in, zone("z1"))
    [(number,)] = rows("select id from danger_zone")
    step = {"why": "It is in the plan."}
    assert client.post(f"/municipalities/talsi/danger-zones/{number}/plan", json=step).status_code == 200
    take(take_in, zone("z1"))
    take(take_in, zone("z1").replace("traffic", "drugs"))
    assert [row[2] for row in told("z1")] == ["open", "in_plan"]
    take(take_in, zone("z1", "fixed"))
    assert rows("select status from danger_zone") == [("fixed",)]
    assert told("z1")[-1][:3] == ("import", "in_plan", "fixed")


def test_times_that_the_file_does_not_tell_change_nothing(take_in, rows):
    text = "id,category,lon,lat\nz1,traffic,22.6,57.24\nz2,traffic,22.61,57.24\n"
    take_in(text, "danger-zones")
    first = rows("select reported_at, updated_at from danger_zone order by external_id")
    assert counts(take_in(text, "danger-zones")) == (0, 0, 2, 0)
    assert counts(take_in(text.replace("z2,traffic", "z2,drugs"), "danger-zones")) == (0, 1, 1, 0)
    second = rows("select reported_at, updated_at from danger_zone order by external_id")
    assert second[0] == first[0]
    assert second[1][0] == first[1][0]
    assert second[1][1] > first[1][1]


def test_duplicates_lead_to_zones_before_and_after_them(take_in, rows, told):
    take(take_in, zone("z9"))
    report = take(
        take_in, zone("z1", "duplicate", merged="z3"), zone("z2", "duplicate", merged="z9"), zone("z3"),
        zone("z4", "duplicate", merged="z1"), zone("z9"),
    )  # fmt: skip
    assert counts(report) == (4, 0, 1, 0)
    assert rows(
        "select z.external_id, t.external_id from danger_zone z join danger_zone t on t.id = z.merged_into order by 1"
    ) == [("z1", "z3"), ("z2", "z9"), ("z4", "z1")]
    moved = take(take_in, zone("z2", "duplicate", merged="z3"), zone("z1", "duplicate", merged="z3"))
    assert counts(moved) == (0, 1, 1, 0)
    reopened = take(take_in, zone("z2", "open"))
    assert counts(reopened) == (0, 1, 0, 0)
    assert rows("select merged_into from danger_zone where external_id = 'z2'") == [(None,)]
    assert [row[:3] for row in told("z2")] == [("import", None, "duplicate"), ("import", "duplicate", "open")]


def test_merges_that_cannot_be_are_told_row_by_row(take_in, rows):
    report = take(
        take_in, zone("z1", "duplicate", merged="z2"), zone("z2", "duplicate", merged="z1"),
        zone("z3", "duplicate", merged="z3"), zone("z4", "duplicate", merged="z77"), zone("z5", merged="z6"),
        zone("z6"), zone("z7", "duplicate", merged="z8"), zone("z8", "lost"), zone("z9", "duplicate", merged="z7"),
    )  # fmt: skip
    assert counts(report) == (1, 0, 0, 8)
    assert report.reasons == {
        "merged_into_circular": 2, "merged_into_itself": 1, "unknown_merged_into": 3, "merged_into_not_duplicate": 1,
        "unknown_status": 1,
    }  # fmt: skip
    messages = {raw["id"]: reasons[0]["message"] for raw, reasons in rows("select raw, reasons from quarantined_row")}
    assert messages["z1"] == "merged_into 'z2' leads back to 'z1': one of them has to stand by itself."
    assert messages["z4"] == "merged_into 'z77' is no danger zone of this file or of the municipality."
    assert messages["z9"] == "merged_into 'z7' is no danger zone of this file or of the municipality."


def test_a_circle_with_what_is_stored_is_refused(take_in, rows):
    take(take_in, zone("z1", "duplicate", merged="z2"), zone("z2"))
    with pytest.raises(ImportRefusedError, match="circular"):
        take(take_in, zone("z2", "duplicate", merged="z1"))
    assert rows("select count(*) from danger_zone where merged_into is not null") == [(1,)]


def test_an_imported_duplicate_can_be_taken_out_again(take_in, rows, client):
    take(take_in, zone("z1", "duplicate", merged="z2"), zone("z2"))
    [(number,)] = rows("select id from danger_zone where external_id = 'z1'")
    answer = client.post(f"/municipalities/talsi/danger-zones/{number}/restore", json={"why": "Another corner."})
    assert answer.json()["status"] == "in_moderation"
    assert rows("select reporters, merged_into from danger_zone order by external_id") == [(3, None), (3, None)]
    take(take_in, zone("z1", "duplicate", merged="z2"), zone("z2"))
    assert rows("select status, merged_into from danger_zone where external_id = 'z1'") == [("in_moderation", None)]


LIFE = """
    select z.external_id, c.code, z.status, z.passed_on_to, t.external_id, z.reporters, z.reported_by, z.verified,
        z.reported_at, date_trunc('second', z.updated_at), st_astext(z.geom), (
            select json_agg(json_build_array(h.action, h.from_status, h.to_status, h.why, h.next_step, h.passed_on_to,
                o.external_id, h.changed_at) order by h.id)
            from danger_zone_change h left join danger_zone o on o.id = h.other_zone_id
            where h.danger_zone_id = z.id)
    from danger_zone z join municipality m on m.id = z.municipality_id join category c on c.id = z.category_id
    left join danger_zone t on t.id = z.merged_into where m.code = :code order by z.geom, z.id
"""
WORK = """
    select f.external_id, f.title, f.status, f.co_owners, b.title, z.external_id, (
            select json_agg(o.external_id order by o.external_id) from fix_danger_zone l
            join danger_zone o on o.id = l.danger_zone_id where l.fix_id = f.id), f.cost, f.started_on
    from fix f join municipality m on m.id = f.municipality_id left join fix_bundle b on b.id = f.bundle_id
    left join danger_zone z on z.id = f.danger_zone_id where m.code = :code order by f.external_id
"""


@pytest.mark.parametrize("form", ["csv", "gpkg", "parquet", "geojson"])
def test_an_export_into_an_empty_municipality_keeps_every_state_sentence_link_and_day(
    form, take_in, rows, client, empty, tmp_path, database
):
    take(
        take_in, zone("z1", "duplicate", merged="z2"), zone("z2", "confirmed", why="All is well."),
        zone("z3", "passed_on", to="Water company", following="They answer."), zone("z4"), zone("z5", "received"),
    )  # fmt: skip
    fixes = (
        "id,kind,title,status,co_owners,danger_zone,further_danger_zones,bundle,lon,lat,cost,started_on\n"
        "f1,lighting,Lamps,under_way,power utility;school,z4,z2;z5,The lane,22.6,57.24,100,2026-02-03\n"
        "f2,lighting,More lamps,planned,,,,The lane,22.6,57.24,,\n"
    )
    take_in(fixes, "fixes")
    numbers = dict(rows("select external_id, id from danger_zone"))
    base = "/municipalities/talsi/danger-zones"
    for step in ("plan", "begin-fix"):
        assert client.post(f"{base}/{numbers['z4']}/{step}", json={"why": f"{step}, now"}).status_code == 200
    assert client.post(f"{base}/{numbers['z4']}/verify", json={"why": "Seen by us."}).status_code == 200
    merge = {"why": "The same corner.", "into": numbers["z4"]}
    assert client.post(f"{base}/{numbers['z5']}/merge", json=merge).status_code == 200
    rows("update danger_zone set external_id = id::text returning 1")
    rows("update fix set external_id = id::text returning 1")
    for kind in ("danger-zones", "fixes"):
        sent = client.get(f"/municipalities/talsi/ogc/collections/{kind}/items", params={"f": form})
        assert sent.status_code == 200, sent.text
        path = tmp_path / f"{kind}.{form}"
        path.write_bytes(sent.content)
        report = take_in(path, kind, source="kvart", municipality="other")
        assert report.counts.quarantined == 0, (report.reasons, rows("select reasons from quarantined_row"))
    assert rows(LIFE, code="other") == rows(LIFE, code="talsi")
    assert rows(WORK, code="other") == rows(WORK, code="talsi")


def test_a_history_that_cannot_be_read_is_told(take_in, rows):
    steps = [{"action": "accept", "to_status": "open", "changed_at": "2026-01-01T00:00:00Z"}]
    cells = [json.dumps(steps), "nonsense", json.dumps([steps[0] | {"action": "dance"}]), json.dumps([{"to": 1}])]
    quoted = [cell.replace('"', '""') for cell in cells]
    text = "id,category,status,lon,lat,history\n" + "".join(
        f'z{n},traffic,open,22.6,57.24,"{cell}"\n' for n, cell in enumerate(quoted)
    )
    report = take_in(text, "danger-zones")
    assert report.reasons == {"unreadable_history": 3}
    assert rows("select action, changed_at::date::text from danger_zone_change") == [("accept", "2026-01-01")]


def test_fixes_begin_their_history_with_the_import(take_in, rows, client):
    text = "id,kind,title,status,lon,lat\nf1,lighting,Lamps,{},22.6,57.24\n"
    take_in(text.format("planned"), "fixes")
    [(number,)] = rows("select id from fix")
    base = f"/municipalities/talsi/fixes/{number}"
    assert client.post(f"{base}/steps", json={"step": "begin", "reason": "Here we go."}).status_code == 200
    take_in(text.format("planned"), "fixes")
    take_in(text.format("done"), "fixes")
    told = client.get(f"{base}/history").json()
    assert [(change["from_status"], change["to_status"], change["sentence"]) for change in told["changes"]] == [
        (None, "planned", "It was taken over from another list as: planned."),
        ("planned", "under_way", "The work has begun. Here we go."),
        ("under_way", "done", "It was taken over from another list as: done."),
    ]


def test_two_imports_at_once_make_one_bundle(database, talsi, tmp_path, rows):
    text = "id,kind,title,bundle,lon,lat\nf{},lighting,Lamps,{},22.6,57.24\n"
    titles = ["The lane", " the  LANE", "The Lane", "THE LANE "]
    ready = threading.Barrier(len(titles))
    failed = []

    def run(number):
        path = tmp_path / f"{number}.csv"
        path.write_text(text.format(number, titles[number]))
        ready.wait()
        try:
            import_file(database, talsi, "fixes", path, source=f"source {number}")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(titles))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert rows("select count(distinct bundle_id), count(bundle_id) from fix") == [(1, len(titles))]
    with database.transaction() as session:
        assert find_municipality(session, talsi).code == talsi
