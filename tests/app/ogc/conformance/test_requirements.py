"""What is declared is tested: each class, and each of its requirements, by a test that exists and is not skipped."""

import ast
from pathlib import Path

from app.ogc.conformance import CONFORMS_TO
from requirements import REQUIREMENTS

SPECIFICATIONS = "http://www.opengis.net/spec/"
HERE = Path(__file__).parent


def names_of_tests(folder):
    """Return the names of the tests of a folder."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("test_*.py")]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name for node in functions if node.name.startswith("test_") and "skip" not in ast.dump(node)}


def test_each_class_is_declared_and_tested(read):
    declared = read("/conformance")["conformsTo"]
    assert sorted(declared) == sorted(CONFORMS_TO) == sorted(SPECIFICATIONS + name for name in REQUIREMENTS)
    assert len(declared) == len(set(declared))
    assert all(REQUIREMENTS.values())


def test_each_requirement_names_a_test_that_exists():
    known = names_of_tests(HERE) | names_of_tests(HERE.parent)
    named = {test for requirements in REQUIREMENTS.values() for test in requirements.values()}
    assert named <= known, named - known


def test_features_are_tested_by_some_sixty_requirements():
    parts = [name for name in REQUIREMENTS if name.startswith(("ogcapi-features-1", "ogcapi-features-2"))]
    assert sum(len(REQUIREMENTS[name]) for name in parts) >= 60
