"""Text columns to numbers, whole columns at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NULL_TOKENS = ("", "NA", "N/A", "#N/A", "NULL", "null", "None", "NaN", "nan", "<NA>", "-", "\\N")
"""What suppliers write for "no value", after trimming."""

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_DECIMAL_COMMA = r"^[+-]?[0-9]+,[0-9]+$"


def trimmed(column: pa.Array, null_tokens: tuple[str, ...] = NULL_TOKENS) -> pa.Array:
    """Return a text column without surrounding blanks, null where it holds a null token."""
    if not is_text(column.type):
        return column
    clean = pc.ascii_trim_whitespace(column)
    return pc.if_else(pc.is_in(clean, pa.array(null_tokens, clean.type)), pa.scalar(None, clean.type), clean)


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column type is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def numbers(column: pa.Array, decimal: str = ".") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a trimmed column as numbers.

    Parameters
    ----------
    column : pyarrow.Array, length n
        Text or numbers, null where there is no value.
    decimal : str
        Decimal mark of the text, ``.`` or ``,``.

    Returns
    -------
    values : ndarray of float, shape (n,)
        NaN where there is no value or none that can be read.
    unreadable : ndarray of bool, shape (n,)
        Where there is a value that is no number.
    """
    present = pc.is_valid(column)
    if is_text(column.type):
        text = pc.replace_substring(column, ",", ".") if decimal == "," else column
        try:
            parsed = pc.cast(text, pa.float64())
        except pa.ArrowInvalid:
            readable = pc.match_substring_regex(text, _NUMBER)
            parsed = pc.cast(pc.if_else(readable, text, pa.scalar(None, text.type)), pa.float64())
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        parsed = pc.cast(column, pa.float64(), safe=False)
    else:
        parsed = pa.nulls(len(column), pa.float64())
    values = parsed.to_numpy(zero_copy_only=False).astype(np.float64)
    finite = np.isfinite(values)
    return np.where(finite, values, np.nan), present.to_numpy(zero_copy_only=False) & ~finite


def has_decimal_commas(texts: list[str]) -> bool:
    """Return whether more of the texts are numbers with a decimal comma than with a decimal point."""
    column = pa.array(texts, pa.string())
    commas = pc.sum(pc.match_substring_regex(column, _DECIMAL_COMMA)).as_py() or 0
    points = pc.sum(pc.match_substring_regex(column, r"^[+-]?[0-9]+\.[0-9]+$")).as_py() or 0
    return bool(commas > points)


def typed(column: pa.Array, decimal: str = ".") -> pa.Array:
    """Return a trimmed text column as integers or numbers where every value is one, else unchanged.

    Codes with leading zeros (``0123``) stay text.
    """
    if not is_text(column.type) or column.null_count == len(column):
        return column
    if pc.any(pc.match_substring_regex(column, r"^[+-]?0[0-9]")).as_py():
        return column
    values, unreadable = numbers(column, decimal)
    if unreadable.any():
        return column
    if not pc.all(pc.match_substring_regex(column, r"^[+-]?[0-9]{1,15}$")).as_py():
        return pa.array(values, pa.float64(), from_pandas=True)
    return pc.cast(column, pa.int64())
