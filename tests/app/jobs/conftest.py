import pytest
import shapely

from app.municipalities.service import create_municipality


@pytest.fixture
def town(database):
    with database.transaction() as session:
        return create_municipality(
            session,
            code="town",
            name="Town",
            boundary=shapely.box(22.5, 57.2, 22.6, 57.3),
            time_zone="Europe/Riga",
        )
