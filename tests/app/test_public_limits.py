"""Nobody without a credential asks without a limit, and nobody's flood keeps the others out."""

import warnings

import pytest
from test_rights_matrix import OPERATIONS, ZONE

from app.identity.rights import Right
from app.identity.roles import Role
from app.main import create_app
from app.rate_limits import UNCOUNTED

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

READS, REPORTS = 6, 3
SAYS_SO = {
    "application/problem+json": '"type": "urn:kvart:problem:too_many_requests"',
    "application/json": '"code": 429',
    "text/html": 'role="alert"',
    "text/xml": "<code>429</code>",
}
PUBLIC = [item for item in OPERATIONS if item.right.precision_for(Role.PUBLIC) is not None]
OF_THE_PUBLIC = [item for item in PUBLIC if item.right.collection not in UNCOUNTED]


@pytest.fixture
def limited(settings, database):
    """The service with small limits, and a client of each address that a test names."""
    server = settings.server.model_copy(update={"public_reads_per_minute": READS, "public_reports_per_minute": REPORTS})
    application = create_app(settings.model_copy(update={"server": server}))
    with TestClient(application, raise_server_exceptions=False) as first:

        def client_at(address):
            client = TestClient(application, raise_server_exceptions=False, client=(address, 50000))
            client.portal = first.portal
            return client

        yield client_at


def ask(client, operation):
    body = None if operation.method == "get" else {}
    return client.request(operation.method, operation.address("talsi"), json=body, follow_redirects=False)


def is_refused(answer):
    if answer.status_code != 429:
        return False
    assert SAYS_SO[answer.headers["content-type"].partition(";")[0]] in answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= 120
    return True


def test_every_route_of_the_public_has_a_limit(limited):
    for number, operation in enumerate(OF_THE_PUBLIC):
        client, other = limited(f"10.0.{number}.1"), limited(f"10.0.{number}.2")
        assert not is_refused(ask(client, operation)), operation
        assert any(is_refused(ask(client, operation)) for _ in range(READS + 1)), operation
        assert not is_refused(ask(other, operation)), operation


def test_a_new_public_route_is_counted_without_being_told():
    assert {item.right.collection for item in PUBLIC} - {item.right.collection for item in OF_THE_PUBLIC} == {"service"}
    assert {"danger-zones", "streets", "my-report", "sessions", "pages"} <= {
        item.right.collection for item in OF_THE_PUBLIC
    }
    assert all(isinstance(item.right, Right) for item in OF_THE_PUBLIC)


def test_health_and_readiness_are_never_refused(limited):
    client = limited("10.0.0.1")
    assert {client.get(address).status_code for _ in range(3 * READS) for address in ("/health", "/ready")} == {200}


def test_credentials_that_do_not_hold_are_counted(limited):
    client = limited("10.0.0.1")
    answers = [client.get("/municipalities", headers={"Authorization": "Bearer kvart_no"}) for _ in range(READS + 1)]
    assert [answer.status_code for answer in answers] == [401] * READS + [429]
    assert not is_refused(limited("10.0.0.2").get("/municipalities"))


def test_who_is_signed_in_is_not_limited(client_as, settings, application):
    limits = {"public_reads_per_minute": 1, "public_reports_per_minute": 1}
    application.state.settings = settings.model_copy(update={"server": settings.server.model_copy(update=limits)})
    client = client_as(Role.ANALYST)
    assert {client.get("/municipalities").status_code for _ in range(5)} == {200}


def test_a_flood_of_reports_from_one_address_leaves_the_service_to_the_others(limited, client, municipality):
    address = f"/municipalities/{municipality}/danger-zones"
    flood, neighbour = limited("10.0.0.1"), limited("10.0.0.2")
    statuses = [flood.post(address, json=ZONE).status_code for _ in range(500)]
    assert statuses[:REPORTS] == [201] * REPORTS
    assert set(statuses[REPORTS:]) == {429}
    assert flood.get(address).status_code == 200, "reading is counted apart from reporting"
    assert neighbour.post(address, json=ZONE).status_code == 201
    assert client.get(address).json()["numberReturned"] == REPORTS + 1


def test_a_browser_is_told_on_a_page(limited):
    client = limited("10.0.0.1")
    pages = [client.get("/sign-in", headers={"Accept": "text/html"}) for _ in range(READS + 1)]
    assert pages[-1].status_code == 429
    assert pages[-1].headers["content-type"].startswith("text/html")
    assert int(pages[-1].headers["retry-after"]) >= 1
