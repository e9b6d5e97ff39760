"""Real files of eight cities: every row is accounted for, and a second import changes nothing."""

import geopandas as gpd
import pytest
import shapely
from import_figures import codes, counts

from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.service import import_file
from app.municipalities.service import create_municipality

pytestmark = pytest.mark.real_data

BOUNDARIES = {
    "chicago": ("chicago/police_districts.geojson", "America/Chicago"),
    "boston": ("boston/police_districts.geojson", "America/New_York"),
    "cambridge": ("cambridge_ma/city_boundary.geojson", "America/New_York"),
    "vancouver": ("vancouver/neighbourhoods.geojson", "America/Vancouver"),
    "new-york": ("new_york/police_precincts.gpkg", "America/New_York"),
    "manchester": ("greater_manchester/wards_2016.geojson", "Europe/London"),
    "memphis": ("memphis/police_precincts.geojson", "America/Chicago"),
}
BOXES = {
    "mexico-city": ((-99.4, 19.0, -98.9, 19.6), "America/Mexico_City"),
    "merseyside": ((-3.3, 53.2, -2.5, 53.7), "Europe/London"),
}


@pytest.fixture
def city(database, shared_data):
    """Store a city and return how to import its files, twice: the second time must change nothing."""

    def store(code):
        if code in BOXES:
            box, zone = BOXES[code]
            with database.transaction() as session:
                create_municipality(session, code=code, name=code, boundary=shapely.box(*box), time_zone=zone)
        else:
            path, zone = BOUNDARIES[code]
            options = MunicipalityOptions(dissolve=True, skip_invalid=True, name=code, code=code, time_zone=zone)
            import_municipalities(database, shared_data / path, options)

        def take_in(kind, path, **profile):
            def run():
                return import_file(database, code, kind, shared_data / path, source="open data", profile=profile)

            first, second = run(), run()
            taken, _, same, bad = counts(first)
            assert counts(second) == (0, 0, taken + same, bad)
            return first

        return take_in

    return store


def test_chicago(city, rows, shared_data):
    take_in = city("chicago")
    incidents = take_in("incidents", "chicago/incidents_aggravated_assaults_2010_2019.csv.gz")
    assert counts(incidents) == (148_636, 0, 0, 0)
    assert {"rounded_times", "outside_boundary"} <= codes(incidents)
    units = take_in("areal-units", "chicago/census_block_groups_2010.parquet")
    assert counts(units) == (2_190, 0, 0, 0)
    assert rows("select sum(residents) from areal_unit") == [(2_695_598,)]
    beats = take_in("beats", "chicago/police_beats.geojson")
    assert counts(beats) == (277, 0, 0, 0)
    assert rows("select count(*), max(st_numgeometries(geom)) from beat") == [(275, 3)]
    assert (
        rows("select count(*) from beat left join beat_membership m on m.beat_id = beat.id where m.beat_id is null")[0][
            0
        ]
        <= 10
    )
    original = shapely.area(gpd.read_file(shared_data / "chicago/police_beats.geojson").geometry.values).sum()
    assert float(rows("select sum(st_area(geom)) from beat")[0][0]) == pytest.approx(original, rel=1e-9)


def test_chicago_reports(city, rows):
    report = city("chicago")("reports", "chicago/reports_311_sanitation.csv.gz")
    assert counts(report) == (74_002, 0, 3, 396)
    assert report.reasons == {"repeated_id": 372, "missing_coordinates": 24}
    assert {"marked_duplicates", "coarse_times"} <= codes(report)
    assert rows("select count(*) from report where status like '%Dup'")[0][0] > 3_000


def test_cambridge(city, rows):
    take_in = city("cambridge")
    assert counts(take_in("street-lights", "cambridge_ma/street_lights.geojson")) == (6_117, 0, 0, 0)
    assert counts(take_in("streets", "cambridge_ma/street_centerlines.geojson")) == (2_643, 0, 0, 0)
    assert counts(take_in("beats", "cambridge_ma/police_walking_routes.geojson")) == (36, 0, 0, 2)
    blocks = take_in("areal-units", "cambridge_ma/census_blocks_2020_no_population.geojson")
    assert counts(blocks) == (1_044, 0, 0, 0)
    assert {"no_column", "missing_residents"} <= codes(blocks)


def test_cambridge_population(city, rows):
    assert counts(city("cambridge")("areal-units", "cambridge_ma/census_blocks_1990_population.geojson")) == (
        802,
        0,
        0,
        0,
    )
    assert rows("select sum(residents) from areal_unit") == [(95_802,)]


def test_boston(city, rows):
    report = city("boston")("reports", "boston/reports_311_2011h2.csv.gz")
    assert counts(report) == (30_397, 0, 0, 0)
    masses = [notice.message for notice in report.notices if notice.code == "point_mass"]
    assert [mass.split(" rows")[0] for mass in masses] == ["1,897", "125"]
    assert dict(rows("select reported_by, count(*) from report group by 1")) == {
        "municipality": 10_300, "citizen": 19_987, "unknown": 110,
    }  # fmt: skip


def test_vancouver(city, rows):
    report = city("vancouver")("incidents", "vancouver/incidents_all_2020_utm10n.csv.gz", crs="EPSG:32610")
    assert counts(report) == (33_761, 0, 0, 3_751)
    assert report.reasons == {"zero_coordinates": 3_750, "missing_coordinates": 1}
    assert rows("select count(*) from category where kind = 'incident'") == [(9,)]
    assert rows("select max(abs(x - 491865)) < 20000 from incident") == [(True,)]


def test_mexico_city(city, rows):
    take_in = city("mexico-city")
    report = take_in("incidents", "mexico_city/incidents_car_jacking_2019.gpkg")
    assert counts(report) == (2_659, 0, 0, 152)
    assert "shifted_clock" in codes(report)


def test_mexico_city_with_its_local_clock(city):
    report = city("mexico-city")("incidents", "mexico_city/incidents_car_jacking_2019.gpkg", utc_label="local")
    assert "shifted_clock" not in codes(report)


def test_new_york(city, rows):
    report = city("new-york")("incidents", "new_york/incidents_vehicle_thefts_2014_2017.csv.gz")
    assert counts(report) == (35_746, 0, 0, 0)
    [windows] = [notice.message for notice in report.notices if notice.code == "long_windows"]
    assert windows.startswith("2,842 rows")
    assert rows("select count(*) from incident where occurred_to is null") == [(2_852,)]


def test_greater_manchester(city, rows):
    report = city("manchester")("incidents", "greater_manchester/incidents_burglary_police_uk.csv.gz")
    assert counts(report) == (92_666, 0, 0, 0)
    assert "coarse_times" in codes(report)
    assert rows("select distinct time_precision from incident") == [("month",)]


def test_merseyside(city, rows):
    report = city("merseyside")("incidents", "merseyside/incidents_shoplifting_police_uk_2019_05.csv.gz")
    assert counts(report) == (7_930, 0, 0, 0)
    assert "renamed_columns" in codes(report)
    assert report.columns["external_id"] == "crime_id"


def test_memphis(city, rows):
    take_in = city("memphis")
    report = take_in("incidents", "memphis/incidents_robberies_2019.geojson")
    assert counts(report) == (2_245, 0, 0, 0)
    assert "shifted_clock" in codes(report)
    precincts = take_in("beats", "memphis/police_precincts.geojson")
    assert counts(precincts) == (8, 0, 0, 1)
    assert precincts.reasons == {"invalid_geometry": 1}
    assert counts(take_in("areal-units", "memphis/census_block_centroids_2020_population.csv.gz")) == (10_393, 0, 0, 0)
    assert rows("select sum(residents) from areal_unit") == [(634_612,)]
