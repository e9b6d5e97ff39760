"""Tokens and browsers of a real issuer at the whole service."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_issuer import AUDIENCE, CLIENT_SECRET, Issuer, send
from pydantic import SecretStr

from app.database.roles import DatabaseRole
from app.errors import InvalidInputError
from app.identity import accounts
from app.identity.cookies import OIDC, SESSION
from app.main import create_app
from app.settings import DatabaseSettings, IdentitySettings, ServerSettings, Settings

ORIGIN = "https://kvart.example"
HTML = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
INCIDENTS = "/municipalities/talsi/areal-units"


@pytest.fixture
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture
def settings(database_url, tmp_path, issuer):
    identity = IdentitySettings(
        public_url=ORIGIN,
        oidc_issuer=issuer.address,
        oidc_client_id=AUDIENCE,
        oidc_client_secret=SecretStr(CLIENT_SECRET),
        sign_in_attempts_per_minute=100,
    )
    database = DatabaseSettings(database_url=database_url, home=tmp_path)
    return Settings(database=database, server=ServerSettings(worker=False), identity=identity)


@pytest.fixture
def browser(anonymous):
    """A client with cookies, at the public address."""
    anonymous.base_url = ORIGIN
    anonymous.headers.update(HTML)
    anonymous.follow_redirects = False
    return anonymous


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def leave(browser, following="/"):
    """Go to the issuer and return the address by which it sends the browser back."""
    page = browser.get("/sign-in").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "purpose": "evaluation", "next": following}
    answer = browser.post("/sign-in/oidc", data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def visit_issuer(address):
    """Sign in at the issuer, which asks nothing, and return where it sends the browser."""
    return httpx.get(address, trust_env=False).headers["location"]


def test_a_token_opens_what_its_roles_open(anonymous, municipality, issuer):
    assert anonymous.get(INCIDENTS, headers=bearer(issuer.token())).status_code == 200
    foreign = anonymous.get("/municipalities/nowhere/areal-units", headers=bearer(issuer.token()))
    assert foreign.status_code == 403
    assert anonymous.get(INCIDENTS, headers=bearer(issuer.token(kvart_roles={}))).status_code == 403


def test_a_token_that_does_not_hold_opens_nothing_and_says_how_to_sign_in(anonymous, municipality, issuer):
    answers = [
        anonymous.get(INCIDENTS, headers=bearer(token))
        for token in (issuer.token(exp=1), issuer.token(aud="other"), issuer.token() + "x", "x" * 5000, "a.b.c")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)


def test_a_token_of_a_disabled_account_opens_nothing(anonymous, municipality, issuer, browser, database):
    browser.get(visit_issuer(leave(browser)))
    browser.cookies.clear()
    assert browser.get(INCIDENTS, headers=bearer(issuer.token())).status_code == 200
    with database.transaction(DatabaseRole.IDENTITY) as session:
        vouched_for = next(account for account in accounts.list_accounts(session) if account.external)
        accounts.disable(session, vouched_for.name)
    disabled = browser.get(INCIDENTS, headers=bearer(issuer.token()) | {"Accept": "application/json"})
    assert disabled.status_code == 401


def test_an_issuer_that_is_down_is_said_to_be_down(anonymous, municipality, issuer):
    token = issuer.token()
    issuer.close()
    answer = anonymous.get(INCIDENTS, headers=bearer(token))
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:kvart:problem:identity_provider_unavailable"


def test_signing_in_at_the_organisation(browser, municipality, issuer):
    address = leave(browser, "/account")
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == [f"{ORIGIN}/sign-in/oidc/return"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile email"]
    answer = browser.get(visit_issuer(address) + "&something=else")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookies = answer.headers.get_list("set-cookie")
    begun = next(cookie for cookie in cookies if cookie.startswith(f"__Host-{SESSION}="))
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
        assert part in begun
    assert "Domain" not in begun
    assert any(cookie.startswith(f'__Host-{OIDC}=""') for cookie in cookies)
    page = browser.get("/account").text
    assert "Analyst in" in page
    assert 'value="evaluation" selected' in page
    assert 'name="current"' not in page


def test_roles_follow_the_issuer_at_each_sign_in(browser, municipality, issuer):
    browser.get(visit_issuer(leave(browser)))
    issuer.person["kvart_roles"] = {"talsi": "officer", "nowhere": "administrator"}
    browser.get(visit_issuer(leave(browser)))
    page = browser.get("/account").text
    assert "Officer in" in page
    assert "Administrator" not in page


def test_the_way_back_works_once_and_for_this_browser_only(browser, municipality, issuer):
    back = visit_issuer(leave(browser))
    kept = dict(browser.cookies)
    browser.cookies.clear()
    assert browser.get(back).status_code == 401
    browser.cookies.update(kept)
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 401
    browser.cookies.clear()
    browser.cookies.update(kept)
    assert browser.get(back).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda back: back.replace("state=", "state=x"),
        lambda back: back.replace("code=", "code=x"),
        lambda back: back.replace("code=", "kode="),
        lambda back: back + "&iss=https://evil.example",
        lambda back: f"{ORIGIN}/sign-in/oidc/return?error=access_denied&error_description=<script>",
        lambda back: f"{ORIGIN}/sign-in/oidc/return",
        lambda back: f"{ORIGIN}/sign-in/oidc/return?state=%ff%00&code=%ed%a0%80",
    ],
)
def test_a_way_back_that_was_changed_signs_nobody_in(browser, municipality, issuer, change):
    answer = browser.get(change(visit_issuer(leave(browser))))
    assert answer.status_code == 401
    assert "did not succeed" in answer.text
    assert "<script>" not in answer.text
    assert f"__Host-{SESSION}" not in browser.cookies


WRONG_CLAIMS = (
    {"nonce": "another"},
    {"nonce": None},
    {"nonce": "\ud800"},
    {"aud": "other"},
    {"azp": "other"},
    {"aud": [AUDIENCE, "other"]},
    {"exp": 1},
    {"iss": "https://evil.example"},
)
ODD_ANSWERS = ({}, {"id_token": 7}, {"id_token": None}, {"id_token": "a.b.c"})


def test_an_identity_token_that_does_not_hold_signs_nobody_in(browser, municipality, issuer):
    for claims in WRONG_CLAIMS:
        issuer.token_claims = claims
        assert browser.get(visit_issuer(leave(browser))).status_code == 401, claims
    for odd in ODD_ANSWERS:
        issuer.answers["/token"] = lambda handler, odd=odd: send(handler, 200, odd)
        assert browser.get(visit_issuer(leave(browser))).status_code == 401, odd


def test_an_issuer_may_take_the_secret_in_the_form_only(browser, municipality, issuer):
    document = issuer.discovery() | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    issuer.answers["/.well-known/openid-configuration"] = lambda handler: send(handler, 200, document)
    back = visit_issuer(leave(browser))
    seen = []
    issuer.take_token = seen.append
    assert browser.get(back).status_code == 303
    assert seen[0]["client_secret"] == CLIENT_SECRET


def test_the_browser_is_sent_to_no_other_host(browser, municipality, issuer):
    document = issuer.discovery() | {"authorization_endpoint": "https://evil.example/authorize"}
    issuer.answers["/.well-known/openid-configuration"] = lambda handler: send(handler, 200, document)
    page = browser.get("/sign-in")
    assert f"form-action 'self' http://{issuer.host};" in page.headers["content-security-policy"]
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = browser.post("/sign-in/oidc", data={"csrf_token": token, "purpose": "evaluation"})
    assert answer.status_code == 503


def test_odd_cookies_sign_nobody_in(browser, municipality, issuer):
    back = visit_issuer(leave(browser))
    browser.cookies.clear()
    for kept in ("", "x", "%7B%7D", "[]", "%22x%22", "%7B%22secret%22%3A7%7D", "%FF"):
        assert browser.get(back, headers={"Cookie": f"__Host-{OIDC}={kept}"}).status_code == 401, kept


def test_an_issuer_needs_an_audience(settings, issuer):
    with pytest.raises(InvalidInputError, match="KVART_OIDC_AUDIENCE"):
        IdentitySettings(oidc_issuer=issuer.address)


def test_the_secret_of_the_client_is_not_shown(settings):
    assert CLIENT_SECRET not in repr(settings.identity)


def test_without_a_client_nobody_is_sent_anywhere(settings, issuer, database):
    tokens_only = IdentitySettings(oidc_issuer=issuer.address, oidc_audience=AUDIENCE)
    application = create_app(settings.model_copy(update={"identity": tokens_only}))
    assert application.state.issuer.code_flow is None
    application.state.issuer.close()
