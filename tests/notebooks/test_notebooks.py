"""Notebooks run from the first cell to the last, use the analysis alone, and are stored without outputs."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def executed():
    """The SARA notebook after a run, with warnings printed where they would otherwise pass unseen."""
    path = next(path for path in NOTEBOOKS if path.name == "sara_on_the_sample.ipynb")
    notebook = read(path)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def printed(notebook, stream):
    return "".join(
        output["text"]
        for cell in code_of(notebook)
        for output in cell["outputs"]
        if output["output_type"] == "stream" and output["name"] == stream
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    for cell in code_of(read(path)):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_the_analysis_is_imported(path):
    tree = ast.parse("\n".join(cell["source"] for cell in code_of(read(path))))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    roots = {module.split(".")[0] for module in modules}
    assert "analysis" in roots
    assert not roots & {"app", "fastapi", "sqlalchemy", "psycopg"}


def test_the_sara_notebook_runs_without_a_warning(executed):
    assert printed(executed, "stderr") == ""


def test_the_sara_notebook_finds_what_is_planted(executed):
    text = printed(executed, "stdout")
    assert "emerging: around Orchard Street" in text
    assert "vanishing: around Mill Street" in text
    assert re.search(r"form (\d+) beats, \1 of them with 3,000 to 7,000 residents", text)


def test_a_before_after_figure_is_called_uncontrolled(executed):
    tables = [
        output["data"]["text/plain"]
        for cell in code_of(executed)
        for output in cell["outputs"]
        if "data" in output and "change" in output["data"].get("text/plain", "")
    ]
    assert len(tables) == 1
    assert "UNCONTROLLED" in tables[0]
