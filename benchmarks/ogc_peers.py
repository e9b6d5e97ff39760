"""tipg and pygeoapi as processes, one worker each, on a table of the same PostGIS as Kvart's."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from psycopg.conninfo import conninfo_to_dict

from app.ogc.tiles import MOST_TILE_FEATURES
from benchmarks.service_process import wait_until

TABLE = "bench_incident"
PROPERTIES = (
    "id",
    "category",
    "occurred_from",
    "occurred_to",
    "time_precision",
    "recorded_area",
    "external_id",
    "batch_id",
    "weight",
)
START_S = 90.0


@dataclass(frozen=True)
class Peer:
    """Another server of the same features.

    Attributes
    ----------
    name, address : str
    items, tile, oapif : str
        Path of the items, of a tile with ``{z}``, ``{x}`` and ``{y}`` (empty: none), and of the root for GDAL.
    collection : str
    """

    name: str
    address: str
    items: str
    tile: str
    oapif: str
    collection: str


@contextmanager
def running_peers(conninfo: str, directory: Path) -> Iterator[tuple[Peer, ...]]:
    """Run those of the two that are installed (requirements/bench.txt)."""
    place = {"port": "5432", **conninfo_to_dict(conninfo)}
    makers = {"tipg": _tipg, "pygeoapi": _pygeoapi}
    peers, processes = [], []
    try:
        for name, maker in makers.items():
            if importlib.util.find_spec(name) is None:
                continue
            port = _free_port()
            application, environment, peer = maker(place, directory, port)
            with (directory / f"{name}.log").open("w") as log:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"],
                        env={**os.environ, **environment},
                        stdout=log,
                        stderr=log,
                    )
                )
            wait_until(lambda peer=peer: _answers(peer), START_S, f"{name} answers")
            peers.append(peer)
        yield tuple(peers)
    finally:
        for process in processes:
            process.terminate()
            process.wait(20)


def _tipg(place: dict[str, Any], _directory: Path, port: int) -> tuple[str, dict[str, str], Peer]:
    server = f"{place['user']}@{quote(place['host'], safe='')}:{place['port']}"
    environment = {
        "DATABASE_URL": f"postgresql://{server}/{place['dbname']}",
        "TIPG_DB_TABLES": json.dumps([f"public.{TABLE}"]),
        "TIPG_TABLE_FALLBACK_KEY_NAMES": '["id"]',
        "TIPG_MAX_FEATURES_PER_TILE": str(MOST_TILE_FEATURES),
    }
    collection = f"public.{TABLE}"
    peer = Peer(
        "tipg",
        f"http://127.0.0.1:{port}",
        items=f"/collections/{collection}/items?f=geojson",
        tile=f"/collections/{collection}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}",
        oapif="/",
        collection=collection,
    )
    return "tipg.main:app", environment, peer


def _pygeoapi(place: dict[str, Any], directory: Path, port: int) -> tuple[str, dict[str, str], Peer]:
    address = f"http://127.0.0.1:{port}"
    settings = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": address,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 1000, "max_items": 10_000},
            "map": {"url": "about:blank", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "b", "description": "b", "keywords": ["b"], "keywords_type": "theme",
                "terms_of_service": "about:blank", "url": address,
            },
            "license": {"name": "none", "url": "about:blank"},
            "provider": {"name": "none", "url": "about:blank"},
            "contact": {"name": "none"},
        },
        "resources": {
            TABLE: {
                "type": "collection",
                "title": "b",
                "description": "b",
                "keywords": ["b"],
                "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90], "crs": CRS84}},
                "providers": [
                    {
                        "type": "feature",
                        "name": "PostgreSQL",
                        "data": {
                            "host": place["host"], "port": int(place["port"]), "dbname": place["dbname"],
                            "user": place["user"], "password": "none", "search_path": ["public"],
                        },
                        "id_field": "id",
                        "table": TABLE,
                        "geom_field": "geom",
                    }
                ],
            }
        },
    }  # fmt: skip
    configuration, document = directory / "pygeoapi.json", directory / "openapi.yml"
    configuration.write_text(json.dumps(settings))
    environment = {"PYGEOAPI_CONFIG": str(configuration), "PYGEOAPI_OPENAPI": str(document)}
    command = [Path(sys.executable).with_name("pygeoapi"), "openapi", "generate", configuration]
    made = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    document.write_bytes(made.stdout)
    peer = Peer("pygeoapi", address, f"/collections/{TABLE}/items?f=json", "", "/", TABLE)
    return "pygeoapi.starlette_app:APP", environment, peer


CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def _answers(peer: Peer) -> bool:
    try:
        return httpx.get(f"{peer.address}{peer.items}&limit=1", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
