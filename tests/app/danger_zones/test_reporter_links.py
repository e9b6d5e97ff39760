"""The secret link of a report: shown once, and whoever holds it sees, takes along and erases what is held."""

import json

import pytest
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.identity.roles import Role


@pytest.fixture
def address(municipality):
    return f"/municipalities/{municipality}/danger-zones"


def zone(**properties):
    told = {"category": "street-lighting", "reported_by": "citizen", "description": "Dark.", **properties}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [22.6, 57.25]}, "properties": told}


@pytest.fixture
def created(anonymous, address):
    answer = anonymous.post(address, json=zone(contact="resident@example.org"))
    assert answer.status_code == 201, answer.text
    return answer


@pytest.fixture
def link(created):
    """Address of the report."""
    (found,) = created.json()["links"]
    assert found["rel"] == "my-report"
    return found["href"]


@pytest.fixture
def stored(client, created, address):
    """Address of the danger zone for staff."""
    (zone,) = client.get(address).json()["features"]
    return f"{address}/{zone['id']}"


@pytest.fixture
def moderated(client, created, link, database):
    """Address of a report whose zone was accepted."""
    with database.owner_engine.begin() as connection:
        connection.execute(text("update danger_zone set status = 'open'"))
    return link


def events(database, kind):
    with database.transaction(DatabaseRole.AUDIT) as session:
        statement = text("select actor_kind, what, request_id from audit_event where kind = :kind order by id")
        return session.execute(statement, {"kind": kind}).all()


def test_the_link_is_told_once_and_only_its_hash_is_stored(client, created, link, address, database, stored):
    assert "links" not in client.get(stored).json()
    token = link.removeprefix("/my-report/")
    with database.owner_engine.begin() as connection:
        row = connection.execute(text("select * from reporter_link")).one()
    assert len(row.token_sha256) == 32
    assert token not in str(row)
    assert (row.expires_at - row.created_at).days == 365


def test_the_contact_is_no_property_of_the_danger_zone(client, created, stored):
    told = client.get(stored)
    assert "resident@example.org" not in told.text + created.text


def test_staff_get_no_link_unless_they_leave_a_contact(client, address):
    assert "links" not in client.post(address, json=zone(reported_by="survey")).json()
    assert "links" in client.post(address, json=zone(contact="by letter")).json()


def test_the_public_cannot_report_as_staff(anonymous, address):
    answer = anonymous.post(address, json=zone(reported_by="officer_interview"))
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "properties.reported_by"


def test_status_and_data_by_link(anonymous, link):
    status = anonymous.get(f"{link}/status").json()
    assert status["status"] == "received"
    assert "received your report" in status["sentence"]
    answer = anonymous.get(f"{link}/data")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-report.json"'
    held = answer.json()
    assert held["contact"] == "resident@example.org"
    assert held["report"]["geometry"]["coordinates"] == [22.6, 57.25]
    assert held["report"]["properties"]["description"] == "Dark."
    assert held["municipality"]["code"] == "talsi"


def test_the_page_escapes_what_the_reporter_wrote(anonymous, address):
    markup = "<style>main{display:none}</style>"
    link = anonymous.post(address, json=zone(description=markup, contact=markup)).json()["links"][0]["href"]
    page = anonymous.get(link)
    assert page.status_code == 200
    assert markup not in page.text
    assert "&lt;style&gt;" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_a_report_that_nobody_looked_at_is_removed(anonymous, client, created, link, database, stored):
    assert anonymous.delete(f"{link}/data").json() == {"outcome": "removed"}
    assert client.get(stored).status_code == 404
    assert anonymous.get(f"{link}/status").status_code == 404
    with database.owner_engine.begin() as connection:
        assert connection.scalar(text("select count(*) from reporter_link")) == 0
    (erasure,) = events(database, "erasure")
    assert erasure.actor_kind == "reporter"
    assert erasure.what["outcome"] == "removed"
    assert "Dark" not in json.dumps(erasure.what)


def test_a_moderated_zone_stays_without_words_and_contact(anonymous, client, created, moderated, stored):
    assert anonymous.delete(f"{moderated}/data").json() == {"outcome": "anonymised"}
    kept = client.get(stored).json()
    assert kept["properties"]["description"] is None
    assert kept["properties"]["category"] == "street-lighting"
    assert anonymous.get(f"{moderated}/data").status_code == 404


FIRST_OF_A_FIX = """insert into fix (municipality_id, danger_zone_id, kind, title, geom, status)
    select municipality_id, id, 'lighting', 'Lamp', geom, 'planned' from danger_zone"""
ONE_MORE_OF_A_FIX = """with lamp as (
        insert into fix (municipality_id, kind, title, geom, status)
        select municipality_id, 'lighting', 'Lamp', geom, 'proposed' from danger_zone returning id
    ) insert into fix_danger_zone (municipality_id, fix_id, danger_zone_id)
    select z.municipality_id, lamp.id, z.id from danger_zone z, lamp"""


@pytest.mark.parametrize("refer", [FIRST_OF_A_FIX, ONE_MORE_OF_A_FIX], ids=["first", "one-more"])
def test_a_zone_that_a_fix_refers_to_stays_anonymised(anonymous, client, created, link, database, stored, refer):
    with database.owner_engine.begin() as connection:
        connection.execute(text(refer))
    assert anonymous.delete(f"{link}/data").json() == {"outcome": "anonymised"}
    assert client.get(stored).status_code == 200


def test_erasing_from_the_page(anonymous, link):
    assert "Erase my data" in anonymous.get(link).text
    answer = anonymous.post(f"{link}/erase")
    assert answer.status_code == 200
    assert "are erased" in answer.text
    assert anonymous.post(f"{link}/erase").status_code == 404


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("talsi.", "nowhere."),
        lambda token: token.replace("talsi.", ""),
        lambda token: token.replace("talsi.", "TALSI' or 1=1 --."),
        lambda token: "talsi." + "A" * 43,
        lambda token: "talsi." + chr(0x430) * 43,
        lambda token: "x" * 120,
    ],
)
def test_every_wrong_token_is_answered_alike(anonymous, link, forge):
    token = link.removeprefix("/my-report/")
    usual = anonymous.get("/my-report/talsi." + "B" * 43 + "/status").json()
    answer = anonymous.get(f"/my-report/{forge(token)}/status")
    assert answer.status_code == 404
    assert answer.json() == usual
    assert anonymous.delete(f"/my-report/{forge(token)}/data").json() == usual


def test_the_link_of_a_neighbour_leads_nowhere(anonymous, client, link):
    square = {
        "type": "Polygon",
        "coordinates": [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]],
    }
    told = {"code": "kandava", "name": "Kandava", "time_zone": "Europe/Riga"}
    client.post("/municipalities", json={"type": "Feature", "geometry": square, "properties": told})
    assert anonymous.get(link.replace("talsi.", "kandava.") + "/status").status_code == 404


def test_an_expired_link_is_answered_like_a_wrong_one(anonymous, link, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text("update reporter_link set expires_at = now() - interval '1 second'"))
    assert anonymous.get(f"{link}/status").status_code == 404


def test_every_use_of_the_link_is_written_down_without_the_link(anonymous, link, database):
    anonymous.get(link)
    anonymous.get(f"{link}/data", headers={"X-Request-ID": "look-7"})
    (consultation,) = events(database, "consultation")
    (disclosure,) = events(database, "disclosure")
    assert consultation.what["collection"] == disclosure.what["collection"] == "reporter-data"
    assert disclosure.request_id == "look-7"
    anonymous.get(f"{link}/status", headers={"Authorization": "Bearer kvart_no_key"})
    with database.transaction(DatabaseRole.AUDIT) as session:
        everything = str(session.execute(text("select * from audit_event")).all())
    assert link.partition(".")[2] not in everything


def test_no_more_than_some_tries_a_minute(anonymous, link):
    answers = [anonymous.get(f"{link}/status").status_code for _ in range(61)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_signed_in_staff_may_hold_a_link_too(client_as, link):
    assert client_as(Role.OFFICER, "talsi").get(f"{link}/status").status_code == 200
