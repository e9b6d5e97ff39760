import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import geopandas as gpd
import pytest
from sqlalchemy import text

from app.cli import main
from app.database.roles import DatabaseRole
from app.demonstration.questions import QUESTIONS
from app.identity import accounts, keys
from app.identity.purposes import Purpose
from app.identity.roles import Role

REPOSITORY = Path(__file__).parents[3]
LAYERS = ("hot_spots", "density", "beats")
FIX_LAYERS = ("street_lighting", "concern_mismatch", "fix_proposals", "fix_ranking", "fix_evaluation")
CHARTS = ("street_lighting", "concern_mismatch", "fix_ranking", "fix_evaluation")


def tables(database):
    names = (
        "incident", "areal_unit", "analysis_run", "beat_plan", "hot_spot_cell", "officer_assignment", "photo",
        "fix_bundle", "fix_danger_zone", "fix_hot_spot",
    )  # fmt: skip
    with database.owner_engine.connect() as connection:
        return {name: connection.scalar(text(f"select count(*) from {name}")) for name in names}


@pytest.fixture
def demo(monkeypatch, database_url, tmp_path, capsys):
    monkeypatch.setenv("KVART_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kvart", "demo", "--out", str(tmp_path / "out"), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr()

    return run


def test_the_demonstration_does_the_main_job_once_and_serves_it(demo, database, database_url, tmp_path):
    code, told = demo("--no-serve")
    assert (code, told.err) == (0, "")
    assert "10,515" in told.out
    assert "residents who keep their officer" in told.out
    assert "Did it work: Eight LED lamps at Mill Street car park" in told.out
    check_outputs(tmp_path / "out")
    before = tables(database)
    assert all(before.values())
    code, told = demo("--no-serve")
    assert code == 0
    assert f"{', '.join(QUESTIONS)} used again" in told.out
    assert tables(database) == before
    headers = {"Authorization": f"Bearer {analyst_key(database)}"}
    environment = {**os.environ, "KVART_PORT": "0", "KVART_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "app.cli", "demo", "--out", str(tmp_path / "again")]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as served:
        try:
            lines = iter(served.stdout.readline, "Stop it with Ctrl-C.\n")
            pages = [line.split()[-1] for line in lines if "/municipalities/" in line]
            assert len(pages) == 10
            for address in pages:
                with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
                    assert answer.status == 200
        finally:
            served.send_signal(signal.SIGTERM)
    assert served.returncode == 0


def analyst_key(database):
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "ada")
        accounts.grant(session, "ada", Role.ANALYST, "lindenkvart")
        return keys.create_key(session, "ada", keys.KeyLimits(("*:read",)), purpose=Purpose.CRIME_ANALYSIS).secret


def check_outputs(out):
    for name in LAYERS:
        rows = json.loads((out / f"{name}.geojson").read_text())["features"]
        layer = gpd.read_file(out / f"{name}.gpkg")
        assert len(rows) == len(layer)
        assert layer.crs == "EPSG:32634"
        assert layer.geometry.is_valid.all()
    for name in FIX_LAYERS:
        assert len(gpd.read_file(out / f"{name}.gpkg")), name
        assert len((out / f"{name}.csv").read_text().splitlines()) > 1, name
    for name in CHARTS:
        assert (out / "charts" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    for name in (*LAYERS, *FIX_LAYERS, "lighting"):
        page = (out / "maps" / f"{name}.html").read_text()
        assert "Lindenkvart" in page
        assert 'src="http' not in page
    report = json.loads((out / "beats_report.json").read_text())
    assert report["figures"]["within_bounds"] == report["figures"]["beats"]
    assert report["before"]["within_bounds"] == 8
    assert report["figures"]["workload_cv"] < report["before"]["workload_cv"]
    assert report["officers"]["kept_share"] > 0.5
    assert len((out / "assignments.csv").read_text().splitlines()) == 704


def test_without_a_sample_it_says_where_it_looked(demo, tmp_path):
    code, told = demo("--no-serve", "--sample", str(tmp_path))
    assert code == 2
    assert "There is no sample in" in told.err
