"""The sample town in a database, imported once for all tests of a module."""

from pathlib import Path

import psycopg
import pytest

from app.database.sessions import Database
from app.demonstration.sample import SAMPLE_FILES, SOURCE
from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.profiles import load_profile
from app.ingest.service import import_file
from app.jobs.worker import Worker
from app.municipalities import service as municipalities
from app.runs import service as runs

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
CODE = "lindenkvart"


@pytest.fixture(scope="module")
def sample_town(cluster, template):
    """Database with the sample town."""
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("drop database if exists sample_town with (force)")
        connection.execute(f"create database sample_town template {template} strategy file_copy")
    database = Database(cluster.url("sample_town"))
    import_municipalities(database, SAMPLE / "municipality.geojson", MunicipalityOptions())
    for kind, name in SAMPLE_FILES:
        profile = SAMPLE / "profiles" / f"{Path(name).stem}.toml"
        options = {"profile": load_profile(profile)} if profile.is_file() else {}
        import_file(database, CODE, kind, SAMPLE / name, source=SOURCE, **options)
    yield database
    database.close()


@pytest.fixture(scope="module")
def lindenkvart(sample_town):
    with sample_town.transaction() as session:
        return municipalities.find_municipality(session, CODE)


@pytest.fixture(scope="module")
def do(sample_town, lindenkvart):
    """Submit a run over the sample town, do it, and return it."""

    def ask(kind, parameters, seed=None):
        with sample_town.inside(lindenkvart.id) as session:
            key = runs.submit_run(session, lindenkvart, kind, parameters, seed).id
        Worker(sample_town).run_until_idle()
        with sample_town.inside(lindenkvart.id) as session:
            return runs.get_run(session, lindenkvart, key)

    return ask


@pytest.fixture(scope="module")
def fix_number(sample_town, lindenkvart):
    """Key of a fix by its number in the file."""
    from sqlalchemy import text

    def find(code):
        with sample_town.inside(lindenkvart.id) as session:
            return session.execute(text("select id from fix where external_id = :code"), {"code": code}).scalar_one()

    return find
