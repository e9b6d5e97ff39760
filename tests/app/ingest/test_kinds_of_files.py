"""Files of every kind: the sample town, and what each kind refuses."""

import geopandas as gpd
import pytest
import shapely
from import_figures import codes, counts

from app.errors import ConflictError, ImportRefusedError, InvalidInputError
from app.ingest.municipalities import MunicipalityOptions, import_municipalities

SQUARE = shapely.box(22.60, 57.24, 22.61, 57.25)
BOW_TIE = shapely.Polygon([(22.60, 57.24), (22.61, 57.25), (22.61, 57.24), (22.60, 57.25)])


def layer(path, shapes, **columns):
    """Write shapes in WGS 84 with columns as GeoJSON."""
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326").to_file(path, driver="GeoJSON")
    return path


def three_units(residents):
    """Return a table of three adjoining units."""
    boxes = [shapely.box(22.6 + n / 100, 57.24, 22.61 + n / 100, 57.25).wkt for n in range(3)]
    return "id,residents,wkt\n" + "".join(f'u{n},{residents},"{box}"\n' for n, box in enumerate(boxes))


def test_areal_units_keep_residents_and_other_columns(take_in, rows, tmp_path):
    shapes = [SQUARE, SQUARE.centroid, BOW_TIE, shapely.LineString([(22.6, 57.24), (22.61, 57.25)]), None, SQUARE]
    path = layer(
        tmp_path / "units.geojson", shapes, geoid=list("abcdef"), population_2020=[10, None, 5, 6, 7, -1],
        district=["N", "S", "N", "N", "N", "N"],
    )  # fmt: skip
    report = take_in(path, "areal-units", source="census")
    assert counts(report) == (2, 0, 0, 4)
    assert report.reasons == {
        "invalid_geometry": 1, "wrong_geometry_type": 1, "missing_geometry": 1, "negative_residents": 1,
    }  # fmt: skip
    found = rows("select external_id, residents, attributes, geometrytype(geom) from areal_unit order by 1")
    assert found == [("a", 10, {"district": "N"}, "POLYGON"), ("b", None, {"district": "S"}, "POINT")]
    assert "missing_residents" in codes(report)
    assert counts(take_in(path, "areal-units", source="census")) == (0, 0, 2, 4)


def test_quarantined_shapes_are_kept_as_text(take_in, rows, tmp_path):
    take_in(layer(tmp_path / "u.geojson", [SQUARE, BOW_TIE], geoid=["a", "b"]), "areal-units")
    [(line, raw, reasons)] = rows("select line, raw, reasons from quarantined_row")
    assert (line, raw["geoid"]) == (2, "b")
    assert raw["geometry"].startswith("POLYGON ((22.6 57.24")
    assert "Self-intersection" in reasons[0]["message"]


def test_areal_units_need_an_identifier(take_in, tmp_path):
    with pytest.raises(InvalidInputError, match="no column for 'external_id'"):
        take_in(layer(tmp_path / "u.geojson", [SQUARE], residents=[4]), "areal-units")


def test_shapes_of_too_many_vertices_are_quarantined(take_in, tmp_path, monkeypatch):
    monkeypatch.setattr("app.ingest.locating.MAX_VERTICES", 10)
    circle = SQUARE.centroid.buffer(0.001)
    report = take_in(layer(tmp_path / "u.geojson", [SQUARE, circle], id=["a", "b"]), "areal-units")
    assert report.reasons == {"too_many_vertices": 1}


def test_units_from_wkt_in_another_crs(take_in, rows):
    area = "POLYGON ((596553 6346519, 596653 6346519, 596653 6346619, 596553 6346519))"
    text = f'id;einwohner;wkt\na;1200,0;"{area}"\nb;3;nonsense\n'
    report = take_in(text, "areal-units", crs="EPSG:32634")
    assert counts(report) == (1, 0, 0, 1)
    [(residents, x)] = rows("select residents, st_x(st_centroid(geom)) from areal_unit")
    assert residents == 1200
    assert x == pytest.approx(22.6, abs=0.02)


def test_danger_zones_take_points_lines_and_areas(take_in, rows, tmp_path):
    line = shapely.LineString([(22.6, 57.24), (22.61, 57.25)])
    path = layer(
        tmp_path / "z.geojson", [SQUARE.centroid, line, SQUARE, SQUARE, SQUARE], id=[1, 2, 3, 4, 5],
        category=["Street lighting", "traffic", "drugs", None, "drugs"],
        status=["open", "in plan", None, "open", "lost"], day_part=["night", None, "any", "any", "any"],
        reported_by=["citizen", "survey", "officer interview", "citizen", "citizen"], reporters=[2, None, 1, 1, -1],
        reported_at=["2026-03-01T10:00:00", None, "2026-03-01T10:00:00", None, None],
    )  # fmt: skip
    report = take_in(path, "danger-zones", source="council")
    assert counts(report) == (3, 0, 0, 2)
    assert report.reasons == {"missing_category": 1, "unknown_status": 1, "negative_reporters": 1}
    found = rows(
        """select code, status, day_part, reported_by, reporters, geometrytype(geom), reported_at is not null
        from danger_zone join category on category.id = category_id order by external_id"""
    )
    assert found == [
        ("street-lighting", "open", "night", "citizen", 2, "POINT", True),
        ("traffic", "in_plan", "any", "survey", 1, "LINESTRING", True),
        ("drugs", "received", "any", "officer_interview", 1, "POLYGON", True),
    ]
    assert counts(take_in(path, "danger-zones", source="council"))[3] == 2


def test_reports_and_fixes_know_their_danger_zone(take_in, rows, tmp_path):
    zones = layer(tmp_path / "z.geojson", [SQUARE], id=["DZ-1"], category=["traffic"])
    take_in(zones, "danger-zones")
    text = "id,danger_zone,lon,lat,date\n1,DZ-1,22.6,57.24,2026-03-01\n2,DZ-9,22.6,57.24,2026-03-01\n"
    report = take_in(text, "reports")
    assert rows("select external_id, danger_zone_id is not null from report order by 1") == [("1", True), ("2", False)]
    assert "unknown_references" in codes(report)
    fixes = layer(
        tmp_path / "f.geojson", [SQUARE, SQUARE, SQUARE], id=["f", "g", "h"], kind=["lighting", "paint", None],
        title=["Lamp", None, "x"], status=["done", None, "done"], cost=[1234.567, None, 1],
        started_on=["2026-03-01", None, "2026-03-01"], ended_on=["2026-03-02", None, "2026-02-01"],
        danger_zone=["DZ-1", None, None],
    )  # fmt: skip
    report = take_in(fixes, "fixes")
    assert counts(report) == (2, 0, 0, 1)
    assert report.reasons == {"missing_kind": 1, "end_before_start": 1}
    found = rows(
        """select title, status, cost::text, started_on::text, ended_on::text, danger_zone_id is not null
        from fix order by external_id"""
    )
    assert found == [
        ("Lamp", "done", "1234.57", "2026-03-01", "2026-03-02", True),
        ("paint", "planned", None, None, None, False),
    ]
    assert counts(take_in(fixes, "fixes")) == (0, 0, 2, 1)


def test_fixes_know_bundle_budget_and_every_danger_zone(take_in, rows, tmp_path):
    take_in(layer(tmp_path / "z.geojson", [SQUARE] * 3, id=["A", "B", "C"], category=["traffic"] * 3), "danger-zones")
    told = {
        "id": ["f", "g", "h"], "kind": ["lighting"] * 3, "bundle": ["Tunnel", "Tunnel", None], "cost": [10, 20, 30],
        "budget": [12.5, None, None], "due_on": ["2026-05-01", None, None], "co_owners": ["railway; school", None, ""],
        "danger_zone": ["A", "A", None], "further_danger_zones": ["B;C;Z", None, None],
    }  # fmt: skip
    fixes = layer(tmp_path / "f.geojson", [SQUARE] * 3, **told)
    report = take_in(fixes, "fixes")
    assert counts(report) == (3, 0, 0, 0)
    assert [notice.message for notice in report.notices if notice.code == "unknown_zones"] == [
        "There are no danger zones Z; the links to them were left out."
    ]
    found = "select external_id, budget::text, due_on::text, co_owners, bundle_id is not null from fix order by 1"
    assert rows(found) == [
        ("f", "12.50", "2026-05-01", ["railway", "school"], True),
        ("g", None, None, [], True),
        ("h", None, None, [], False),
    ]
    assert rows("select title from fix_bundle") == [("Tunnel",)]
    links = """select fix.external_id, zone.external_id from fix_danger_zone as link
        join fix on fix.id = link.fix_id join danger_zone as zone on zone.id = link.danger_zone_id order by 1, 2"""
    assert rows(links) == [("f", "B"), ("f", "C")]
    assert counts(take_in(fixes, "fixes")) == (0, 0, 3, 0)
    told |= {"bundle": ["Tunnel", None, "New"], "further_danger_zones": ["B", "C", None]}
    assert counts(take_in(layer(tmp_path / "f2.geojson", [SQUARE] * 3, **told), "fixes")) == (0, 2, 1, 0)
    assert rows(links) == [("f", "B"), ("g", "C")]
    assert rows("select title from fix_bundle order by id") == [("Tunnel",), ("New",)]


def test_outages_belong_to_lamps_and_their_end_may_come_later(take_in, rows):
    take_in("pole_id,fixture_type,lon,lat\nL1,LED,22.6,57.24\nL2,,22.61,57.24\n", "street-lights")
    first, second = "L1,2026-01-01 17:00,2026-01-03 10:00\n", "L2,2026-02-01 17:00,\n"
    text = f"street_light,out_from,out_to\n{first}{second}L1,2026-03-01 17:00,\n,2026-03-01,\n"
    report = take_in(text, "street-light-outages")
    assert counts(report) == (3, 0, 0, 1)
    mended = text.replace("L2,2026-02-01 17:00,", "L2,2026-02-01 17:00,2026-02-02 08:00")
    assert counts(take_in(mended, "street-light-outages")) == (0, 1, 2, 1)
    found = rows(
        """select lamp.external_id, count(*), count(out_to) from street_light_outage
        join street_light lamp on lamp.id = street_light_id group by 1 order by 1"""
    )
    assert found == [("L1", 2, 1), ("L2", 1, 1)]


def test_officers_have_badge_numbers_and_may_have_a_beat(take_in, rows):
    take_in(three_units(residents=100), "areal-units")
    header = "badge_no,station,languages,fte,x,y,current_beat\n"
    officers = f"{header}0107,Centre,lv; en|ru,1,22.6,57.25,B1\n0108,North,,0.5,,,B9\n0109,North,,2,,,\n"
    assert "no_beat_plan" in codes(take_in(officers, "officers"))
    take_in("unit_id,beat_id\nu0,B1\nu1,B1\nu2,B2\n", "beats", source="plan")
    report = take_in(officers, "officers")
    assert counts(report) == (0, 0, 2, 1)
    assert report.reasons == {"capacity_out_of_range": 1}
    assert "unknown_beats" in codes(report)
    found = rows("select external_id, languages, capacity, station_geom is not null from officer order by 1")
    assert found == [("0107", ["lv", "en", "ru"], 1.0, True), ("0108", [], 0.5, False)]
    assert rows("select code, officer_assignment.reason from officer_assignment join beat on beat.id = beat_id") == [
        ("B1", "imported")
    ]
    take_in(f"{header}0107,Centre,,1,,,\n0108,North,,0.5,,,B1\n", "officers")
    held = rows(
        """select officer.external_id, valid_to is null from officer_assignment
        join officer on officer.id = officer_id order by 1"""
    )
    assert held == [("0107", False), ("0108", True)]


def test_streets_are_lines(take_in, rows, tmp_path):
    lines = [shapely.LineString([(22.6, 57.24), (22.61, 57.25)]), SQUARE.centroid]
    report = take_in(
        layer(tmp_path / "s.geojson", lines, id=["s1", "s2"], name=["Lielā", "x"], lanes=[2, 1]), "streets"
    )
    assert report.reasons == {"wrong_geometry_type": 1}
    assert rows("select name, attributes from street_segment") == [("Lielā", {"lanes": 2})]


def test_beat_plan_from_polygons(take_in, rows, tmp_path):
    take_in("id,residents,lon,lat\nu1,3500,22.605,57.245\nu2,100,22.625,57.245\nu3,7,22.66,57.29\n", "areal-units")
    parts = [SQUARE, shapely.box(22.62, 57.24, 22.63, 57.25), shapely.box(22.64, 57.24, 22.65, 57.25), SQUARE, BOW_TIE]
    path = layer(tmp_path / "b.geojson", parts, beat_num=["A", "A", "B", None, "C"])
    report = take_in(path, "beats", source="plan")
    assert counts(report) == (3, 0, 0, 2)
    assert report.reasons == {"missing_beat_id": 1, "invalid_geometry": 1}
    assert {"joined_parts", "units_without_beat"} <= codes(report)
    found = rows(
        """select code, st_numgeometries(geom), residents, within_bounds, polsby_popper between 0 and 1
        from beat order by 1"""
    )
    assert found == [("A", 2, 3600, True, True), ("B", 1, None, None, True)]
    assert rows("select name, version, status from beat_plan") == [("plan", 1, "published")]
    assert counts(take_in(path, "beats", source="plan")) == (0, 0, 3, 2)
    moved = layer(tmp_path / "b.geojson", [parts[0], parts[1], SQUARE], beat_num=["A", "D", "B"])
    assert counts(take_in(moved, "beats", source="plan")) == (1, 2, 0, 0)
    assert rows("select version, status from beat_plan order by 1") == [(1, "superseded"), (2, "published")]


def test_beat_plan_from_a_table_of_units(take_in, rows):
    take_in(three_units(residents=3000), "areal-units")
    table = "unit_id,beat_id\nu0,B1\nu1,B1\nu2,B2\nu2,B2\nu1,B2\nu7,B2\nu8\n"
    report = take_in(table, "beats", source="plan")
    assert counts(report) == (3, 0, 1, 3)
    assert report.reasons == {"ragged_row": 1, "repeated_id": 1, "unknown_unit": 1}
    found = rows("select code, geometrytype(geom), residents, within_bounds from beat order by 1")
    assert found == [("B1", "MULTIPOLYGON", 6000, True), ("B2", "MULTIPOLYGON", 3000, True)]
    assert counts(take_in(table, "beats", source="plan")) == (0, 0, 4, 3)
    assert counts(take_in("unit_id,beat_id\nu0,B1\nu1,B2\nu2,B2\n", "beats", source="plan")) == (0, 3, 0, 0)
    with pytest.raises(ImportRefusedError, match="none of its areal units is stored"):
        take_in("unit_id,beat_id\nx,B1\n", "beats", source="other")


def test_municipalities_one_each_or_dissolved(database, tmp_path, rows):
    path = layer(tmp_path / "m.geojson", [SQUARE, shapely.box(23, 57, 23.1, 57.1)], name=["Talsi pilsēta", "Ärla"])
    with pytest.raises(InvalidInputError, match="time zone of Talsi"):
        import_municipalities(database, path, MunicipalityOptions())
    options = MunicipalityOptions(time_zone="Europe/Riga")
    assert import_municipalities(database, path, options).created == ("talsi-pilseta", "arla")
    assert import_municipalities(database, path, options).unchanged == ("talsi-pilseta", "arla")
    with pytest.raises(InvalidInputError, match="2 polygons"):
        import_municipalities(database, path, MunicipalityOptions(name="Both", time_zone="Europe/Riga"))
    both = MunicipalityOptions(dissolve=True, name="Both", working_crs="EPSG:3059", time_zone="Europe/Riga")
    assert import_municipalities(database, path, both).created == ("both",)
    assert rows("select working_crs, st_numgeometries(boundary) from municipality where code = 'both'") == [
        ("EPSG:3059", 2)
    ]
    other = layer(tmp_path / "o.geojson", [SQUARE.buffer(0.1)], name=["Both"])
    with pytest.raises(ConflictError, match="another boundary"):
        import_municipalities(database, other, options)


def test_municipality_tells_its_zone_and_crs_in_the_file(database, tmp_path, rows):
    path = layer(
        tmp_path / "m.geojson", [SQUARE], code=["t1"], name=["T"], time_zone=["Europe/Riga"], working_crs=["3059"]
    )
    assert import_municipalities(database, path, MunicipalityOptions()).created == ("t1",)
    assert rows("select name, time_zone, working_crs from municipality") == [("T", "Europe/Riga", "EPSG:3059")]


def test_municipalities_refuse_what_is_no_boundary(database, tmp_path):
    broken = layer(tmp_path / "m.geojson", [SQUARE, BOW_TIE], part=[1, 2])
    options = {"dissolve": True, "name": "T", "time_zone": "Europe/Riga"}
    with pytest.raises(InvalidInputError, match="feature 2: Self-intersection"):
        import_municipalities(database, broken, MunicipalityOptions(**options))
    report = import_municipalities(database, broken, MunicipalityOptions(**options, skip_invalid=True))
    assert [notice.code for notice in report.notices] == ["left_out"]
    with pytest.raises(InvalidInputError, match="areas are needed"):
        import_municipalities(
            database, layer(tmp_path / "p.geojson", [SQUARE.centroid]), MunicipalityOptions(**options)
        )
    with pytest.raises(InvalidInputError, match="names no municipality"):
        import_municipalities(database, layer(tmp_path / "n.geojson", [SQUARE], part=[1]), MunicipalityOptions())
    with pytest.raises(InvalidInputError, match="No code"):
        import_municipalities(
            database, layer(tmp_path / "c.geojson", [SQUARE], name=["???"]), MunicipalityOptions(time_zone="UTC")
        )


def test_crs_without_a_code_is_kept_as_wkt(database, tmp_path, rows):
    own = "+proj=tmerc +lat_0=57.2 +lon_0=22.6 +k=1 +x_0=1000 +y_0=2000 +ellps=GRS80 +units=m"
    path = layer(tmp_path / "m.geojson", [SQUARE], name=["T"])
    import_municipalities(database, path, MunicipalityOptions(working_crs=own, time_zone="Europe/Riga"))
    [(text,)] = rows("select working_crs from municipality")
    assert text.startswith("PROJCRS")
