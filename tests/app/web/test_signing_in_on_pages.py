"""Signing in and out as somebody at a browser does it, and as somebody who means harm tries it."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

OWN = "kvart-session"


@pytest.fixture
def elsewhere():
    """A page of another site, with whatever a test puts on it."""
    shown = {"html": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(shown["html"].encode())

        def log_message(self, *_arguments):
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    shown["address"] = f"http://localhost:{server.server_port}/"
    yield shown
    server.shutdown()
    server.server_close()


def session_of(page):
    return next((cookie for cookie in page.context.cookies() if cookie["name"] == OWN), None)


def test_signing_in_shows_who_and_what(watched, page, site, sign_in):
    page.goto(f"{site}/municipalities/talsi/maps/density")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("four unrelated words here")
    page.get_by_label("Purpose of use").select_option("patrol-planning")
    page.get_by_label("Password").press("Enter")
    expect(page).to_have_url(f"{site}/municipalities/talsi/maps/density")
    page.goto(site)
    expect(page.get_by_role("link", name="ada Patrol planning")).to_be_visible()
    expect(page.get_by_role("link", name="Incidents")).to_be_visible()
    page.goto(f"{site}/municipalities/talsi/incidents")
    assert '"FeatureCollection"' in page.content()
    page.goto(f"{site}/docs")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert watched.outside == []


def test_without_javascript_everything_works(browser, site, sign_in):
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context.new_page())
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(f"{site}/account")
    page.get_by_label("What it is for").fill("QGIS")
    page.get_by_role("button", name="Make a key").click()
    assert re.search(r"kvart_[a-z2-7]{10}_[A-Za-z0-9_-]{43}", page.content())
    context.close()


def test_a_wrong_password_and_an_unknown_name_look_alike(page, sign_in):
    told = []
    for name, password in (("ada", "not the password"), ("nobody", "not the password"), ("", "x"), ("ada'--", "x")):
        sign_in(page, name or "-", password)
        told.append(page.get_by_role("alert").inner_text())
        assert session_of(page) is None
    assert len(set(told)) == 1
    assert "wrong" in told[0]


def test_a_locked_account_looks_like_a_wrong_password(page, sign_in):
    for _ in range(5):
        sign_in(page, password="not the password")
    sign_in(page)
    assert "locked for a while" in page.get_by_role("alert").inner_text()
    assert session_of(page) is None


def test_too_many_attempts_from_an_address_have_to_wait(page, serve, settings, sign_in):
    identity = settings.identity.model_copy(update={"sign_in_attempts_per_minute": 2})
    strict = serve(settings.model_copy(update={"identity": identity}))
    for number in range(2):
        sign_in(page, f"guess{number}", "x", site=strict)
    sign_in(page, site=strict)
    assert "Too many attempts from your address" in page.get_by_role("alert").inner_text()


def test_the_cookie_is_for_the_browser_alone(page, sign_in):
    cookie = session_of(sign_in(page))
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["expires"] == -1
    assert page.evaluate("document.cookie") == ""


def test_a_session_known_before_is_not_the_session_afterwards(page, site, sign_in):
    page.goto(f"{site}/sign-in")
    page.context.add_cookies([{"name": OWN, "value": "A" * 43, "url": site}])
    sign_in(page)
    first = session_of(page)["value"]
    assert first != "A" * 43
    sign_in(page)
    second = session_of(page)["value"]
    assert second != first
    page.context.add_cookies([{"name": OWN, "value": first, "url": site}])
    page.goto(f"{site}/account")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_a_link_signs_in_once_and_looking_does_not_use_it_up(browser, page, site, people):
    address = people.link.address(site)
    for _ in range(3):
        assert page.request.get(address).status == 200
    page.goto(address)
    page.get_by_label("Purpose of use").select_option("evaluation")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="ada Evaluation")).to_be_visible()
    context = browser.new_context()
    other = context.new_page()
    other.goto(address)
    other.get_by_label("Purpose of use").select_option("evaluation")
    other.get_by_role("button", name="Sign in").click()
    assert "used already" in other.get_by_role("alert").inner_text()
    assert session_of(other) is None
    context.close()


def test_after_signing_out_going_back_shows_nothing(page, site, sign_in):
    sign_in(page)
    page.goto(f"{site}/account")
    token = session_of(page)["value"]
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(f"{site}/sign-in")
    assert session_of(page) is None
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    assert "Ada Analyst" not in page.content()
    page.context.add_cookies([{"name": OWN, "value": token, "url": site}])
    page.goto(f"{site}/account")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_signing_out_everywhere_ends_the_other_browser(browser, page, site, sign_in):
    context = browser.new_context()
    other = sign_in(context.new_page())
    sign_in(page)
    page.goto(f"{site}/account")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_label("Password")).to_be_visible()
    other.goto(f"{site}/account")
    expect(other.get_by_label("Password")).to_be_visible()
    context.close()


def test_the_password_is_changed_and_the_old_one_is_no_longer_right(page, site, sign_in):
    sign_in(page)
    page.goto(f"{site}/account")
    before = session_of(page)["value"]
    page.get_by_label("Present password").fill("four unrelated words here")
    for label in ("New password, 12 characters or more", "New password again"):
        page.get_by_label(label).fill("quite another set of words")
    page.get_by_role("button", name="Change").last.click()
    expect(page).to_have_url(f"{site}/account")
    assert session_of(page)["value"] != before
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(page)
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, password="quite another set of words")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_key_is_shown_once_and_revoked(page, site, sign_in):
    sign_in(page)
    page.goto(f"{site}/account")
    page.get_by_label("What it is for").fill("QGIS at my desk")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator(".news pre").inner_text()
    bearer = {"Authorization": f"Bearer {key}", "Cookie": ""}
    areal_units = f"{site}/municipalities/talsi/areal-units"
    assert page.request.get(areal_units, headers=bearer).status == 200
    page.goto(f"{site}/account")
    assert key not in page.content()
    page.get_by_role("button", name=re.compile("^Revoke ")).click()
    expect(page.get_by_role("button", name=re.compile("^Revoke "))).to_have_count(0)
    assert page.request.get(areal_units, headers=bearer).status == 401


FORGED = """<form id="f" method="post" action="{site}/account/sessions/end"><input name="csrf_token" value="x"></form>
<script>document.getElementById("f").submit()</script>"""
FORGED_SIGN_IN = """<form id="f" method="post" action="{site}/sign-in"><input name="csrf_token" value="x">
<input name="name" value="ada"><input name="password" value="four unrelated words here">
<input name="purpose" value="evaluation"></form><script>document.getElementById("f").submit()</script>"""
FORGED_BY_SCRIPT = """<script>
fetch("{site}/municipalities/talsi/incidents", {{credentials: "include"}}).then(
    async (answer) => {{ document.title = "read " + await answer.text(); }}, () => {{ document.title = "refused"; }});
</script>"""
FRAMED = """<iframe id="f" src="{site}/account"></iframe>"""


def test_forms_of_another_site_are_refused(page, site, sign_in, elsewhere):
    sign_in(page)
    before = session_of(page)["value"]
    elsewhere["html"] = FORGED.format(site=site)
    page.goto(elsewhere["address"])
    page.wait_for_url(f"{site}/**")
    assert "Ada Analyst" not in page.content()
    page.goto(f"{site}/account")
    expect(page.get_by_role("heading", name="Ada Analyst")).to_be_visible()
    assert session_of(page)["value"] == before


def test_nobody_is_signed_in_by_another_site(page, site, elsewhere):
    page.goto(f"{site}/sign-in")
    elsewhere["html"] = FORGED_SIGN_IN.format(site=site)
    page.goto(elsewhere["address"])
    expect(page.get_by_role("heading", name="Forbidden")).to_be_visible()
    assert session_of(page) is None


def test_scripts_and_frames_of_another_site_see_nothing(page, site, sign_in, elsewhere):
    sign_in(page)
    elsewhere["html"] = FORGED_BY_SCRIPT.format(site=site)
    page.goto(elsewhere["address"])
    expect(page).to_have_title("refused")
    elsewhere["html"] = FRAMED.format(site=site)
    page.goto(elsewhere["address"])
    assert not any("Ada Analyst" in frame.content() for frame in page.frames)


def test_a_link_from_elsewhere_arrives_signed_in(page, site, sign_in, elsewhere):
    sign_in(page)
    elsewhere["html"] = f'<a href="{site}/account">account</a>'
    page.goto(elsewhere["address"])
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Ada Analyst")).to_be_visible()


def test_a_session_that_is_over_leaves_what_is_public_open(page, site, people):
    page.context.add_cookies([{"name": OWN, "value": "A" * 43, "url": site}])
    page.goto(site)
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert session_of(page) is None
    page.context.add_cookies([{"name": OWN, "value": "A" * 43, "url": site}])
    page.goto(people.link.address(site))
    expect(page.get_by_role("heading", name="Sign in by link")).to_be_visible()


def test_errors_are_pages_for_people(page, site, sign_in):
    sign_in(page)
    page.goto(f"{site}/municipalities/kandava/maps/density")
    expect(page.get_by_role("heading", name="Forbidden")).to_be_visible()
    page.goto(f"{site}/nowhere<b>")
    expect(page.get_by_role("heading", name="Not Found")).to_be_visible()
    assert page.locator("main b").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_pages_fit_their_screen_and_can_be_used_by_keyboard(page, site, sign_in, people, width):
    page.set_viewport_size({"width": width, "height": 640})
    addresses = ["/", "/sign-in", f"/sign-in/{people.link.token}", "/nowhere"]
    for address in addresses:
        page.goto(site + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    sign_in(page)
    for address in ("/", "/account", "/docs"):
        page.goto(site + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate(UNLABELLED) == [], address
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]):not([aria-hidden]), select, button')]
    .filter((field) => !(field.labels && field.labels.length) && !field.textContent.trim() && !field.ariaLabel)
    .map((field) => field.outerHTML)"""
