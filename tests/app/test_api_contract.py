"""The API document is valid, and the service answers as it says: to any request, never with a server error."""

import re
import warnings

import pytest
from documented_answers import failures, operations, without_credentials
from openapi_spec_validator import validate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from schemathesis.generation import GenerationMode

OPEN311 = ["text/xml", "application/json"]
"""In which errors are told at addresses of that standard."""
EXAMPLES_PER_OPERATION = 5
EXAMPLES_FOR_THE_PUBLIC = 2


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def test_document_is_valid_openapi_3_1(document):
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_operation_is_described_and_answers_problems(document):
    tags = {tag["name"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert set(operation["tags"]) <= tags, (method, path)
        spoken = OPEN311 if "/open311/" in path else ["application/problem+json"]
        for status, answer in operation["responses"].items():
            if status[0] == "4":
                assert list(answer["content"]) == spoken, (method, path, status)


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
    told = failures(
        without_credentials(document), mode, client, examples=EXAMPLES_PER_OPERATION, municipality=municipality
    )
    assert not told, told


def test_service_answers_the_public_as_the_document_says(anonymous, municipality, document):
    """Without a credential, and with invented ones, which never open anything."""
    told = failures(
        document, GenerationMode.POSITIVE, anonymous, examples=EXAMPLES_FOR_THE_PUBLIC, municipality=municipality
    )
    assert not told, told
