"""GeoReport v2 with a real HTTP client against a real server process, in both formats."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest
from sqlalchemy import text

from app.open311.documents import MEDIA_TYPES, error_at
from tests.app.public_places.published import publish_zones

SHOWN = [22.62, 57.26]
EXACT = ("22.61234", "57.25678")
REQUEST_FIELDS = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode",
    "lat", "long", "media_url",
}  # fmt: skip
LONG_SPAN = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}
SERVER = """
import sys, uvicorn
from app.main import create_app
from app.settings import DatabaseSettings, ServerSettings, Settings
settings = Settings(
    database=DatabaseSettings(database_url=sys.argv[1]), server=ServerSettings(worker=False, max_body_kb=64)
)
uvicorn.run(create_app(settings), fd=int(sys.argv[2]), log_level="error")
"""


@pytest.fixture
def open311(database_url, municipality, tmp_path):
    """A client of the endpoint of a server in a process of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    os.set_inheritable(listening.fileno(), True)
    environment = os.environ | {"KVART_HOME": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, database_url, str(listening.fileno())],
        pass_fds=[listening.fileno()],
        env=environment,
    )
    try:
        base = f"http://127.0.0.1:{port}/municipalities/{municipality}/open311"
        with httpx.Client(base_url=base, timeout=300) as client:
            yield client
    finally:
        server.terminate()
        server.wait(30)
        listening.close()


def report(open311, form="json", **fields):
    told = {"service_code": "street-lighting", "long": EXACT[0], "lat": EXACT[1], "description": "By No. 7 <b>&"}
    return open311.post(f"/v2/requests.{form}", data=told | fields)


def xml(answer):
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    return ET.fromstring(answer.content)


def check_discovery_and_services(open311):
    discovery = open311.get("/discovery.json").json()
    assert discovery["endpoints"][0]["url"].endswith("/open311/v2")
    root = xml(open311.get("/discovery.xml"))
    assert root.find("endpoints/endpoint/specification").text == "http://wiki.open311.org/GeoReport_v2"
    assert [node.text for node in root.findall("endpoints/endpoint/formats/format")] == ["text/xml", "application/json"]
    services = open311.get("/v2/services.json").json()
    fields = {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
    assert all(set(service) == fields for service in services)
    listed = xml(open311.get("/v2/services.xml"))
    assert listed.tag == "services"
    assert [node.find("service_code").text for node in listed.findall("service")] == [
        service["service_code"] for service in services
    ]
    definition = xml(open311.get("/v2/services/drugs.xml"))
    assert definition.find("attributes/attribute/values/value/key").text == "morning"
    assert [item["code"] for item in open311.get("/v2/services/drugs.json").json()["attributes"]] == [
        "day_part", "weekday", "season",
    ]  # fmt: skip


def test_a_client_discovers_reports_and_reads(open311, database, shared_data):
    check_discovery_and_services(open311)
    area = {"type": "Polygon", "coordinates": [[[22.61, 57.25], [22.62, 57.25], [22.62, 57.26], [22.61, 57.25]]]}
    sent = [
        report(open311, email="ann@example.org", first_name="Ann", **{"attribute[day_part]": "night"}).json(),
        report(open311, geometry=json.dumps(area)).json(),
    ]
    assert all(set(answer[0]) == {"token", "service_notice", "account_id"} for answer in sent)
    assert "Not kept: first_name" in sent[0][0]["service_notice"]
    root = xml(report(open311, "xml"))
    assert [node.tag for node in root.find("request")] == ["token", "service_notice", "account_id"]
    made = []
    for (answer,) in sent:
        (token,) = open311.get(f"/v2/tokens/{answer['token']}.json").json()
        assert set(token) == {"service_request_id", "token"}
        made.append(token["service_request_id"])
    told = xml(open311.get(f"/v2/tokens/{sent[0][0]['token']}.xml"))
    assert told.find("request/service_request_id").text == made[0]
    assert open311.get("/v2/requests.json").json() == []
    assert open311.get(f"/v2/requests/{made[0]}.json").json()[0]["code"] == 404

    publish_zones(database, SHOWN, public_id=None)
    with database.owner_engine.begin() as connection:
        stored = connection.execute(
            text("select id, st_geometrytype(geom), day_part from danger_zone order by id")
        ).all()
    assert [row[1:] for row in stored] == [("ST_Point", "night"), ("ST_Polygon", "any"), ("ST_Point", "any")]
    found = open311.get("/v2/requests.json", params={"extensions": "true"}).json()
    assert len(found) == 3
    sample = json.loads((shared_data / "payload_samples" / "open311_georeport_v2_chicago_requests.json").read_text())
    for request in found:
        assert set(request) - {"extended_attributes"} == REQUEST_FIELDS
        assert [request["long"], request["lat"]] == SHOWN
        assert request["requested_datetime"][8:] in {"01T00:00:00+02:00", "01T00:00:00+03:00"}
        assert "No. 7" not in json.dumps(request)
        shared = set(request) & set(sample[0])
        assert {"service_request_id", "status", "service_code", "lat", "long", "requested_datetime"} <= shared
        assert all(type(request[name]) is type(sample[0][name]) for name in ("service_request_id", "lat", "long"))
    listed = xml(open311.get("/v2/requests.xml")).findall("request")
    assert {node.tag for node in listed[0]} - {"extended_attributes"} == REQUEST_FIELDS
    assert [node.find("service_request_id").text for node in listed] == [row["service_request_id"] for row in found]
    check_filters(open311)
    check_the_window(open311, database)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_the_window(open311, database):
    """Only the last 90 days are listed without a date, and identifiers override every other argument."""
    with database.owner_engine.begin() as connection:
        connection.execute(text("update danger_zone set reported_at = '2020-05-14T12:00Z' where id = 1"))
    assert len(open311.get("/v2/requests.json").json()) == 2
    (old,) = open311.get("/v2/requests.json", params={"start_date": "2020-05-01T00:00:00Z"}).json()
    listed = open311.get(
        "/v2/requests.json", params={"service_request_id": old["service_request_id"], "status": "closed"}
    )
    assert [found["service_request_id"] for found in listed.json()] == [old["service_request_id"]]
    insert = """insert into danger_zone (municipality_id, category_id, geom, status, reported_by, verified)
        select municipality_id, category_id, geom, 'open', 'citizen', true from danger_zone, generate_series(1, 1100)
        where id = 2"""
    with database.owner_engine.begin() as connection:
        connection.execute(text(insert))
    first = open311.get("/v2/requests.json").json()
    second = open311.get("/v2/requests.json", params={"page": 2}).json()
    assert (len(first), len(second)) == (1000, 102)


def check_filters(open311):
    def number(**asked):
        return len(open311.get("/v2/requests.json", params=asked).json())

    assert number(status="open") == number(status="open,closed") == 3
    assert number(status="closed") == number(service_code="drugs") == number(service_request_id="999") == 0
    assert number(bbox="22.6,57.2,22.63,57.3") == 3
    assert number(bbox="22.612,57.256,22.613,57.257") == 0
    assert number(page_size="2") == 2
    assert number(page_size="2", page="2") == 1
    now = datetime.now(UTC)
    assert number(start_date=stamp(now - timedelta(days=40))) == 3
    assert number(start_date=stamp(now - timedelta(days=40)), end_date=stamp(now)) == 3
    assert number(start_date="2001-01-01T00:00:00Z") == number(end_date="2001-01-01T00:00:00Z") == 0


def test_errors_have_the_form_of_the_standard(open311):
    cases = [
        (open311.get("/v2/requests/1.xml"), 404, "service_request_id '1' was not found"),
        (open311.get("/v2/requests/x.xml"), 404, "was not found"),
        (open311.get("/v2/services/ghosts.xml"), 404, "service_code 'ghosts'"),
        (open311.get("/v2/services.xml", params={"jurisdiction_id": "riga"}), 404, "jurisdiction_id 'riga'"),
        (open311.get("/v2/services.svg"), 404, "There is no"),
        (open311.get("/v2/nothing.xml"), 404, "There is no"),
        (open311.get("/v2/requests.xml", params={"status": "x"}), 400, "neither open nor closed"),
        (open311.get("/v2/requests.xml", params={"start_date": "x"}), 400, "start_date"),
        (open311.get("/v2/requests.xml", params={"page_size": "9999"}), 400, "page_size"),
        (open311.get("/v2/requests.xml", params={"ghost": "1"}), 400, "ghost"),
        (open311.get("/v2/requests.xml", params=LONG_SPAN), 400, "more than 90 days"),
        (open311.post("/v2/requests.xml", data={"long": "22.6"}), 400, "service_code was not provided"),
        (report(open311, "xml", service_code="ghosts"), 400, "unknown concern"),
        (report(open311, "xml", lat="x"), 400, "no number"),
        (report(open311, "xml", lat="nan"), 400, "no number"),
        (report(open311, "xml", lat="0", long="0"), 400, "[0, 0]"),
        (report(open311, "xml", lat="10"), 400, "outside"),
        (report(open311, "xml", geometry="{"), 400, "no GeoJSON"),
        (report(open311, "xml", geometry='{"type": "Hole"}'), 400, "geometry"),
        (report(open311, "xml", description="x" * 3000), 400, "description"),
        (report(open311, "xml", **{"attribute[day_part]": "tea"}), 400, "day_part"),
        (open311.put("/v2/requests.xml"), 405, "not possible"),
        (report(open311, "xml", description="x" * 70_000), 413, "larger than"),
    ]
    for answer, status, told in cases:
        error = xml(answer).find("error")
        assert (answer.status_code, error.find("code").text) == (status, str(status)), answer.text
        assert told in error.find("description").text, answer.text
    (error,) = open311.get("/v2/requests/1.json").json()
    assert set(error) == {"code", "description"}
    assert [report(open311, "json", lat="x").status_code for _ in range(40)][-1] == 429


@pytest.mark.parametrize("form", ["xml", "json"])
def test_errors_are_in_the_form_of_the_standard_whatever_the_address_holds(form):
    for name in ("\n", "a\r\nb", "\u2028", "x.y", "%", "/"):
        told = error_at(f"/municipalities/talsi/open311/v2/services/{name}.{form}", 404, "x")
        assert told is not None
        assert told[1] == MEDIA_TYPES[form], name
    assert error_at("/municipalities/talsi/incidents\n", 404, "x") is None
