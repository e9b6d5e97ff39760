"""Values that requests compare properties with, read by the type of the property."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Float, String, literal
from sqlalchemy.sql.elements import ColumnElement

from app.database.feature_collections import Property
from app.features.parameters import NUMBER, read_instant

LEAST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
BOOLEANS = {"true": True, "false": False}

COMPARABLE = frozenset({"string", "integer", "number", "boolean", "date", "date-time", "month"})
"""Types of the properties that can be asked for; objects and lists are shown only."""


def is_comparable(item: Property) -> bool:
    """Tell whether a request may compare the property with a value."""
    return item.type in COMPARABLE


def read_value(item: Property, text: str) -> ColumnElement[Any]:
    """Return the value that stands as text in an address.

    Raises
    ------
    ValueError
        If the text is no value of the property's type; the message says what is.
    """
    if item.values and text not in item.values:
        raise ValueError(f"is none of {', '.join(item.values)}")
    if item.type == "integer" and WHOLE.fullmatch(text):
        return integer(int(text))
    if item.type == "number" and NUMBER.fullmatch(text):
        return number(float(text))
    if item.type == "boolean" and text in BOOLEANS:
        return literal(BOOLEANS[text], Boolean)
    if item.type == "date":
        return day(text)
    if item.type == "date-time":
        return instant(text)
    if item.type in {"string", "month"}:
        return string(text)
    raise ValueError(f"is no {item.type}")


def string(text: str) -> ColumnElement[Any]:
    """Return a text as a bound value.

    Raises
    ------
    ValueError
        If it holds what the database cannot store, and so cannot compare with.
    """
    if "\x00" in text or (not text.isascii() and text != text.encode(errors="ignore").decode()):
        raise ValueError("holds a character that no text may hold")
    return literal(text, String)


def integer(value: int) -> ColumnElement[Any]:
    """Return a whole number as a bound value.

    Raises
    ------
    ValueError
        If it has more than 64 bits.
    """
    if not LEAST_INTEGER <= value <= LARGEST_INTEGER:
        raise ValueError("is too large for an integer")
    return literal(value, BigInteger)


def number(value: float) -> ColumnElement[Any]:
    """Return a number as a bound value.

    Raises
    ------
    ValueError
        If it is not finite.
    """
    if not math.isfinite(value):
        raise ValueError("is no finite number")
    return literal(value, Float)


def day(text: str) -> ColumnElement[Any]:
    """Return a day as a bound value.

    Raises
    ------
    ValueError
        If it is not written as 2026-03-01.
    """
    if DAY.fullmatch(text):
        try:
            return literal(date.fromisoformat(text), Date)
        except ValueError:
            pass
    raise ValueError("is no date such as 2026-03-01")


def instant(text: str) -> ColumnElement[Any]:
    """Return a point in time as a bound value.

    Raises
    ------
    ValueError
        If it is not written as 2026-03-01T21:15:00Z.
    """
    return literal(read_instant(text), DateTime(timezone=True))
