"""The service answers as the OpenAPI 3.0 document for GIS clients says: to any request, never with a server error."""

import warnings

import pytest
from documented_answers import failures, without_credentials

from app.ogc import processes_router

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from schemathesis.generation import GenerationMode

EXAMPLES_PER_OPERATION = 6
LAYERS = ("incidents", "areal-units", "danger-zones")
"""Layers share their code: points with times, areas without, and what is shown to the public."""


@pytest.fixture
def description(read, root):
    """The document without the layers that are like others."""
    document = read("/api")
    document["paths"] = {
        path: operations
        for path, operations in document["paths"].items()
        if not path.startswith("/collections/") or path.split("/")[2] in LAYERS
    }
    return document


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_service_answers_as_the_description_says(client, root, description, mode, monkeypatch):
    """Every operation, with input that fits the document or does not; the same input each time."""
    monkeypatch.setattr(processes_router, "LONGEST_ANSWER_S", 0.02)
    told = failures(
        without_credentials(description),
        mode,
        client,
        examples=EXAMPLES_PER_OPERATION,
        base_url=f"http://testserver{root}",
    )
    assert not told, told
