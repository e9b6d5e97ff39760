"""Every route, asked for by every role, in its own municipality, a foreign one and one that does not exist."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.access import grant
from app.dependencies import rights_of_routes
from app.errors import ForbiddenError, PurposeRequiredError, UnauthenticatedError
from app.identity.caller import ANONYMOUS, Caller
from app.identity.purposes import Purpose
from app.identity.rights import Precision, Right, allows, right_of, rights, rights_as_markdown
from app.identity.roles import ASSIGNABLE_ROLES, Role
from app.main import ROUTERS
from tests.app.public_places.published import publish_zones

OWN, FOREIGN, NOWHERE = "talsi", "kandava", "nowhere"
PLACES = (OWN, FOREIGN, NOWHERE)
PARTS = {"id": "1", "topic": "hot-spots", "token": "x" * 43, "prefix": "x" * 10, "table": "months", "kind": "change"}
PARTS |= {"run": "1", "photo": "1", "feature": "1", "zoom": "0", "row": "0", "column": "0"}
PARTS |= {"service_code": "drugs", "service_request_id": "1"}
PARTS |= {"chart": "trend", "format": "svg"}
PAGES_OF_THEIR_OWN = {"sessions", "account"}
"""Open to everybody, who may then still be asked to sign in: see tests/app/identity."""
BEYOND_THE_TABLE = {"/openapi.json", "/static", "/static/leaflet", "/static/maps"}
"""The document of the API and files of the program: the same for everybody."""
ZONE = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [22.61234, 57.25678]},
    "properties": {"category": "drugs", "reported_by": "citizen", "description": "By the gate"},
}
INCIDENT = ZONE | {"properties": {"category": "robbery", "occurred_from": "2026-03-14T22:10:00Z"}}


@dataclass(frozen=True)
class Operation:
    """A method of a route, and the row of the table that it names."""

    path: str
    method: str
    right: Right

    def address(self, municipality):
        return self.path.format(municipality=municipality, **PARTS)

    def places(self):
        return PLACES if "{municipality}" in self.path else (OWN,)

    def role_in(self, place, role):
        return role if place == OWN and "{municipality}" in self.path else Role.PUBLIC


OPERATIONS = [Operation(path, method, right) for (path, method), right in rights_of_routes(ROUTERS).items()]


@pytest.fixture
def two_municipalities(client, municipality, database):
    """The same small town twice, each with an incident and a public danger zone; the third does not exist."""
    feature = client.get(f"/municipalities/{OWN}").json()
    body = {
        "type": "Feature",
        "geometry": feature["geometry"],
        "properties": {"code": FOREIGN, "name": "Kandava", "time_zone": "Europe/Riga"},
    }
    assert client.post("/municipalities", json=body).status_code == 201
    for code in (OWN, FOREIGN):
        assert client.post(f"/municipalities/{code}/danger-zones", json=ZONE).status_code == 201
        assert client.post(f"/municipalities/{code}/incidents", json=INCIDENT).status_code == 201
    publish_zones(database, (22.62, 57.26), public_id=1)


def ask(client, operation, place):
    body = None if operation.method == "get" else {}
    return client.request(operation.method, operation.address(place), json=body, follow_redirects=False)


def check(operation, place, role, answer, *, signed_in):
    """Compare an answer with the table."""
    told = (operation.method, operation.path, place, role, answer.status_code, answer.text[:200])
    precision = operation.right.precision_for(role)
    if precision is None:
        assert answer.status_code == (403 if signed_in else 401), told
        assert answer.json()["type"] == f"urn:kvart:problem:{'forbidden' if signed_in else 'unauthenticated'}", told
        assert ("www-authenticate" in answer.headers) is not signed_in, told
    elif operation.right.collection not in PAGES_OF_THEIR_OWN:
        assert answer.status_code not in {401, 403}, told
        assert answer.status_code < 500, told
        assert (place != NOWHERE) or answer.status_code in {404, 422}, told
        shows_features = answer.headers["content-type"] == "application/geo+json"
        if answer.status_code == 200 and shows_features and operation.right.collection in {"danger-zones", "incidents"}:
            assert precision_of(answer.json()) is precision, told


def precision_of(document):
    features = document.get("features", [document])
    assert features
    if all("external_id" in feature["properties"] for feature in features):
        assert all(feature["geometry"]["coordinates"] == [22.61234, 57.25678] for feature in features)
        return Precision.EXACT
    assert not any(feature["geometry"]["coordinates"] == [22.61234, 57.25678] for feature in features)
    assert "By the gate" not in str(document)
    assert "2026-03-14" not in str(document)
    if all("weekday" in feature["properties"] for feature in features):
        assert all(feature["geometry"]["coordinates"] == [22.62, 57.26] for feature in features)
        return Precision.PUBLIC
    return Precision.COARSE


@pytest.mark.parametrize(
    ("role", "by"),
    [("anonymous", None), *itertools.product([Role.PUBLIC, *ASSIGNABLE_ROLES], ["key", "session"])],
)
def test_every_route_answers_every_role_as_the_table_says(two_municipalities, anonymous, client_as, role, by):
    client = anonymous if by is None else client_as(role, OWN, by=by)
    own_role = Role.PUBLIC if by is None else role
    for operation in OPERATIONS:
        answers = {place: ask(client, operation, place) for place in operation.places()}
        for place, answer in answers.items():
            check(operation, place, operation.role_in(place, own_role), answer, signed_in=by is not None)
        refused = operation.right.precision_for(Role.PUBLIC) is None
        if refused and NOWHERE in answers:
            assert same_answer(answers[FOREIGN], answers[NOWHERE]), operation


def same_answer(left, right):
    """Tell whether two answers are the same in status, body and headers but for the request's own identifier."""
    ours = [{**answer.headers, "x-request-id": ""} for answer in (left, right)]
    return left.status_code == right.status_code and left.content == right.content and ours[0] == ours[1]


def test_administrator_of_the_service_may_what_the_table_says_everywhere(two_municipalities, client):
    for operation in OPERATIONS:
        if operation.right.collection not in PAGES_OF_THEIR_OWN:
            for place in operation.places():
                check(operation, place, Role.ADMINISTRATOR, ask(client, operation, place), signed_in=True)


def test_every_row_of_the_table_is_named_by_a_route():
    named = {operation.right.scope for operation in OPERATIONS}
    assert {right.scope for right in rights()} == named


def test_nothing_is_served_beside_the_routers(application):
    ours = {id(route) for router in ROUTERS for route in router.routes}
    assert {route.path for route in application.routes if id(route) not in ours} == BEYOND_THE_TABLE
    served = {path for path, methods in application.openapi()["paths"].items() for _ in methods}
    assert served <= {operation.path for operation in OPERATIONS}


def test_every_route_names_exactly_one_row():
    routes = [route for router in ROUTERS for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    with pytest.raises(LookupError, match="has to name one row"):
        rights_of_routes([router_without_permit()])
    with pytest.raises(LookupError, match="no row for streets paint"):
        right_of("streets", "paint")


def router_without_permit():
    router = APIRouter()
    router.add_api_route("/new", lambda: None)
    return router


def test_page_of_the_documentation_shows_the_table():
    page = Path(__file__).parents[2] / "docs" / "rights.md"
    assert rights_as_markdown() in page.read_text(), f"docs/rights.md has to show:\n\n{rights_as_markdown()}"
    assert all(f"`{purpose}`" in page.read_text() for purpose in Purpose)


@pytest.mark.parametrize("role", list(Role))
def test_grant_follows_the_table(role):
    caller = Caller("reporter" if role is Role.REPORTER else "key", "x", roles={OWN: role}, purpose=Purpose.EVALUATION)
    for right in rights():
        precision = right.precision_for(role)
        if precision is None:
            with pytest.raises(ForbiddenError):
                grant(caller, right, OWN, None)
        else:
            access = grant(caller, right, OWN, None)
            assert (access.precision, access.role) == (precision, role)


def test_exact_personal_data_takes_a_purpose():
    analyst = Caller("key", "x", roles={OWN: Role.ANALYST})
    for right in rights():
        if right.precision_for(Role.ANALYST) is None:
            continue
        if right.asks_purpose:
            with pytest.raises(PurposeRequiredError, match="crime-analysis"):
                grant(analyst, right, OWN, None)
        assert grant(analyst, right, OWN, "evaluation").purpose is Purpose.EVALUATION
    with pytest.raises(PurposeRequiredError, match="'curiosity' is no purpose"):
        grant(analyst, right_of("incidents", "read"), OWN, "curiosity")
    assert grant(ANONYMOUS, right_of("danger-zones", "read"), OWN, None).purpose is None


def test_rights_that_ask_for_a_purpose_are_those_of_places_and_persons():
    asking = {right.collection for right in rights() if right.asks_purpose}
    assert asking == {"danger-zones", "incidents", "officers", "exact-results", "maps", "quarantine"}


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (None, True),
        (("*:*",), True),
        (("incidents:read",), True),
        (("incidents:*",), True),
        (("*:read",), True),
        (("incidents:create",), False),
        (("streets:*",), False),
        ((), False),
    ],
)
def test_scopes_narrow_a_key(scopes, allowed):
    assert allows(scopes, right_of("incidents", "read")) is allowed


def test_key_may_outside_its_scopes_what_the_public_may():
    key = Caller("key", "x", roles={OWN: Role.ANALYST}, scopes=("incidents:read",), purpose=Purpose.EVALUATION)
    assert grant(key, right_of("incidents", "read"), OWN, None).precision is Precision.EXACT
    assert grant(key, right_of("danger-zones", "read"), OWN, None).precision is Precision.PUBLIC
    assert grant(key, right_of("streets", "read"), OWN, None).precision is Precision.EXACT
    with pytest.raises(ForbiddenError):
        grant(key, right_of("officers", "read"), OWN, None)


def test_who_has_not_signed_in_is_asked_to():
    with pytest.raises(UnauthenticatedError, match="credential"):
        grant(ANONYMOUS, right_of("incidents", "read"), OWN, None)
