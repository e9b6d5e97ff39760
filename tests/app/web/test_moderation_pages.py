"""The pages on which staff decides about danger zones: by form and keyboard, for the roles that may."""

import io
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markupsafe import escape
from PIL import Image

from app.identity.cookies import SESSION
from app.identity.roles import Role
from app.languages.phrases import CATALOGUES, phrase

HERE, NEAR = [22.6, 57.25], [22.602, 57.25]
PAGES = "/moderation/talsi"
WHY = {"why": "The lamp is ordered.", "next_step": "It is put up in May."}


@pytest.fixture
def report(anonymous, client, municipality):
    """Reports a danger zone as a resident and returns its number for staff."""

    def send(place=HERE, contact=None, words="Dark <b>here</b>"):
        told = {"category": "street-lighting", "reported_by": "citizen", "description": words, "contact": contact}
        body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": told}
        answer = anonymous.post(f"/municipalities/{municipality}/danger-zones", json=body)
        picture = io.BytesIO()
        Image.new("RGB", (60, 40), "teal").save(picture, "JPEG")
        link = answer.json()["links"][0]["href"]
        assert anonymous.post(f"{link}/photos", content=picture.getvalue()).status_code == 201
        return client.get(f"/municipalities/{municipality}/danger-zones").json()["features"][-1]["id"]

    return send


@pytest.fixture
def officer(client_as, municipality):
    """An officer in a browser's session, who has only what the forms carry."""
    officer = client_as(Role.OFFICER, municipality, by="session")
    token = officer.headers.pop("X-CSRF-Token")
    officer.decide = lambda zone, step, **told: officer.post(
        f"{PAGES}/{zone}", data={"csrf_token": token, "step": step, **WHY, **told}, follow_redirects=False
    )
    return officer


def status_of(client, zone):
    return client.get(f"/municipalities/talsi/danger-zones/{zone}").json()["properties"]["status"]


def test_staff_sees_what_waits_and_decides_with_a_public_sentence(report, officer, client):
    zone, other = report(), report(NEAR, "bob@example.org")
    queue = officer.get(PAGES).text
    assert "2 of 2" in queue
    assert "Dark &lt;b&gt;here&lt;/b&gt;" in queue
    case = officer.get(f"{PAGES}/{zone}").text
    assert f"/danger-zones/{zone}/photos/" in case
    assert f'<a href="{PAGES}/{other}?language=en">{other}</a>' in case
    assert set(re.findall(r'name="step" value="([\w-]+)"', case)) == {
        "moderate", "reject", "pass-on", "verify", "merge",
    }  # fmt: skip
    done = officer.decide(zone, "moderate")
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGES}/{zone}")
    assert "Not done yet: The lamp is ordered. Next: It is put up in May." in officer.get(f"{PAGES}/{zone}").text
    officer.decide(zone, "accept")
    assert "1 of 1" in officer.get(PAGES).text, "what is open waits for a plan, not for moderation"
    assert "1 of 1" in officer.get(PAGES, params={"status": "open"}).text
    officer.decide(other, "verify")
    assert "seen by staff" in officer.get(f"{PAGES}/{other}").text
    assert officer.decide(zone, "pass-on", passed_on_to="Water company").status_code == 303
    assert status_of(client, zone) == "passed_on"
    assert officer.decide(other, "reject", next_step="").status_code == 303
    assert "Nothing waits for a decision." in officer.get(PAGES).text


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_staff_reads_and_decides_in_their_language(report, officer, language):
    zone, other = report(), report(NEAR, "bob@example.org")
    officer.decide(other, "merge", into=str(zone))
    asked = {"language": language}
    pages = [officer.get(path, params=asked).text for path in (PAGES, f"{PAGES}/{zone}", f"{PAGES}/{other}")]
    for page, key in zip(pages, ("staff.title", "do.reject", "do.restore"), strict=True):
        assert f'<html lang="{language}">' in page
        assert escape(phrase(language, key)) in page
        assert f'<option value="{language}" lang="{language}" selected>' in page
        assert f"{PAGES}?language={language}" in page or f'value="{language}"' in page
    assert escape(phrase(language, "concern.street-lighting")) in pages[0]
    assert (
        escape(phrase(language, "step.take-in")) in pages[1] or escape(phrase(language, "outcome.not_done")) in pages[1]
    )
    token = re.search(r'name="csrf_token" value="([^"]+)"', pages[1])[1]
    answer = officer.post(f"{PAGES}/{zone}", params=asked, data={"csrf_token": token, "step": "moderate", "why": ""})
    assert escape(phrase(language, "wrong.why")) in answer.text
    sent = {"csrf_token": token, "step": "moderate", **WHY}
    done = officer.post(f"{PAGES}/{zone}", params=asked, data=sent, follow_redirects=False)
    assert done.headers["location"] == f"{PAGES}/{zone}?language={language}"


def test_merging_splitting_and_taking_it_back(report, officer, client):
    zone, other = report(), report(NEAR, "bob@example.org")
    merged = officer.decide(other, "merge", into=str(zone))
    assert merged.headers["location"] == f"{PAGES}/{zone}"
    assert officer.decide(other, "restore").status_code == 303
    officer.decide(other, "merge", into=str(zone))
    reports = client.get(f"/municipalities/talsi/danger-zones/{zone}/reports").json()["reports"]
    part = officer.decide(zone, "split", reports=[str(reports[-1]["id"])])
    assert part.status_code == 303
    assert urlsplit(part.headers["location"]).path not in {f"{PAGES}/{zone}", f"{PAGES}/{other}"}


@pytest.mark.parametrize(
    ("step", "told", "status", "words"),
    [
        ("moderate", {"why": ""}, 422, "Say why"),
        ("moderate", {"why": "x" * 501}, 422, "at most"),
        ("pass-on", {}, 422, "Say to whom"),
        ("merge", {"into": "somewhere"}, 422, "takes it in"),
        ("merge", {"into": "4711"}, 404, "no danger zone 4711"),
        ("split", {}, 422, "Choose the reports"),
        ("accept", {}, 409, "Possible now"),
        ("fly", {}, 422, "Choose what to do"),
    ],
)
def test_what_is_wrong_is_said_and_the_words_are_kept(report, officer, client, step, told, status, words):
    zone = report()
    answer = officer.decide(zone, step, **told)
    assert answer.status_code == status, answer.text
    page = answer.text
    assert 'role="alert"' in page
    assert words in page or (words == "at most" and "3 to 500" in page)
    assert "It is put up in May." in page
    assert status_of(client, zone) == "received"


def test_only_who_may_decides_and_only_from_our_page(report, officer, anonymous, client_as, client):
    zone = report()
    browser = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    asked = anonymous.get(PAGES, headers=browser, follow_redirects=False)
    assert (asked.status_code, urlsplit(asked.headers["location"]).path) == (303, "/sign-in")
    analyst = client_as(Role.ANALYST, "talsi", by="session")
    assert "does not decide" in analyst.get(f"{PAGES}/{zone}").text
    assert analyst.post(f"{PAGES}/{zone}", data={"step": "moderate", **WHY}).status_code == 403
    assert client_as(Role.REPORTER, "talsi", by="session").get(PAGES).status_code == 403
    forged = {"step": "moderate", **WHY}
    assert officer.post(f"{PAGES}/{zone}", data=forged).status_code == 403
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert officer.post(f"{PAGES}/{zone}", data=forged, headers=foreign).status_code == 403
    assert officer.post(f"{PAGES}/{zone}", json=forged).status_code in {403, 415}
    assert officer.get(f"{PAGES}/999").status_code == 404
    assert status_of(client, zone) == "received"


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_case_is_decided_by_keyboard_without_asking_any_other_host(
    watched, serve, settings, report, officer, client, width, tmp_path
):
    zone, _ = report(), report(NEAR, "bob@example.org")
    page, site = watched.page, serve(settings)
    page.context.add_cookies([{"name": SESSION, "value": officer.cookies[SESSION], "url": site}])
    page.set_extra_http_headers({"Kvart-Purpose": "prevention"})
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}{PAGES}")
    page.get_by_role("link", name=str(zone), exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-map-ready]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=Path(tmp_path, f"case_{width}.png"), full_page=True)
    page.locator("input[name=step]").first.focus()
    page.keyboard.press("Space")
    page.get_by_label("Why", exact=True).focus()
    page.keyboard.type("We look at the lamps tonight.")
    page.get_by_role("button", name="Decide").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=We look at the lamps tonight.")
    assert status_of(client, zone) == "in_moderation"
    assert watched.outside == []
    assert watched.complaints == []
