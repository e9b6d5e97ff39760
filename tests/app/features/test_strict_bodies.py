"""A text is no number in any JSON body, true is not 1, and dates are written as dates."""

from datetime import date

import pytest
from fastapi import params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from app.features.schemas import InputModel
from app.features.strictness import TOLD_APART
from app.main import ROUTERS
from app.ogc.processes import ImportInputs
from app.runs.parameters import PARAMETERS_OF_KIND

BODIES = {
    f"{min(route.methods)} {route.path}": route.body_field.field_info.annotation
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.body_field and not isinstance(route.body_field.field_info, params.Form)
}
EXECUTIONS = {f"process {kind}": model for kind, model in PARAMETERS_OF_KIND.items()} | {"process import": ImportInputs}
REPORT = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
    "properties": {"category": "drugs", "reported_by": "citizen"},
}


def lax_parts(node, path=""):
    """Give the places in a schema of pydantic that take one JSON type for another."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    if isinstance(node, dict) and node.get("type") in TOLD_APART and not node.get("strict"):
        yield path
    for name, part in parts:
        if name not in ("keys_schema", "metadata", "serialization"):
            yield from lax_parts(part, f"{path}/{name}")


def test_bodies_are_found():
    assert len(BODIES) > 15
    assert "POST /municipalities/{municipality}/incidents" in BODIES


@pytest.mark.parametrize("name", [*BODIES, *EXECUTIONS])
def test_every_body_tells_types_apart(name):
    assert list(lax_parts(TypeAdapter({**BODIES, **EXECUTIONS}[name]).core_schema)) == []


class Everything(InputModel):
    """One member of each kind, some named as parts of schemas are."""

    type: int | None = None
    default: float = 0
    config: bool = False
    text: str = ""
    day: date | None = None
    pairs: tuple[tuple[str, int], ...] = ()
    counts: dict[str, float] | None = None


@pytest.mark.parametrize(
    "wrong",
    [
        *({"type": value} for value in ("5", True, 5.0, "")),
        *({"default": value} for value in ("5", True, "1e3")),
        *({"config": value} for value in ("true", 1, 0, "yes")),
        *({"text": value} for value in (5, True)),
        *({"day": value} for value in (0, 86400.0, True, "0", "1700000000", "20240101")),
        *({"pairs": [value]} for value in ([1, 1], ["a", "1"])),
        {"counts": {"a": "1"}},
    ],
    ids=str,
)
def test_one_type_is_not_taken_for_another(wrong):
    with pytest.raises(ValidationError) as refused:
        Everything.model_validate(wrong)
    assert refused.value.errors()[0]["loc"][0] == next(iter(wrong))


def test_what_json_writes_is_read():
    given = {"type": 5, "default": 5, "config": True, "text": "5", "day": "2026-03-01", "pairs": [["a", 1]]}
    read = Everything.model_validate(given | {"counts": {"1": 2}})
    assert (read.day, read.pairs, read.counts) == (date(2026, 3, 1), (("a", 1),), {"1": 2.0})
    assert Everything(day=date(2026, 3, 1)).day == read.day


def test_what_comes_as_text_is_read_where_that_is_said():
    read = Everything.model_validate({"type": "5", "config": "true", "day": "2026-03-01"}, strict=False)
    assert (read.type, read.config, read.day) == (5, True, date(2026, 3, 1))


@pytest.mark.parametrize(
    ("address", "body", "member"),
    [
        ("runs", {"kind": "getis-ord", "parameters": {"cell_m": "200"}}, "getis-ord.parameters.cell_m"),
        ("runs", {"kind": "getis-ord", "parameters": {"exclude_point_masses": 1}}, "exclude_point_masses"),
        ("runs", {"kind": "getis-ord", "seed": True}, "seed"),
        ("runs", {"kind": "beat-allocation", "parameters": {"min_residents": "3000"}}, "min_residents"),
        (
            "runs",
            {"kind": "beat-allocation", "parameters": {"officer_conditions": {"max_travel_km": "5"}}},
            "officer_conditions.max_travel_km",
        ),
        (
            "danger-zones",
            REPORT | {"geometry": {"type": "Point", "coordinates": ["22.6", 57.25]}},
            "geometry.Point.coordinates.0",
        ),
    ],
)
def test_the_answer_names_the_member(client, municipality, address, body, member):
    answer = client.post(f"/municipalities/{municipality}/{address}", json=body)
    assert answer.status_code == 422, answer.text
    assert member in answer.json()["pointer"]


def test_inputs_of_processes_are_told_apart(client, municipality):
    execution = {"inputs": {"cell_m": "200"}}
    answer = client.post(f"/municipalities/{municipality}/ogc/processes/getis-ord/execution", json=execution)
    assert answer.status_code in (400, 422), answer.text
    assert "cell_m" in answer.text
