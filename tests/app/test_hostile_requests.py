"""Requests made to break, mislead or exhaust: each gets an answer of ours, and nothing of it is believed."""

import gzip
import itertools
import json

import pytest

from app.main import create_app
from app.settings import IdentitySettings

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
POINT = {"type": "Point", "coordinates": [22.61234, 57.25678]}
ZONE = {"type": "Feature", "geometry": POINT, "properties": {"category": "drugs", "reported_by": "citizen"}}
EVIL = "evil.example"


@pytest.fixture
def zones(municipality):
    return f"/municipalities/{municipality}/danger-zones"


@pytest.fixture
def fixes(client, municipality):
    """Address of two fixes, which everybody may see."""
    address = f"/municipalities/{municipality}/fixes"
    fix = {"type": "Feature", "geometry": POINT, "properties": {"kind": "lighting", "title": "Six lamps"}}
    for _ in range(2):
        assert client.post(address, json=fix).status_code == 201
    return address


def refused(answer, *statuses):
    assert answer.status_code in statuses, answer.text[:500]
    assert answer.headers["content-type"] == PROBLEM
    assert "Traceback" not in answer.text
    return answer.json()


def ring(vertices):
    west = [[22.55, 57.22 + 0.05 * step / vertices] for step in range(vertices)]
    return [[*west, [22.6, 57.27], west[0]]]


def deep(depth):
    return '{"type": "Feature", "geometry": ' + '{"a":' * depth + "1" + "}" * depth + "}"


def test_a_deep_body_is_refused(anonymous, zones):
    for depth in (50, 900, 5_000, 20_000):
        refused(anonymous.post(zones, content=deep(depth), headers=JSON), 400, 422)
        refused(anonymous.post(zones, content="[" * depth + "]" * depth, headers=JSON), 400, 422)
        coordinates = json.dumps(ZONE).replace("[22.61234, 57.25678]", "[" * depth + "]" * depth)
        refused(anonymous.post(zones, content=coordinates, headers=JSON), 400, 422)


def test_a_body_of_ten_megabytes_is_refused_however_it_is_sent(anonymous, zones):
    body = b" " * (10 * 1024**2)
    refused(anonymous.post(zones, content=body, headers=JSON), 413)
    refused(anonymous.post(zones, content=iter([body[: 1024**2]] * 10), headers=JSON), 413)


def test_a_length_that_is_none_is_refused(anonymous, zones):
    for length in ("-1", "1e3", "+5", "5, 6", " ", "0x10", "9" * 30):
        assert anonymous.post(zones, content=b"{}", headers={**JSON, "Content-Length": length}).status_code in {
            400,
            413,
        }


def test_a_zone_of_ten_thousand_vertices_is_refused_before_it_is_looked_at(anonymous, zones):
    body = ZONE | {"geometry": {"type": "Polygon", "coordinates": ring(10_000)}}
    refused(anonymous.post(zones, content=json.dumps(body, separators=(",", ":")), headers=JSON), 413)


def test_numbers_that_are_none_are_refused(anonymous, zones):
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400"):
        text = json.dumps(ZONE).replace("22.61234", number)
        told = refused(anonymous.post(zones, content=text, headers=JSON), 400, 422)
        assert "NaN" not in json.dumps(told)


def test_of_a_name_given_twice_the_value_that_was_checked_is_the_one_that_is_stored(client, zones):
    text = json.dumps(ZONE).replace('"drugs"', '"drugs", "category": "no such concern"')
    refused(client.post(zones, content=text, headers=JSON), 422)
    text = json.dumps(ZONE).replace('"drugs"', '"no such concern", "category": "drugs"')
    answer = client.post(zones, content=text, headers=JSON)
    assert (answer.status_code, answer.json()["properties"]["category"]) == (201, "drugs")


def test_a_compressed_body_is_not_unpacked(anonymous, zones):
    bomb = gzip.compress(b" " * (20 * 1024**2))
    assert len(bomb) < 256 * 1024
    refused(anonymous.post(zones, content=bomb, headers=JSON | {"Content-Encoding": "gzip"}), 400, 415)


def test_members_that_nobody_asked_for_are_refused(anonymous, zones):
    for name in ("municipality_id", "id", "status", "reporters", "__proto__", "public_geom"):
        body = ZONE | {"properties": ZONE["properties"] | {name: 1}}
        assert name in json.dumps(refused(anonymous.post(zones, json=body), 422))


def test_a_request_identifier_carries_nothing_into_the_answer(anonymous):
    for given in ("a\r\nSet-Cookie: x=1", "a\nb", "a\x00b", "\u2028", "x" * 10_000, "<b>"):
        answer = anonymous.get("/health", headers={"X-Request-ID": given.encode()})
        assert answer.status_code == 200
        assert len(answer.headers["x-request-id"]) == 16
        assert "set-cookie" not in answer.headers


def test_names_of_files_do_not_reach_headers(client, municipality):
    imports = f"/municipalities/{municipality}/imports"
    for name in ("a\r\nX-Evil: 1.csv", '"; filename="evil.html', "../../etc/passwd", "\u202egpj.exe"):
        files = {"file": (name, b"id,lon,lat\n1,x,y\n", "text/csv")}
        answer = client.post(imports, files=files, data={"kind": "incidents", "source": "s"})
        assert answer.status_code in {201, 415, 422}
        assert "x-evil" not in answer.headers
        assert "\n" not in "".join(answer.headers.values())
        assert "passwd" not in answer.headers.get("location", "")


ODD_PATHS = [
    *("http://testserver//evil.example", "/%5cevil.example", "/%2e%2e/etc/passwd", "/static/%2e%2e/main.py"),
    *("/static/..%2f..%2fmain.py", "/static/%00", "/static/", "/static/leaflet/..%5c..%5c", "/.git/config", "/.env"),
    *("/municipalities/%00", "/municipalities/talsi%0d%0aX-Evil:1", "/municipalities//incidents"),
    *("/municipalities/%2e%2e/audit", "/municipalities/" + "/" * 500, "/municipalities/talsi/"),
    *("/%ff%fe", "/" + "x" * 60_000),
]


def test_odd_paths_lead_nowhere(anonymous, municipality):
    for address in ODD_PATHS:
        answer = anonymous.get(address, follow_redirects=False)
        assert answer.status_code in {307, 401, 404}, address
        assert "x-evil" not in answer.headers
        assert EVIL not in answer.headers.get("location", "")
        assert "import" not in answer.text
        assert "root:" not in answer.text


HOSTS = [EVIL, "evil.example:1", "evil.example/x?", "a@evil.example", "kvart.example, evil.example", "[::1", "", "%00"]


def test_the_host_that_a_request_names_breaks_nothing(anonymous, municipality):
    for host, address in itertools.product(HOSTS, ("/", "/municipalities?limit=1", "/sign-in", "/municipalities/")):
        answer = anonymous.get(address, headers={"Host": host}, follow_redirects=False)
        assert answer.status_code < 500


@pytest.fixture
def behind_a_proxy(settings, application, anonymous):
    """A client of the service that knows its public address."""
    identity = IdentitySettings(public_url="https://kvart.example", trusted_proxies="testclient")
    known = create_app(settings.model_copy(update={"identity": identity}))
    known.state.database, known.state.turns = application.state.database, application.state.turns
    client = type(anonymous)(known, follow_redirects=False)
    client.portal = anonymous.portal
    return client


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_links_lead_to_the_public_address_whatever_host_is_named(behind_a_proxy, fixes, scheme):
    for host in HOSTS:
        headers = {"Host": host, "X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}", "X-Forwarded-Proto": scheme}
        page = behind_a_proxy.get(f"{fixes}?limit=1", headers=headers)
        assert [link["href"].partition("?")[0] for link in page.json()["links"]] == [
            f"https://kvart.example{fixes}"
        ] * 2
        redirected = behind_a_proxy.get("/municipalities/", headers=headers)
        assert redirected.headers["location"] == "https://kvart.example/municipalities"
        sign_in = behind_a_proxy.get("/account", headers={**headers, "Accept": "text/html"})
        assert sign_in.headers["location"] == "/sign-in?next=%2Faccount"
        assert EVIL not in behind_a_proxy.get("/", headers=headers).text


def test_another_method_in_a_header_or_a_field_is_not_obeyed(anonymous, fixes):
    address = f"{fixes}/1"
    for headers in ({"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "DELETE"}):
        assert anonymous.get(address, headers=headers).status_code == 200
    refused(anonymous.request("TRACE", address), 405)
    refused(anonymous.get(f"{address}?_method=DELETE"), 400)
