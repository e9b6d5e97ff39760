"""A small municipality and a short way to import text into it."""

from pathlib import Path

import pytest
import shapely
from sqlalchemy import text

from app.ingest.service import import_file
from app.municipalities.service import create_municipality

TALSI = shapely.box(22.5, 57.2, 22.7, 57.3)


@pytest.fixture
def talsi(database):
    """Code of a municipality at 22.5 to 22.7 E, 57.2 to 57.3 N; UTM zone 34."""
    with database.transaction() as session:
        create_municipality(session, code="talsi", name="Talsi", boundary=TALSI, time_zone="Europe/Riga")
    return "talsi"


@pytest.fixture
def empty(database):
    """Code of a second municipality at the same place, with nothing in it."""
    with database.transaction() as session:
        create_municipality(session, code="other", name="Other", boundary=TALSI, time_zone="Europe/Riga")
    return "other"


@pytest.fixture
def take_in(database, talsi, tmp_path):
    """Import text (as CSV) or a file; options are settings of the source profile."""

    def run(
        content, kind="incidents", *, source="police", name="file.csv", municipality=talsi, progress=None, **profile
    ):
        path = content
        if not isinstance(content, Path):
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_file(database, municipality, kind, path, source=source, profile=profile, progress=progress)

    return run


@pytest.fixture
def rows(database):
    """Return the rows of a query as tuples."""

    def fetch(query, **values):
        with database.owner_engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    return fetch
