"""Columns in the binary COPY format arrive as the values they stand for."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.database import copying
from app.database.driver import copy_rows_unchecked

NULLS = np.array([False, True, False])
TABLE = """create temporary table copied (
    small smallint, whole integer, large bigint, number double precision, yes boolean, moment timestamptz, day date,
    word varchar, doc jsonb, spot geometry(point, 4326), money numeric(14, 2), words varchar[])"""


def test_every_type_survives(session):
    session.execute(text(TABLE))
    columns = {
        "small": copying.integers([1, 2, -3], 2), "whole": copying.integers([1, 2, -3], 4, NULLS),
        "large": copying.integers([2**40, 2, -3], 8), "number": copying.floats([0.5, 1.0, -1e300], NULLS),
        "yes": copying.booleans([True, False, True]), "moment": copying.instants(np.array([0, 1, 10**15]), NULLS),
        "day": copying.dates(np.array([0, 1, 20_000])), "word": copying.texts(pa.array(["ü" * 200, None, ""])),
        "doc": copying.json_documents([{"a": "ä"}, [1], None]),
        "spot": copying.points(np.array([1.5, 2, 3]), np.array([4.5, 5, 6]), 4326),
        "money": copying.decimals([Decimal("1234.50"), None, Decimal("0.07")]),
        "words": copying.text_arrays([["a", "b;c"], [], ["ü"]]),
    }  # fmt: skip
    copy_rows_unchecked(session, "copied", list(columns), copying.encode_rows(list(columns.values())))
    found = session.execute(
        text(
            """select small, whole, large, number, yes, extract(epoch from moment)::bigint, day::text, word, doc::text,
            st_astext(spot), money::text, words from copied order by small desc"""
        )
    ).all()
    assert [tuple(row) for row in found] == [
        (2, None, 2, None, False, None, "1970-01-02", None, "[1]", "POINT(2 5)", None, []),
        (1, 1, 2**40, 0.5, True, 0, "1970-01-01", "ü" * 200, '{"a": "ä"}', "POINT(1.5 4.5)", "1234.50", ["a", "b;c"]),
        (-3, -3, -3, -1e300, True, 10**9, "2024-10-04", "", "null", "POINT(3 6)", "0.07", ["ü"]),
    ]  # fmt: skip


def decoded(data, n_columns):
    """Return the raw values of encoded rows."""
    rows, at = [], 0
    while at < len(data):
        assert int.from_bytes(data[at : at + 2], "big") == n_columns
        at += 2
        row = []
        for _ in range(n_columns):
            length = int.from_bytes(data[at : at + 4], "big", signed=True)
            at += 4
            row.append(None if length < 0 else data[at : at + length])
            at += max(length, 0)
        rows.append(tuple(row))
    return rows


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.binary(max_size=300), st.integers(-(2**31), 2**31 - 1), st.none() | st.text(max_size=5)
        )
    )
)
def test_rows_of_any_lengths_come_back(values):
    first, numbers, words = (list(column) for column in zip(*values, strict=True)) if values else ([], [], [])
    columns = [
        copying.texts(pa.array(first, pa.binary())),
        copying.integers(np.array(numbers, dtype=np.int64), 4),
        copying.texts(pa.array(words, pa.string())),
    ]
    expected = [
        (blob, number.to_bytes(4, "big", signed=True), None if word is None else word.encode())
        for blob, number, word in values
    ]
    assert decoded(copying.encode_rows(columns), 3) == expected


@pytest.mark.parametrize("start", [0, 3])
def test_slices_of_arrow_arrays_are_read_from_their_place(start):
    column = pa.array(["a", None, "ccc", "dd", ""]).slice(start)
    assert decoded(copying.encode_rows([copying.texts(column)]), 1) == [
        (None if value is None else value.encode(),) for value in column.to_pylist()
    ]
