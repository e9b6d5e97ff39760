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


def run(name):
    """A notebook after a run, with warnings printed where they would otherwise pass unseen."""
    path = next(path for path in NOTEBOOKS if path.name == name)
    notebook = read(path)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


@pytest.fixture(scope="module")
def executed():
    """The SARA notebook after a run."""
    return run("sara_on_the_sample.ipynb")


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


@pytest.mark.real_data
def test_the_notebook_on_two_cities_reproduces_independent_software(shared_data, oracles):
    notebook = run("chicago_and_memphis.ipynb")
    text = printed(notebook, "stdout")
    assert printed(notebook, "stderr") == ""
    assert float(re.search(r"largest difference from spdep (\S+)", text)[1]) <= 1e-12
    differences = re.findall(r"largest difference (\S+) per km2 on 1,360 cells", text)
    assert len(differences) == 5
    assert max(map(float, differences)) < 1e-9
    assert "observed equal to the reference: True" in text
    assert re.search(r"read as UTC: .*shifted_clock", text)
    assert not re.search(r"read as local time: .*shifted_clock", text)


def test_without_the_real_data_the_notebook_says_so(tmp_path, monkeypatch):
    first = code_of(read(next(path for path in NOTEBOOKS if path.name == "chicago_and_memphis.ipynb")))[0]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"The real data .* are not beside this repository"):
        exec(first["source"], {})


@pytest.mark.real_data
def test_the_chicago_notebook_shows_real_and_planned_beats(shared_data):
    path = next(path for path in NOTEBOOKS if path.name == "chicago_beats.ipynb")
    notebook = read(path)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    text = printed(notebook, "stdout")
    assert printed(notebook, "stderr") == ""
    assert "277 beats in the file" in text
    assert "unit_over_max | Unit" in text
    assert "Use smaller units" in text


def test_the_chicago_notebook_skips_where_the_data_is_absent(tmp_path):
    path = next(path for path in NOTEBOOKS if path.name == "chicago_beats.ipynb")
    notebook = read(path)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert printed(notebook, "stdout") == "Skipped: there is no folder shared/data/chicago beside the repository.\n"


def test_dark_tunnel_goes_from_the_report_to_the_evaluation():
    notebook = run("the_dark_tunnel.ipynb")
    told = printed(notebook, "stdout")
    assert "named by 31 people" in told
    assert "the odds of night are 1.17 times as high" in told
    assert "100 % of the known street is unlit; 63 events in the dark against 25 by day" in told
    assert "About 87 % fewer, 74 to 94 %." in told
    assert "picked by the very counts that are its baseline" in told
    assert printed(notebook, "stderr") == ""
