"""Evaluation of counts against the worked example of Wheeler and Ratcliffe (2018), its limits and its guards."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError
from analysis.evaluation.count_design import AreaWeights, BeforeAfter, CountDesign
from analysis.evaluation.count_evaluation import evaluate_counts
from analysis.evaluation.displacement_difference import weighted_displacement_difference
from analysis.evaluation.displacement_quotient import weighted_displacement_quotient
from analysis.evaluation.expected_baseline import expected_baseline
from analysis.evaluation.guards import StudyConditions
from analysis.evaluation.night_day import night_day_contrast
from analysis.evaluation.relative_effect import relative_effect_size, uncontrolled_change

PAPER = CountDesign(BeforeAfter(207, 110), BeforeAfter(308, 318), BeforeAfter(178, 157), BeforeAfter(150, 140))
CHECKED = StudyConditions("other", same_months=True, areas_overlap=False, recording_changed=False)

counts = st.integers(0, 500)
pairs = st.builds(BeforeAfter, counts, counts)
some = st.builds(BeforeAfter, st.integers(1, 500), st.integers(1, 500))


def outcomes(found):
    return {guard.code: guard.outcome for guard in found.guards}


def test_displacement_difference_of_the_paper():
    found = weighted_displacement_difference(PAPER)
    assert found.total.estimate == -118
    assert found.total.standard_error == pytest.approx(39.60, abs=0.005)
    assert found.total.z == pytest.approx(-2.98, abs=0.005)
    assert (found.total.low, found.total.high) == pytest.approx((-195.6, -40.4), abs=0.05)
    assert (found.local.estimate, found.displacement.estimate) == (-107, -11)


def test_displacement_difference_of_the_paper_with_area_weights():
    weights = AreaWeights(control=0.9, treated=1.2, displacement_control=1.6, displacement_treated=1.5)
    design = CountDesign(**PAPER.areas, area_weights=weights)
    total = weighted_displacement_difference(design).total
    assert (total.estimate, total.standard_error) == pytest.approx((-99.694, 35.428), abs=0.0005)
    assert (total.low, total.high) == pytest.approx((-169.13, -30.26), abs=0.005)


def test_relative_effect_size_of_the_paper():
    found = relative_effect_size(PAPER)
    assert found.estimate == pytest.approx(1.942916, abs=5e-7)
    assert (found.low, found.high) == pytest.approx((1.469, 2.569), abs=0.0005)
    assert found.log_standard_error == pytest.approx(0.142524, abs=1e-6)
    assert found.inverse().estimate == pytest.approx(0.514690, abs=5e-7)


def test_displacement_quotient_of_the_paper():
    found = weighted_displacement_quotient(PAPER)
    assert found.quotient == pytest.approx(0.2582, abs=5e-5)
    assert found.total_net_effect == pytest.approx(130.5, abs=0.05)
    assert found.spread == "diffusion"
    assert found.low < 130.5 < found.high


@settings(deadline=None)
@given(pairs, pairs, st.floats(1, 5))
def test_the_difference_is_antisymmetric_and_wider_with_dispersion(treated, control, dispersion):
    assume(treated.total + control.total > 0)
    one = weighted_displacement_difference(CountDesign(treated, control)).total
    other = weighted_displacement_difference(CountDesign(control, treated)).total
    assert one.estimate == -other.estimate
    assert one.standard_error**2 == pytest.approx(treated.total + control.total)
    assert one.p_value == pytest.approx(2 * norm.sf(abs(one.z)), rel=1e-9)
    wide = weighted_displacement_difference(CountDesign(treated, control), dispersion=dispersion).total
    assert wide.high - wide.low == pytest.approx((one.high - one.low) * math.sqrt(dispersion))


@settings(deadline=None)
@given(some, some, st.floats(0.1, 10))
def test_ratios_do_not_depend_on_the_unit_of_time(treated, control, factor):
    plain = relative_effect_size(CountDesign(treated, control))
    assert relative_effect_size(CountDesign(treated, control, time_weights=(1, factor))) == plain
    assert plain.inverse().inverse().estimate == pytest.approx(plain.estimate)
    change = uncontrolled_change(CountDesign(treated, time_weights=(12 * factor, 12)))
    assert change.estimate == pytest.approx(treated.after / treated.before * factor)
    assert change.low <= change.estimate <= change.high


@settings(deadline=None)
@given(pairs, pairs, pairs, pairs)
def test_every_evaluation_is_finite_json_and_never_claims_against_a_refusal(treated, control, around, around_control):
    design = CountDesign(treated, control, around, around_control)
    assume(design.total > 0)
    found = evaluate_counts(design, StudyConditions(selected_on="before"))
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.verdict.kind == "refused"
    assert len({guard.code for guard in found.guards}) == 7


def test_a_verdict_in_plain_language():
    clear = evaluate_counts(CountDesign(BeforeAfter(1000, 800), BeforeAfter(1000, 1000)), CHECKED, dispersion=1.0)
    assert clear.verdict.text == "About 20 % fewer, 9 to 30 %."
    assert clear.verdict.kind == "fewer"
    assert set(outcomes(clear).values()) == {"passed"}
    assert clear.summary.warnings == ()
    worse = evaluate_counts(CountDesign(BeforeAfter(300, 500), BeforeAfter(300, 300)), CHECKED)
    assert worse.verdict.kind == "more"
    assert worse.verdict.text.startswith("About 67 % more, 3")
    nothing = evaluate_counts(CountDesign(BeforeAfter(40, 36), BeforeAfter(50, 50)), CHECKED)
    assert nothing.verdict.text.startswith("No effect can be claimed: the figures fit anything from")
    assert nothing.smallest_visible > 0.5


def test_without_control_the_verdict_is_labelled():
    found = evaluate_counts(CountDesign(BeforeAfter(1000, 718)), CHECKED)
    assert found.verdict.uncontrolled
    assert found.verdict.text.startswith("Uncontrolled: about 28 % fewer, 21 to 35 %.")
    assert outcomes(found)["control"] == "warning"
    assert found.difference is None


def test_zero_counts_fall_back_to_the_difference():
    found = evaluate_counts(CountDesign(BeforeAfter(40, 0), BeforeAfter(40, 41)), CHECKED)
    assert found.effect is None
    assert found.verdict.text == "About 41 events fewer than expected, 19 to 63."
    level = evaluate_counts(CountDesign(BeforeAfter(12, 0), BeforeAfter(20, 12)), CHECKED)
    assert level.verdict.text.startswith("No effect can be claimed: the figures fit anything from -")
    alone = evaluate_counts(CountDesign(BeforeAfter(12, 0)), CHECKED)
    assert alone.verdict.kind == "no_effect_can_be_claimed"


def test_ratio_and_difference_must_agree():
    found = evaluate_counts(CountDesign(BeforeAfter(40, 20), BeforeAfter(4000, 3990)), CHECKED)
    assert found.effect.differs
    assert found.verdict.kind == "no_effect_can_be_claimed"
    assert "do not agree" in found.verdict.text


@pytest.mark.parametrize(
    ("conditions", "control", "refused"),
    [
        (StudyConditions(selected_on="before"), (100, 100), "regression_to_the_mean"),
        (StudyConditions(areas_overlap=True), (100, 100), "overlapping_areas"),
        (StudyConditions(same_months=False), None, "seasonality"),
        (StudyConditions(recording_changed=True), None, "recording_practice"),
        (CHECKED, (3, 2), "few_counts"),
    ],
)
def test_guards_refuse(conditions, control, refused):
    design = CountDesign(BeforeAfter(400, 200), control and BeforeAfter(*control))
    found = evaluate_counts(design, conditions)
    assert outcomes(found)[refused] == "refused"
    assert found.verdict.kind == "refused"
    assert "o effect can be claimed" in found.verdict.text
    assert refused in {notice.code for notice in found.summary.warnings}


def test_guards_warn_where_a_control_helps_or_nothing_is_known():
    design = CountDesign(BeforeAfter(400, 20), BeforeAfter(400, 400))
    found = evaluate_counts(design, StudyConditions("unknown", same_months=False, recording_changed=True))
    assert set(outcomes(found).values()) == {"warning", "passed"}
    assert found.verdict.kind == "fewer"
    assert "while variance is less than" in outcomes_message(found, "overdispersion")
    baseline = evaluate_counts(design, StudyConditions("before", expected_baseline=True))
    assert outcomes(baseline)["regression_to_the_mean"] == "passed"
    assert outcomes(evaluate_counts(design, StudyConditions("earlier")))["regression_to_the_mean"] == "passed"


def outcomes_message(found, code):
    return next(guard.message for guard in found.guards if guard.code == code)


def test_displacement_and_no_success():
    moved = weighted_displacement_quotient(
        CountDesign(BeforeAfter(100, 50), BeforeAfter(100, 100), BeforeAfter(100, 120), BeforeAfter(100, 100))
    )
    assert (moved.quotient, moved.spread) == (pytest.approx(-0.4), "displacement")
    worse = weighted_displacement_quotient(
        CountDesign(BeforeAfter(50, 100), BeforeAfter(100, 100), BeforeAfter(100, 120), BeforeAfter(100, 100))
    )
    assert (worse.quotient, worse.spread) == (None, "not_defined")
    same = weighted_displacement_quotient(
        CountDesign(BeforeAfter(100, 50), BeforeAfter(100, 100), BeforeAfter(100, 100), BeforeAfter(100, 100))
    )
    assert same.spread == "none"


def test_night_against_day():
    alone = night_day_contrast(BeforeAfter(80, 40), BeforeAfter(60, 60))
    against = night_day_contrast(
        BeforeAfter(80, 40), BeforeAfter(60, 60), control_night=BeforeAfter(80, 40), control_day=BeforeAfter(60, 60)
    )
    assert (alone.estimate, against.estimate) == (0.5, 1.0)
    assert alone.differs
    assert not against.differs
    with pytest.raises(ParameterError, match="only one of night and day"):
        night_day_contrast(BeforeAfter(8, 4), BeforeAfter(6, 6), control_day=BeforeAfter(1, 1))
    with pytest.raises(TooFewEventsError):
        night_day_contrast(BeforeAfter(8, 0), BeforeAfter(6, 6))


def test_picking_the_worst_places_shows_a_false_fall_and_the_expected_baseline_does_not():
    random = np.random.default_rng(5)
    naive, corrected = [], []
    for _ in range(100):
        levels = random.gamma(4, 2, 2000)
        before, after = random.poisson(levels), random.poisson(levels)
        picked = np.zeros(2000, bool)
        picked[np.argsort(-before)[:100]] = True
        baseline = expected_baseline(before, picked)
        naive.append(after[picked].sum() / baseline.observed - 1)
        corrected.append(after[picked].sum() / baseline.expected - 1)
    assert max(naive) < -0.1
    assert abs(np.mean(corrected)) < 0.01
    assert "by chance" in baseline.reading


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: BeforeAfter(-1, 2), ParameterError),
        (lambda: BeforeAfter(1, math.nan), ParameterError),
        (lambda: AreaWeights(treated=0), ParameterError),
        (lambda: StudyConditions(selected_on="luck"), ParameterError),
        (lambda: CountDesign(BeforeAfter(1, 1), BeforeAfter(1, 1), BeforeAfter(1, 1)), ParameterError),
        (lambda: CountDesign(BeforeAfter(1, 1), None, BeforeAfter(1, 1), BeforeAfter(1, 1)), ParameterError),
        (lambda: CountDesign(BeforeAfter(1, 1), time_weights=(0, 1)), ParameterError),
        (lambda: evaluate_counts(CountDesign(BeforeAfter(0, 0), BeforeAfter(0, 0))), TooFewEventsError),
        (
            lambda: weighted_displacement_difference(CountDesign(BeforeAfter(0, 0), BeforeAfter(0, 0))),
            TooFewEventsError,
        ),
        (lambda: evaluate_counts(PAPER, dispersion=0.5), ParameterError),
        (lambda: evaluate_counts(PAPER, confidence=1.0), ParameterError),
        (lambda: relative_effect_size(CountDesign(BeforeAfter(1, 1))), ParameterError),
        (lambda: relative_effect_size(CountDesign(BeforeAfter(1, 0), BeforeAfter(1, 1))), TooFewEventsError),
        (lambda: weighted_displacement_quotient(CountDesign(BeforeAfter(1, 1), BeforeAfter(1, 1))), ParameterError),
        (
            lambda: weighted_displacement_quotient(
                CountDesign(BeforeAfter(1, 1), BeforeAfter(0, 1), BeforeAfter(1, 1), BeforeAfter(1, 1))
            ),
            TooFewEventsError,
        ),
        (lambda: expected_baseline([1, 2], [True]), ParameterError),
        (lambda: expected_baseline([1, 2], [False, False]), EmptyInputError),
        (lambda: expected_baseline([0, 2], [True, False]), EmptyInputError),
    ],
)
def test_impossible_designs_are_refused(attempt, error):
    with pytest.raises(error):
        attempt()


def test_when_nothing_happened_at_most_one_claim_in_twenty_is_made():
    random = np.random.default_rng(11)
    claims = 0
    for _ in range(2000):
        treated, control = BeforeAfter(*random.poisson(60, 2)), BeforeAfter(*random.poisson(90, 2))
        found = evaluate_counts(CountDesign(treated, control), CHECKED, dispersion=1.0)
        claims += found.verdict.kind in ("fewer", "more")
    assert claims / 2000 <= 0.05


@pytest.mark.parametrize(
    ("treated", "control", "told"),
    [
        ((207, 110), (308, 318), "the count is 107 events lower than the control leads to expect"),
        ((100, 98), (100, 99), "the count is 1 event lower than the control leads to expect"),
        ((100, 180), (100, 99), "the count is 81 events higher than the control leads to expect"),
        ((100, 100), (100, 100), "the count is what the control leads to expect"),
        ((40, 0), (50, 52), "About 42 events fewer than expected, 19 to 65."),
    ],
)
def test_differences_are_told_in_whole_sentences(treated, control, told):
    found = evaluate_counts(CountDesign(BeforeAfter(*treated), BeforeAfter(*control)))
    assert told in found.summary.reading
    assert "%" not in found.summary.reading.replace(" %", "")


def test_a_quotient_says_nothing_where_no_fall_can_be_claimed():
    design = CountDesign(BeforeAfter(100, 95), BeforeAfter(100, 99), BeforeAfter(50, 60), BeforeAfter(50, 50))
    assert "The displacement quotient (-2.62) says nothing here" in evaluate_counts(design).summary.reading
    uncontrolled = evaluate_counts(CountDesign(BeforeAfter(100, 80))).verdict.text
    assert uncontrolled.startswith("Uncontrolled: no effect can be claimed")
    assert "cause" not in uncontrolled
