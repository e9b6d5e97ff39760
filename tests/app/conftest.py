"""A client of the whole application on a fresh PostGIS database."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.database.sessions import Database
from app.main import create_app
from app.settings import DatabaseSettings, ServerSettings, Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client of this Starlette announces its successor
    from starlette.testclient import TestClient

SQUARE = [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a service without a worker of its own."""
    return Settings(
        database=DatabaseSettings(database_url=database_url, home=tmp_path),
        server=ServerSettings(worker=False, max_vertices=50, max_body_kb=256, max_upload_mb=1),
    )


@pytest.fixture
def application(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def client(application: FastAPI, database: Database) -> Iterator[TestClient]:
    """A client whose server errors come as answers, as they do over the wire."""
    with TestClient(application, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def municipality(client: TestClient) -> str:
    """Code of a small municipality at 22.5 to 22.7 E, 57.2 to 57.3 N."""
    body = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": SQUARE},
        "properties": {"code": "talsi", "name": "Talsi", "time_zone": "Europe/Riga"},
    }
    assert client.post("/municipalities", json=body).status_code == 201
    return "talsi"
