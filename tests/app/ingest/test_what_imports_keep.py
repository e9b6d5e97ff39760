"""A list that comes every week takes back what it named itself, and nothing that was added here in between."""

import pytest
from import_figures import counts

BASE = "/municipalities/talsi"
ZONES = "id,category,status,lon,lat,reporters\n" + "".join(
    f"z{n},traffic,open,22.6{n},57.24,{{{n}}}\n" for n in (1, 2, 3, 4)
)
WORKS = "id,kind,title,lon,lat,danger_zone,further_danger_zones\nf1,lighting,Lamps,22.6,57.24,{},{}\n"


@pytest.fixture
def numbers(take_in, rows):
    """Identifier of each of four imported danger zones."""
    take_in(ZONES.format(0, 1, 3, 30, 1), "danger-zones", source="council")
    return dict(rows("select external_id, id from danger_zone"))


@pytest.fixture
def linked(client, rows, numbers):
    """Return the danger zones that the fix answers, or link it by hand to some and no others."""
    names = {number: code for code, number in numbers.items()}

    def read(*wanted):
        [(fix,)] = rows("select id from fix")
        if wanted:
            body = {"danger_zones": [numbers[code] for code in wanted]}
            assert client.patch(f"{BASE}/fixes/{fix}", json=body).status_code == 200
        return [names[zone] for zone in client.get(f"{BASE}/fixes/{fix}/links").json()["danger_zones"]]

    return read


def test_links_by_hand_stay_when_the_list_of_works_comes_again(take_in, linked):
    take_in(WORKS.format("z1", "z2"), "fixes")
    assert linked("z1", "z2", "z4") == ["z1", "z2", "z4"]
    assert counts(take_in(WORKS.format("z1", "z2"), "fixes")) == (0, 0, 1, 0)
    assert linked() == ["z1", "z2", "z4"]
    take_in(WORKS.format("z1", "z3"), "fixes")
    assert linked() == ["z1", "z3", "z4"]
    take_in(WORKS.format("z3", ""), "fixes")
    assert linked() == ["z3", "z4"]
    take_in("id,kind,title,lon,lat\nf1,lighting,New lamps,22.6,57.24\n", "fixes", source="another list")


def test_a_link_by_hand_that_a_list_names_too_outlives_the_list(take_in, linked):
    take_in(WORKS.format("", ""), "fixes")
    linked("z2", "z4")
    take_in(WORKS.format("", "z2;z3"), "fixes")
    assert linked() == ["z2", "z3", "z4"]
    take_in(WORKS.format("", ""), "fixes")
    assert linked() == ["z2", "z4"]


def test_what_staff_took_away_comes_back_with_a_list_that_still_names_it(take_in, linked):
    take_in(WORKS.format("z1", "z2;z3"), "fixes")
    assert linked("z2", "z4") == ["z2", "z4"]
    take_in(WORKS.format("", "z3"), "fixes")
    assert linked() == ["z3", "z4"]
    take_in(WORKS.format("z1", ""), "fixes")
    assert linked() == ["z1", "z4"]


def test_voices_of_residents_stay_when_a_list_of_zones_comes_again(take_in, rows, client, numbers):
    def told(*numbers_of_list):
        report = take_in(ZONES.format(0, *numbers_of_list), "danger-zones", source="council")
        return counts(report), [row[0] for row in rows("select reporters from danger_zone order by external_id")]

    for contact in ("ann@example.org", "bea@example.org", "ann@example.org"):
        answer = client.post(f"{BASE}/danger-zones/{numbers['z2']}/me-too", json={"contact": contact})
        assert answer.status_code == 201, answer.text
    assert told(1, 3, 30, 1) == ((0, 0, 4, 0), [1, 5, 30, 1])
    assert told(1, 4, 3, 1) == ((0, 2, 2, 0), [1, 6, 3, 1])
    assert told(1, 0, 3, 1) == ((0, 1, 3, 0), [1, 2, 3, 1])
    merge = {"why": "The same corner.", "into": numbers["z2"]}
    assert client.post(f"{BASE}/danger-zones/{numbers['z3']}/merge", json=merge).status_code == 200
    assert told(1, 1, 3, 1)[1] == [1, 6, 3, 1]


def test_a_list_that_tells_no_number_changes_none(take_in, rows, client, numbers):
    silent = "id,category,status,lon,lat\nz2,drugs,open,22.62,57.24\n"
    assert counts(take_in(silent, "danger-zones", source="council", columns={"reporters": ""})) == (0, 1, 0, 0)
    assert rows("select c.code, z.reporters from danger_zone z join category c on c.id = z.category_id "
                "where external_id = 'z2'") == [("drugs", 3)]  # fmt: skip


def test_of_numbers_from_before_they_were_told_apart_the_larger_one_counts(take_in, rows, numbers):
    rows("update danger_zone set reporters = reporters + 2, reporters_told = null returning 1")
    take_in(ZONES.format(0, 1, 4, 40, 1), "danger-zones", source="council")
    take_in(ZONES.format(0, 1, 5, 40, 1), "danger-zones", source="council")
    assert rows("select external_id, reporters from danger_zone order by 1") == [
        ("z1", 3), ("z2", 6), ("z3", 40), ("z4", 3)
    ]  # fmt: skip


def test_a_source_goes_on_with_the_identity_that_its_rows_have(take_in, rows):
    take_in("pole,lon,lat\nA,22.6,57.24\nB,22.61,57.24\n", "street-lights", columns={"external_id": ""})
    later = "pole,id,lon,lat\nA,1,22.6,57.24\nB,2,22.61,57.24\nC,3,22.62,57.24\n"
    report = take_in(later, "street-lights")
    assert "no_identifiers" in [notice.code for notice in report.notices]
    assert counts(take_in(later, "street-lights", columns={"external_id": "id"})) == (3, 0, 0, 0)
    assert counts(take_in(later, "street-lights")) == (0, 0, 3, 0)
