"""Two municipalities, and what stands in the log."""

import pytest
import shapely

from app.database.tenancy import enter_service_wide
from app.municipalities.service import create_municipality


@pytest.fixture
def municipalities(database):
    """Identifiers of two municipalities."""
    box = shapely.box(22.5, 57.2, 22.7, 57.3)
    made = []
    for code in ("talsi", "kandava"):
        with database.transaction() as session:
            enter_service_wide(session)
            made.append(create_municipality(session, code=code, name=code, boundary=box, time_zone="Europe/Riga").id)
    return made
