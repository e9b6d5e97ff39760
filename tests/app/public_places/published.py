"""A danger zone made public by hand, for tests of other things than publication."""

from sqlalchemy import text

MAKE_PUBLIC = """
with version as (
    insert into snap_version (municipality_id, fingerprint, basis, least_addresses, summary)
    select id, 'test', 'residents', 8, '{}' from municipality returning municipality_id, id
)
insert into snap_point (municipality_id, version_id, geom, place, addresses)
select v.municipality_id, v.id, st_setsrid(st_point(:x, :y), 4326), st_point(0, 0), 8 from version v
"""
OPEN = "update danger_zone set status = 'open', verified = true, public_geom = null, public_id = :public_id"


def publish_zones(database, point, public_id=None):
    """Open and verify the danger zone of every municipality, and show it at a point; by its own number as default."""
    with database.owner_engine.begin() as connection:
        connection.execute(text(MAKE_PUBLIC), {"x": point[0], "y": point[1]})
        chosen = OPEN if public_id is not None else OPEN.replace(":public_id", "id")
        connection.execute(text(chosen), {} if public_id is None else {"public_id": public_id})
