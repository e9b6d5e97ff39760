"""GDAL and QGIS as distributions package them: valid layers, types, counts, few requests, painted tiles."""

import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("qgis_session.py")


def test_ogrinfo_and_ogr2ogr(service, run, tmp_path):
    key = {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {service.key}"}
    told = run("ogrinfo", "-so", f"OAPIF:{service.root}", "incidents", **key)
    assert f"Feature Count: {service.scalar('select count(*) from incident')}" in told
    assert "Geometry: Point" in told
    assert "occurred_from: DateTime" in told
    told = run("ogrinfo", "-so", "-where", "category = 'robbery'", f"OAPIF:{service.root}", "incidents", **key)
    assert f"Feature Count: {service.scalar('select count(*) from incident') // 2}" in told
    assert any("robbery" in str(request) for request in service.requests())
    copy, before = tmp_path / "incidents.gpkg", len(service.requests())
    run("ogr2ogr", "-oo", "PAGE_SIZE=10000", str(copy), f"OAPIF:{service.root}", "incidents", **key)
    assert len(service.requests()) - before <= 5
    assert f"Feature Count: {service.scalar('select count(*) from incident')}" in run(
        "ogrinfo", "-so", "-al", str(copy)
    )
    assert ": incidents (" in run("ogrinfo", f"OAPIF:{service.root}", **key)
    assert ": incidents (" not in run("ogrinfo", f"OAPIF:{service.root}")


def test_qgis_reads_pages_and_paints_tiles(service, tmp_path):
    if not Path(SYSTEM_PYTHON).exists() or shutil.which("qgis") is None:
        pytest.skip("QGIS is not on this machine; make test-clients installs it")
    done = subprocess.run(
        [SYSTEM_PYTHON, str(SCRIPT), service.root, service.key],
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    n = service.scalar("select count(*) from incident")
    assert told["valid"] is True
    assert (told["count"], told["read"]) == (n, n)
    assert told["geometry"] == "Point"
    assert told["types"]["category"] == "String"
    assert told["tiles_valid"] is True
    assert told["painted"] > 200
    assert len(service.requests()) <= math.ceil(n / 1000) + 5
