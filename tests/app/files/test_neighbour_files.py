"""Files of neighbours, as libpysal writes them."""

import libpysal
import pytest
from libpysal.weights import W

from app.errors import InvalidInputError
from app.files.neighbours import read_neighbours

AROUND = {10: [20, 30], 20: [10], 30: [10], 40: []}
WEIGHTS = {10: [1.0, 0.5], 20: [1.0], 30: [0.5], 40: []}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", ["gal", "gwt", "kwt", "swm"])
def test_what_libpysal_wrote_is_read_by_the_names_of_the_units(tmp_path, ending):
    path = tmp_path / f"blocks.{ending}"
    file = libpysal.io.open(str(path), "w")
    file.varName = "ID"
    file.write(W(AROUND, WEIGHTS, silence_warnings=True))
    file.close()
    found = read_neighbours(path)
    one = 1.0 if ending == "gal" else 0.5
    assert {unit: around for unit, around in found.items() if around} == {
        "10": {"20": 1.0, "30": one},
        "20": {"10": 1.0},
        "30": {"10": one},
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("blocks.mtx", "", "no file of neighbours"),
        ("blocks.gal", None, "There is no file"),
        ("blocks.gal", "nonsense", "cannot be read as neighbours"),
        ("blocks.gal", "2\na 1\n", "cannot be read as neighbours"),
        ("blocks.gwt", "0 2 Unknown Unknown\na b many\n", "cannot be read as neighbours"),
        ("blocks.gal", "1\na 0\n\n", "holds no neighbours"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_cannot_be_read_is_said(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidInputError, match=said):
        read_neighbours(path)
