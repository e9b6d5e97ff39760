"""Text files read block by block give the rows of the whole file."""

import gzip

import pytest

from app.errors import InvalidInputError
from app.files import delimited, tables
from app.files.tables import joined, open_table, read_table

HEADER = "id,text,n\n"
ROWS = [
    "1,plain,2\n",
    '2,"two\nlines",3\n',
    "3,too,many,values\n",
    "\n",
    '4,"said ""yes""\nand\nno",5\n',
    ",,\n",
    "5,few\n",
    "6,caf\u00e9,7\n",
]
"""Eight rows on eleven lines, two of them ragged and two blank."""


@pytest.fixture
def small_blocks(monkeypatch):
    """Parse 256 bytes at a time, into blocks of some five rows."""
    monkeypatch.setattr(tables, "PIECE_BYTES", 256)
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 5)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_blocks_together_are_the_file(tmp_path, encoding, name):
    content = (HEADER + "".join(ROWS) * 30).encode(encoding)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    file = open_table(path)
    blocks = list(file.blocks())
    assert len(blocks) > 10
    found, whole = joined(blocks), read_table(path)
    assert found.attributes.to_pydict() == whole.attributes.to_pydict()
    assert found.lines.tolist() == whole.lines.tolist()
    assert found.ragged == whole.ragged
    assert (file.n_rows, file.columns, file.notices) == (whole.n_rows, whole.columns, whole.notices)
    assert [joined(list(file.blocks())).n_rows, file.n_rows] == [120, 120]
    assert "blank_lines" in {notice.code for notice in file.notices}
    for round_, (line, row) in enumerate(zip(found.lines[::4], found.ragged[::2], strict=True)):
        assert (line, row.line) == (2 + 11 * round_, 5 + 11 * round_)


@pytest.mark.usefixtures("small_blocks")
def test_row_longer_than_a_piece(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + "".join(f"{n},{'x' * (5000 if n == 40 else 5)},{n}\n" for n in range(60)))
    lengths = [len(text) for block in open_table(path).blocks() for text in block.column("text").to_pylist()]
    assert lengths == [5] * 40 + [5000] + [5] * 19


def test_row_longer_than_anything_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "PIECE_BYTES", 256)
    monkeypatch.setattr(tables, "LARGE_PIECE_BYTES", 1024)
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + f"1,{'x' * 5000},2\n" * 3)
    with pytest.raises(InvalidInputError, match=r"rows\.csv cannot be read as delimited text"):
        open_table(path)


@pytest.mark.usefixtures("small_blocks")
def test_file_of_ragged_rows_only(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + "1,2\n" * 500)
    file = open_table(path)
    assert file.n_rows == 0
    assert [row.line for block in file.blocks() for row in block.ragged] == list(range(2, 502))


@pytest.mark.usefixtures("small_blocks")
def test_faults_far_into_a_file_are_found_when_it_is_opened(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + "1,b,3\n" * 500 + '1,"b,3\n' + "1,b,3\n" * 20)
    with pytest.raises(InvalidInputError, match="line 502: a quotation mark is opened and never closed"):
        open_table(path)
    path.write_bytes(HEADER.encode() + b"1,b,3\n" * 500 + b"1,\x00,3\n")
    with pytest.raises(InvalidInputError, match="byte 3,013 is zero"):
        open_table(path)


def test_rows_evenly_spread_over_a_table(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + "".join(f"{n},a,{n}\n" for n in range(100)))
    whole = read_table(path)
    assert whole.sample(10).column("id").to_pylist() == [str(n) for n in range(0, 100, 10)]
    assert whole.every(30, 5).lines.tolist() == [7, 37, 67, 97]
