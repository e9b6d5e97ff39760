"""The parameter ``filter``: CQL2 as text or JSON, bounded before it is parsed."""

from __future__ import annotations

import re
from typing import Any

import cql2
from sqlalchemy import ColumnElement
from starlette.datastructures import QueryParams

from app.errors import BadParameterError
from app.ogc.crs import ReferenceSystem
from app.ogc.filter_conditions import FilterError, condition_of
from app.ogc.layers import View

FILTER, LANGUAGE, SYSTEM = "filter", "filter-lang", "filter-crs"
FILTER_PARAMETERS = (FILTER, LANGUAGE, SYSTEM)
LANGUAGES = ("cql2-text", "cql-text", "cql2-json")
"""``cql-text`` is what GDAL calls the text; it is read as CQL2."""

LONGEST_FILTER = 8000
DEEPEST_NESTING = 32
MOST_COMPARISONS = 400
"""The parser descends into ``a=a=a...`` and ``- - -...`` without a bound of its own, until its stack ends."""
SIGNS = re.compile(r"(?:[-+]\s*){4}")
COMPARISON = re.compile(r"[<>=]+")
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"")
HINT = "For example category = 'burglary' AND occurred_from > TIMESTAMP('2026-01-01T00:00:00Z')."


def read_filter(given: QueryParams, view: View, system: ReferenceSystem) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a request filters by, none without a filter.

    Parameters
    ----------
    given : QueryParams
    view : View
        What the caller sees; nothing else can be asked for.
    system : ReferenceSystem
        Of the geometries of the filter.

    Raises
    ------
    BadParameterError
        If the language is unknown or the filter cannot be used; the message names what in it.
    """
    language = given.get(LANGUAGE, LANGUAGES[0])
    if language not in LANGUAGES:
        raise BadParameterError(LANGUAGE, f"{language[:40]!r} is not known.", f"Use one of {', '.join(LANGUAGES)}.")
    text = given.get(FILTER)
    if text is None:
        return ()
    _require_bounded(text)
    try:
        expression = cql2.parse_json(text) if language == "cql2-json" else cql2.parse_text(text)
        tree: Any = expression.to_json()
    except (cql2.ParseError, ValueError) as error:
        raise BadParameterError(FILTER, f"is no {language}: {' '.join(str(error).split())[:200]}", HINT) from error
    try:
        return (condition_of(tree, view.collection, system),)
    except FilterError as error:
        raise BadParameterError(FILTER, f"cannot be used: {error}.", HINT) from error


def _require_bounded(text: str) -> None:
    """Refuse a filter that is long or deep, before a parser descends into it."""
    if len(text) > LONGEST_FILTER:
        raise BadParameterError(FILTER, f"has more than {LONGEST_FILTER} characters.", "Ask in several requests.")
    bare = QUOTED.sub("", text)
    if SIGNS.search(bare) or len(COMPARISON.findall(bare)) > MOST_COMPARISONS:
        raise BadParameterError(FILTER, f"has a run of signs, or more than {MOST_COMPARISONS} comparisons.", HINT)
    depth = 0
    for character in bare:
        depth += (character in "([{") - (character in ")]}")
        if depth > DEEPEST_NESTING:
            raise BadParameterError(FILTER, f"is nested deeper than {DEEPEST_NESTING} levels.", HINT)
