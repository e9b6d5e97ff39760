"""What JSON tells apart is told apart: a text is no number, a number no text, and true is not 1.

Dates and the like, for which JSON has no type, are read from texts.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from pydantic_core.core_schema import no_info_before_validator_function

TOLD_APART = ("bool", "float", "int", "str")
"""Types that JSON has."""
CALENDAR = ("date", "datetime")
"""Types that are written as text."""
NO_SCHEMAS = ("keys_schema", "default", "metadata", "config")
"""Members of a schema that hold none, and the names of the members of objects, which are texts always."""
WRITTEN_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def tell_apart(schema: Any) -> None:
    """Let a schema of pydantic refuse values of another JSON type; ``strict=False`` at validation lifts that.

    Parameters
    ----------
    schema : CoreSchema, or a part of one
        Altered in place, with all that is written in it; what it refers to is not.
    """
    if isinstance(schema, list | tuple):
        for part in schema:
            tell_apart(part)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    named_parts = not isinstance(kind, str)
    if kind in TOLD_APART:
        schema["strict"] = True
    elif kind in CALENDAR:
        written = no_info_before_validator_function(_require_written_date, schema.copy())
        schema.clear()
        schema.update(written)
    else:
        for name, part in schema.items():
            if named_parts or name not in NO_SCHEMAS:
                tell_apart(part)


def _require_written_date(value: Any) -> Any:
    """Refuse numbers, also those that are texts, which would be read as seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and WRITTEN_DATE.match(value.lstrip())):
        return value
    raise ValueError("should be a text that begins with a date, like 2026-03-01")
