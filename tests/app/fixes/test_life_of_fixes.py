"""The life of a fix over HTTP: catalogue, steps, danger zones that go along, bundles, photos before and after."""

import io

import pytest
from PIL import Image
from sqlalchemy import text

from app.fixes.lifecycle import FIX_STATUSES, STEPS
from app.identity.roles import Role

BASE = "/municipalities/talsi"
LINE = {"type": "LineString", "coordinates": [[22.6, 57.25], [22.603, 57.25]]}
POINT = {"type": "Point", "coordinates": [22.6, 57.25]}


def feature(geometry=LINE, **properties):
    told = {"kind": "lighting", "title": "Six lamps", "cost": 14_000, "owner": "city"} | properties
    return {"type": "Feature", "geometry": geometry, "properties": told}


@pytest.fixture
def zones(database, client, municipality):
    """Two accepted danger zones."""
    with database.owner_engine.begin() as connection:
        return [
            connection.execute(
                text("""insert into danger_zone (municipality_id, category_id, geom, status, reported_by)
                    select 1, id, st_geomfromtext('POINT(22.6 57.25)', 4326), 'open', 'citizen' from category
                    where code = 'dark-passage' and kind = 'concern' returning id""")
            ).scalar_one()
            for _ in range(2)
        ]


@pytest.fixture
def new(client, municipality):
    def store(**properties):
        answer = client.post(f"{BASE}/fixes", json=feature(**properties))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    return store


@pytest.fixture
def step(client):
    def take(fix, name, **more):
        return client.post(f"{BASE}/fixes/{fix}/steps", json={"step": name, "reason": "As decided.", **more})

    return take


def statuses(database, zones):
    with database.owner_engine.connect() as connection:
        rows = connection.execute(text("select id, status from danger_zone")).all()
    found = dict(map(tuple, rows))
    return [found[zone] for zone in zones]


def test_catalogue_tells_principle_shapes_and_benefit(anonymous, municipality):
    kinds = {kind["code"]: kind for kind in anonymous.get(f"{BASE}/fix-kinds").json()["kinds"]}
    assert kinds["lighting"]["benefit"] == [0.0, 0.19, 0.36]
    assert kinds["sport"]["benefit"] is None
    assert len({kind["principle"] for kind in kinds.values()}) >= 7


def test_every_status_can_be_reached_and_left():
    assert {step.target for step in STEPS.values()} == set(FIX_STATUSES)
    assert {source for step in STEPS.values() for source in step.sources} == set(FIX_STATUSES)


def test_fix_takes_its_danger_zones_along(client, database, zones, new, step):
    first = new(danger_zones=zones)
    other = new(title="Paint", kind="maintenance", danger_zones=zones[:1])
    assert step(first, "plan").json()["status"] == "planned"
    assert statuses(database, zones) == ["in_plan", "in_plan"]
    assert step(first, "begin", on="2026-03-02").status_code == 200
    assert statuses(database, zones) == ["fix_under_way", "fix_under_way"]
    life = step(first, "finish", on="2026-03-20").json()
    assert life["status"] == "done"
    assert life["possible"] == ["redo"]
    assert life["changes"][-1]["sentence"] == "It is done. As decided."
    assert statuses(database, zones) == ["fix_under_way", "fixed"], "the first still waits for its paint"
    assert step(other, "drop").json()["status"] == "dropped"
    assert step(other, "take-up").status_code == 200
    assert step(other, "begin", on="2026-03-21").status_code == 200
    assert step(other, "finish", on="2026-03-22").status_code == 200
    assert statuses(database, zones) == ["fixed", "fixed"]
    told = client.get(f"{BASE}/fixes/{first}").json()["properties"]
    assert (told["started_on"], told["ended_on"]) == ("2026-03-02", "2026-03-20")


def test_rejected_zone_does_not_hold_a_fix_back(database, zones, new, step):
    fix = new(danger_zones=zones)
    with database.owner_engine.begin() as connection:
        connection.execute(text("update danger_zone set status = 'rejected' where id = :id"), {"id": zones[0]})
    assert step(fix, "plan").status_code == 200
    assert statuses(database, zones) == ["rejected", "in_plan"]


def test_step_that_cannot_be_taken_is_refused_with_those_that_can(new, step):
    fix = new()
    answer = step(fix, "finish")
    assert answer.status_code == 409
    assert "plan" in answer.json()["hint"]
    assert step(fix, "begin", on="2026-03-02").status_code == 200
    answer = step(fix, "finish", on="2026-03-01")
    assert answer.status_code in (400, 422)
    assert "before it began" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (feature(kind="magic"), 422, "no kind of fix"),
        (feature(POINT, kind="street_work"), 422, "is no point"),
        (feature(bundle_id=77), 404, "no bundle 77"),
        (feature(danger_zones=[12345]), 404, "12345"),
        (feature(hot_spots=[{"run_id": 9, "cell": 1}]), 404, "run 9"),
        (feature(cost=-1), 422, "cost"),
        (feature(started_on="2026-02-02", ended_on="2026-02-01"), 422, "before"),
        (feature({"type": "Point", "coordinates": [0, 0]}), 422, "geometry"),
    ],
)
def test_bad_fix_is_refused_by_name(client, municipality, body, status, words):
    answer = client.post(f"{BASE}/fixes", json=body)
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_bundle_sums_its_fixes_and_edits_keep_what_they_leave_out(client, new):
    bundle = client.post(f"{BASE}/fix-bundles", json={"title": "Tunnel Lane"}).json()["id"]
    lamp, paint = new(bundle_id=bundle, budget=10_000), new(title="Paint", cost=900)
    answer = client.patch(f"{BASE}/fixes/{paint}", json={"bundle_id": bundle, "co_owners": ["school", "residents"]})
    assert answer.status_code == 200
    assert answer.json()["properties"]["co_owners"] == ["school", "residents"]
    assert answer.json()["properties"]["cost"] == 900
    (told,) = client.get(f"{BASE}/fix-bundles").json()["bundles"]
    assert told == {"id": bundle, "title": "Tunnel Lane", "description": None, "fixes": [lamp, paint], "cost": 14_900.0,
                    "budget": 10_000.0}  # fmt: skip
    assert client.patch(f"{BASE}/fixes/{paint}", json={"title": None}).status_code in (400, 422)
    assert client.patch(f"{BASE}/fixes/999", json={"cost": 1}).status_code == 404


def test_links_are_shown_to_staff(client, zones, new, client_as):
    fix = new(danger_zones=zones)
    assert client.get(f"{BASE}/fixes/{fix}/links").json() == {"danger_zones": zones, "hot_spots": []}
    assert client.patch(f"{BASE}/fixes/{fix}", json={"danger_zones": zones[:1]}).status_code == 200
    assert client.get(f"{BASE}/fixes/{fix}/links").json()["danger_zones"] == zones[:1]
    officer = client_as(Role.OFFICER, "talsi")
    assert officer.get(f"{BASE}/fixes/{fix}/links").status_code == 403
    engineer = client_as(Role.MUNICIPALITY, "talsi")
    assert engineer.post(f"{BASE}/fixes", json=feature()).status_code == 201


def test_fixes_go_with_their_zones_into_a_merge_and_back(client, database, zones, new, step):
    kept, duplicate = zones
    mine, other = new(danger_zones=[duplicate]), new(danger_zones=[kept])
    both = new(danger_zones=zones)
    merging = {"why": "The same tunnel.", "into": kept}
    assert client.post(f"{BASE}/danger-zones/{duplicate}/merge", json=merging).status_code == 200
    for fix in (mine, other, both):
        assert client.get(f"{BASE}/fixes/{fix}/links").json()["danger_zones"] == [kept]
    for fix in (mine, other, both):
        for name in ("plan", "begin", "finish"):
            if fix == both and name == "finish":
                assert statuses(database, zones) == ["fix_under_way", "duplicate"]
            assert step(fix, name).status_code == 200
    assert statuses(database, zones) == ["fixed", "duplicate"]
    restored = client.post(f"{BASE}/danger-zones/{duplicate}/restore", json={"why": "Another tunnel."})
    assert restored.status_code == 200, restored.text
    links = [client.get(f"{BASE}/fixes/{fix}/links").json()["danger_zones"] for fix in (mine, other, both)]
    assert links == [[duplicate], [kept], zones]


def test_the_public_reads_no_number_of_the_zone_that_a_fix_answers(client, anonymous, new):
    fix = new()
    own, seen = (who.get(f"{BASE}/fixes/{fix}").json() for who in (client, anonymous))
    internal = {"danger_zone_id", "further_danger_zones", "attributes", "external_id"}
    assert internal <= set(own["properties"])
    assert set(seen["properties"]) == set(own["properties"]) - internal
    assert seen["geometry"] == own["geometry"]


def test_photos_before_and_after(client, anonymous, new):
    fix, other = new(), new()
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(picture, "PNG")
    address = f"{BASE}/fixes/{fix}/photos"
    sent = {"content": picture.getvalue(), "headers": {"Content-Type": "image/png"}}
    photo = client.post(f"{address}?stage=before", **sent).json()
    for _ in range(2):
        assert client.post(f"{address}?stage=before", **sent).status_code == 201
    assert client.post(f"{address}?stage=before", **sent).status_code == 409
    assert client.post(f"{address}?stage=after", **sent).json()["stage"] == "after"
    assert len(anonymous.get(address).json()["photos"]) == 4
    shown = anonymous.get(f"{address}/{photo['id']}")
    assert shown.content.startswith(b"\xff\xd8")
    assert client.get(f"{BASE}/fixes/{other}/photos/{photo['id']}").status_code == 404
    assert client.delete(f"{address}/{photo['id']}").status_code == 204
    assert anonymous.get(f"{address}/{photo['id']}").status_code == 404
    assert client.post(f"{address}?stage=after", content=b"no photo", headers=sent["headers"]).status_code in (400, 422)
