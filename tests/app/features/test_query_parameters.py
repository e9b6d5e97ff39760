"""Reading of bbox, datetime and page tokens."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.feature_collections import Bbox
from app.errors import BadParameterError
from app.features.parameters import MAX_IDENTIFIER, page_token, parse_bbox, parse_interval, parse_page_token


@given(st.integers(min_value=0, max_value=MAX_IDENTIFIER))
def test_page_token_comes_back(identifier):
    assert parse_page_token(page_token(identifier)) == identifier


def read_or_refused(parse, text, parameter):
    """Return what was read, None where the text was refused under the parameter's name; anything else fails."""
    refused = None
    try:
        return parse(text)
    except BadParameterError as error:
        refused = error
    assert refused.parameter == parameter
    return None


@given(st.text(max_size=64))
def test_any_text_is_a_token_or_refused(token):
    identifier = read_or_refused(parse_page_token, token, "after")
    assert identifier is None or page_token(identifier) == token


@given(st.text(max_size=100))
def test_any_text_is_a_rectangle_or_refused(text):
    bbox = read_or_refused(parse_bbox, text, "bbox")
    assert bbox is None or -90 <= bbox.south <= bbox.north <= 90


@given(st.text(alphabet="0123456789-T:Z./+ ", max_size=60))
def test_any_text_is_a_time_span_or_refused(text):
    span = read_or_refused(parse_interval, text, "datetime")
    assert span is None or span.begin or span.end


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_written_spans_are_read(one, other):
    begin, end = sorted((one, other))
    if begin.year < 1000:
        return
    span = parse_interval(f"{begin.isoformat()}/{end.isoformat()}")
    assert (span.begin, span.end) == (begin, end)


def test_examples():
    assert parse_bbox(" -1.5, 2,1e1 ,.5e1") == Bbox(-1.5, 2, 10, 5)
    assert parse_interval("2026-03-01T01:00:00.250+02:00").begin == datetime(2026, 2, 28, 23, 0, 0, 250_000, UTC)
    assert parse_interval("/2026-03-01T01:00:00Z").begin is None


@pytest.mark.parametrize("text", ["1_0,2,3,4", "٣,1,4,2", "0x1,1,2,3", "1e999,1,2,3"])
def test_numbers_that_only_python_reads(text):
    with pytest.raises(BadParameterError):
        parse_bbox(text)
