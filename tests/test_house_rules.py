"""The aims of docs/architecture.md that no linter checks: sizes, names, docstrings, nothing of this machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("analysis/**/*.py")])
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 80
AIMED_FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(path: Path) -> list[Function]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def code_length(function: Function) -> int:
    """Lines without the docstring: a public function of the analysis owes its reader a long one."""
    first = function.body[0]
    return length(function) - (first.end_lineno - first.lineno + 1 if ast.get_docstring(function) else 0)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_small_and_its_name_says_something(path):
    assert len(path.read_text().splitlines()) <= MAX_MODULE_LINES
    assert path.stem not in NAMES_THAT_SAY_NOTHING
    too_long = [f"{f.name} has {length(f)} lines" for f in functions_of(path) if length(f) > MAX_FUNCTION_LINES]
    assert not too_long


def test_95_percent_of_functions_fit_on_a_screen():
    lengths = [code_length(function) for path in MODULES for function in functions_of(path)]
    short = sum(lines <= AIMED_FUNCTION_LINES for lines in lengths)
    assert short >= 0.95 * len(lengths)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_functions_have_a_docstring(path):
    functions = functions_of(path)
    public = [f for f in functions if not f.name.startswith("_")]
    nested = {inner for f in functions for inner in ast.walk(f) if inner is not f}
    missing = [f.name for f in public if f not in nested and ast.get_docstring(f) is None]
    assert not missing


def test_locks_hold_names_versions_and_hashes_only():
    for lock in ROOT.glob("requirements/*.txt"):
        for line in lock.read_text().splitlines():
            assert re.match(r"^([A-Za-z0-9._-]+(\[[\w,-]+\])?==|\s+--hash=sha256:|\s*#)", line), f"{lock.name}: {line}"
            assert "://" not in line


def test_nothing_is_tracked_that_a_command_makes():
    try:
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    made = [name for name in tracked.splitlines() if name.startswith(("out/", ".kvart/", ".venv/"))]
    assert not made
