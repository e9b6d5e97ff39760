"""Lighting, proposals, ranking, evaluation and mismatch as runs over the sample town, whose plants are known."""

import numpy as np
import pytest

from app.analyses import service
from app.charts.names import chart_names
from app.charts.service import run_chart, run_report
from app.maps.service import Frame, latest_map, run_map
from app.settings import MapSettings


@pytest.fixture(scope="module")
def results(do, fix_number):
    """A finished run of each kind."""
    asked = {
        "lighting": {},
        "fix-proposals": {"burglary_categories": ["burglary"], "theft_categories": "theft"},
        "fix-ranking": {"budget": 100_000, "objective": "concern", "runs": 10},
        "fix-evaluation": {"fix_id": fix_number("FX-01"), "selected_on": "other"},
        "concern-mismatch": {"cell_m": 400, "permutations": 199, "labellings": 99},
    }
    done = {kind: do(kind, parameters) for kind, parameters in asked.items()}
    for kind, run in done.items():
        assert run.state == "succeeded", (kind, run.problem)
    return done


@pytest.fixture
def table(sample_town, lindenkvart):
    def read(run, name):
        with sample_town.inside(lindenkvart.id) as session:
            return service.result_table(session, lindenkvart, run, name)

    return read


@pytest.fixture
def layer(sample_town, lindenkvart):
    def read(run):
        with sample_town.inside(lindenkvart.id) as session:
            return service.layer_frame(session, lindenkvart, run, service.layer_of(run)).to_crs(lindenkvart.working_crs)

    return read


def test_planted_dark_streets_are_unlit_and_their_nights_are_worse(results, layer, table):
    run = results["lighting"]
    streets = layer(run)
    near = streets[streets.distance(_point(319564, 3987134)) < 5]
    assert (near["lighting"] == "unlit").all()
    orchard = streets[(streets["name"] == "Orchard Street") & (streets.distance(_point(320681, 3987635)) < 30)]
    assert (orchard["lighting"] == "unlit").any()
    lengths = streets[["lit_m", "unlit_m", "unknown_m"]].sum(axis=1)
    assert np.allclose(lengths, streets["length_m"])
    odds = table(run, "darkness-odds")
    assert odds["low"][0] > 1
    rates = table(run, "light-rates")
    assert rates["hours"].sum() == pytest.approx(731 * 24)
    assert run.summary["darkness"]["unlit_km"] == pytest.approx(streets["unlit_m"].sum() / 1000, abs=0.01)


def test_hot_spots_danger_zones_and_fixes_lie_over_the_streets(results, layer, table):
    streets = layer(results["lighting"])
    tunnel = streets[streets.distance(_point(319564, 3987134)) < 5]
    assert (tunnel["gi_bin"] >= 1).all()
    assert tunnel["open_zones"].min() >= 1
    assert tunnel["zone_reporters"].min() >= 31
    assert (tunnel["fixes_coming"] >= 3).all()
    car_park = streets[streets.distance(_point(321105, 3986003)) < 20]
    assert (car_park["fixes_done"] >= 2).any()
    waiting = table(results["lighting"], "waiting-streets")
    assert len(waiting)
    assert (waiting["fixes_coming"] == 0).all()
    assert (waiting["unlit_share"] >= 0.5).all()
    assert "Tunnel Lane" not in waiting["name"].tolist()


def test_outages_count_at_the_day_that_is_asked_for(do, results, layer):
    def unlit_near_the_car_park(run):
        streets = layer(run)
        return streets[streets.distance(_point(321105, 3986003)) < 60]["unlit_m"].sum()

    before = do("lighting", {"at": "2025-01-31", "categories": "robbery"})
    assert unlit_near_the_car_park(before) > unlit_near_the_car_park(results["lighting"]) + 50


def test_rules_print_the_evidence_of_the_dark_tunnel(results, table):
    found = table(results["fix-proposals"], "fix-proposals")
    tunnel = found[found["evidence"].str.contains("31 people report darkness")]
    assert set(tunnel["rule"]) == {"dark_and_worse_at_night"}
    assert tunnel["place"].iloc[0].startswith("danger zone")
    assert tunnel["from_crime"].all()
    assert tunnel["from_concern"].all()
    assert "100 % of the known street is unlit" in tunnel["evidence"].iloc[0]
    assert {"lamps_out", "burglary"} <= set(found["rule"])


def test_ranking_keeps_crime_and_concern_apart_within_the_budget(results, table):
    ranking = table(results["fix-ranking"], "fix-ranking")
    chosen = ranking[ranking["chosen"].astype(bool)]
    assert chosen["cost"].sum() <= 100_000
    assert chosen["rank"].tolist() == list(range(1, len(chosen) + 1))
    assert (ranking["prevented_low"].dropna() == 0).all()
    assert "sport" in ranking["kind"].tolist()
    assert set(ranking["firmness"]) <= {"firm", "depends", "rarely"}


def test_ranking_by_crime_leaves_out_what_is_not_known_to_work_and_counts_it(do):
    run = do("fix-ranking", {"budget": 50_000, "runs": 2})
    assert run.summary["excluded"]["benefit_on_crime_not_known"] == 1
    assert run.summary["choice"]["crime_prevented"][0] == 0


def test_planted_fix_is_found_with_controls_buffer_and_all_guards(results, table, layer):
    run = results["fix-evaluation"]
    assert run.summary["verdict"]["kind"] == "fewer"
    assert not run.summary["verdict"]["uncontrolled"]
    measures = table(run, "measures").set_index("measure")
    assert measures.loc["Difference-in-differences", "high"] < 0.5
    assert measures.loc["Weighted displacement difference", "high"] < 0
    assert {"Relative effect size", "Weighted displacement quotient", "Total net effect"} <= set(measures.index)
    guards = table(run, "guards")
    assert set(guards["outcome"]) <= {"passed", "warning"}
    assert {"control", "regression_to_the_mean", "overlapping_areas", "recording_practice", "few_counts", "seasonality",
            "overdispersion", "parallel_trends", "buffer", "night_and_day"} == set(guards["code"])  # fmt: skip
    areas = layer(run)
    shapes = areas.geometry.to_list()
    shared = sum(a.intersection(b).area for i, a in enumerate(shapes) for b in shapes[i + 1 :])
    assert shared < 100.0
    months = table(run, "monthly-panel")
    treated = areas.set_index("role").loc["treated"]
    assert months.loc[~months["after"].astype(bool), "treated"].sum() == treated["events_before"]


@pytest.mark.parametrize(("sort", "like_size"), [("streets", 1.5), ("areal-units", 3.0)])
def test_controls_can_be_street_stretches_or_units_of_like_size(do, fix_number, table, layer, sort, like_size):
    asked = {"fix_id": fix_number("FX-01"), "selected_on": "other", "control_candidates": sort, "like_size": like_size}
    run = do("fix-evaluation", asked)
    assert run.summary["verdict"]["kind"] == "fewer"
    assert not run.summary["verdict"]["uncontrolled"]
    controls, areas = table(run, "controls"), layer(run)
    treated = areas.set_index("role").loc["treated"].geometry
    assert controls["place"].notna().all()
    assert controls["area_m2"].between(treated.area / like_size - 1, treated.area * like_size + 1).all()
    shapes = areas[areas["role"] == "control"].geometry
    assert (shapes.distance(treated) > 2 * 200).all()
    units = {"streets": "Street", "areal-units": "LK"}[sort]
    assert units in " ".join(controls["place"]) or sort == "streets"


def test_beats_are_too_large_for_a_car_park_and_that_is_told(do, fix_number):
    run = do("fix-evaluation", {"fix_id": fix_number("FX-01"), "control_candidates": "beats"})
    assert run.summary["verdict"]["uncontrolled"]
    told = " ".join(warning["message"] for warning in run.summary["warnings"])
    assert "None of 12 beats is as large as the treated area" in told


def test_place_picked_by_its_baseline_is_refused_and_an_expected_baseline_is_not(do, fix_number):
    picked = {"fix_id": fix_number("FX-01"), "selected_on": "before"}
    assert do("fix-evaluation", picked).summary["verdict"]["kind"] == "refused"
    bayes = do("fix-evaluation", picked | {"expected_baseline": True})
    assert bayes.summary["verdict"]["kind"] == "fewer"
    assert "change of" in bayes.summary["reading"]


def test_evaluation_without_control_is_labelled(do, fix_number):
    run = do("fix-evaluation", {"fix_id": fix_number("FX-01"), "controls": 0})
    assert run.summary["verdict"]["uncontrolled"]
    assert "Uncontrolled" in run.summary["reading"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"fix_id": 999_999}, "There is no fix 999999"),
        ({"fix_id": "FX-09"}, "It is not known when the work began"),
        ({"fix_id": "FX-03"}, "not known since when the fix is in place"),
        ({"fix_id": "FX-01", "period_from": "2025-06-01"}, "0 months before"),
    ],
)
def test_evaluation_that_cannot_be_made_says_why(do, fix_number, parameters, words):
    named = parameters["fix_id"]
    run = do("fix-evaluation", parameters | {"fix_id": fix_number(named) if isinstance(named, str) else named})
    assert run.state == "failed"
    assert words in run.problem["detail"]


def test_planted_mismatch_is_found_by_beat_and_cell(results, table, layer):
    run = results["concern-mismatch"]
    beats = table(run, "mismatch-by-beat").set_index("beat")
    hamlet = beats.loc["B09"]
    assert hamlet["share_of_voices"] > 5 * hamlet["share_of_incidents"]
    assert beats["incidents"].sum() <= 10_515
    assert run.summary["parameters"]["voices"] > 400
    cells = layer(run)
    named = cells[cells.contains(_point(322664, 3988197))]
    assert named["clear_class"].iloc[0] in ("cpted_and_inform", "more_concern")


def test_mismatch_of_incidents_with_incidents_is_refused(client, municipality):
    body = {"kind": "concern-mismatch", "parameters": {"events": "reports"}}
    answer = client.post(f"/municipalities/{municipality}/runs", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("lighting", "Lighting of streets"),
        ("fix-proposals", "Street lighting"),
        ("fix-ranking", "Tunnel Lane"),
        ("fix-evaluation", "Treated: where the fix works"),
        ("concern-mismatch", "Concern against crime"),
    ],
)
def test_every_result_has_a_map_and_its_chart(results, sample_town, lindenkvart, kind, words):
    frame = Frame(MapSettings(), assets="embedded")
    with sample_town.inside(lindenkvart.id) as session:
        document = run_map(session, lindenkvart, results[kind], frame)
        charts = chart_names(set(service.tables_of(results[kind].summary)))
        drawn = [run_chart(session, lindenkvart, results[kind], name, "svg", "") for name in charts]
        report = run_report(session, lindenkvart, results[kind], "") if kind == "fix-evaluation" else b""
    assert words in document
    assert all(chart.startswith(b"<?xml") for chart in drawn)
    assert drawn or kind == "fix-proposals"
    assert report[:4] in (b"", b"%PDF")


def test_overview_shows_dark_streets_lamps_zones_and_fixes(results, sample_town, lindenkvart):
    with sample_town.inside(lindenkvart.id) as session:
        document = latest_map(session, lindenkvart, "lighting", Frame(MapSettings(), assets="embedded"))
    for words in ("Streets without light", "Street lights", "Danger zones", "Fixes"):
        assert words in document


def _point(x, y):
    import shapely

    return shapely.Point(x, y)


def test_fixes_of_a_bundle_are_chosen_together_unless_asked_otherwise(do, results, table):
    whole = table(results["fix-ranking"], "fix-ranking").set_index("title")
    tunnel = whole.loc["Tunnel Lane underpass: light, paint, surroundings"]
    assert (tunnel["kind"], tunnel["fixes"], tunnel["cost"]) == ("bundle", 3, 64_000)
    assert tunnel["principle"] == "natural_surveillance"
    assert not whole.index.str.contains("Lamps in the Tunnel").any()
    single = do("fix-ranking", {"budget": 100_000, "objective": "concern", "runs": 2, "bundles_whole": False})
    parts = table(single, "fix-ranking")
    assert len(parts) == len(whole) + 2
    assert parts["bundle"].isna().all()


def test_a_railway_is_no_dark_street(do, results, layer):
    assert "Railway" not in layer(results["lighting"])["name"].tolist()
    with_it = do("lighting", {"without_classes": [], "categories": "robbery"})
    assert "Railway" in layer(with_it)["name"].tolist()
    every = [
        "primary",
        "secondary",
        "tertiary",
        "residential",
        "pedestrian",
        "service",
        "footway",
        "track",
        "motorway",
        "railway",
    ]
    none = do("lighting", {"without_classes": every})
    assert "Every street is of a class that is left out" in none.problem["detail"]
