"""OGC API - Processes, Part 1: each test restates requirements of the classes that the API declares."""

from __future__ import annotations

import json
import socket
import threading
import time
from email import message_from_bytes

import pytest
import uvicorn
from jsonschema import Draft202012Validator
from owslib.ogcapi.processes import Processes

from app.identity.roles import Role
from app.jobs.handlers import HANDLERS
from app.jobs.worker import Worker
from app.ogc import processes_router
from app.ogc.conformance import CONFORMS_TO
from app.ogc.processes import is_quantity
from app.runs.parameters import PARAMETERS_OF_KIND
from app.runs.service import RUN_KINDS

SPEC = "http://www.opengis.net/spec/ogcapi-processes-1/1.0"
EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
ROOT = "/municipalities/talsi/ogc"
INPUTS = {"inputs": {"cell_m": 500}}
CSV = "id,occurred_from,category,longitude,latitude\n" + "".join(
    f"I{n},2025-{1 + n % 12:02d}-05T12:00:00Z,burglary,{22.55 + 0.001 * (n % 100):.4f},{57.21 + 0.0003 * n:.4f}\n"
    for n in range(200)
)


@pytest.fixture
def root(client, municipality):
    return ROOT


@pytest.fixture
def worker(database):
    """A worker at work in a thread."""
    worker = Worker(database)
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    yield worker
    worker.stop()
    thread.join()


@pytest.fixture
def incidents(client, root, database):
    """Two hundred incidents, taken in by the process."""
    inputs = {"file": CSV, "file_name": "incidents.csv", "kind": "incidents", "source": "police"}
    answer = client.post(f"{root}/processes/import/execution", json={"inputs": inputs})
    assert answer.status_code == 201, answer.text
    assert Worker(database).run_until_idle() == 1
    return answer.json()["jobID"]


def execute(client, process="getis-ord", body=INPUTS, **headers):
    return client.post(f"{ROOT}/processes/{process}/execution", json=body, headers=headers)


def rels(document):
    return {item["rel"]: item["href"] for item in document["links"]}


# landing page and declaration


def test_landing_page_leads_to_processes_and_jobs(client, root):
    """/req/core/landingpage-success, /req/core/conformance-success."""
    found = rels(client.get(root).json())
    assert client.get(found["http://www.opengis.net/def/rel/ogc/1.0/processes"]).status_code == 200
    assert client.get(found["http://www.opengis.net/def/rel/ogc/1.0/job-list"]).status_code == 200
    declared = client.get(f"{root}/conformance").json()["conformsTo"]
    assert {
        f"{SPEC}/conf/{name}" for name in ("core", "ogc-process-description", "json", "job-list", "dismiss")
    } <= set(declared)
    assert set(declared) == set(CONFORMS_TO)


# processes


def test_every_kind_of_run_is_a_process(client, root):
    """/req/core/process-list, /req/core/process-list-success, /req/core/pl-links."""
    document = client.get(f"{root}/processes").json()
    assert {process["id"] for process in document["processes"]} == set(RUN_KINDS)
    assert set(HANDLERS) == set(RUN_KINDS) == {*PARAMETERS_OF_KIND, "import"}
    assert {"self", "alternate"} <= set(rels(document))
    for process in document["processes"]:
        assert process["version"]
        assert "async-execute" in process["jobControlOptions"]
        assert client.get(rels(process)["self"]).status_code == 200


ANALYSES = """kernel-density getis-ord change emerging-hot-spots near-repeat back-test beat-allocation beat-redraw
    officer-assignment fix-ranking fix-evaluation concern-mismatch import"""
UNITS = {
    ("getis-ord", "cell_m"): "m",
    ("near-repeat", "distance_edges_m"): "m",
    ("near-repeat", "time_edges_days"): "d",
    ("emerging-hot-spots", "confidence"): "%",
    ("kernel-density", "contour_levels"): "km-2",
    ("fix-ranking", "budget"): "{currency}",
    ("back-test", "fit"): "{unit}",
    ("beat-allocation", "min_residents"): "1",
}


def test_every_analysis_is_a_process_and_tells_its_units(client, root):
    listed = {process["id"] for process in client.get(f"{root}/processes").json()["processes"]}
    assert set(ANALYSES.split()) <= listed
    for (kind, name), unit in UNITS.items():
        described = client.get(f"{root}/processes/{kind}").json()["inputs"][name]
        assert [item["title"] for item in described["metadata"]] == [unit], (kind, name)


def test_the_list_of_processes_has_a_limit(client, root):
    """/req/core/pl-limit-definition, /req/core/pl-limit-response."""
    assert len(client.get(f"{root}/processes?limit=3").json()["processes"]) == 3
    for wrong in ("0", "-1", "1001", "x"):
        assert client.get(f"{root}/processes?limit={wrong}").status_code == 400


@pytest.mark.parametrize("kind", RUN_KINDS)
def test_inputs_are_described_by_their_schema(client, root, kind):
    """/req/core/process-success, /req/ogc-process-description/{input-def,inputs-def,output-def,json-encoding}."""
    document = client.get(f"{root}/processes/{kind}").json()
    assert document["id"] == kind
    assert document["inputs"]
    assert document["outputs"]
    for described in [*document["inputs"].values(), *document["outputs"].values()]:
        assert described["title"]
        assert "$ref" not in str(described["schema"])
        Draft202012Validator.check_schema(described["schema"])
    if "cell_m" in document["inputs"]:
        assert document["inputs"]["cell_m"]["metadata"][0]["title"] == "m"
    for name, described in document["inputs"].items():
        units = [item["title"] for item in described["metadata"] if item["role"].endswith("/unit")]
        assert len(units) == is_quantity(name, described["schema"]), name
    required = {name for name, described in document["inputs"].items() if described["minOccurs"]}
    if kind in PARAMETERS_OF_KIND:
        fields = PARAMETERS_OF_KIND[kind].model_fields
        assert required == {name for name, field in fields.items() if field.is_required()}


def test_a_process_that_does_not_exist(client, root):
    """/req/core/process-exception-no-such-process."""
    for answer in (client.get(f"{root}/processes/nothing"), execute(client, "nothing")):
        assert answer.status_code == 404
        assert answer.json()["type"] == f"{EXCEPTION}/no-such-process"
        assert answer.headers["content-type"].startswith("application/problem+json")


# execution


def test_small_work_is_answered_with_its_result(client, incidents, worker):
    """/req/core/{process-execute-op,process-execute-request,process-execute-default-execution-mode,
    process-execute-sync-document}."""
    answer = execute(client)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["summary"]["value"]["cells"] > 0
    features = client.get(found["result"]["href"]).json()["features"]
    assert features
    assert found["map"]["type"] == "text/html"


def test_chosen_outputs_only(client, incidents, worker):
    """/req/core/process-execute-request."""
    chosen = execute(client, body={**INPUTS, "outputs": {"summary": {"transmissionMode": "value"}}}).json()
    assert set(chosen) == {"summary"}


def test_raw_outputs(client, incidents, worker):
    """/req/core/process-execute-sync-raw-{value-one,value-multi,ref,mixed-multi}."""

    def raw(*names):
        return execute(client, body={**INPUTS, "outputs": {name: {} for name in names}, "response": "raw"})

    linked = raw("result", "map")
    assert (linked.status_code, linked.content) == (204, b"")
    assert {part.split('rel="')[1].split('"')[0] for part in linked.headers["link"].split(", ")} == {"result", "map"}
    value = raw("summary")
    assert value.json()["cells"] > 0
    mixed = raw("summary", "result")
    kind = mixed.headers["content-type"]
    assert kind.startswith("multipart/related; boundary=")
    parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + mixed.content).get_payload()
    told = {part["Content-ID"]: part for part in parts}
    assert json.loads(told["<summary>"].get_payload())["cells"] == value.json()["cells"]
    assert client.get(told["<result>"]["Content-Location"]).json()["features"]


def test_raw_outputs_come_with_the_answer_only(client, incidents):
    """/req/core/job-results-async-raw-*: a job results in a document, and raw outputs of a job are refused."""
    for process, headers in (("getis-ord", {"Prefer": "respond-async"}), ("back-test", {})):
        answer = execute(client, process, {**INPUTS, "response": "raw"}, **headers)
        assert (answer.status_code, answer.json()["pointer"]) == (422, "response")


def test_a_job_from_execution_to_layer(client, incidents, database):
    """/req/core/{process-execute-auto-execution-mode,process-execute-success-async,job-op,job-success,job-results-op,
    job-results,job-results-exception-results-not-ready}."""
    answer = execute(client, Prefer="respond-async")
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "respond-async"
    address = answer.headers["Location"]
    status = answer.json()
    assert (status["status"], status["type"], status["processID"]) == ("accepted", "process", "getis-ord")
    waiting = client.get(f"{address}/results")
    assert (waiting.status_code, waiting.json()["type"]) == (404, f"{EXCEPTION}/result-not-ready")
    Worker(database).run_until_idle()
    done = client.get(address).json()
    assert (done["status"], done["progress"], done["jobID"]) == ("successful", 100, status["jobID"])
    assert {"created", "started", "finished", "updated"} <= set(done)
    results = client.get(rels(done)["http://www.opengis.net/def/rel/ogc/1.0/results"]).json()
    assert client.get(results["result"]["href"]).json()["features"]


def test_long_work_is_a_job_whatever_is_preferred(client, incidents):
    """/req/core/process-execute-default-execution-mode (A): asynchronous only."""
    answer = execute(client, "back-test", {"inputs": {"cell_m": 500}})
    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers
    assert execute(client, "beat-allocation", {}).status_code in {201, 422}


def test_an_answer_that_would_take_too_long_becomes_a_job(client, incidents, monkeypatch):
    monkeypatch.setattr(processes_router, "LONGEST_ANSWER_S", 0.3)
    answer = execute(client)
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")


def test_inputs_may_come_with_their_format(client, root, database):
    """/req/core/process-execute-input-inline-object, ...-mixed-type."""
    area = {"type": "Polygon", "coordinates": [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]]}
    body = {"inputs": {"cell_m": {"value": 400}, "study_area": {"value": area, "mediaType": "application/geo+json"}}}
    answer = execute(client, body=body, Prefer="respond-async")
    assert answer.status_code == 201
    run = client.get(f"/municipalities/talsi/runs/{answer.json()['jobID']}").json()
    assert (run["parameters"]["cell_m"], run["parameters"]["study_area"]["type"]) == (400, "Polygon")


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"cell_m": "wide"}},
        {"inputs": {"cell_m": -1}},
        {"inputs": {"cell_n": 1}},
        {"inputs": {"cell_m": {"href": "http://example.org/5"}}},
        {"inputs": {"cell_m": 500, "seed": -1}},
        {"inputs": {"cell_m": 500, "seed": True}},
        {"inputs": {"cell_m": 500}, "outputs": {"nothing": {}}},
        {"inputs": []},
        {"more": 1},
    ],
)
def test_wrong_requests_name_what_is_wrong(client, root, body):
    """/req/core/process-execute-input-validation; never a server error."""
    answer = execute(client, body=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert client.get(f"{root}/jobs").json()["jobs"] == []


def test_what_refers_elsewhere_is_told_what_to_send(client, root):
    told = execute(client, body={"inputs": {"cell_m": {"href": "http://example.org/5"}}}).json()
    assert told["pointer"] == "cell_m"
    assert "{'cell_m': {'value': ...}}" in told["hint"]


def test_a_failed_job_says_why(client, root, database):
    """/req/core/job-results-failed."""
    address = execute(client, Prefer="respond-async").headers["Location"]
    Worker(database).run_until_idle()
    status = client.get(address).json()
    assert status["status"] == "failed"
    answer = client.get(rels(status)["http://www.opengis.net/def/rel/ogc/1.0/exceptions"])
    assert answer.status_code == 409
    assert answer.json()["detail"] == status["message"]


# jobs


@pytest.mark.parametrize("number", ["99", "0", "-1", "x", "1e3", "9" * 40, "%00"])
def test_a_job_that_does_not_exist(client, root, number):
    """/req/core/job-exception-no-such-job, /req/core/job-results-exception/no-such-job."""
    for answer in (
        client.get(f"{root}/jobs/{number}"),
        client.get(f"{root}/jobs/{number}/results"),
        client.delete(f"{root}/jobs/{number}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["type"] == f"{EXCEPTION}/no-such-job"


def test_jobs_are_listed_and_searched(client, root, database):
    """/req/job-list/{job-list-op,job-list-success,type-*,processid-*,status-*,datetime-*,duration-*,limit-*,links}."""
    ids = [
        execute(client, kind, {"inputs": {}}, Prefer="respond-async").json()["jobID"]
        for kind in ("getis-ord", "kernel-density", "getis-ord")
    ][::-1]

    def listed(query=""):
        answer = client.get(f"{root}/jobs?{query}")
        assert answer.status_code == 200, answer.text
        return [job["jobID"] for job in answer.json()["jobs"]]

    assert listed() == ids
    assert listed("processID=kernel-density") == [ids[1]]
    assert listed("processID=kernel-density,getis-ord&status=accepted,running") == ids
    assert listed("status=successful") == []
    assert listed("type=process") == ids
    assert listed("type=wps") == []
    assert listed("datetime=2020-01-01T00:00:00Z/2021-01-01T00:00:00Z") == []
    assert listed("datetime=2020-01-01T00:00:00Z/..") == ids
    assert listed("minDuration=1") == []
    page = client.get(f"{root}/jobs?limit=2").json()
    assert [job["jobID"] for job in page["jobs"]] == ids[:2]
    assert [job["jobID"] for job in client.get(rels(page)["next"]).json()["jobs"]] == ids[2:]
    for wrong in ("status=done", "limit=0", "datetime=yesterday", "minDuration=x", "processId=getis-ord"):
        assert client.get(f"{root}/jobs?{wrong}").status_code == 400


def test_a_job_is_dismissed(client, root):
    """/req/dismiss/{job-dismiss-op,job-dismiss-success}."""
    number = execute(client, Prefer="respond-async").json()["jobID"]
    answer = client.delete(f"{root}/jobs/{number}")
    assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")
    assert client.get(f"{root}/jobs/{number}").json()["status"] == "dismissed"
    assert client.get(f"{root}/jobs/{number}/results").status_code == 404


def test_an_import_is_a_process(client, incidents, root):
    results = client.get(f"{root}/jobs/{incidents}/results").json()
    assert results["summary"]["value"]["accepted"] == 200
    wrong = client.post(f"{root}/processes/import/execution", json={"inputs": {"file": "x"}})
    assert wrong.status_code == 422


def test_everything_is_json_for_programs(client, incidents, root, database):
    """/req/json/definition."""
    for path in ("processes", "processes/getis-ord", "jobs", f"jobs/{incidents}", f"jobs/{incidents}/results"):
        answer = client.get(f"{root}/{path}", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["processes", "processes/getis-ord", "processes/import", "jobs", "jobs/1"])
def test_everything_has_a_page(client, root, path):
    execute(client, Prefer="respond-async")
    answer = client.get(f"{root}/{path}?f=html")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_who_may_not_compute_is_refused(client_as, anonymous, root):
    assert anonymous.get(f"{root}/processes").status_code == 200
    assert anonymous.post(f"{root}/processes/getis-ord/execution", json=INPUTS).status_code == 401
    officer = client_as(Role.OFFICER, "talsi")
    assert officer.post(f"{root}/processes/getis-ord/execution", json=INPUTS).status_code == 403
    assert officer.post(f"{root}/processes/import/execution", json={}).status_code == 403


# a client that others wrote


@pytest.fixture
def address(client, application, root):
    """Address of the same service on a port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}{root}/"
    server.should_exit = True
    thread.join()
    listener.close()


def test_owslib_finds_executes_and_follows(address, client, incidents, database):
    service = Processes(address, headers=dict(client.headers))
    assert "getis-ord" in {process["id"] for process in service.processes()}
    assert service.process("getis-ord")["inputs"]["cell_m"]["schema"]
    job = service.execute("getis-ord", inputs={"cell_m": 500}, async_=True)
    Worker(database).run_until_idle()
    assert client.get(f"{ROOT}/jobs/{job['jobID']}").json()["status"] == "successful"
