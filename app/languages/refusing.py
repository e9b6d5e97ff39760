"""Why something was refused, in the language of who sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import KvartError, problem_document
from app.languages.phrases import has_phrase, phrase

KINDS = {
    "payload_too_large": "too_large",
    "request_entity_too_large": "too_large",
    "content_too_large": "too_large",
    "database_unavailable": "unavailable",
    "forbidden": "forged",
    "bad_request": "invalid_input",
    "malformed_json": "invalid_input",
    "unsupported_format": "invalid_input",
    "bad_parameter": "invalid_input",
    "conflict": "step_impossible",
}
"""Kinds of problems that residents read another's sentence of."""


def refusal_of(language: str, problem: Mapping[str, Any]) -> str | None:
    """Return the sentence of a problem document in a language, None where residents are told nothing of its kind.

    Parameters
    ----------
    language : str
    problem : mapping
        Its ``reason`` says more than its ``type``.
    """
    kind = str(problem.get("type", "")).rpartition(":")[2]
    for name in (problem.get("reason"), KINDS.get(kind, kind)):
        if name is not None and has_phrase(f"refused.{name}"):
            values = {key: value for key, value in problem.items() if isinstance(value, int | str)}
            return phrase(language, f"refused.{name}", **values)
    return None


def refusal_phrase(language: str, error: KvartError) -> str:
    """Return why something was refused; in the service's own words where there is no phrase for it."""
    return refusal_of(language, problem_document(error)) or error.message
