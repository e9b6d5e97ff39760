"""The whole story of a fix: buffers and nights are always told, given or not."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ParameterError
from analysis.evaluation.count_design import BeforeAfter
from analysis.evaluation.fix_evaluation import NightAndDay, evaluate_fix
from analysis.evaluation.guards import StudyConditions
from analysis.evaluation.monthly_panel import monthly_panel

MONTHS = pd.date_range("2023-01-01", periods=24, freq="MS")
KNOWN = StudyConditions("other", areas_overlap=False, recording_changed=False)


def panel(before, after, control=30, months=MONTHS):
    treated = np.r_[np.full(12, before), np.full(12, after)][: len(months)]
    held = None if control is None else np.full(len(months), control)
    return monthly_panel(months, treated, held, start="2024-01-01")


def outcomes(found):
    return {guard.code: guard.outcome for guard in found.guards}


def test_what_is_not_given_is_told():
    found = evaluate_fix(panel(20, 10), conditions=KNOWN)
    assert found.main.verdict.kind == "fewer"
    assert (found.difference, found.quotient, found.contrast) == (None, None, None)
    assert (outcomes(found)["buffer"], outcomes(found)["night_and_day"]) == ("warning", "warning")
    assert [notice.code for notice in found.warnings][-2:] == ["buffer", "night_and_day"]


def test_diffusion_and_nights_that_got_better():
    counts = NightAndDay(BeforeAfter(180, 70), BeforeAfter(60, 58), BeforeAfter(180, 175), BeforeAfter(60, 61))
    found = evaluate_fix(panel(20, 10), buffer=panel(15, 13, 20), night_and_day=counts, conditions=KNOWN)
    assert found.quotient.spread == "diffusion"
    assert found.difference.total.estimate == pytest.approx(-12, abs=0.2)
    assert found.contrast.estimate < 0.6
    assert set(outcomes(found).values()) == {"passed"}


def test_displacement_and_days_that_got_better_too():
    counts = NightAndDay(BeforeAfter(180, 90), BeforeAfter(60, 30))
    found = evaluate_fix(panel(20, 10), buffer=panel(15, 26, 20), night_and_day=counts, conditions=KNOWN)
    assert found.quotient.spread == "displacement"
    assert outcomes(found)["buffer"] == "warning"
    assert "did not clearly get better" in found.guards[-1].message


def test_zeros_leave_parts_out_and_say_so():
    counts = NightAndDay(BeforeAfter(18, 0), BeforeAfter(6, 3))
    silent = monthly_panel(MONTHS, np.full(24, 9), np.r_[np.zeros(12), np.full(12, 9)], start="2024-01-01")
    found = evaluate_fix(silent, buffer=panel(5, 5, 5), night_and_day=counts, conditions=KNOWN)
    assert found.contrast is None
    assert found.quotient is None
    assert found.main.estimate is None


def test_differences_are_told_for_an_area_as_large_as_the_treated_one():
    months = pd.date_range("2023-01-01", periods=24, freq="MS")
    span = {"start": "2024-01-01"}
    inner, outer = [20, 22] * 6 + [10, 11] * 6, [15, 16] * 6 + [14, 15] * 6
    one, ring = np.array([30, 33] * 6 + [27, 30] * 6), np.array([15, 16] * 12)
    alone = evaluate_fix(monthly_panel(months, inner, one, **span), buffer=monthly_panel(months, outer, ring, **span))
    three = evaluate_fix(
        monthly_panel(months, inner, 3 * one, control_size=3.0, **span),
        buffer=monthly_panel(months, outer, 2 * ring, control_size=2.0, **span),
    )
    assert three.difference.total.estimate == pytest.approx(alone.difference.total.estimate)
    assert three.main.difference.local.estimate == pytest.approx(alone.main.difference.local.estimate)
    assert three.difference.total.standard_error < alone.difference.total.standard_error
    assert three.quotient.quotient == pytest.approx(alone.quotient.quotient, rel=0.35)
    with pytest.raises(ParameterError, match="size of the control"):
        monthly_panel(months, inner, one, control_size=0.0, **span)


def test_buffers_must_fit():
    with pytest.raises(ParameterError, match="other months"):
        evaluate_fix(panel(20, 10), buffer=panel(20, 10, months=MONTHS[:20]))
    with pytest.raises(ParameterError, match="no control area"):
        evaluate_fix(panel(20, 10, None), buffer=panel(15, 13, 20))
