"""Every kind of analysis as a run over the small town: what it stores, tells and answers over HTTP."""

import io
import json
import math
import shutil
import subprocess

import numpy as np
import pytest
import shapely
from PIL import Image

from app.analyses.kinds import ANALYSES
from app.identity.roles import Role
from app.jobs.worker import Worker
from tests.app.small_town import BLOCKS

BASE = "/municipalities/town"
UNWEIGHTED = [*sorted(set(ANALYSES) - {"kernel-density", "network-density"}), "beat-allocation"]
PIXEL_SCALE, TIE_POINT = 33550, 33922
EVERYTHING = {
    "kernel-density": {"cell_m": 100},
    "getis-ord": {"cell_m": 200},
    "sensitivity": {"cell_m": 250, "sizes": [1.0], "origins": 2},
    "change": {
        "cell_m": 500,
        "before": {"first": "2025-01-01", "last": "2025-06-30"},
        "after": {"first": "2025-07-01", "last": "2025-12-31"},
    },
    "hot-spot-history": {"cell_m": 500, "split": "quarter"},
    "emerging-hot-spots": {"cell_m": 500, "step": "month"},
    "near-repeat": {"cell_m": 200, "permutations": 99},
    "temporal-profile": {},
    "clusters": {"min_events": 20, "simulations": 9},
    "top-places": {"cell_m": 250, "most": 5},
    "network-density": {"radius_m": 200, "lixel_m": 50},
    "back-test": {"cell_m": 500, "fit": 3, "score": 1, "resamples": 100},
}

ON_THE_SAMPLE = {"lighting", "fix-proposals", "fix-ranking", "fix-evaluation", "concern-mismatch"}
"""Kinds that need more of a town than this one has: tests/app/fixes does them."""


@pytest.fixture
def do(client, database, town_with_streets):
    """Ask for a run over HTTP, do it, and return it as the answer shows it."""

    def ask(kind, parameters, **more):
        answer = client.post(f"{BASE}/runs", json={"kind": kind, "parameters": parameters, **more})
        assert answer.status_code == 201, answer.text
        Worker(database).run_until_idle()
        return client.get(f"{BASE}/runs/{answer.json()['id']}").json()

    return ask


def links_of(run, rel):
    return [link["href"] for link in run["links"] if link["rel"] == rel]


def finite(value):
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(finite(item) for item in value.values())
    return all(finite(item) for item in value) if isinstance(value, list) else True


def test_there_is_a_case_for_every_kind():
    assert set(EVERYTHING) | ON_THE_SAMPLE == set(ANALYSES)


@pytest.mark.parametrize("kind", list(EVERYTHING))
def test_every_kind_from_request_to_result(client, do, kind):
    run = do(kind, EVERYTHING[kind])
    assert run["state"] == "succeeded", run["problem"]
    told = run["summary"]
    assert told["n_used"] > 0
    assert len(told["reading"]) > 40
    assert told["software"].startswith("kvart ")
    assert told["crs"] in ("EPSG:32634", "")
    assert told["parameters"]
    assert {"excluded", "warnings", "period", "layers", "tables", "seed", "study_area_km2"} <= set(told)
    assert len(run["input_fingerprint"]) == 64
    assert (run["seed"] is not None) is ANALYSES[kind].seeded
    assert finite(told)
    for layer in told["layers"]:
        address = f"{BASE}/runs/{run['id']}/{'places' if layer['exact_places'] else 'result'}"
        check_layer(client, address, layer)
    for address, table in zip(links_of(run, "table"), told["tables"], strict=True):
        answer = client.get(address).json()
        assert answer["columns"] == table["columns"]
        assert len(answer["rows"]) == table["rows"] > 0
        assert finite(answer["rows"])


def check_layer(client, address, layer):
    """A page at a time gives the same features as the whole layer, and every geometry is valid."""
    whole = client.get(address, params={"layer": layer["name"]})
    assert whole.status_code == 200, whole.text
    features = whole.json()["features"]
    assert len(features) == layer["features"]
    if not features:
        return
    assert set(layer["columns"]) <= set(features[0]["properties"])
    assert all(shapely.from_geojson(json.dumps(feature["geometry"])).is_valid for feature in features)
    paged, following = [], f"{address}?layer={layer['name']}&limit={max(1, len(features) // 2)}"
    while following:
        page = client.get(following).json()
        paged += page["features"]
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert paged == features


DENSITIES = [
    *({"kernel": kernel} for kernel in ("epanechnikov", "triweight", "triangular", "uniform", "gaussian")),
    {"bandwidth_rule": "scott"},
    {"bandwidth_rule": "cross-validation", "kernel": "gaussian"},
    {"adaptive": True, "edge_correction": "diggle", "radius_m": 300},
    {"edge_correction": "uniform", "per_year": True},
    {"contour_bands": 4},
    {"category_weights": {"robbery": 5, "burglary": 0.5}, "per_year": True},
    {"category_weights": {"robbery": 0}, "other_weight": 2, "against": "residents"},
    {"category_weights": {"robbery": 3}, "other_weight": 1, "against": "events", "base": {"categories": ["burglary"]}},
    {"against": "residents"},
    {"against": "events", "base": {"categories": ["robbery"]}, "measure": "ratio", "contour_levels": [5, 50]},
]
BESIDE = {
    f"{row:02}-{column:02}": {
        f"{row:02}-{beside:02}": 1.0 / (1 + column) for beside in (column - 1, column + 1) if 0 <= beside < BLOCKS
    }
    for row in range(1, BLOCKS)
    for column in range(BLOCKS)
}
"""Blocks east and west; the lowest row has no neighbours."""
HOT_SPOTS = [
    {"units": "hexagons", "statistic": "gi"},
    {"neighbours": "rook", "correction": "by"},
    {"neighbours": "band", "radius_m": 450, "correction": "none"},
    {"neighbours": "nearest", "nearest": 6, "correction": "bonferroni"},
    {"neighbours": "kernel", "kernel": "gaussian", "sigma_m": 200},
    {"permutations": 99},
    {"statistic": "local-moran"},
    {"units": "areal-units"},
    {"units": "areal-units", "values": "rate", "neighbours": "rook"},
    {"units": "areal-units", "values": "empirical-bayes", "statistic": "gi"},
    {"units": "areal-units", "values": "standardised", "statistic": "local-moran"},
    {"units": "areal-units", "neighbours": "given", "neighbour_weights": BESIDE},
    {"units": "areal-units", "neighbours": "given", "neighbour_weights": BESIDE, "values": "rate"},
    {"units": "street-segments"},
]
OTHERS = [
    ("sensitivity", {"cell_m": 500, "units": "hexagons", "sizes": [1], "origins": 1}),
    ("clusters", {"method": "dbscan", "max_distance_m": 60, "min_events": 20}),
    ("clusters", {"method": "hdbscan", "min_events": 20, "merge_distance_m": 50}),
    ("top-places", {"place": "areal-units"}),
    ("top-places", {"place": "street-segments", "worst_share": 0.1, "tolerance_m": 200}),
    ("top-places", {"place": "points"}),
    ("change", EVERYTHING["change"] | {"against": "whole-map", "mid_p": True, "correction": "none"}),
    ("emerging-hot-spots", {"cell_m": 500, "step": 60, "confidence": 95}),
    ("network-density", {"kernel": "gaussian", "sigma_m": 60, "equal_split": "discontinuous", "per_year": True}),
    ("back-test", EVERYTHING["back-test"] | {"measure": "hit-rate", "residents": True, "methods": "standard"}),
    ("back-test", EVERYTHING["back-test"] | {"fit": 6, "score": 6, "along_streets": True}),
    ("temporal-profile", {"categories": "burglary", "period_from": "2025-03-01", "longest_hours": None}),
    ("near-repeat", {"permutations": 19, "metric": "euclidean", "as_of": "2025-12-01", "cell_m": 300}),
]
OPTIONS = {
    "kernel-density": [{"cell_m": 200, **options} for options in DENSITIES],
    "getis-ord": [{"cell_m": 300, **options} for options in HOT_SPOTS],
    **{kind: [options for other, options in OTHERS if other == kind] for kind, _ in OTHERS},
}


@pytest.mark.parametrize("kind", list(OPTIONS))
def test_every_option_can_be_reached(client, database, town_with_streets, kind):
    asked = [client.post(f"{BASE}/runs", json={"kind": kind, "parameters": options}) for options in OPTIONS[kind]]
    assert [answer.status_code for answer in asked] == [201] * len(asked), [answer.text for answer in asked]
    Worker(database).run_until_idle()
    for answer, options in zip(asked, OPTIONS[kind], strict=True):
        run = client.get(answer.headers["location"]).json()
        assert run["state"] == "succeeded", (options, run["problem"])
        assert finite(run["summary"])
        for layer in run["summary"]["layers"]:
            where = "places" if layer["exact_places"] else "result"
            page = client.get(f"{BASE}/runs/{run['id']}/{where}", params={"layer": layer["name"], "limit": 3})
            assert page.status_code == 200
            assert layer["features"] == 0 or page.json()["features"]


def test_weights_by_category_are_those_of_the_events(client, do):
    """Five for a robbery and none for a burglary is five times the density of robberies."""
    weighted = do("kernel-density", {"cell_m": 250, "radius_m": 400, "category_weights": {"robbery": 5, "burglary": 0}})
    robberies = do("kernel-density", {"cell_m": 250, "radius_m": 400, "categories": "robbery"})
    densities = [
        [
            feature["properties"]["density_per_km2"]
            for feature in client.get(f"{BASE}/runs/{run['id']}/result").json()["features"]
        ]
        for run in (weighted, robberies)
    ]
    assert densities[0] == pytest.approx([5 * density for density in densities[1]])
    assert weighted["input_fingerprint"] != robberies["input_fingerprint"]


def test_density_as_a_raster_holds_the_values_of_the_layer(client, do):
    """Pillow and GDAL know nothing of how the file was written."""
    run = do("kernel-density", {"cell_m": 250, "radius_m": 400})
    answer = client.get(links_of(run, "raster")[0])
    assert answer.headers["content-type"] == "image/tiff"
    features = client.get(f"{BASE}/runs/{run['id']}/result").json()["features"]
    with Image.open(io.BytesIO(answer.content)) as raster:
        values = np.asarray(raster)
        scale, corner = raster.tag_v2[PIXEL_SCALE], raster.tag_v2[TIE_POINT]
    assert tuple(scale[:2]) == (250, 250)
    cells = [feature["properties"] for feature in features]
    column = [int((cell["cell_x"] - corner[3]) / 250) for cell in cells]
    row = [int((corner[4] - cell["cell_y"]) / 250) for cell in cells]
    assert values[row, column] == pytest.approx([cell["density_per_km2"] for cell in cells], rel=1e-6)


@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="GDAL's programs are not installed")
def test_gdal_reads_the_raster(client, do, tmp_path):
    run = do("kernel-density", {"cell_m": 250, "radius_m": 400, "per_year": True})
    file = tmp_path / "density.tif"
    file.write_bytes(client.get(links_of(run, "raster")[0]).content)
    done = subprocess.run(["gdalinfo", "-json", "-stats", str(file)], capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert told["stac"]["proj:epsg"] == 32634 if "stac" in told else "32634" in told["coordinateSystem"]["wkt"]
    assert told["geoTransform"][1::4] == [250.0, -250.0]
    features = client.get(f"{BASE}/runs/{run['id']}/result").json()["features"]
    highest = max(feature["properties"]["density_per_km2_year"] for feature in features)
    assert told["bands"][0]["maximum"] == pytest.approx(highest, rel=1e-4)


def test_only_who_sees_incidents_exactly_sees_where_single_events_happened(client, client_as, do):
    run = do("clusters", {"method": "dbscan", "max_distance_m": 60, "min_events": 20})
    places = links_of(run, "places")[0]
    assert not links_of(run, "result")
    assert client.get(f"{BASE}/runs/{run['id']}/result").status_code == 404
    engineer = client_as(Role.MUNICIPALITY, "town")
    assert engineer.get(places).status_code == 403
    table = engineer.get(f"{BASE}/runs/{run['id']}/tables/clusters").json()
    assert not {"geometry", "centre_x", "centre_y"} & set(table["columns"])
    officer = client_as(Role.OFFICER, "town", purpose=None)
    assert officer.get(places).json()["type"] == "urn:kvart:problem:purpose_required"
    assert officer.get(places, headers={"Kvart-Purpose": "patrol-planning"}).status_code == 200


def test_the_latest_result_of_a_kind_and_of_cells(client, do):
    cells = do("getis-ord", {"cell_m": 250})
    units = do("getis-ord", {"units": "areal-units"})
    latest = client.get(f"{BASE}/results/getis-ord", params={"limit": 2})
    assert latest.headers["kvart-run"] == str(units["id"])
    assert latest.json()["numberReturned"] == 2
    assert "moran_i" in latest.json()["features"][0]["properties"]
    assert client.get(f"{BASE}/hot-spots").headers["kvart-run"] == str(cells["id"])
    assert client.get(f"{BASE}/results/change").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("result?layer=nothing", 404),
        ("places", 404),
        ("tables/nothing", 404),
        ("raster", 404),
        ("result?limit=0", 400),
        ("result?after=nonsense", 400),
    ],
)
def test_what_a_run_does_not_have_is_told(client, do, path, status):
    run = do("getis-ord", {"cell_m": 500})
    answer = client.get(f"{BASE}/runs/{run['id']}/{path}")
    assert answer.status_code == status
    told = answer.json()
    assert told.get("hint") or told["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("getis-ord", {"values": "rate"}, "rates take units"),
        ("getis-ord", {"neighbours": "band"}, "needs radius_m"),
        ("getis-ord", {"neighbours": "queen", "nearest": 3}, "takes no nearest"),
        ("getis-ord", {"units": "hexagons", "neighbours": "rook"}, "no queen or rook"),
        ("back-test", {"methods": "standard", "along_streets": True}, "goes with methods"),
        ("kernel-density", {"against": "events"}, "base go together"),
        ("kernel-density", {"adaptive": True, "edge_correction": "uniform"}, "none or diggle"),
        ("kernel-density", {"contour_levels": [5, 2]}, "must ascend"),
        ("getis-ord", {"neighbours": "given"}, "go together"),
        ("getis-ord", {"neighbours": "given", "neighbour_weights": {"a": {"b": 1}}}, "takes units"),
        ("getis-ord", {"units": "areal-units", "neighbour_weights": {"a": {}}}, "go together"),
        ("kernel-density", {"other_weight": 2}, "goes with category_weights"),
        ("kernel-density", {"category_weights": {"robbery": -1}}, "category_weights"),
        ("kernel-density", {"event_weights": True, "events": "reports"}, "have no weights of their own"),
        ("network-density", {"event_weights": True, "events": "danger-zones"}, "have no weights of their own"),
        ("kernel-density", {"event_weights": 2}, "event_weights"),
        *((kind, {"event_weights": True}, "no other analysis weighs events") for kind in UNWEIGHTED),
        ("top-places", {"category_weights": {"robbery": 1}}, "no other analysis weighs events"),
        ("change", {}, "before"),
        ("change", EVERYTHING["change"] | {"period_from": "2025-01-01"}, "do not go with"),
        ("hot-spot-history", {"periods": [{"first": "2025-01-01", "last": "2025-02-01"}]}, "two or more"),
        ("near-repeat", {"distance_edges_m": [100, 50]}, "must ascend"),
        ("clusters", {"method": "dbscan"}, "needs max_distance_m"),
        ("clusters", {"method": "hdbscan", "simulations": 9}, "takes no simulations"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_at_once(client, town, kind, parameters, told):
    answer = client.post(f"{BASE}/runs", json={"kind": kind, "parameters": parameters})
    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("network-density", {}, "has no streets"),
        ("kernel-density", {"category_weights": {"theft": 2}}, "has no category 'theft'"),
        ("kernel-density", {"category_weights": {"robbery": 2}}, "of a category without a weight"),
        ("getis-ord", {"units": "areal-units", "neighbours": "given", "neighbour_weights": {"00-00": {"x": 1}}}, "'x'"),
        ("getis-ord", {"units": "street-segments"}, "has no streets"),
        ("getis-ord", {"units": "areal-units", "units_source": "elsewhere"}, "not of the source 'elsewhere'"),
        ("hot-spot-history", {"split": "year", "period_from": "2025-02-01"}, "takes two or more"),
        ("emerging-hot-spots", {"cell_m": 500, "step": 300}, "step"),
        ("clusters", {"min_events": 5000}, "events"),
        ("back-test", {"fit": 48, "cell_m": 500}, "window"),
    ],
)
def test_what_cannot_be_analysed_fails_the_run_with_what_to_do(client, database, town, kind, parameters, told):
    answer = client.post(f"{BASE}/runs", json={"kind": kind, "parameters": parameters})
    Worker(database).run_until_idle()
    run = client.get(answer.headers["location"]).json()
    assert run["state"] == "failed"
    assert told in run["problem"]["detail"]
    assert run["problem"]["type"] != "urn:kvart:problem:unexpected"


def test_the_same_seed_gives_the_same_result(do):
    runs = [do("near-repeat", {"permutations": 19, "cell_m": 500}, seed=seed) for seed in (5, 5, 6)]
    first, again, other = (run["summary"]["reading"] for run in runs)
    assert first == again
    assert [run["summary"]["seed"] for run in runs] == [5, 5, 6]
    assert other
