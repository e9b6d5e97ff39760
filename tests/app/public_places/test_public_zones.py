"""Which danger zones the view shows, where, from when and as what; the rules are those of analysis.privacy."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from analysis.errors import TooFewEventsError
from analysis.privacy.public_categories import public_category
from analysis.privacy.publication import LEAST_REPORTERS, may_be_public
from app.danger_zones.models import ZONE_STATUSES
from app.danger_zones.service import COLLECTION
from app.database.public_views import PUBLIC_STATUSES, PUBLIC_ZONES, public_view
from app.errors import ConflictError, InvalidInputError
from app.files.reading import read_features
from app.municipalities.service import find_municipality
from app.public_places.service import build_points, show_points
from tests.app.public_places.conftest import metres

PLACE = (22.6123, 57.2567)


def build(database, **options):
    with database.transaction() as session:
        return build_points(session, find_municipality(session, "talsi"), **options)


def test_every_snap_point_stands_for_eight_addresses_at_least(database, talsi, built):
    with database.inside(talsi) as session:
        fewest, number = session.execute(text("select min(addresses), count(*) from snap_point")).one()
    assert fewest >= 8
    assert number == built.points > 100
    assert (built.basis, built.is_new, built.fewest_between) == ("residents", True, None)


def test_a_zone_is_shown_at_the_nearest_snap_point_in_metres(database, talsi, built, add_zone, public_rows):
    chance = np.random.default_rng(5)
    places = np.column_stack([chance.uniform(22.51, 22.69, 40), chance.uniform(57.21, 57.29, 40)])
    zones = [add_zone(tuple(place)) for place in places]
    with database.inside(talsi) as session:
        points = np.array(session.execute(text("select st_x(place), st_y(place) from snap_point")).all())
        shown = np.array(
            session.execute(text("select st_x(public_geom), st_y(public_geom) from danger_zone order by id")).all()
        )
    assert len(zones) == len(public_rows())
    distances = np.linalg.norm(metres(places)[:, None, :] - points[None, :, :], axis=2)
    assert np.allclose(metres(shown), points[distances.argmin(axis=1)], atol=0.01)


def test_lines_and_areas_are_shown_as_a_point(built, add_zone, public_rows):
    add_zone({"type": "LineString", "coordinates": [[22.61, 57.25], [22.63, 57.26]]})
    add_zone({"type": "Polygon", "coordinates": [[[22.61, 57.25], [22.63, 57.25], [22.63, 57.26], [22.61, 57.25]]]})
    assert {row["kind"] for row in public_rows("st_geometrytype(geom) as kind")} == {"ST_Point"}


def test_nothing_is_public_without_snap_points(add_zone, public_rows, database):
    add_zone(PLACE)
    assert public_rows() == []
    assert build(database).placed == 1
    assert len(public_rows()) == 1


def test_view_shows_what_the_rules_of_publication_allow(built, add_zone, public_rows):
    categories = ("traffic", "drugs", "school-violence", "domestic-violence")
    allowed = []
    cases = itertools.product(categories, ZONE_STATUSES, (0, LEAST_REPORTERS - 1, LEAST_REPORTERS), (False, True))
    for category, status, reporters, verified in cases:
        add_zone(PLACE, category=category, status=status, reporters=reporters, verified=verified)
        told = may_be_public(
            category, distinct_reporters=reporters, moderated=status in PUBLIC_STATUSES, officer_verified=verified
        )
        allowed += [(told.category, status)] if told.public else []
    assert sorted((row["category"], row["status"]) for row in public_rows()) == sorted(allowed)
    assert {row["category"] for row in public_rows()} == {"traffic", "other", "aggressive-groups"}


@pytest.mark.parametrize("code", ["crim-sexual-assault", "offense-involving-children", "theft", "stalking", "arson"])
def test_view_knows_the_sensitive_words_of_suppliers(database, talsi, built, add_zone, public_rows, code):
    with database.inside(talsi) as session:
        session.execute(text("update category set code = :code where code = 'traffic'"), {"code": code})
    add_zone(PLACE, category=code)
    assert [row["category"] for row in public_rows()] == [code] * (public_category(code) is not None)


def test_categories_marked_sensitive_are_left_out(database, talsi, built, add_zone, public_rows):
    add_zone(PLACE)
    with database.inside(talsi) as session:
        session.execute(text("update category set sensitive = true where code = 'traffic'"))
    assert public_rows() == []


def test_month_is_the_local_one_and_no_time_is_finer(built, add_zone, public_rows):
    add_zone(PLACE, reported_at=datetime(2026, 2, 28, 22, 30, tzinfo=UTC))
    (row,) = public_rows()
    assert row["reported_month"] == "2026-03"
    assert row["month_begin"] == datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert row["month_end"].strftime("%m-%d %H:%M:%S") == "03-31 20:59:59"
    assert set(row) == {
        "municipality_id", "id", "category", "status", "day_part", "weekday", "season", "reported_month", "month_begin",
        "month_end", "geom",
    }  # fmt: skip


def test_who_polls_does_not_learn_when_the_third_reporter_came(
    database, talsi, built, add_zone, change_zone, public_rows
):
    zone = add_zone(PLACE, reporters=2)
    change_zone(zone, "reporters = 3")
    assert public_rows() == []
    with database.inside(talsi) as session:
        due = session.scalar(text("select public_from at time zone 'Europe/Riga' from danger_zone"))
    assert (due.day, due.hour, due.minute) == (1, 0, 0)
    change_zone(zone, "reporters = 4")
    with database.inside(talsi) as session:
        assert session.scalar(text("select public_from at time zone 'Europe/Riga' from danger_zone")) == due


@pytest.mark.parametrize(
    ("before", "step"),
    [({"status": "in_moderation", "reporters": 5}, "status = 'open'"), ({"reporters": 1}, "verified = true")],
)
def test_what_staff_decides_shows_at_once(built, add_zone, change_zone, public_rows, before, step):
    zone = add_zone(PLACE, **before)
    assert public_rows() == []
    change_zone(zone, step)
    assert len(public_rows()) == 1


def test_rejected_zone_is_taken_back(built, add_zone, change_zone, public_rows):
    change_zone(add_zone(PLACE), "status = 'rejected'")
    assert public_rows() == []


def test_place_is_chosen_once_unless_the_zone_moves(built, add_zone, change_zone, public_rows):
    zone = add_zone(PLACE)
    (first,) = public_rows()
    change_zone(zone, "public_geom = geom, public_from = '2000-01-01', description = 'x'")
    assert public_rows() == [first]
    change_zone(zone, "geom = st_translate(geom, 0.05, 0.02)")
    (moved,) = public_rows()
    assert moved["id"] == first["id"]
    assert moved["geom"] != first["geom"]


def test_public_identifiers_are_random_and_the_database_draws_them(database, talsi, built, add_zone):
    zones = [add_zone(PLACE) for _ in range(40)]
    with database.inside(talsi) as session:
        drawn = session.scalars(text("select public_id from danger_zone order by id")).all()
    assert zones == sorted(zones)
    assert len(set(drawn)) == 40
    assert drawn != sorted(drawn)
    assert max(drawn) < 2**53
    assert min(drawn) > 2**20
    signs = np.sign(np.diff(drawn))
    assert 8 < (signs > 0).sum() < 32


def test_building_again_changes_nothing_unless_told_to(database, talsi, built, add_zone, public_rows):
    add_zone(PLACE)
    before = public_rows()
    again = build(database)
    assert (again.is_new, again.placed, again.fingerprint) == (False, 0, built.fingerprint)
    with database.inside(talsi) as session:
        session.execute(text("update areal_unit set residents = 60 where external_id like '1%'"))
    with pytest.raises(ConflictError, match="has other snap points"):
        build(database)
    replaced = build(database, replace=True)
    assert replaced.is_new
    assert replaced.fingerprint != built.fingerprint
    assert replaced.fewest_between is not None
    assert public_rows() == before


def test_register_of_addresses_may_leave_points_for_none(database, talsi, tmp_path):
    register = tmp_path / "addresses.csv"
    lines = [f"{22.6 + 0.0004 * (i % 20)},{57.25 + 0.0002 * (i // 20)}" for i in range(400)]
    register.write_text("\n".join(["longitude,latitude", *lines]))
    frame = read_features(register, working_crs="EPSG:32634").frame
    found = build(database, addresses=frame)
    assert found.basis == "addresses"
    with database.inside(talsi) as session:
        held = session.scalars(text("select addresses from snap_point")).all()
    assert sum(held) == 400
    assert min(held) == 0
    assert all(number == 0 or number >= 8 for number in held)


def test_too_few_people_for_a_single_point_are_refused(database, talsi):
    with database.inside(talsi) as session:
        session.execute(text("update areal_unit set residents = case external_id when '3-3' then 10 else 0 end"))
    with pytest.raises(TooFewEventsError, match="fewer than the 8"):
        build(database)
    with database.inside(talsi) as session:
        session.execute(text("delete from areal_unit"))
    with pytest.raises(InvalidInputError, match="areal units"):
        build(database)


def test_database_refuses_a_point_for_too_few(database, talsi, built):
    with pytest.raises(IntegrityError, match="enough_addresses_or_none"), database.inside(talsi) as session:
        session.execute(text("update snap_point set addresses = 7"))


def test_what_is_in_use_can_be_shown(database, talsi, add_zone):
    with database.transaction() as session:
        assert show_points(session, find_municipality(session, "talsi")) is None
    add_zone(PLACE)
    made = build(database)
    with database.transaction() as session:
        shown = show_points(session, find_municipality(session, "talsi"))
    assert shown["points"] == made.points
    assert shown["public_danger_zones"] == 1
    assert shown["published_months"] == []


def test_a_neighbours_points_place_nothing(database, talsi, built, add_zone):
    with database.inside(talsi) as session:
        session.execute(text("delete from snap_version"))
    add_zone(PLACE)
    with database.inside(talsi) as session:
        assert session.scalar(text("select count(*) from danger_zone where public_geom is not null")) == 0
    assert shapely.Point(PLACE).is_valid


def test_a_layer_with_a_view_is_shown_by_it_whatever_of_it_is_internal():
    marked = tuple(replace(item, internal=True) for item in COLLECTION.properties)
    assert public_view(replace(COLLECTION, properties=marked)) is PUBLIC_ZONES
    assert public_view(COLLECTION) is PUBLIC_ZONES
