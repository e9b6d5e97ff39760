"""The page by which residents report: by mouse, by keyboard, without a map, and what it refuses in their language."""

import io
import re

import pytest
from PIL import Image
from sqlalchemy import text

from app.main import create_app  # noqa: F401 - the fixtures of this folder serve it

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


def test_photos_are_kept_with_the_report(anonymous, town):
    answer = send(anonymous, town, files=[photo()])
    assert answer.status_code == 201, answer.text
