import pandas as pd
import pytest

from app.files.spreadsheets import csv_text


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd|x", "@sum(a1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_of_text_is_never_a_formula(text):
    table = pd.DataFrame({"unit_id": [text, "u2"], "beat_id": ["B1", "B2"]})
    written = csv_text(table).splitlines()
    assert f"'{text}"[0:3] in csv_text(table)
    assert written[-1] == "u2,B2"


def test_numbers_stay_numbers():
    table = pd.DataFrame({"unit_id": ["-5", "+3.5", "1e-3"], "residents": [-1, 2, 3]})
    assert csv_text(table) == "unit_id,residents\n-5,-1\n+3.5,2\n1e-3,3\n"
