"""The page by which residents report: by mouse, by keyboard, without a map, and what it refuses in their language."""

import io
import re

import pytest
from PIL import Image
from sqlalchemy import text

from app.identity.roles import Role
from app.languages.phrases import CATALOGUES, phrase
from tests.app.public_places.published import publish_zones

STREETS = """
insert into street_segment (municipality_id, geom, name)
select m.id, st_setsrid(st_makeline(st_point(22.52 + n * 0.016, 57.21), st_point(22.52 + n * 0.016, 57.29)), 4326),
    'Street ' || n
from municipality m, generate_series(0, 10) as n
"""
VALID = {"category": "street-lighting", "positions": "57.25, 22.6", "shape": "point", "me_too": "none"}


@pytest.fixture
def town(municipality, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text(STREETS))
    return municipality


def photo(size=(640, 480), kind="JPEG"):
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind)
    return written.getvalue()


def send(client, town, files=(), language="en", **fields):
    parts = [("photos", (f"{n}.jpg", content, "image/jpeg")) for n, content in enumerate(files)]
    return client.post(
        f"/report/{town}", data=VALID | fields, files=parts or None, headers={"Accept-Language": language}
    )


def link_of(page):
    return re.search(r"/my-report/[\w.-]+", page.text)[0]


def test_the_form_without_script_takes_a_report_and_shows_its_link_once(anonymous, client, town):
    assert "Street 3" in anonymous.get(f"/report/{town}").text
    answer = send(anonymous, town, description="No lamp.", day_part="night", weekday="friday", season="winter")
    assert answer.status_code == 201
    held = anonymous.get(f"{link_of(answer)}/data").json()
    assert held["report"]["geometry"] == {"type": "Point", "coordinates": [22.6, 57.25]}
    (zone,) = client.get(f"/municipalities/{town}/danger-zones").json()["features"]
    told = {"weekday": "friday", "season": "winter", "day_part": "night", "channel": "web form", "reporters": 1}
    assert zone["properties"].items() >= told.items()


def test_a_photo_that_is_none_is_left_out_and_the_report_stays(anonymous, client, town):
    sent = [photo(), b"no photo", photo() + bytes(20 * 1024**2), photo(kind="PNG"), photo(), photo()]
    answer = send(anonymous, town, files=sent, language="sq")
    assert answer.status_code == 201
    for name, values in (("no_photo", {}), ("photo_too_large", {"most_mb": 8}), ("too_many_photos", {})):
        assert phrase("sq", f"refused.{name}", **values) in answer.text
    assert len(anonymous.get(f"{link_of(answer)}/data").json()["photos"]) == 3


def test_photos_are_added_on_the_page_of_the_secret_link(anonymous, client_as, town):
    link = link_of(send(anonymous, town))

    def add(client, *contents, language="lv", **told):
        parts = [("photos", (f"{n}.jpg", content, "image/jpeg")) for n, content in enumerate(contents)]
        headers = {"Accept-Language": language}
        return client.post(f"{link}/send-photos", files=parts, data=told, headers=headers, follow_redirects=False)

    assert phrase("lv", "my.add_photos") in anonymous.get(link, params={"language": "lv"}).text
    assert add(anonymous, photo()).status_code == 303
    refused = add(anonymous, b"no photo", photo(kind="PNG"), photo() + bytes(20 * 1024**2))
    assert refused.status_code == 422
    assert phrase("lv", "refused.no_photo") in refused.text
    assert phrase("lv", "refused.photo_too_large", most_mb=8) in refused.text
    assert phrase("lv", "refused.too_many_photos") in add(anonymous, photo(), photo()).text
    assert len(anonymous.get(f"{link}/data").json()["photos"]) == 3
    assert phrase("en", "my.add_photos") not in anonymous.get(link, params={"language": "en"}).text
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert anonymous.post(f"{link}/send-photos", files={"photos": photo()}, headers=foreign).status_code == 403
    assert anonymous.post(f"{link}/send-photos", data={"photos": "x"}).status_code == 415
    staff = client_as(Role.OFFICER, town, by="session")
    token = staff.headers.pop("X-CSRF-Token")
    assert add(staff, photo()).status_code == 403
    assert add(staff, photo(), csrf_token=token).status_code == 409


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_pages_and_reasons_are_in_the_language_of_the_reader(anonymous, town, language):
    page = anonymous.get(f"/report/{town}", headers={"Accept-Language": language})
    assert f'<html lang="{language}">' in page.text
    assert phrase(language, "report.title") in page.text
    refused = send(anonymous, town, language=language, positions="0, 0")
    assert refused.status_code == 422
    assert phrase(language, "refused.null_island") in refused.text
    chosen = anonymous.get(f"/report?language={language}", headers={"Accept-Language": "lv"})
    assert phrase(language, "report.choose") in chosen.text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"positions": ""}, "no_place"),
        ({"positions": "here"}, "positions"),
        ({"positions": "57.25, 22.6", "shape": "line"}, "no_place"),
        ({"positions": "57.25, 22.6\n57.26, 22.61\n57.25, 22.61\n57.26, 22.6", "shape": "area"}, "invalid_geometry"),
        ({"positions": "57.9, 24.6"}, "outside_municipality"),
        ({"positions": "5700000, 330000"}, "not_on_earth"),
        ({"positions": "\n".join(["57.25, 22.6"] * 200), "shape": "line"}, "too_many_vertices"),
        ({"category": "ghosts"}, "unknown_category"),
        ({"description": "x" * 2001}, "words"),
        ({"description": "\x07"}, "words"),
        ({"me_too": "4711"}, "not_found"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(anonymous, client, town, fields, reason):
    answer = send(anonymous, town, **({"contact": "ann@example.org"} | fields))
    assert answer.status_code in {404, 413, 422}
    assert phrase("en", f"refused.{reason}") in answer.text
    assert "ann@example.org" in answer.text
    assert client.get(f"/municipalities/{town}/danger-zones").json()["numberReturned"] == 0


def test_markup_in_the_words_is_shown_as_words(anonymous, town):
    markup = "<b>dark</b> & < 3 lamps, on = off"
    answer = send(anonymous, town, description=markup, contact=markup)
    page = anonymous.get(link_of(answer))
    assert "<b>dark" not in page.text
    assert "&lt;b&gt;dark&lt;/b&gt; &amp; &lt; 3 lamps, on = off" in page.text


@pytest.mark.parametrize(
    "script",
    ["<script>alert(1)</script>", "</ScRiPt >", "<img src=x onerror=alert(1)>", "<iframe src=//x>", "JavaScript: x()"],
)
def test_a_script_in_the_words_is_refused_and_shown_as_words(anonymous, client, town, script):
    for field in ("description", "contact"):
        answer = send(anonymous, town, language="uk", **{field: script})
        assert answer.status_code == 422
        assert phrase("uk", "refused.script") in answer.text
        assert "<" not in script or script not in answer.text
    told = {"category": "drugs", "reported_by": "citizen", "description": script}
    body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [22.6, 57.25]}, "properties": told}
    answer = anonymous.post(f"/municipalities/{town}/danger-zones", json=body, headers={"Accept-Language": "uk"})
    assert answer.status_code == 422
    assert "program code" in str(answer.json()["errors"])
    assert answer.json()["detail"] == phrase("uk", "refused.invalid_input")
    assert client.get(f"/municipalities/{town}/danger-zones").json()["numberReturned"] == 0


def test_a_street_will_do_for_a_place(anonymous, town):
    answer = send(anonymous, town, positions="", street="Street 3")
    place = anonymous.get(f"{link_of(answer)}/data").json()["report"]["geometry"]["coordinates"]
    assert place == pytest.approx([22.568, 57.25], abs=1e-3)


def test_a_form_of_another_site_and_of_a_session_without_token_is_refused(anonymous, client_as, town):
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert anonymous.post(f"/report/{town}", data=VALID, headers=foreign).status_code == 403
    staff = client_as(Role.OFFICER, town, by="session")
    token = staff.headers.pop("X-CSRF-Token")
    files = [("photos", ("a.jpg", photo(), "image/jpeg"))]
    assert staff.post(f"/report/{town}", data=VALID, files=files).status_code == 403
    assert staff.post(f"/report/{town}", data=VALID | {"csrf_token": token}, files=files).status_code == 201


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_place_is_marked_by_keyboard_or_finger_without_asking_any_other_host(watched, serve, settings, town, width):
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{serve(settings)}/report/{town}?language=ro")
    page.wait_for_selector("html[data-map-ready]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.focus("#map")
    page.keyboard.press("Enter")
    assert page.input_value("#positions").startswith("57.2")
    page.keyboard.press("Backspace")
    assert page.input_value("#positions") == ""
    page.check("input[value=line]")
    page.locator("#map").click(position={"x": 150, "y": 170})
    page.locator("#map").click(position={"x": 180, "y": 190})
    page.fill("#positions", "57.25, 22.6\n57.251, 22.601")
    page.select_option("#category", "dark-passage")
    page.click("text=Trimite sesizarea")
    page.wait_for_selector(".secret")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("a.action")
    page.wait_for_selector(".history")
    assert "Am primit sesizarea" in page.inner_text("main")
    assert watched.outside == []
    assert watched.complaints == []


def test_none_of_these_is_never_counted_with_one_of_these(anonymous, client, town, database):
    assert send(anonymous, town).status_code == 201
    publish_zones(database, [22.6, 57.25])
    offered = send(anonymous, town, me_too="")
    assert 'name="me_too" value="none"' in offered.text
    assert phrase("en", "report.emergency", no="112") in offered.text
    second = send(anonymous, town, me_too="none")
    assert second.status_code == 201
    assert phrase("en", "report.thanks_joined") not in second.text
    assert len(client.get(f"/municipalities/{town}/danger-zones").json()["features"]) == 2
