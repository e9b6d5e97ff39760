"""Under row security pages are still found by the spatial index and by the key."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.database.feature_collections import Bbox, FeatureQuery
from app.database.migrating import BOX_COMPARISONS, prepare
from app.database.sessions import Database
from benchmarks.row_security import fill, used_indexes

ROWS_EACH = 2_000
SMALL = Bbox(22.01, 57.21, 22.02, 57.22)
LEAKPROOF = text("select proname from pg_proc where proleakproof and proname = any(:names)")


@pytest.fixture
def key(database: Database) -> int:
    """Key of the westernmost of twenty municipalities with incidents."""
    return fill(database, ROWS_EACH)[0]


def test_a_page_is_found_by_its_key_and_a_rectangle_by_the_spatial_index(database: Database, key: int) -> None:
    assert "pk_incident" in used_indexes(database, key, FeatureQuery(limit=100))
    assert "pk_incident" in used_indexes(database, key, FeatureQuery(limit=100, after=ROWS_EACH // 2))
    assert "ix_incident_geom" in used_indexes(database, key, FeatureQuery(limit=100, bbox=SMALL))


def test_without_the_marks_the_spatial_index_is_lost_and_an_upgrade_brings_it_back(
    database: Database, key: int
) -> None:
    """An upgrade of PostGIS may take the marks away."""
    with database.owner_engine.begin() as connection:
        for function in BOX_COMPARISONS:
            connection.execute(text(f"alter function {function}(geometry, geometry) not leakproof"))
    query = FeatureQuery(limit=100, bbox=SMALL)
    assert "ix_incident_geom" not in used_indexes(database, key, query)
    with database.owner_engine.begin() as connection:
        prepare(connection)
        assert set(connection.scalars(LEAKPROOF, {"names": list(BOX_COMPARISONS)})) == set(BOX_COMPARISONS)
    assert "ix_incident_geom" in used_indexes(database, key, query)
