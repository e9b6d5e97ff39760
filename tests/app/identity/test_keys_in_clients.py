"""A key in the programs that people use, against a service that runs: as docs/identity.md says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import geopandas
import httpx
import pytest
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import keys
from app.identity.purposes import Purpose
from app.identity.roles import Role

UNITS = "municipalities/talsi/areal-units"


@pytest.fixture
def service(database_url: str, tmp_path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Address and process of a service that runs."""
    chosen = {
        "KVART_DATABASE_URL": database_url,
        "KVART_HOME": str(tmp_path),
        "KVART_WORKER": "false",
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, env=os.environ | chosen, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield re.search(r"http://\S+:\d+", process.stdout.readline()).group(), process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def key(database: Database, towns: None, new_account: Callable[..., str]) -> str:
    """A key that may read the two areal units of talsi."""
    new_account("ada", Role.ANALYST, "talsi")
    with database.owner_engine.begin() as connection:
        query = "insert into areal_unit (municipality_id, geom) select id, st_geomfromewkt(:square) from municipality"
        for west in (0.1, 0.2):
            square = f"SRID=4326;POLYGON(({west} 0,{west} .1,.3 .1,.3 0,{west} 0))"
            connection.execute(text(f"{query} where code = 'talsi'"), {"square": square})
    with database.transaction(DatabaseRole.IDENTITY) as session:
        return keys.create_key(session, "ada", label="clients", purpose=Purpose.PATROL_PLANNING).secret


def run(*command: str, **environment: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine")
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


def test_curl_gdal_and_python_read_with_a_key(service: tuple[str, subprocess.Popen[str]], key: str) -> None:
    address, process = service
    layer = f"{address}/{UNITS}?limit=10"
    bearer = f"Authorization: Bearer {key}"
    assert run("curl", "-s", "-o", os.devnull, "-w", "%{http_code}", layer) == "401"
    assert len(json.loads(run("curl", "-s", "-H", bearer, layer))["features"]) == 2
    assert len(json.loads(run("curl", "-s", "-u", f"ada:{key}", layer))["features"]) == 2
    assert "Feature Count: 2" in run("ogrinfo", "-so", "-al", layer, GDAL_HTTP_HEADERS=bearer)
    assert "Feature Count: 2" in run("ogrinfo", "-so", "-al", layer, GDAL_HTTP_USERPWD=f"ada:{key}")
    assert "Feature Count" not in run("ogrinfo", "-so", "-al", layer)
    answer = httpx.get(layer, headers={"Authorization": f"Bearer {key}", "Kvart-Purpose": "crime-analysis"})
    assert len(geopandas.GeoDataFrame.from_features(answer.json(), crs="EPSG:4326")) == 2
    wrong = f"{key[:-1]}{'A' if key[-1] != 'A' else 'E'}"
    refused = httpx.get(f"{layer}&access_token=x", headers={"Authorization": f"Bearer {wrong}"})
    assert refused.status_code in {400, 401}
    assert httpx.get(layer, headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    process.terminate()
    printed, logged = process.communicate(timeout=30)
    for secret in (key, key.split("_", 2)[2], wrong.split("_", 2)[2], bearer):
        assert secret not in printed + logged
