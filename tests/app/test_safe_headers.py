"""Every answer, whoever asks and whatever comes of it, tells the browser to do no more than it must."""

import re

import pytest
from test_rights_matrix import OPERATIONS, ZONE, ask

from app.identity.roles import Role
from app.main import create_app
from app.settings import IdentitySettings

BROWSER = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
BESIDE_THE_ROUTES = [
    *("/openapi.json", "/static/kvart.css", "/static/leaflet/leaflet.js", "/static/maps/maps.js", "/static/nothing"),
    *("/nowhere", "/municipalities/", "/municipalities?x=1", "/municipalities/%00", "//", "/docs/"),
]
NONCE = re.compile(r"'nonce-[A-Za-z0-9_-]{20,}'")


def directives(policy):
    return {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}


OF_PERSONS = re.compile("/collections/incidents/(items|tiles|export)")


def check(answer):
    """Check what holds for every answer, and more of one that a browser shows."""
    told, headers = (answer.request.method, str(answer.request.url), answer.status_code), answer.headers
    assert headers["x-content-type-options"] == "nosniff", told
    assert headers["referrer-policy"] in {"no-referrer", "same-origin"}, told
    assert headers["cross-origin-resource-policy"] == "same-origin", told
    assert headers["cross-origin-opener-policy"] == "same-origin", told
    assert "geolocation=()" in headers["permissions-policy"], told
    if OF_PERSONS.search(answer.request.url.path) or "/ogc" not in answer.request.url.path:
        assert headers["cache-control"] in {"no-store", "private, no-store"}, told
    else:
        assert headers["cache-control"] in {"no-store", "private, no-store", "private, no-cache"}, told
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", headers["x-request-id"]), told
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & headers.keys(), told
    if answer.content:
        assert headers["content-type"], told
        assert not headers["content-type"].startswith("text/") or "charset=utf-8" in headers["content-type"], told
    policy = directives(headers["content-security-policy"])
    assert policy["default-src"] == ["'none'"], told
    assert policy["frame-ancestors"] in (["'none'"], ["'self'"]), told
    assert policy["base-uri"] == ["'none'"], told
    assert "form-action" in policy, told
    for source in [*policy.get("script-src", []), *policy.get("script-src-elem", [])]:
        assert source == "'self'" or NONCE.fullmatch(source), told
    assert "'unsafe-inline'" not in policy.get("style-src", []), told


def all_answers(client):
    for operation in OPERATIONS:
        yield ask(client, operation, "talsi")
        yield client.request("PATCH", operation.address("talsi"), follow_redirects=False)
    for address in BESIDE_THE_ROUTES:
        yield client.get(address, follow_redirects=False)
        yield client.head(address, follow_redirects=False)
    yield client.post("/municipalities", content=b"x" * (300 * 1024))
    yield client.post("/municipalities", content=b"{", headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("accepts", [{}, BROWSER], ids=["program", "browser"])
@pytest.mark.parametrize("by", [None, "key", "session"])
def test_every_answer_carries_the_safe_headers(client_as, anonymous, municipality, by, accepts):
    client = anonymous if by is None else client_as(Role.ADMINISTRATOR, by=by)
    client.headers.update(accepts)
    statuses = set()
    for answer in all_answers(client):
        check(answer)
        assert "strict-transport-security" not in answer.headers, "plain http"
        statuses.add(answer.status_code // 100)
    assert statuses == {2, 3, 4}


def test_an_unexpected_error_carries_them_too(application, anonymous):
    application.state.settings = None
    answer = anonymous.get("/")
    assert answer.status_code == 500
    check(answer)


def test_over_https_browsers_are_told_to_stay_there(settings, anonymous, application):
    behind = create_app(settings.model_copy(update={"identity": IdentitySettings(public_url="https://kvart.example")}))
    behind.state.database = application.state.database
    for client in (type(anonymous)(behind), type(anonymous)(application, base_url="https://kvart.example")):
        client.portal = anonymous.portal
        for address in ("/health", "/nowhere", "/static/kvart.css"):
            answer = client.get(address)
            check(answer)
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_no_other_origin_may_read(client):
    answer = client.options("/municipalities", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 405
    check(client.get("/municipalities", headers={"Origin": "null"}))


def test_each_map_has_a_nonce_of_its_own(client, municipality):
    zone = client.post(f"/municipalities/{municipality}/danger-zones", json=ZONE)
    assert zone.status_code == 201
    answers = [client.get(f"/municipalities/{municipality}/maps/lighting") for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200
        check(answer)
    nonces = [NONCE.search(answer.headers["content-security-policy"]) for answer in answers]
    assert all(nonces)
    assert nonces[0].group() != nonces[1].group()
