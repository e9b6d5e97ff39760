"""``kvart public-places`` and ``kvart danger-zones`` as a person calls them: what they do and what they refuse."""

import json

import pytest
from sqlalchemy import text

from tests.app.public_places.test_published_counts import BEATS, INSERT

REPORTS = text(
    """insert into report (municipality_id, category_id, geom, x, y, reported_by, status, closed_at)
    select :m, c.id, st_point(22.6, 57.25, 4326), 0, 0, who, status, null
    from category c, (values ('citizen', 'Open'), ('citizen', 'Open - Dup'), ('municipality', 'Open')) as r(who, status)
    where c.municipality_id = :m and c.kind = 'concern' and c.code = 'traffic'"""
)


@pytest.fixture
def kvart(talsi, kvart):
    """Run a command in a service that has a municipality."""
    return kvart


def test_points_are_built_once_shown_and_replaced_only_on_demand(kvart, tmp_path, add_zone):
    add_zone((22.61, 57.25))
    assert "no snap points: no danger zone is public" in kvart("public-places", "show")[1]
    assert json.loads(kvart("public-places", "show", "--json")[1]) is None
    code, out, err = kvart("public-places", "build")
    assert (code, err) == (0, "")
    assert "Stored." in out
    assert "1 danger zones were placed; 1 are public now." in out
    again = json.loads(kvart("public-places", "build", "--json")[1])
    assert (again["is_new"], again["placed"], again["basis"]) == (False, 0, "residents")
    shown = json.loads(kvart("public-places", "show", "--json")[1])
    assert (shown["fingerprint"], shown["public_danger_zones"]) == (again["fingerprint"], 1)
    assert "public danger zones: 1" in kvart("public-places", "show")[1]
    register = tmp_path / "addresses.csv"
    rows = [f"{22.51 + 0.001 * n},{57.21 + 0.001 * m}" for n in range(60) for m in range(60)]
    register.write_text("longitude,latitude\n" + "\n".join(rows))
    code, out, err = kvart("public-places", "build", "--addresses", register, "--crs", "EPSG:4326")
    assert (code, out) == (2, "")
    assert "--replace" in err
    code, out, err = kvart("public-places", "build", "--addresses", register, "--crs", "EPSG:4326", "--replace")
    assert (code, err) == (0, "")
    assert "addresses at the fewest" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "--municipality", "riga"], "riga"),
        (["build", "--addresses", "nothing.csv"], "nothing.csv"),
        (["build", "--units-source", "ghosts"], "ghosts"),
        (["show", "--municipality", "riga"], "riga"),
        (["publish", "--month", "March"], "is no month"),
        (["publish", "--month", "2031-01"], "not over, or has no incidents"),
        (["publish", "--plan", "x"], "--plan"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(kvart, arguments, words):
    code, out, err = kvart("public-places", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_months_are_published_once(kvart, database, talsi):
    assert "no complete month" in kvart("public-places", "publish")[1]
    with database.inside(talsi) as session:
        theft = {"m": talsi, "code": "theft", "n": 12, "longitude": 22.55, "at": "2026-03-14T12:00:00Z"}
        session.execute(text(INSERT), theft)
        session.execute(text(BEATS), {"m": talsi})
        session.execute(text("update beat_plan set status = 'published'"))
    assert kvart("public-places", "publish") == (0, "2026-03: 4 areas published.\n", "")
    code, _, err = kvart("public-places", "publish", "--month", "2026-03")
    assert code == 2
    assert "published before" in err
    assert kvart("public-places", "build")[0] == 0
    assert "published months: 2026-03" in kvart("public-places", "show")[1]


def test_zones_are_gathered_and_what_is_left_out_is_counted(kvart, database, talsi):
    with database.inside(talsi) as session:
        session.execute(REPORTS, {"m": talsi})
    code, out, err = kvart("danger-zones", "gather")
    assert (code, err) == (0, "")
    assert "1 danger zones were made of 1 reports." in out
    assert "1 of staff, 1 duplicates, 0 at points" in out
    assert json.loads(kvart("danger-zones", "gather", "--json")[1])["zones"] == 0
    assert kvart("danger-zones", "gather", "--municipality", "riga")[0] == 2
