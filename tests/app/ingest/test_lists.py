"""Lists of texts in one cell of a file."""

from __future__ import annotations

import pyarrow as pa
import pytest

from app.ingest.fields import Field, FieldType
from app.ingest.parsing import ParseContext, parse_list

FIELD = Field("languages", FieldType.LIST, ())


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("en; lv", ["en", "lv"]),
        ('["en", "lv"]', ["en", "lv"]),
        ("[1, 2]", ["1", "2"]),
        ("[en", ["[en"]),
        (["en", "lv; ru"], ["en", "lv; ru"]),
        ([1, None], ["1"]),
        ({"en": 1}, ['{"en": 1}']),
        ("[" * 10_000, ["[" * 10_000]),
    ],
)
def test_a_cell_is_a_json_list_or_items_between_separators(text, items):
    parsed = parse_list(pa.array([text, None]), FIELD, ParseContext(".", {}))
    assert parsed.values.to_pylist() == [items, None]
