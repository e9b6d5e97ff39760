"""What nobody should send, over a real connection: refused in the reporter's language, and nothing else is lost."""

import asyncio
import io
import json
import time

import httpx
import pytest
import shapely
from PIL import Image

from app.languages.phrases import CATALOGUES, phrase
from app.settings import ServerSettings

POSTS = 500
AT_ONCE = 50
"""Posts that wait for their answer at a time: the pool of the sending client goes through all of its requests."""
HERE = [22.6, 57.25]
FORM = {"category": "street-lighting", "positions": "57.25, 22.6", "shape": "point", "me_too": "none"}


@pytest.fixture
def service(serve, settings, municipality, client):
    """A client of the service on a port of its own, with the limits that it has out of the box."""
    server = ServerSettings(worker=False)
    trusted = settings.identity.model_copy(update={"trusted_proxies": "127.0.0.1"})
    base = serve(settings.model_copy(update={"server": server, "identity": trusted}))
    with httpx.Client(base_url=base, timeout=60) as opened:
        opened.town = municipality
        opened.stored = lambda: client.get(f"/municipalities/{municipality}/danger-zones").json()["numberReturned"]
        yield opened


def zone(coordinates, kind="Point", **told):
    properties = {"category": "street-lighting", "reported_by": "citizen", **told}
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def from_address(number, language):
    """Headers of a reporter of some other address: the service trusts the proxy that tells it."""
    return {"X-Forwarded-For": f"10.1.{number // 250}.{number % 250 + 1}", "Accept-Language": language}


def test_500_posts_a_minute_from_one_address_are_refused_and_the_neighbours_are_served(service):
    languages = list(CATALOGUES)

    async def flood():
        turns = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(base_url=service.base_url, timeout=120) as sender:

            async def send(number):
                headers = from_address(0, languages[number % len(languages)])
                async with turns:
                    return await sender.post(f"/report/{service.town}", data=FORM, headers=headers)

            async def look(number):
                headers = from_address(1 + number, "en")
                pages = await sender.get(f"/report/{service.town}", headers=headers), await sender.get("/health")
                sent = await sender.post(f"/report/{service.town}", data=FORM, headers=headers)
                return [page.status_code for page in (*pages, sent)]

            return await asyncio.gather(asyncio.gather(*map(send, range(POSTS))), asyncio.gather(*map(look, range(5))))

    begun = time.monotonic()
    answers, neighbours = asyncio.run(flood())
    minutes = (time.monotonic() - begun) / 60
    taken = [answer for answer in answers if answer.status_code == 201]
    refused = [(number, answer) for number, answer in enumerate(answers) if answer.status_code == 429]
    assert len(taken) + len(refused) == POSTS
    assert 20 <= len(taken) <= 20 * (minutes + 1), "no minute takes more than twenty"
    for number, answer in refused:
        wait = answer.headers["retry-after"]
        told = phrase(languages[number % len(languages)], "refused.too_many_requests", retry_after=wait)
        assert answer.json()["detail"] == told or languages[number % len(languages)] == "en"
    assert neighbours == [[200, 200, 201]] * 5
    assert service.stored() == len(taken) + 5


BOWTIE = [[22.6, 57.25], [22.61, 57.26], [22.61, 57.25], [22.6, 57.26], [22.6, 57.25]]
MANY = [[22.6 + step / 1e6, 57.25] for step in range(10_000)]
BAD_PLACES = [
    (zone(MANY, "LineString"), "line", 413, "too_many_vertices"),
    (zone([BOWTIE], "Polygon"), "area", 422, "invalid_geometry"),
    (zone([24.1, 56.95]), "point", 422, "outside_municipality"),
    (zone([0, 0]), "point", 422, "null_island"),
]


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_a_place_that_cannot_be_is_refused_in_the_language_of_the_reporter(service, language):
    for number, (body, shape, status, reason) in enumerate(BAD_PLACES):
        headers = from_address(number, language)
        answer = service.post(f"/municipalities/{service.town}/danger-zones", json=body, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        if language != "en":
            assert answer.json()["detail"] == phrase(language, f"refused.{reason}")
        corners = shapely.get_coordinates(shapely.from_geojson(json.dumps(body["geometry"]))).tolist()
        marked = "\n".join(f"{latitude}, {longitude}" for longitude, latitude in corners)
        form = FORM | {"shape": shape, "positions": marked}
        page = service.post(f"/report/{service.town}", data=form, headers=headers)
        assert page.status_code == status
        assert phrase(language, f"refused.{reason}") in page.text
    assert service.stored() == 0


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_a_photo_that_is_none_or_too_large_is_refused_and_the_report_is_kept(service, language):
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "JPEG")
    large = picture.getvalue() + bytes(20 * 1024**2)
    headers = from_address(0, language)
    made = service.post(f"/municipalities/{service.town}/danger-zones", json=zone(HERE), headers=headers).json()
    link = made["links"][0]["href"]
    for content, statuses, reason in ((b"MZ no photo", {422}, "no_photo"), (large, {413}, "too_large")):
        answer = service.post(f"{link}/photos", content=content, headers=headers)
        assert answer.status_code in statuses
        if language != "en":
            told = {phrase(language, f"refused.{reason}"), phrase(language, "refused.photo_too_large", most_mb=8)}
            assert answer.json()["detail"] in told
        files = {"photos": ("a.jpg", content, "image/jpeg")}
        page = service.post(f"/report/{service.town}", data=FORM, files=files, headers=headers)
        assert page.status_code == 201
        shown = "photo_too_large" if reason == "too_large" else reason
        assert phrase(language, f"refused.{shown}", most_mb=8) in page.text
    assert service.post(f"{link}/photos", content=picture.getvalue(), headers=headers).status_code == 201
    assert service.stored() == 3
