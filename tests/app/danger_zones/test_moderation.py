"""Staff's work with danger zones: steps in the allowed order, merging and splitting that can be undone, photos."""

import io
import itertools

import pytest
from PIL import Image
from sqlalchemy import text

from app.danger_zones import service
from app.danger_zones.lifecycle import TRANSITIONS, require_transition, steps_towards
from app.danger_zones.models import ZONE_STATUSES
from app.danger_zones.service import Decision
from app.errors import ConflictError, InvalidInputError, TooLargeError
from app.identity.caller import Caller
from app.identity.roles import Role
from app.municipalities.service import find_municipality
from app.photos.images import LONGEST_SIDE, MOST_BYTES, clean_photo

WHY = {"why": "The lamp is ordered.", "next_step": "It is put up in May."}
STRAIGHT = ("moderate", "accept", "plan", "begin-fix", "finish-fix", "confirm")
HERE, NEAR, FAR = [22.6, 57.25], [22.602, 57.25], [22.62, 57.25]


@pytest.fixture
def address(municipality):
    return f"/municipalities/{municipality}/danger-zones"


@pytest.fixture
def report(anonymous, client, address):
    """Reports a danger zone as a resident; returns its identifier for staff and the address of the secret link."""

    def send(place=HERE, contact=None, category="street-lighting"):
        told = {"category": category, "reported_by": "citizen", "description": "Dark.", "contact": contact}
        body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": told}
        answer = anonymous.post(address, json=body)
        assert answer.status_code == 201, answer.text
        newest = client.get(address).json()["features"][-1]
        return newest["id"], answer.json()["links"][0]["href"]

    return send


@pytest.fixture
def take(client, address):
    def step(zone, name, body=WHY, status=200):
        answer = client.post(f"{address}/{zone}/{name}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return step


def photo(size=(400, 300), kind="JPEG", **options):
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **options)
    return written.getvalue()


def test_the_straight_way_is_told_in_public_sentences(report, take, client, anonymous, address):
    zone, link = report()
    for name in STRAIGHT:
        assert name in client.get(f"{address}/{zone}/history").json()["possible"]
        take(zone, name)
    changes = client.get(f"{address}/{zone}/history").json()["changes"]
    assert [change["action"] for change in changes] == ["report", *STRAIGHT]
    assert changes[2]["sentence"] == "Not done yet: The lamp is ordered. Next: It is put up in May."
    assert changes[5]["sentence"].startswith("Done: ")
    assert changes[5]["actor"].startswith("administrator")
    told = anonymous.get(f"{link}/status", headers={"Accept-Language": "lv"}).json()
    assert [step["status"] for step in told["history"]][-1] == told["status"] == "confirmed"
    assert "administrator" not in str(told)
    assert told["history"][0]["sentence"] == "Vēl nav izdarīts: Ziņojums ir saņemts."


def test_only_the_table_leads_from_status_to_status():
    allowed = {(source, step.name) for step in TRANSITIONS.values() for source in step.sources}
    for status, name in itertools.product(ZONE_STATUSES, TRANSITIONS):
        if (status, name) in allowed:
            assert require_transition(name, status).target in ZONE_STATUSES
        else:
            with pytest.raises(ConflictError, match=status):
                require_transition(name, status)


def test_every_status_can_be_reached_and_left():
    targets = {step.target for step in TRANSITIONS.values()}
    sources = {source for step in TRANSITIONS.values() for source in step.sources}
    assert targets | {"received", "duplicate"} == set(ZONE_STATUSES)
    assert sources | {"duplicate"} == set(ZONE_STATUSES)


def test_a_step_out_of_order_is_refused_and_changes_nothing(report, take, client, address):
    zone, _ = report()
    assert "moderate" in take(zone, "finish-fix", status=409)["hint"]
    take(zone, "moderate")
    take(zone, "pass-on", status=422)
    assert take(zone, "pass-on", WHY | {"passed_on_to": "Water company"})["status"] == "passed_on"
    assert client.get(f"{address}/{zone}").json()["properties"]["passed_on_to"] == "Water company"
    assert "Passed on to: Water company." in client.get(f"{address}/{zone}/history").json()["changes"][-1]["sentence"]
    assert take(zone, "reconsider")["status"] == "in_moderation"


def test_the_reporter_contradicts_and_opens_again(report, take, anonymous):
    zone, link = report()
    assert anonymous.post(f"{link}/status/confirm").status_code == 409
    for name in STRAIGHT[:-1]:
        take(zone, name)
    assert anonymous.get(f"{link}/status").json()["possible"] == ["confirm", "contradict"]
    assert anonymous.post(f"{link}/status/contradict").json()["status"] == "not_confirmed"
    page = anonymous.post(f"{link}/reopen")
    assert "It was opened again." in page.text
    assert anonymous.post(f"{link}/status/accept").status_code == 404


def test_plans_and_fixes_bring_zones_on_by_the_same_steps(report, take, database, municipality):
    zone, _ = report()
    other, _ = report(place=FAR)
    take(other, "moderate")
    take(other, "reject")
    with database.transaction() as session:
        town = find_municipality(session, municipality)
        decision = Decision(Caller("command", "operator"), "Lamps are put up.")
        assert service.advance_zones(session, town, [zone], "fix_under_way", decision) == [zone]
        assert service.advance_zones(session, town, [zone], "in_plan", decision) == []
        assert [step["action"] for step in service.history(session, town, zone)] == ["report", *STRAIGHT[:4]]
        with pytest.raises(ConflictError, match="rejected"):
            service.advance_zones(session, town, [zone, other], "fixed", decision)
        assert [found.status for found in service.zones_by_ids(session, town, [zone])] == ["fix_under_way"]
    assert steps_towards("reopened", "in_plan") == ("plan",)
    assert steps_towards("confirmed", "fixed") == ()


def test_merging_counts_a_reporter_once_and_is_undone_without_loss(report, take, client, anonymous, address):
    first, _ = report(contact="Ann@example.org")
    second, link = report(place=NEAR, contact=" ann@EXAMPLE.org ")
    third, _ = report(place=NEAR, contact="bob@example.org")
    before = {zone: client.get(f"{address}/{zone}").json() for zone in (first, second, third)}
    assert [zone["id"] for zone in client.get(f"{address}/{first}/similar").json()["zones"]] == [second, third]
    take(second, "merge", WHY | {"into": first})
    take(third, "merge", WHY | {"into": first})
    merged = client.get(f"{address}/{first}").json()["properties"]
    assert merged["reporters"] == 2
    assert client.get(f"{address}/{second}").json()["properties"]["merged_into"] == first
    assert len(client.get(f"{address}/{first}/reports").json()["reports"]) == 3
    take(first, "moderate")
    assert anonymous.get(f"{link}/status").json()["status"] == "in_moderation"
    assert take(third, "restore")["status"] == "received"
    take(second, "restore")
    for zone in (second, third):
        restored = client.get(f"{address}/{zone}").json()
        assert restored["geometry"] == before[zone]["geometry"]
        moved_on = {"updated_at": "", "history": []}
        assert restored["properties"] | moved_on == before[zone]["properties"] | moved_on
    assert client.get(f"{address}/{first}").json()["properties"]["reporters"] == 1
    take(second, "restore", status=409)
    take(second, "merge", WHY | {"into": second}, status=409)


def test_splitting_makes_a_zone_of_its_own_and_merging_undoes_it(report, take, client, address):
    first, _ = report()
    second, _ = report(place=NEAR, contact="bob@example.org")
    take(second, "merge", WHY | {"into": first})
    reports = [found["id"] for found in client.get(f"{address}/{first}/reports").json()["reports"]]
    take(first, "split", WHY | {"reports": reports}, status=422)
    part = take(first, "split", WHY | {"reports": reports[1:]}, status=201)
    assert part["status"] == "in_moderation"
    assert client.get(f"{address}/{part['id']}").json()["geometry"]["coordinates"] == NEAR
    assert client.get(f"{address}/{first}").json()["properties"]["reporters"] == 1
    take(part["id"], "merge", WHY | {"into": first})
    assert client.get(f"{address}/{first}").json()["properties"]["reporters"] == 2


def test_keys_are_salted_and_the_salt_stands_elsewhere(report, database):
    report(contact="ann@example.org")
    with database.owner_engine.begin() as connection:
        (key,) = connection.execute(text("select reporter_key from report")).one()
        (salt,) = connection.execute(text("select salt from reporter_salt")).one()
    assert len(key) == len(salt) == 32


def test_the_public_is_offered_public_zones_and_counts_itself_in(report, take, client, anonymous, address, database):
    zone, _ = report(contact="ann@example.org")
    question = {"geometry": {"type": "Point", "coordinates": NEAR}, "category": "street-lighting"}
    assert anonymous.post(f"{address}/similar", json=question).json() == {"zones": []}
    for name in ("moderate", "accept", "verify"):
        take(zone, name)
    with database.owner_engine.begin() as connection:
        connection.execute(text("alter table danger_zone disable trigger user"))
        connection.execute(text("update danger_zone set public_geom = st_setsrid(st_point(22.603, 57.251), 4326)"))
        connection.execute(text("alter table danger_zone enable trigger user"))
    (offered,) = anonymous.post(f"{address}/similar", json=question).json()["zones"]
    assert offered["id"] != zone
    assert len(offered["reported_at"]) == len("2026-11")
    assert client.post(f"{address}/similar", json=question).json()["zones"][0]["distance_m"] == 121
    assert anonymous.post(f"{address}/similar", json=question | {"category": "drugs"}).json() == {"zones": []}
    answer = anonymous.post(f"{address}/{offered['id']}/me-too", json={"contact": "bob@example.org"})
    assert answer.status_code == 201
    assert anonymous.post(f"{address}/{offered['id']}/me-too", json={"contact": "Bob@example.org"}).status_code == 201
    assert client.get(f"{address}/{zone}").json()["properties"]["reporters"] == 2
    held = anonymous.get(f"{answer.json()['links'][0]['href']}/data").json()["report"]
    assert held["geometry"]["coordinates"] != HERE
    assert held["properties"]["description"] is None


def test_staff_entries_count_as_no_resident(client, address):
    told = {"category": "traffic", "reported_by": "municipality"}
    body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": HERE}, "properties": told}
    zone = client.post(address, json=body).json()
    assert zone["properties"]["reporters"] == 0
    assert client.get(address, params={"reported_by": "citizen"}).json()["numberReturned"] == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_made_anew_without_what_it_told(kind):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "SECRET PLACE"
    made = clean_photo(photo((3000, 2000), kind, exif=exif.tobytes()))
    with Image.open(io.BytesIO(made.content)) as image:
        assert (image.format, image.size) == ("JPEG", (made.width, made.height))
        assert not image.getexif()
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert made.height == LONGEST_SIDE > made.width
    assert b"SECRET" not in made.content


@pytest.mark.parametrize(
    "sent",
    [b"", b"no photo", b"GIF89a" + bytes(50), photo()[:200], b"%PDF-1.7", b"<svg onload='x'/>", photo(kind="BMP")],
)
def test_what_is_no_photo_is_refused(sent):
    with pytest.raises(InvalidInputError, match="no photo"):
        clean_photo(sent)


def test_large_photos_and_bombs_are_refused_before_they_unfold():
    with pytest.raises(TooLargeError, match="8 MB"):
        clean_photo(photo() + bytes(MOST_BYTES))
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    with pytest.raises(TooLargeError, match="megapixels"):
        clean_photo(bomb.getvalue())


def test_photos_are_shown_by_right_only_and_go_with_the_report(report, client, client_as, anonymous, address, database):
    zone, link = report()
    numbers = [anonymous.post(f"{link}/photos", content=photo()).json()["id"] for _ in range(3)]
    refused = anonymous.post(f"{link}/photos", content=photo(), headers={"Accept-Language": "et"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Kolm fotot on juba olemas.")
    shown = anonymous.get(f"{link}/photos/{numbers[0]}")
    assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert client.get(f"{address}/{zone}/reports").json()["reports"][0]["photos"] == numbers
    assert client_as(Role.OFFICER, "talsi").get(f"{address}/{zone}/photos/{numbers[0]}").status_code == 200
    assert anonymous.get(f"{address}/{zone}/photos/{numbers[0]}").status_code == 401
    other, stranger = report(place=FAR)
    assert anonymous.get(f"{stranger}/photos/{numbers[0]}").status_code == 404
    assert client.get(f"{address}/{other}/photos/{numbers[0]}").status_code == 404
    assert client.delete(f"{address}/{zone}/photos/{numbers[2]}").status_code == 204
    own = client.post(f"{address}/{zone}/photos", content=photo(kind="PNG")).json()
    assert client.get(f"{address}/{zone}/photos/{own['id']}").status_code == 200
    assert anonymous.delete(f"{link}/data").json() == {"outcome": "removed"}
    with database.owner_engine.begin() as connection:
        assert connection.scalar(text("select count(*) from photo")) == 0


@pytest.mark.parametrize(
    ("geometry", "language", "reason"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "ru", "Координаты 0, 0"),
        ({"type": "Point", "coordinates": [22.45, 57.25]}, "sr-Latn", "izvan opštine"),
        ({"type": "LineString", "coordinates": [[22.6, 57.25]] * 10_000}, "uk", "забагато точок"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[22.6, 57.25], [22.61, 57.26], [22.61, 57.25], [22.6, 57.26], [22.6, 57.25]]],
            },
            "mk",
            "линиите се сечат",  # noqa: RUF001 - Macedonian
        ),
    ],
)
def test_bad_places_are_refused_in_the_language_of_the_reporter(
    anonymous, address, settings, geometry, language, reason
):
    body = {"type": "Feature", "geometry": geometry, "properties": {"category": "drugs", "reported_by": "citizen"}}
    anonymous.app.state.settings.server.max_body_kb = 1024
    answer = anonymous.post(address, json=body, headers={"Accept-Language": language})
    assert answer.status_code in {413, 422}
    assert reason in answer.json()["detail"]
    assert answer.headers["content-language"] == language
