"""Chicago from files to hot spots and beats through the service: the real input of the shared data."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from app.beats import service as beats
from app.hot_spots import service as hot_spots
from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.service import import_file
from app.jobs.worker import Worker
from app.municipalities import service as municipalities
from app.runs import service as runs

pytestmark = pytest.mark.real_data


@pytest.fixture
def chicago(database, shared_data):
    folder = shared_data / "chicago"
    import_municipalities(
        database,
        folder / "police_districts.geojson",
        MunicipalityOptions(
            dissolve=True, name="Chicago", time_zone="America/Chicago", working_crs="EPSG:26916", skip_invalid=True
        ),
    )
    import_file(
        database,
        "chicago",
        "areal-units",
        folder / "census_block_groups_2010.parquet",
        source="census",
        profile={"columns": {"external_id": "GEOID10", "residents": "population_2010"}},
    )
    report = import_file(
        database,
        "chicago",
        "incidents",
        folder / "incidents_aggravated_assaults_2010_2019.csv.gz",
        source="city",
        profile={"columns": {"occurred_from": "date"}},
    )
    assert report.counts.rows_read == 148_636
    with database.transaction() as session:
        return municipalities.find_municipality(session, "chicago")


def do_run(database, municipality, kind, parameters):
    with database.inside(municipality.id) as session:
        run_id = runs.submit_run(session, municipality, kind, parameters).id
    Worker(database).run_until_idle()
    with database.inside(municipality.id) as session:
        run = runs.get_run(session, municipality, run_id)
    assert run.state == "succeeded", run.problem
    return run


def test_density_hot_spots_and_beats_of_chicago(database, chicago):
    with database.inside(chicago.id) as session:
        stored = session.scalar(text("select count(*) from incident"))
    density = do_run(database, chicago, "kernel-density", {"radius_m": 800, "cell_m": 200})
    assert density.summary["n_used"] + sum(density.summary["excluded"].values()) == stored
    spots = do_run(database, chicago, "getis-ord", {"cell_m": 300})
    check_hot_spots(database, chicago, spots, stored)
    plan = do_run(database, chicago, "beat-allocation", {"officers": False, "plan_name": "Chicago"})
    check_plan(database, chicago, plan)


def check_hot_spots(database, chicago, run, stored):
    with database.inside(chicago.id) as session:
        cells = hot_spots.result_frame(session, chicago, "getis-ord", run.id)
    assert cells["count"].sum() + run.summary["excluded"].get("outside", 0) == stored
    assert {-3, 0, 3} <= set(cells["gi_bin"])
    probabilities = cells[["p_value", "q_value"]].to_numpy(dtype=float)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert np.isfinite(cells["gi_z"].to_numpy(dtype=float)).all()
    assert (cells["p_value"] <= cells["q_value"] + 1e-15).all()


def check_plan(database, chicago, run):
    with database.inside(chicago.id) as session:
        plan = beats.get_plan(session, chicago, run.summary["beat_plan_id"])
        frame = beats.beat_frame(session, chicago, plan["id"])
        units = beats.unit_assignments(session, chicago, plan["id"])
    report = plan["report"]
    assert len(units) == 2190
    assert frame["residents"].sum() == 2_695_598
    reasons = {reason["beat_id"] for reason in report["reasons"]}
    for beat in report["beats"]:
        if beat["within_bounds"]:
            assert 3000 <= beat["residents"] <= 7000
            assert beat["contiguous"]
        else:
            assert beat["beat_id"] in reasons
            assert beat["reason"]
    assert {reason["code"] for reason in report["reasons"] if reason["beat_id"]} == {"unit_over_max"}
    assert report["figures"]["within_bounds"] == len(frame) - 1
    assert run.summary["events_counted"] + sum(run.summary["excluded"].values()) > 140_000
    assert all(shape.is_valid for shape in frame.geometry)
    assert shapely.area(frame.to_crs(chicago.working_crs).geometry.to_numpy()).sum() == pytest.approx(634e6, rel=0.01)
