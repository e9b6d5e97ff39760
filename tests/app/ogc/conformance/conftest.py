"""One service with layers of every kind for all tests that restate the standards; they only read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import psycopg
import pytest
import shapely
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts, keys
from app.identity.roles import Role
from app.main import create_app
from app.municipalities.service import create_municipality
from app.settings import DatabaseSettings, ServerSettings, Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client of this Starlette announces its successor
    from starlette.testclient import TestClient

NAME = "conforming"
ROOT = "/municipalities/talsi/ogc"


@pytest.fixture(scope="session")
def filled(cluster, template, town_rows) -> Iterator[Database]:
    """A database with one town."""
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {NAME} template {template} strategy file_copy")
    database = Database(cluster.url(NAME))
    with database.transaction() as session:
        square = shapely.box(22.5, 57.2, 22.7, 57.3)
        create_municipality(session, code="talsi", name="Talsi", boundary=square, time_zone="Europe/Riga")
    with database.owner_engine.begin() as connection:
        connection.execute(text(town_rows))
        connection.execute(text("analyze"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def api(cluster, filled, tmp_path_factory) -> Iterator[TestClient]:
    """A client of an administrator."""
    url = cluster.url(NAME).render_as_string(hide_password=False)
    home = tmp_path_factory.mktemp("conforming")
    limits = ServerSettings(worker=False, max_body_kb=256, public_reads_per_minute=100_000)
    settings = Settings(database=DatabaseSettings(database_url=url, home=home), server=limits)
    with filled.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "tester")
        accounts.grant(session, "tester", Role.ADMINISTRATOR, None)
        key = keys.create_key(session, "tester", keys.KeyLimits(("*:*",)))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.headers.update({"Authorization": f"Bearer {key.secret}", "Kvart-Purpose": "administration"})
        yield client


@pytest.fixture(scope="session")
def root() -> str:
    """Address of the landing page."""
    return ROOT


@pytest.fixture(scope="session")
def strict_get(api):
    """Asks for an address below the landing page as it is written."""

    def ask(path: str):
        return api.get(f"{ROOT}{path}")

    return ask


@pytest.fixture(scope="session")
def get(api):
    """Asks for an address below the landing page; ``_`` in the name of a parameter stands for ``-`` where needed."""

    def ask(path: str = "", headers=None, **parameters):
        hyphened = {name: name.replace("_", "-") for name in ("bbox_crs", "filter_lang", "filter_crs")}
        asked = {hyphened.get(name, name): value for name, value in parameters.items()}
        return api.get(f"{ROOT}{path}", params=asked, headers=headers)

    return ask


@pytest.fixture(scope="session")
def read(get):
    """Reads a document below the landing page."""

    def ask(path: str = "", **parameters):
        answer = get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture(scope="session")
def collections(read):
    """The collections."""
    return read("/collections")["collections"]


@pytest.fixture(scope="session")
def names(collections):
    """Their identifiers."""
    return [item["id"] for item in collections]


@pytest.fixture(scope="session")
def everything(read, names):
    """All features, by collection."""
    return {name: read(f"/collections/{name}/items", limit=10_000)["features"] for name in names}


@pytest.fixture(scope="session")
def description(read):
    """The OpenAPI document."""
    return read("/api")


@pytest.fixture(scope="session")
def parameters_of(description):
    """Gives the parameters of an operation by name, with references followed."""

    def told(path: str, method: str = "get"):
        listed = description["paths"][path][method]["parameters"]
        known = description["components"]["parameters"]
        found = [known[item["$ref"].rpartition("/")[2]] if "$ref" in item else item for item in listed]
        return {item["name"]: item for item in found}

    return told
