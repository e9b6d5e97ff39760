"""Home page and API reference: complete, safe, and without any outside request."""

import re

import pytest
from sqlalchemy import text

from app.web.pages import mark_code


def links(page):
    return re.findall(r'(?:href|src)="([^"]+)"', page)


def test_home_page_without_a_municipality_says_what_to_do(client):
    page = client.get("/").text
    assert "kvart import municipalities" in page


def test_every_link_of_the_home_page_leads_somewhere(client, municipality):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "Talsi" in page.text
    for link in links(page.text):
        if link.startswith("#"):
            continue
        answer = client.get(link)
        nothing_to_show_yet = answer.status_code == 404 and "/maps/" in link and answer.json()["hint"]
        assert answer.status_code == 200 or nothing_to_show_yet, (link, answer.text[:200])


def test_pages_ask_nobody_outside(client, municipality):
    for address in ("/", "/docs"):
        page = client.get(address)
        assert all(link.startswith(("/", "#")) for link in links(page.text)), address
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
    style = client.get("/static/kvart.css").text
    assert "url(" not in style
    assert "@import" not in style


def test_name_of_a_municipality_is_text(client, municipality, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text("update municipality set name = '<script>alert(1)</script>'"))
    page = client.get("/").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_reference_shows_every_operation_with_its_example(client):
    page = client.get("/docs").text
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
        assert path in page
    assert "No lamp works between the school and the bus stop." in page
    anchors = re.findall(r'id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize(
    "address", ["/redoc", "/docs/oauth2-redirect", "/static/", "/static/../main.py", "/static/x.js"]
)
def test_nothing_else_is_served(client, address):
    assert client.get(address).status_code == 404


def test_leaflet_is_served_from_its_package(client):
    assert "Leaflet 1.9" in client.get("/static/leaflet/leaflet.js").text
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


def test_answers_are_compressed_when_asked_for(client):
    assert client.get("/docs", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/docs", headers={"Accept-Encoding": "identity"}).headers


def test_code_in_descriptions_is_marked_and_escaped():
    assert mark_code("see `a<b>` & `c`") == "see <code>a&lt;b&gt;</code> &amp; <code>c</code>"
