"""docs/asvs.md answers every requirement of level 1 and 2, and names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "asvs.md"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \|([^|]+)\|([^|]+)\|([^|]+)\|([^|]*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
DOCUMENT = re.compile(r"\]\([\w./-]+\.md\)")
OF_DOCUMENTS = {"1.1.1", "1.1.4", "1.1.7", "1.10.1", "1.11.1"}
"""What only a document or a habit can meet."""
STATES = ("yes", "in part", "not yet", "does not apply")
LAST = {
    1: {1: 7, 2: 4, 4: 5, 5: 4, 6: 4, 7: 2, 8: 2, 9: 2, 10: 1, 11: 2, 12: 2, 14: 6},
    2: {1: 12, 2: 3, 3: 3, 4: 5, 5: 7, 6: 3, 7: 6, 8: 7, 9: 3, 10: 4},
    3: {1: 1, 2: 4, 3: 4, 4: 5, 5: 3, 7: 1},
    4: {1: 5, 2: 2, 3: 3},
    5: {1: 5, 2: 8, 3: 10, 4: 3, 5: 4},
    6: {1: 3, 2: 6, 3: 2, 4: 2},
    7: {1: 4, 2: 2, 3: 4, 4: 3},
    8: {1: 4, 2: 3, 3: 8},
    9: {1: 3, 2: 4},
    10: {2: 2, 3: 3},
    11: {1: 8},
    12: {1: 3, 2: 1, 3: 6, 4: 2, 5: 2, 6: 1},
    13: {1: 5, 2: 6, 3: 2, 4: 2},
    14: {1: 4, 2: 6, 3: 3, 4: 7, 5: 4},
}
"""Number of the last requirement of level 1 or 2 in each section of each chapter of ASVS 4.0.3."""
DELETED = {"1.4.2", "1.4.3", "1.12.1", "4.1.4", "7.3.2", "13.1.2", "13.2.4", "14.3.1"}


def rows():
    return [tuple(cell.strip() for cell in found) for found in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def expected():
    numbers = {
        f"{chapter}.{section}.{number}"
        for chapter, sections in LAST.items()
        for section, last in sections.items()
        for number in range(1, last + 1)
    }
    return numbers - DELETED


def test_every_requirement_is_answered():
    found = [row[0] for row in rows()]
    assert len(found) == len(set(found))
    assert set(found) == expected()
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert sum(bool(re.match(r"\| \d", line)) for line in lines) == len(found), "a row cannot be read"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_an_answer_is_proved_or_says_what_is_missing(row):
    number, _, state, how, proof = row
    assert state in STATES
    assert how
    proved = bool(TEST.findall(proof)) or (bool(DOCUMENT.search(proof)) and number in OF_DOCUMENTS)
    assert proved is (state in {"yes", "in part"})


def test_every_named_test_exists():
    named = set(TEST.findall(PAGE.read_text(encoding="utf-8")))
    for path in {path for path, _ in named}:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        missing = {test for file, test in named if file == path} - there
        assert not missing, path


def test_the_summary_counts_the_rows():
    counted = [[row[2] for row in rows()].count(state) for state in STATES]
    assert (
        f"{counted[0]} yes, {counted[1]} in part, {counted[2]} not yet, {counted[3]} do not apply" in PAGE.read_text()
    )
