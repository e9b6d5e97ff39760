"""Forms, cookies and addresses as they go over the wire."""

import re

import pytest

from app.identity.cookies import FORM, SESSION
from app.identity.schemas import own_address
from app.main import create_app
from app.settings import IdentitySettings

LOCAL = "http://127.0.0.1:8000"
HTML = {"Accept": "text/html"}
FIELDS = {"name": "ada", "password": "four unrelated words here", "purpose": "evaluation"}


@pytest.fixture
def browser(anonymous, people):
    """A client with cookies at a loopback address."""
    anonymous.base_url = LOCAL
    anonymous.follow_redirects = False
    anonymous.headers.update(HTML)
    return anonymous


def token_of(answer):
    return re.search(r'<meta name="csrf-token" content="([^"]*)"', answer.text)[1]


def send(browser, path="/sign-in", headers=None, **fields):
    token = token_of(browser.get("/sign-in"))
    return browser.post(path, data={"csrf_token": token, **FIELDS, **fields}, headers=headers)


def test_signing_in_and_out(browser):
    answer = send(browser, next="/docs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")
    begun = next(cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith(SESSION))
    assert "HttpOnly" in begun
    assert "SameSite=lax" in begun
    page = browser.get("/account")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert browser.post("/sign-out", data={"csrf_token": token_of(page)}).status_code == 303
    assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"


OTHER_SITES = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Origin": f"{LOCAL}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
)


def test_forms_of_other_sites_are_refused(browser):
    for headers in OTHER_SITES:
        answer = send(browser, headers=headers)
        assert answer.status_code == 403, headers
        assert SESSION not in browser.cookies
    assert send(browser, headers={"Origin": LOCAL, "Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_forms_without_the_token_are_refused(browser):
    token = token_of(browser.get("/sign-in"))
    for given in ({}, {"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": token[:-1]}, {"csrf_token": "é"}):
        assert browser.post("/sign-in", data=FIELDS | given).status_code == 403, given
    browser.cookies.clear()
    assert browser.post("/sign-in", data=FIELDS | {"csrf_token": token}).status_code == 403
    browser.cookies.set(FORM, "")
    assert browser.post("/sign-in", data=FIELDS | {"csrf_token": ""}).status_code == 403


def test_a_session_sends_its_own_token_with_every_change(browser):
    before = token_of(browser.get("/sign-in"))
    send(browser)
    browser.cookies.set(FORM, before)
    for path in ("/account/sessions/end", "/account/purpose", "/sign-out", "/account/keys"):
        assert browser.post(path, data={"csrf_token": before, "purpose": "evaluation"}).status_code == 403, path
    assert browser.get("/account").status_code == 200


ODD_FORMS = (
    {"purpose": ""},
    {"purpose": "curiosity"},
    {"name": ""},
    {"password": ""},
    {"password": "x" * 2000},
    {"name": "x" * 300},
    {"extra": "x"},
)


def test_odd_forms_are_refused_in_words(browser):
    for fields in ODD_FORMS:
        answer = send(browser, **fields)
        assert answer.status_code == 422, fields
        assert "Field &#39;" in answer.text
        assert "x" * 50 not in answer.text
    token = token_of(browser.get("/sign-in"))
    as_json = browser.post("/sign-in", json=FIELDS | {"csrf_token": token})
    as_file = browser.post("/sign-in", data=FIELDS | {"csrf_token": token}, files={"name": ("ada", b"x")})
    assert {as_json.status_code, as_file.status_code} == {415}


def test_names_with_odd_letters_are_wrong_names(browser):
    for name in ("ad\0a", "ada\ud7ff", "ADA\u202e", "a" * 200, "ada'--", "\u0430da", " "):
        assert send(browser, name=name).status_code == 401, name
    assert send(browser, name=" Ada ").status_code == 303


def test_nobody_signs_in_over_plain_http_from_elsewhere(browser, people):
    browser.base_url = "http://kvart.example"
    for address in ("/sign-in", f"/sign-in/{people.link.token}"):
        page = browser.get(address)
        assert "Not over plain http" in page.text
        assert 'type="password"' not in page.text
    answer = browser.post("/sign-in", data=FIELDS | {"csrf_token": token_of(browser.get("/"))})
    assert answer.status_code == 403


def test_over_https_cookies_belong_to_this_host_alone(browser):
    browser.base_url = "https://kvart.example"
    answer = send(browser)
    begun = next(cookie for cookie in answer.headers.get_list("set-cookie") if SESSION in cookie)
    assert begun.startswith(f"__Host-{SESSION}=")
    for part in ("Secure", "HttpOnly", "Path=/"):
        assert part in begun
    assert "Domain" not in begun
    token = browser.cookies[f"__Host-{SESSION}"]
    browser.cookies.clear()
    browser.cookies.set(SESSION, token)
    assert browser.get("/account").status_code == 303


def test_only_a_named_proxy_is_believed(browser, settings, application):
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
    assert "Not over plain http" in browser.get("http://kvart.example/sign-in", headers=forged).text
    assert "https" not in str(application.user_middleware)
    named = settings.model_copy(update={"identity": IdentitySettings(trusted_proxies="testclient,10.0.0.0/8")})
    behind = create_app(named)
    behind.state.database, behind.state.turns = application.state.database, application.state.turns
    client = type(browser)(behind, base_url="http://kvart.example", headers=HTML)
    assert "Not over plain http" not in client.get("/sign-in", headers=forged).text


def test_attempts_are_counted_by_address(browser):
    answers = [send(browser, name=f"guess{number}").status_code for number in range(22)]
    assert answers == [401] * 20 + [429] * 2
    limited = send(browser)
    assert limited.status_code == 429
    assert "Too many attempts" in limited.text


def test_keys_of_others_cannot_be_revoked(browser, client):
    send(browser)
    token = token_of(browser.get("/account"))
    prefix = client.headers["Authorization"].split("_")[1]
    assert browser.post(f"/account/keys/{prefix}/revoke", data={"csrf_token": token}).status_code == 404
    assert client.get("/municipalities/talsi/areal-units").status_code == 200


def test_the_secret_of_a_link_is_written_nowhere(browser, people, database, caplog):
    browser.cookies.set(SESSION, "A" * 43)
    browser.get(f"/sign-in/{people.link.token}")
    browser.get(f"/sign-in/{people.link.token}?x=1")
    with database.owner_engine.connect() as connection:
        log = str(connection.exec_driver_sql("select * from audit_event").all())
    assert "unauthenticated" in log
    assert people.link.token not in log + caplog.text


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("/", "/"),
        ("/municipalities/talsi/maps/beats?x=1", "/municipalities/talsi/maps/beats?x=1"),
        ("", "/"),
        ("/" + "x" * 3000, "/"),
        ("/\n", "/"),
        ("/é", "/"),
        ("x", "/"),
        ("//x", "/"),
        ("/\\x", "/"),
        ("/x\\y", "/"),
    ],
)
def test_only_own_addresses_are_followed(address, own):
    assert own_address(address) == own
