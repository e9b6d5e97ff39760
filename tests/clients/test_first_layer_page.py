"""The commands of the page "your first layer" do what the page says, as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas
import pytest
from sqlalchemy import text

PAGE = Path(__file__).parents[2] / "docs" / "your-first-layer.md"
HOT_SPOTS = """
insert into analysis_run (municipality_id, kind, state, parameters, summary, software_version)
values (1, 'getis-ord', 'succeeded', '{}', '{"layers": [{"name": "hot-spots", "features": 9, "columns": [],
        "exact_places": false}]}', 'kvart 0');
insert into hot_spot_cell (municipality_id, run_id, cell, geom, cell_x, cell_y, count, gi_z, p_value, q_value, gi_bin)
select 1, (select max(id) from analysis_run), n, st_makeenvelope(22.5 + 0.01 * n, 57.2, 22.51 + 0.01 * n, 57.21, 4326),
       n, n, n, n / 2.0, 0.01, 0.02, n % 4
from generate_series(1, 9) as n;
"""
STRICT_CURL = 'curl() { command curl -f "$@"; }\n'
"""An answer that is an error ends the script."""


def blocks(language, heading):
    """Return the blocks of code below a heading of the page."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    found = re.findall(rf"```{language}\n(.*?)```", section[1], re.DOTALL)
    assert found, heading
    return found


@pytest.fixture
def environment(service):
    with service.database.owner_engine.begin() as connection:
        connection.execute(text(HOT_SPOTS))
    return os.environ | {"KVART_KEY": service.key, "KVART_ROOT": service.root}


@pytest.mark.parametrize("heading", ["GDAL", "curl"])
def test_commands_run_as_they_stand(service, environment, tmp_path, heading):
    script = STRICT_CURL + "".join(blocks("sh", heading))
    for program in {line.split()[0] for line in script.splitlines()} & {"curl", "ogrinfo", "ogr2ogr"}:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine; make test-clients installs it")
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    frame = geopandas.read_file(tmp_path / "hot-spots.gpkg")
    assert len(frame) == service.scalar("select count(*) from hot_spot_cell") == 9
    assert sorted(frame["gi_z"]) == [n / 2 for n in range(1, 10)]
    if heading == "GDAL":
        burglaries = "select count(*) from incident i join category c on c.id = i.category_id where c.code = 'burglary'"
        assert re.findall(r"Feature Count: (\d+)", done.stdout) == [
            str(service.scalar("select count(*) from incident")),
            str(service.scalar(burglaries)),
        ]


def test_python_runs_as_it_stands(environment):
    ended = "assert set(burglaries['category']) <= {'burglary'}\n"
    program = "\n".join([*blocks("python", "Python"), ended])
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
