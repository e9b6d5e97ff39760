import numpy as np
import pandas as pd
import pytest

from app.maps import formatting
from app.maps.formatting import NOTHING


@pytest.mark.parametrize(
    ("value", "text"),
    [(4812, "4,812"), (539.04, "539"), (0.01234, "0.0123"), (12.345, "12.3"), (1234.5, "1,234"), (None, NOTHING),
     (np.nan, NOTHING), (pd.NA, NOTHING), (np.inf, NOTHING), (np.int64(7), "7"), (0, "0")],
)  # fmt: skip
def test_number(value, text):
    assert formatting.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0001, "<0.001"), (0.0456, "0.046"), (1.0, "1.000"), (None, NOTHING)])
def test_probability(value, text):
    assert formatting.probability(value) == text


def test_signed_figures_have_a_true_minus():
    assert formatting.signed(-2.5) == "\N{MINUS SIGN}2.50"
    assert formatting.signed(2.5) == "+2.50"
    assert formatting.signed(None) == NOTHING


@pytest.mark.parametrize(
    ("name", "value", "label", "text"),
    [
        ("radius_m", 600, "Radius", "600 m"),
        ("study_area_km2", 44.71, "Study area", "44.7 km²"),
        ("correction", "bh", "Correction", "Benjamini-Hochberg"),
        ("kernel", "quartic", "Kernel", "quartic"),
        ("weights", {"breach": 20.0, "moved_m": 0.5}, "Weights", "breach 20; moved m 0.5"),
        ("working_crs", "EPSG:32634", "Working CRS", "EPSG:32634"),
        ("origin_m", (0.0, 0.0), "Origin", "0; 0 m"),
        ("weighted", True, "Weighted", "yes"),
    ],
)
def test_parameter(name, value, label, text):
    assert formatting.parameter(name, value) == (label, text)
