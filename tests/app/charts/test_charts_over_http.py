"""Charts, reports and maps of every kind of run, from what the run stored."""

import io

import pytest
from matplotlib.image import imread

from app.identity.roles import Role
from app.jobs.worker import Worker
from tests.app.runs.conftest import do_run, town, town_with_streets  # noqa: F401 - fixtures
from tests.app.runs.test_analysis_runs import BASE, EVERYTHING, do, links_of  # noqa: F401

MARKS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
MEDIA = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
CHARTS = {
    "kernel-density": ["bandwidth"],
    "change": ["change"],
    "near-repeat": ["near-repeat"],
    "temporal-profile": ["heat-clock", "trend"],
    "top-places": ["top-places", "concentration"],
    "back-test": ["capture-curve"],
}
WITHOUT_MAP = {"temporal-profile", "back-test"}


@pytest.mark.parametrize("kind", EVERYTHING)
def test_a_run_links_to_its_map_charts_and_report_and_they_answer(kind, client, do):  # noqa: F811
    run = do(kind, EVERYTHING[kind])
    assert run["state"] == "succeeded", run["problem"]
    charts = links_of(run, "chart")
    assert [link.rpartition("/")[2].removesuffix(".svg") for link in charts] == CHARTS.get(kind, [])
    for link in charts:
        for ending, mark in MARKS.items():
            answer = client.get(link.replace(".svg", f".{ending}"))
            assert answer.status_code == 200, answer.text
            assert answer.content.startswith(mark)
            assert answer.headers["content-type"].partition(";")[0] == MEDIA[ending]
            assert answer.headers["x-content-type-options"] == "nosniff"
    report = client.get(links_of(run, "report")[0])
    assert report.status_code == 200, report.text
    assert report.content.startswith(b"%PDF")
    assert f'filename="town-run-{run["id"]}-report.pdf"' in report.headers["content-disposition"]
    maps = links_of(run, "map")
    assert len(maps) == (kind not in WITHOUT_MAP)
    for link in maps:
        document = client.get(link)
        assert document.status_code == 200, document.text
        assert run["summary"]["reading"][:40] in document.text


def test_a_chart_is_the_same_each_time_and_has_something_on_it(client, do):  # noqa: F811
    run = do("temporal-profile", {})
    address = f"{BASE}/runs/{run['id']}/charts/heat-clock.png"
    first, second = client.get(address).content, client.get(address).content
    assert first == second
    assert len({tuple(pixel) for pixel in imread(io.BytesIO(first)).reshape(-1, 4)[::50]}) > 20


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("charts/trend.svg", 404),
        ("charts/change.jpeg", 404),
        ("charts/Change.svg", 404),
        ("map", 200),
        ("report.pdf", 200),
    ],
)
def test_what_is_not_there_is_told(path, status, client, do):  # noqa: F811
    run = do("change", EVERYTHING["change"])
    answer = client.get(f"{BASE}/runs/{run['id']}/{path}")
    assert answer.status_code == status, answer.text
    if path == "charts/trend.svg":
        assert "It has: change" in answer.json()["hint"]


def test_the_latest_map_of_a_topic_is_that_of_the_latest_run(client, do):  # noqa: F811
    assert client.get(f"{BASE}/maps/emerging-hot-spots").status_code == 404
    run = do("emerging-hot-spots", EVERYTHING["emerging-hot-spots"])
    document = client.get(f"{BASE}/maps/emerging-hot-spots")
    assert document.status_code == 200
    assert f">{run['id']}<" in document.text
    assert "Persistent hot spot" in document.text


def test_an_import_has_neither_chart_nor_report(client, town, database):  # noqa: F811
    files = {"file": ("a.csv", b"id,category,lon,lat,occurred_from\n1,robbery,21.1,56.9,2025-01-01\n")}
    answer = client.post(f"{BASE}/imports", files=files, data={"kind": "incidents", "source": "police"})
    assert answer.status_code == 201, answer.text
    Worker(database).run_until_idle()
    run = client.get(answer.headers["Location"]).json()
    answer = client.get(f"{BASE}/runs/{run['id']}/report.pdf")
    assert answer.status_code in (404, 409)


def test_hulls_of_clusters_are_for_those_who_see_single_events(client, client_as, do):  # noqa: F811
    run = do("clusters", EVERYTHING["clusters"])
    coarse = client_as(Role.MUNICIPALITY, "town")
    for path in ("map", "report.pdf"):
        assert coarse.get(f"{BASE}/runs/{run['id']}/{path}").status_code == 403
        assert client_as(Role.ANALYST, "town").get(f"{BASE}/runs/{run['id']}/{path}").status_code == 200
    assert coarse.get(f"{BASE}/maps/clusters").status_code == 403
