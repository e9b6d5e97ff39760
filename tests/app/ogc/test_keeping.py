"""What is kept of layers is what the database would say now."""

import pytest
from sqlalchemy import Engine, event, text

from app.database import data_versions
from app.database.data_versions import read_version
from app.identity.rights import right_of
from app.identity.roles import Role
from app.municipalities.service import find_municipality
from app.ogc.keeping import LayerCache
from app.ogc.layers import layers, view_of

TILE = "tiles/WebMercatorQuad/5/9/18"
UNWATCHED = {"municipality"}
"""What is taken from it is part of the key."""


@pytest.fixture
def statements():
    """Statements that were run since the last look at them."""
    found = []

    def note(_connection, _cursor, statement, *_rest):
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)

    def since():
        told = "\n".join(found)
        found.clear()
        return told

    yield since
    event.remove(Engine, "before_cursor_execute", note)


def change(database, statement):
    with database.owner_engine.begin() as connection:
        connection.execute(text(statement))


def test_tiles_extents_and_counts_are_made_once_for_the_same_data(client, root, read, database, statements):
    paths = (f"/collections/incidents/{TILE}", "/collections/incidents", "/collections/incidents/items?limit=5")
    for path, made_by in zip(paths, ("ST_AsMVT", "ST_Extent", "count(*) AS count_1 \nFROM incident"), strict=True):
        statements()
        first = client.get(f"{root}{path}")
        assert made_by in statements(), path
        again = client.get(f"{root}{path}")
        assert made_by not in statements(), path
        assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])
        place = "st_setsrid(st_point(22.6, 57.25), 4326), 0, 0, 'hour', '2025-03-01'"
        changes = (
            "update incident set recorded_area = 'X' where external_id = 'I1'",
            "update incident set weight = 2.5 where external_id = 'I1'",
            f"insert into incident (municipality_id, geom, x, y, time_precision, occurred_from) values (1, {place})",
            "delete from incident where external_id is null",
        )
        for statement in changes:
            change(database, statement)
            statements()
            client.get(f"{root}{path}")
            assert made_by in statements(), statement
    assert read("/collections/incidents/items", limit=5)["numberMatched"] == 250


def test_what_is_shown_from_memory_is_written_down_too(client, root, town, database):
    for _ in range(2):
        client.get(f"{root}/collections/incidents/{TILE}")
    looks = text("select what -> 'looks' from audit_event where what ->> 'collection' = 'incidents' order by id desc")
    with database.owner_engine.begin() as connection:
        (last, before) = connection.scalars(looks).all()[:2]
    assert last == before
    assert last[0]["number"] == 250


def test_callers_who_see_less_get_their_own(client, client_as, root, town):
    engineer = client_as(Role.MUNICIPALITY, town)
    exact, coarse = (asking.get(f"{root}/collections/incidents/{TILE}").content for asking in (client, engineer))
    assert exact != coarse
    assert client.get(f"{root}/collections/incidents/{TILE}").content == exact
    assert client.get(f"{root}/collections/incidents/{TILE}?datetime=2025-01-02").content not in {exact, coarse}


def test_every_table_of_a_layer_is_watched(client, town, database):
    """What the database reads for a layer is what the version of its data is taken of."""

    def relations(plan):
        found = {plan["Relation Name"]} if "Relation Name" in plan else set()
        return found.union(*(relations(part) for part in plan.get("Plans", ())))

    with database.transaction() as session:
        municipality = find_municipality(session, town)
        for layer in layers():
            for precision in set(right_of(layer.right, "read").precisions.values()):
                view = view_of(session, municipality, layer, precision)
                shown = view.collection
                statement = shown.source.select().with_only_columns(
                    shown.identifier, shown.geometry, *(item.expression for item in shown.properties)
                )
                compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
                (plan,) = (
                    session.connection()
                    .exec_driver_sql(f"explain (format json) {compiled}", execution_options={"no_parameters": True})
                    .scalar_one()
                )
                read = relations(plan["Plan"]) - UNWATCHED
                assert read <= set(view.tables), layer.name


def test_every_watched_table_has_its_trigger(database):
    watched = {table for layer in layers() for table in layer.tables}
    triggers = text("select tgrelid::regclass::text from pg_trigger where tgname = 'note_change'")
    with database.owner_engine.begin() as connection:
        assert watched <= set(connection.scalars(triggers))


def test_versions_belong_to_municipality_and_table(database, town, client, monkeypatch):
    monkeypatch.setattr(data_versions, "MOST_CHANGES", 3)

    def version(*tables):
        with database.inside(1) as session:
            return read_version(session, 1, tables)

    before = version("incident"), version("fix")
    with database.inside(1) as session:
        session.execute(text("update incident set recorded_area = 'Y' where external_id = 'I1'"))
        session.execute(text("update incident set recorded_area = 'Z' where external_id = 'I1'"))
        assert session.scalar(text("select count(*) from data_change where relation = 'incident'")) == 2
    after = version("incident")
    assert (after != before[0], version("fix")) == (True, before[1])
    for _ in range(5):
        with database.inside(1) as session:
            session.execute(text("update fix set owner = 'parks'"))
    many = version("fix")
    assert version("fix") == many != before[1]
    with database.inside(1) as session:
        assert session.scalar(text("select count(*) from data_change where relation = 'fix'")) == 1
        session.execute(text("update fix set owner = 'streets'"))
        session.rollback()
    assert version("fix") == many
    with database.transaction() as session:
        assert read_version(session, 1, ["fix"]) == "0"


def test_cache_is_bounded_and_drops_the_least_used():
    cache = LayerCache(4 * 2048)
    for key in range(4):
        cache.keep(key, "1", key, 1024)
    assert cache.find(0, "1") == 0
    cache.keep(4, "1", 4, 1024)
    assert [cache.find(key, "1") for key in range(5)] == [0, None, 2, 3, 4]
    assert cache.find(2, "2") is None
    assert cache.find(2, "1") is None
    cache.keep(9, "1", 9, 10_000)
    assert cache.find(9, "1") is None
    assert cache.n_bytes == 3 * 2048
    nothing = LayerCache(0)
    nothing.keep(1, "1", 1, 0)
    assert nothing.find(1, "1") is None
