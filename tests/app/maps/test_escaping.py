import html

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.maps.escaping import DANGEROUS_CHARACTERS, escape_text


@given(st.text())
def test_nothing_dangerous_is_left_but_references(text):
    without_references = escape_text(text)
    for character in DANGEROUS_CHARACTERS:
        without_references = without_references.replace(f"&#{ord(character)};", "")
    assert not set(without_references) & set(DANGEROUS_CHARACTERS)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_a_browser_shows_what_was_written(text):
    assert html.unescape(escape_text(text)) == text


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan])
def test_missing_values_are_empty(nothing):
    assert escape_text(nothing) == ""


def test_control_characters_and_direction_overrides_are_dropped():
    assert escape_text("a\x00b\u202ec\u2067d") == "abcd"


def test_letters_of_every_script_stay():
    assert escape_text("Shkodër Čačak Кварт") == "Shkodër Čačak Кварт"
