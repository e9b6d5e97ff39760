"""``kvart run`` over the sample town: parameters, files, refusals."""

import json
import sys

import geopandas as gpd
import pandas as pd
import pytest

from app.cli import main


@pytest.fixture
def kvart(sample_town, cluster, monkeypatch, capsys):
    monkeypatch.setenv("KVART_DATABASE_URL", cluster.url("sample_town").render_as_string(hide_password=False))
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kvart", "run", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr()

    return run


def test_ranking_to_layer_table_chart_and_map(kvart, tmp_path):
    files = {name: tmp_path / name for name in ("ranking.gpkg", "ranking.csv", "ranking.png", "ranking.html")}
    code, told = kvart(
        "fix-ranking", "--set", "budget=60000", "--set", "objective=concern", "--set", "runs=2", "--seed", "1",
        "--out", str(files["ranking.gpkg"]), "--table", str(files["ranking.csv"]),
        "--chart", f"fix-ranking={files['ranking.png']}", "--map", str(files["ranking.html"]),
    )  # fmt: skip
    assert (code, told.err) == (0, "")
    assert "chosen by concern" in " ".join(told.out.split())
    layer, table = gpd.read_file(files["ranking.gpkg"]), pd.read_csv(files["ranking.csv"])
    assert layer.crs.to_epsg() == 32634
    assert len(layer) == len(table)
    assert table.loc[table["chosen"], "cost"].sum() <= 60_000
    assert files["ranking.png"].read_bytes().startswith(b"\x89PNG")
    assert "Tunnel Lane" in files["ranking.html"].read_text()


def test_the_map_of_everything_is_written_and_an_unknown_one_is_refused(kvart, monkeypatch, capsys, tmp_path):
    def draw(topic):
        monkeypatch.setattr(sys, "argv", ["kvart", "map", topic, "--out", str(tmp_path / "map.html")])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr()

    assert draw("lighting")[0] == 0
    page = (tmp_path / "map.html").read_text()
    for layer in ("Danger zones", "Fixes", "Street lights"):
        assert layer in page
    code, told = draw("weather")
    assert code == 2
    assert "There is no map 'weather'" in told.err


def test_account_as_json(kvart):
    code, told = kvart("lighting", "--set", "categories=robbery", "--json")
    assert code == 0
    assert json.loads(told.out)["darkness"]["unlit_km"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("magic",), "Unknown kind of run"),
        (("fix-ranking",), "budget"),
        (("fix-ranking", "--set", "budget"), "is no NAME=VALUE"),
        (("fix-evaluation", "--set", "fix_id=99999"), "There is no fix 99999"),
        (("lighting", "--chart", "rose=x.png"), "no chart 'rose'"),
    ],
)
def test_what_cannot_be_done_is_said(kvart, arguments, words):
    code, told = kvart(*arguments)
    assert code != 0
    assert words in told.err
    assert "Traceback" not in told.err
