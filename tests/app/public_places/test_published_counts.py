"""Published counts: small ones hidden, sums too where they would tell, once and for good."""

import datetime as dt

import pytest
from sqlalchemy import text

from app.errors import ConflictError, InvalidInputError
from app.municipalities.service import find_municipality
from app.public_places.service import months_to_publish, publish_month

MONTH = dt.date(2026, 3, 1)
INSERT = """
with made as (
    insert into category (municipality_id, kind, code, label) values (:m, 'incident', :code, :code)
    on conflict (municipality_id, kind, code) do update set label = excluded.label returning id
)
insert into incident (municipality_id, category_id, geom, x, y, occurred_from, time_precision)
select :m, made.id, st_setsrid(st_point(:longitude, 57.25), 4326), 0, 0, cast(:at as timestamptz), 'minute'
from made, generate_series(1, :n)
"""
BEATS = """
with plan as (
    insert into beat_plan (municipality_id, name, version, min_residents, max_residents)
    values (:m, 'Beats', 1, 1, 9999) returning id
)
insert into beat (municipality_id, plan_id, code, geom)
select :m, plan.id, code, st_multi(st_makeenvelope(west, 57.2, west + 0.1, 57.3, 4326))
from plan, (values ('West', 22.5), ('East', 22.6)) as b(code, west)
"""


@pytest.fixture
def add(database, talsi):
    def add(code, number, longitude=22.55, at="2026-03-14T22:10:00Z"):
        with database.inside(talsi) as session:
            session.execute(text(INSERT), {"m": talsi, "code": code, "n": number, "longitude": longitude, "at": at})

    return add


@pytest.fixture
def publish(database):
    def publish(month=MONTH):
        with database.transaction() as session:
            return publish_month(session, find_municipality(session, "talsi"), month)

    return publish


def test_counts_are_published_once_with_small_ones_hidden(database, talsi, add, publish, anonymous):
    with database.inside(talsi) as session:
        session.execute(text(BEATS), {"m": talsi})
        session.execute(text("update beat_plan set status = 'published'"))
    for code, west, east in (("theft", 12, 20), ("robbery", 3, 9), ("sexual-assault", 7, 0), ("drugs", 30, 30)):
        add(code, west)
        add(code, east, longitude=22.65)
    add("theft", 2, at="2026-04-02T00:00:00Z")
    assert publish() == 4
    page = anonymous.get("/municipalities/talsi/public-counts", params={"month": "2026-03"}).json()
    counts = {feature["properties"]["area"]: feature["properties"]["counts"] for feature in page["features"]}
    assert set(counts) == {"West", "East", "outside", None}
    assert set(counts["West"]) == {"theft", "robbery", "other", "all"}
    assert counts["West"]["robbery"] == "<5"
    assert sum(value == "not shown" for shown in counts.values() for value in shown.values()) >= 3
    assert "sexual" not in str(page)
    assert "2026-03-14" not in str(page)
    add("theft", 1)
    assert anonymous.get("/municipalities/talsi/public-counts", params={"month": "2026-03"}).json() == page
    with pytest.raises(ConflictError, match="published before"):
        publish()
    number = page["features"][0]["id"]
    assert anonymous.get(f"/municipalities/talsi/public-counts/{number}").json() == page["features"][0]


def test_only_complete_months_with_incidents_are_published(database, talsi, add, publish):
    with pytest.raises(InvalidInputError, match="not over, or has no incidents"):
        publish()
    add("theft", 4)
    add("theft", 1, at=dt.datetime.now(dt.UTC).isoformat())
    with database.transaction() as session:
        due = months_to_publish(session, find_municipality(session, "talsi"))
    assert due[0] == MONTH
    assert max(due) < dt.datetime.now(dt.UTC).date().replace(day=1)
    assert publish() == 1
    with database.inside(talsi) as session:
        assert session.scalars(text("select counts from public_count")).one() == {"theft": "<5", "all": "<5"}
