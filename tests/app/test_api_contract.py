"""The API document is valid, and the service answers as it says: to any request, never with a server error."""

import itertools
import re
import warnings

import hypothesis
import pytest
import requests
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    import schemathesis.checks
    from schemathesis.core.failures import Failure, FailureGroup
    from schemathesis.generation import GenerationMode

EXAMPLES_PER_OPERATION = 12
NOT_OURS = ["positive_data_acceptance"]
"""A rectangle, a token or a geometry may fit its schema and still be refused with the reason."""


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def operations(document):
    return [(path, method, found) for path, methods in document["paths"].items() for method, found in methods.items()]


def test_document_is_valid_openapi_3_1(document):
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_operation_is_described_and_answers_problems(document):
    tags = {tag["name"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert set(operation["tags"]) <= tags, (method, path)
        for status, answer in operation["responses"].items():
            if status[0] == "4":
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


def test_every_body_has_an_example(document):
    for path, method, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/json":
                assert "example" in str(content) or "example" in str(referred(document, content["schema"])), (
                    method,
                    path,
                )


def referred(document, schema):
    names = re.findall(r"#/components/schemas/(\w+)", str(schema))
    return [document["components"]["schemas"][name] for name in names]


def test_gis_clients_find_the_page_size_in_the_components(document):
    limit = document["components"]["parameters"]["limit"]
    assert limit["schema"]["maximum"] == 10_000
    assert limit["schema"]["default"] == 1000
    assert (limit["style"], limit["explode"]) == ("form", False)
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_service_answers_as_the_document_says(client, municipality, document, mode):
    """Every operation, with input that fits the document or does not; the same input each time."""
    assert not failures(without_credentials(document), mode, client, municipality)


def test_service_answers_the_public_as_the_document_says(anonymous, municipality, document):
    """Without a credential, and with invented ones, which never open anything."""
    assert not failures(document, GenerationMode.POSITIVE, anonymous, municipality)


def without_credentials(document):
    """Return the document of what a client with a key of its own is asked to send besides."""
    document["components"].pop("securitySchemes")
    for _, _, operation in operations(document):
        operation.pop("security")
    return document


def failures(document, mode, client, municipality):
    schema = schemathesis.openapi.from_dict(document)
    told = [broken(found.ok(), mode, client, municipality) for found in schema.get_all_operations()]
    return "\n\n".join(itertools.chain.from_iterable(told))


def broken(operation, mode, client, municipality):
    """Return what an operation did against the document, if it did."""

    def ask(case):
        case.validate_response(send(client, case), excluded_checks=not_ours())

    fixed = {"municipality": municipality} if "{municipality}" in operation.path else None
    try:
        repeatable(operation.as_strategy(generation_mode=mode, path_parameters=fixed))(ask)()
    except FailureGroup as group:
        return [f"{operation.label}: {failure}" for failure in group.exceptions]
    except Failure as failure:
        return [f"{operation.label}: {failure}"]
    except Unsatisfiable:
        assert mode.is_negative, operation.label
    return []


def send(client, case):
    """Send a case as it would go over the wire; the test client cannot encode every broken form itself."""
    arguments = case.as_transport_kwargs(base_url="http://testserver")
    known = {name: arguments.get(name) for name in ("method", "url", "params", "headers", "data", "json", "files")}
    wire = requests.Request(**known).prepare()
    return client.request(wire.method, wire.url, headers=dict(wire.headers), content=wire.body)


def repeatable(strategy):
    """Return the decorator that runs a test on a few examples, the same each time."""

    def decorate(test):
        settings = hypothesis.settings(
            max_examples=EXAMPLES_PER_OPERATION,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        return settings(hypothesis.given(strategy)(test))

    return decorate


def not_ours():
    return [schemathesis.checks.CHECKS.get_one(name) for name in NOT_OURS]
