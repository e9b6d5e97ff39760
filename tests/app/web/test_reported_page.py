"""The page on which everybody sees what was reported and what became of it: the public layer and nothing else."""

from pathlib import Path

import pytest
from sqlalchemy import text

from app.identity.roles import Role
from app.languages.phrases import CATALOGUES, phrase
from tests.app.public_places.published import publish_zones

EXACT, SHOWN = [22.61234, 57.25678], [22.62, 57.26]
STREETS = """
insert into street_segment (municipality_id, geom, name)
select m.id, st_setsrid(st_makeline(st_point(22.52 + n * 0.016, 57.21), st_point(22.52 + n * 0.016, 57.29)), 4326),
    'Street ' || n
from municipality m, generate_series(0, 10) as n
"""


@pytest.fixture
def reported(anonymous, client, municipality, database):
    """A zone that is open and public, another that waits for moderation; returns the page of the public."""
    address = f"/municipalities/{municipality}/danger-zones"
    for words in ("By No. 7 <b>alert</b>", "Behind No. 9"):
        told = {"category": "dark-passage", "reported_by": "citizen", "description": words}
        body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": EXACT}, "properties": told}
        assert anonymous.post(address, json=body).status_code == 201
    number = client.get(address).json()["features"][0]["id"]
    for step in ("moderate", "accept"):
        assert client.post(f"{address}/{number}/{step}", json={"why": "The lamps <are> old."}).status_code == 200
    publish_zones(database, SHOWN, public_id=None)
    with database.owner_engine.begin() as connection:
        connection.execute(text("update danger_zone set status = 'received' where id <> :id"), {"id": number})
        connection.execute(text(STREETS))
    return f"/reported/{municipality}"


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_residents_read_what_became_of_it_in_their_language(anonymous, reported, language):
    page = anonymous.get(reported, params={"language": language}).text
    for key in ("reported.title", "reported.lead", "concern.dark-passage", "state.open", "my.history"):
        assert phrase(language, key) in page
    assert "The lamps &lt;are&gt; old." in page
    assert page.count("<tr>") == 2, "the head and the one zone that is public"


def test_it_shows_nobody_more_than_the_public_layer(anonymous, client_as, reported):
    pages = [caller.get(reported).text for caller in (anonymous, client_as(Role.ANALYST, "talsi"))]
    for page in pages:
        assert "22.62" in page
        assert not any(told in page for told in ("22.612", "57.2567", "No. 7", "No. 9", "alert"))
    assert anonymous.get("/reported/nowhere").status_code == 404
    assert anonymous.get(reported, params={"page": 2}).text.count("<tr>") == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_map_is_drawn_without_asking_any_other_host(watched, serve, settings, reported, width, tmp_path):
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    watched.open(f"{serve(settings)}{reported}?language=lv")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=Path(tmp_path, f"reported_{width}.png"), full_page=True)
    assert watched.outside == []
    assert watched.complaints == []
