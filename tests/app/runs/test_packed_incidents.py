"""Incidents counted from what is packed of them are those counted from the table, whatever happens to them."""

import pandas as pd
import pytest
from sqlalchemy import text

from app.analyses import reading
from app.analyses.kinds import ANALYSES
from app.incident_blocks import service as incident_blocks

FAR = 1 << 20
PARAMETERS = [
    {"cell_m": 250},
    {"cell_m": 100.1, "origin_m": [350_000.3, 6_340_000.7]},
    {"cell_m": 1 / 3 * 700, "categories": ["robbery"]},
    {"cell_m": 300, "period_from": "2025-02-01", "period_to": "2025-10-31"},
    {"cell_m": 300, "period_from": "2025-02-01", "source": "records"},
    {"cell_m": 300, "categories": ["burglary", "robbery"], "period_to": "2025-10-31", "source": "records"},
    {},
]
CHANGES = {
    "moved": "update incident set x = x + 1000 where municipality_id = :m and id in :some",
    "dated": "update incident set occurred_from = occurred_from - interval '400 days', occurred_to = null "
    "where municipality_id = :m and id in :some",
    "untimed": "update incident set occurred_from = null where municipality_id = :m and id in :some",
    "recorded as something else": "update incident set category_id = null where municipality_id = :m and id in :some",
    "from elsewhere": "update incident set source_id = null where municipality_id = :m and id in :some",
    "deleted": "delete from incident where municipality_id = :m and id in :some",
}


@pytest.fixture
def packed(database, town, monkeypatch):
    """The town with all incidents packed but one, whose number lies far from theirs."""
    monkeypatch.setattr(incident_blocks, "WORTH_PACKING", 1)
    with database.inside(town.id) as session:
        session.execute(
            text("""insert into incident (municipality_id, id, geom, x, y, time_precision)
                select municipality_id, :far, geom, x, y, 'unknown' from incident
                where municipality_id = :m limit 1"""),
            {"m": town.id, "far": FAR},
        )
    assert incident_blocks.pack(database, town.id) > 0
    return town


def blocks(database, town):
    with database.inside(town.id) as session:
        return incident_blocks.unpacked_ranges(session, town.id)


def assert_counted_alike(database, town, monkeypatch, given):
    analysis = ANALYSES["getis-ord"]
    parameters = analysis.checked(given)
    results = []
    for least in (1, float("inf")):
        monkeypatch.setattr(reading, "COUNTED_FROM", least)
        with database.inside(town.id) as session:
            found = reading.read_input(session, town, parameters)
        assert (found.counted is not None) is (least == 1)
        results.append(analysis.compute(found, parameters, 0))
    pd.testing.assert_frame_equal(*(pd.DataFrame(result.layers[0].frame) for result in results))
    assert results[0].summary == results[1].summary


@pytest.mark.parametrize("given", PARAMETERS, ids=str)
def test_packed_incidents_give_the_layer_of_the_events(database, packed, monkeypatch, given):
    assert_counted_alike(database, packed, monkeypatch, given)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_takes_the_block_away_with_it(database, packed, monkeypatch, change):
    before = blocks(database, packed)
    with database.inside(packed.id) as session:
        listed = "select id from incident where municipality_id = :m and source_id is not null order by id limit 20"
        some = tuple(session.scalars(text(listed), {"m": packed.id}))
        statement = text(change.replace(":some", f"({', '.join(map(str, some))})"))
        assert session.execute(statement, {"m": packed.id}).rowcount == 20
        session.flush()
        assert incident_blocks.unpacked_ranges(session, packed.id) != before
    for given in ({"cell_m": 250}, PARAMETERS[5]):
        assert_counted_alike(database, packed, monkeypatch, given)
    assert incident_blocks.pack(database, packed.id) == 1
    assert blocks(database, packed) == before
    for given in ({"cell_m": 250}, PARAMETERS[5]):
        assert_counted_alike(database, packed, monkeypatch, given)


def test_a_change_that_is_taken_back_leaves_the_block(database, packed):
    before = blocks(database, packed)
    with database.inside(packed.id) as session:
        session.execute(text("delete from incident where municipality_id = :m"), {"m": packed.id})
        session.rollback()
    assert blocks(database, packed) == before


def test_what_counting_does_not_ask_for_may_change(database, packed):
    before = blocks(database, packed)
    with database.inside(packed.id) as session:
        session.execute(
            text(
                "update incident set recorded_area = '7', weight = 7, x = x, public_geom = geom "
                "where municipality_id = :m"
            ),
            {"m": packed.id},
        )
    assert blocks(database, packed) == before


def test_new_incidents_are_counted_beside_the_blocks(database, packed, monkeypatch):
    with database.inside(packed.id) as session:
        session.execute(
            text("""insert into incident (municipality_id, id, category_id, source_id, geom, x, y, time_precision,
                    occurred_from)
                select municipality_id, :far + id, category_id, source_id, geom, x, y, time_precision, occurred_from
                from incident where municipality_id = :m and id < 300"""),
            {"m": packed.id, "far": FAR},
        )
    for given in PARAMETERS:
        assert_counted_alike(database, packed, monkeypatch, given)


def test_nothing_is_packed_while_somebody_changes_incidents(database, packed):
    everything = {"m": packed.id}
    with database.inside(packed.id) as session:
        session.execute(text("update incident set x = x + 1 where municipality_id = :m"), everything)
        assert incident_blocks.pack(database, packed.id) == 0
        session.rollback()
    with database.inside(packed.id) as session:
        session.execute(text("delete from incident_block where municipality_id = :m"), everything)
    with database.inside(packed.id) as session:
        session.execute(text("update incident set x = x + 1 where municipality_id = :m"), everything)
        assert incident_blocks.pack(database, packed.id) == 0
    assert incident_blocks.pack(database, packed.id) > 0


def test_few_incidents_are_not_packed(database, town):
    assert incident_blocks.pack(database, town.id) == 0
    assert blocks(database, town) is None


def test_another_municipality_sees_no_block(database, packed):
    with database.inside(packed.id + 1) as session:
        assert session.scalar(text("select count(*) from incident_block")) == 0
    with database.inside(packed.id) as session:
        assert session.scalar(text("select count(*) from incident_block")) > 0
