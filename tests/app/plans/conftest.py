"""The small town with drafts of four stripes, and clients of those who work on them."""

import pytest
from plan_stripes import ADDRESS, CODE, stripes
from small_town import BLOCKS, SIDE_M, fill, square

from app.identity.roles import Role
from app.municipalities.service import create_municipality


@pytest.fixture
def town(database, anonymous):
    with database.transaction() as session:
        found = create_municipality(
            session,
            code=CODE,
            name="Town",
            boundary=square(0, 0, BLOCKS * SIDE_M),
            time_zone="Europe/Riga",
            metric_crs="EPSG:32634",
        )
        fill(session, found.id)
    return found


@pytest.fixture
def analyst(client_as, town):
    return client_as(Role.ANALYST, CODE)


@pytest.fixture
def commander(client_as, town):
    return client_as(Role.COMMANDER, CODE)


@pytest.fixture
def draft(analyst):
    """Imports a draft and returns its key."""

    def make(table=None, name="Stripes", **fields):
        answer = analyst.post(
            f"{ADDRESS}/imports", files={"file": ("plan.csv", table or stripes())}, data={"name": name, **fields}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["stored"], answer.text
        return answer.json()["beat_plan_id"]

    return make


@pytest.fixture
def take(analyst, commander):
    """Takes a plan through steps of its life, each by who may."""

    def step(plan_id, *names, **body):
        for name in names:
            client = analyst if name in ("propose", "withdraw") else commander
            answer = client.post(f"{ADDRESS}/{plan_id}/{name}", json={"reason": f"to {name}"} | body)
            assert answer.status_code == 200, answer.text
        return answer.json()

    return step
