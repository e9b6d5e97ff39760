"""Difference-in-differences on monthly panels: exact cases, the size of the test when nothing happened, guards."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from analysis.errors import ParameterError, TooFewEventsError
from analysis.evaluation.difference_in_differences import difference_in_differences
from analysis.evaluation.guards import StudyConditions
from analysis.evaluation.monthly_panel import monthly_panel
from analysis.evaluation.panel_evaluation import evaluate_panel
from analysis.evaluation.recording_practice import recording_break
from analysis.evaluation.relative_effect import relative_effect_size
from analysis.space_time.log_linear import log_linear

MONTHS = pd.date_range("2022-01-01", periods=36, freq="MS")
SEASON = 1 + 0.3 * np.sin(np.arange(36) * np.pi / 6)


def panel_of(random, effect=1.0, dispersion=1.0, level=20.0, start="2024-01-01"):
    """36 months with a season, common shocks, and counts that vary more than Poisson counts."""
    shocks = random.gamma(50, 1 / 50, 36)
    after = np.asarray(start <= MONTHS)
    mean = level * SEASON * shocks

    def draw(mu):
        if dispersion == 1.0:
            return random.poisson(mu)
        return random.negative_binomial(mu / (dispersion - 1), 1 / dispersion)

    return monthly_panel(MONTHS, draw(np.where(after, effect * mean, mean)), draw(3 * mean), start=start)


def test_the_scale_is_that_of_statsmodels():
    panel = panel_of(np.random.default_rng(4), dispersion=2.0)
    found = difference_in_differences(panel)
    treated = np.repeat([1.0, 0.0], 36)
    months = (np.tile(np.arange(36), 2)[:, None] == np.arange(36)).astype(float)
    columns = np.column_stack([treated * np.tile(panel.after, 2), treated, months])
    model = GLM(np.r_[panel.treated, panel.control], columns, family=Poisson(), offset=np.log(np.tile(panel.days, 2)))
    theirs = model.fit(scale="X2")
    assert np.log(found.effect.estimate) == pytest.approx(theirs.params[0], abs=1e-9)
    assert found.dispersion == pytest.approx(theirs.scale, rel=1e-6)
    assert found.effect.log_standard_error == pytest.approx(theirs.bse[0] * max(1, theirs.scale**-0.5), rel=1e-6)


def test_with_months_of_equal_length_the_estimate_is_one_over_the_relative_effect_size():
    months = [f"{year}-{month:02}-01" for year in (2021, 2022, 2023) for month in (1, 3, 5, 7, 8, 10)]
    random = np.random.default_rng(0)
    panel = monthly_panel(months, random.poisson(20, 18), random.poisson(40, 18), start="2023-01-01")
    expected = 1 / relative_effect_size(panel.design()).estimate
    for season in ("months", "calendar"):
        found = difference_in_differences(panel, season=season)
        assert found.effect.estimate == pytest.approx(expected, rel=1e-8)


def test_the_fit_equals_our_own_log_linear_model():
    panel = panel_of(np.random.default_rng(3), effect=0.7, dispersion=2.0)
    found = difference_in_differences(panel, season="calendar")
    n, after = 36, panel.after.astype(float)
    treated = np.repeat([1.0, 0.0], n)
    seasons = (np.tile(panel.calendar_month, 2)[:, None] == np.arange(12)).astype(float)
    design = np.column_stack([treated * np.tile(after, 2), treated, np.tile(after, 2), seasons])
    ours = log_linear(np.r_[panel.treated, panel.control], design, np.tile(panel.days, 2))
    assert np.log(found.effect.estimate) == pytest.approx(ours.coefficients[0], abs=1e-7)
    assert found.dispersion == pytest.approx(ours.dispersion, rel=1e-6)
    assert found.degrees == ours.degrees
    assert found.expected[panel.after] == pytest.approx(ours.fitted[:n][panel.after] / found.effect.estimate, rel=1e-6)


@pytest.mark.parametrize("dispersion", [1.0, 2.5])
def test_when_nothing_happened_at_most_one_panel_in_twenty_is_claimed(dispersion):
    random = np.random.default_rng(17)
    known = StudyConditions("other", areas_overlap=False, recording_changed=False)
    kinds = [evaluate_panel(panel_of(random, dispersion=dispersion), known).verdict.kind for _ in range(300)]
    claims = sum(kind in ("fewer", "more") for kind in kinds)
    assert claims <= 300 * 0.05 + 2 * np.sqrt(300 * 0.05 * 0.95)
    assert "refused" not in kinds


def test_an_effect_is_found_and_its_size_covered():
    random = np.random.default_rng(23)
    covered, seen = 0, 0
    for _ in range(60):
        found = evaluate_panel(panel_of(random, effect=0.7, dispersion=1.5), StudyConditions("other"))
        covered += found.estimate.effect.low <= 0.7 <= found.estimate.effect.high
        seen += found.verdict.kind == "fewer"
    assert covered >= 54
    assert seen >= 45
    assert found.difference.total.estimate < 0
    assert found.frame.columns.tolist() == ["month", "after", "treated", "control", "expected"]
    assert (found.frame["expected"] > 0).all()


def test_a_season_alone_is_no_effect():
    treated = np.round(100 * SEASON)
    whole = evaluate_panel(monthly_panel(MONTHS, treated, start="2024-01-01"), StudyConditions("other"))
    assert whole.estimate.effect.estimate == pytest.approx(1.0, abs=0.01)
    assert whole.verdict.uncontrolled
    assert whole.verdict.kind == "no_effect_can_be_claimed"
    assert whole.difference is None
    halves = np.r_[0:6, 12:18, 30:36]
    half = monthly_panel(MONTHS[halves], treated[halves], start="2024-07-01")
    with pytest.raises(TooFewEventsError, match="share no month"):
        difference_in_differences(half)
    some = evaluate_panel(monthly_panel(MONTHS[20:], treated[20:], start="2024-06-01"), StudyConditions("other"))
    assert some.verdict.kind == "refused"
    assert "season" in some.verdict.text


def test_a_street_without_any_event_after_the_fix_is_judged_by_the_difference():
    gone = np.r_[np.tile([3, 2], 12), np.zeros(12)]
    found = evaluate_panel(monthly_panel(MONTHS, gone, np.full(36, 3), start="2024-01-01"), StudyConditions("other"))
    assert found.estimate is None
    assert found.verdict.kind == "fewer"
    assert "events fewer than expected" in found.verdict.text
    assert found.frame["expected"].isna().all()
    assert {g.code: g.outcome for g in found.guards}["overdispersion"] == "warning"
    alone = evaluate_panel(monthly_panel(MONTHS, gone, start="2024-01-01"), StudyConditions("other"))
    assert alone.verdict.kind == "no_effect_can_be_claimed"


def test_months_of_work_and_months_without_events_are_left_out():
    treated, control = np.full(36, 5), np.full(36, 9)
    treated[3] = control[3] = 0
    panel = monthly_panel(MONTHS[::-1], treated[::-1], control[::-1], start="2023-06-10", finished="2023-08-15")
    assert panel.months.size == 33
    assert str(panel.months[panel.after][0]) == "2023-09"
    assert panel.months[3] == np.datetime64("2022-04")
    found = difference_in_differences(panel)
    assert found.effect.estimate == pytest.approx(1.0)
    assert found.expected[3] == 0
    assert found.effect.log_standard_error > 0.1


def test_trends_that_part_before_the_fix_are_told():
    parting = monthly_panel(MONTHS, np.linspace(100, 40, 36).round(), np.full(36, 80), start="2024-01-01")
    found = evaluate_panel(parting, StudyConditions("other"))
    guards = {guard.code: guard for guard in found.guards}
    assert guards["parallel_trends"].outcome == "warning"
    assert "going apart" in guards["parallel_trends"].message
    short = evaluate_panel(
        monthly_panel(MONTHS[20:], np.full(16, 30), np.full(16, 30), start="2024-01-01"), StudyConditions("other")
    )
    assert {g.code: g.outcome for g in short.guards}["parallel_trends"] == "warning"
    assert {g.code: g.outcome for g in short.guards}["seasonality"] == "warning"


def test_counts_that_vary_much_are_told():
    treated = np.tile([2, 40, 9, 33], 9)
    found = evaluate_panel(monthly_panel(MONTHS, treated, np.full(36, 20), start="2024-01-01"))
    assert {g.code: g.outcome for g in found.guards}["overdispersion"] == "warning"


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: monthly_panel(MONTHS, [1] * 36, start="2022-02-01"), TooFewEventsError),
        (lambda: monthly_panel(MONTHS, [1] * 35, start="2024-01-01"), ParameterError),
        (lambda: monthly_panel(MONTHS, [-1] * 36, start="2024-01-01"), ParameterError),
        (lambda: monthly_panel(["x"], [1], start="2024-01-01"), ParameterError),
        (lambda: monthly_panel([None], [1], start="2024-01-01"), ParameterError),
        (lambda: monthly_panel(["2024-01-01", "2024-01-20"], [1, 2], start="2024-01-01"), ParameterError),
        (lambda: monthly_panel(MONTHS, [1] * 36, start="2024-01-01", finished="2023-01-01"), ParameterError),
    ],
)
def test_impossible_panels_are_refused(attempt, error):
    with pytest.raises(error):
        attempt()


def test_impossible_models_are_refused():
    alone = monthly_panel(MONTHS, [3] * 36, start="2024-01-01")
    with pytest.raises(ParameterError, match="season"):
        difference_in_differences(alone, season="months")
    zero = monthly_panel(MONTHS, [3] * 24 + [0] * 12, [3] * 36, start="2024-01-01")
    with pytest.raises(TooFewEventsError, match="no event before or after"):
        difference_in_differences(zero)
    short = monthly_panel(MONTHS[:6], [3] * 6, start="2022-04-01")
    with pytest.raises(TooFewEventsError):
        difference_in_differences(short)


def test_a_break_in_recording_is_found_and_chance_is_not():
    random = np.random.default_rng(29)
    false = sum(recording_break(MONTHS, random.poisson(200, 36)).is_break for _ in range(200))
    assert false <= 4
    jumped = random.poisson(np.r_[np.full(20, 200), np.full(16, 130)])
    found = recording_break(MONTHS, jumped)
    assert found.is_break
    assert found.month == "2023-09"
    assert not recording_break(MONTHS, np.round(100 * SEASON)).is_break
    for bad in (np.full(36, -1), np.full(35, 1)):
        with pytest.raises(ParameterError):
            recording_break(MONTHS, bad)
    with pytest.raises(ParameterError, match="consecutive"):
        recording_break(MONTHS[::2], np.ones(18))
    for few in (recording_short, recording_empty):
        with pytest.raises(TooFewEventsError):
            few()


def recording_short():
    return recording_break(MONTHS[:8], np.ones(8))


def recording_empty():
    return recording_break(MONTHS, np.zeros(36))
