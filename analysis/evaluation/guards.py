"""Guards of an evaluation: each passes, warns or refuses, and each is always told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from analysis.errors import ParameterError
from analysis.evaluation.count_design import CountDesign
from analysis.summary import Notice

GuardOutcome = Literal["passed", "warning", "refused"]
SelectedOn = Literal["before", "earlier", "other", "unknown"]

LEAST_EVENTS = 10
"""Fewer events of both periods in the treated or the control area: the normal approximation fails, no claim."""

FEW_EVENTS = 30
"""Fewer events in a period of an area: warned of."""


@dataclass(frozen=True)
class Guard:
    """One check of whether a claim may be made.

    Attributes
    ----------
    code : str
        Stable name, for example ``"regression_to_the_mean"``.
    outcome : {"passed", "warning", "refused"}
        ``refused``: no effect may be claimed, whatever the figures say.
    message : str
        One or two sentences for people.
    """

    code: str
    outcome: GuardOutcome
    message: str


@dataclass(frozen=True)
class StudyConditions:
    """What the evaluator knows about how the areas and periods were chosen; None: not known.

    Attributes
    ----------
    selected_on : {"before", "earlier", "other", "unknown"}
        What got the treated place picked: its count of the very period before, one of an earlier period, something
        else than counts (a draw, a complaint), or nobody knows.
    expected_baseline : bool
        The treated count before is an empirical Bayes baseline (`expected_baseline`).
    same_months : bool or None
        Both periods cover the same months of the calendar.
    areas_overlap : bool or None
        Treated area, control, buffers or areas of other fixes overlap.
    recording_changed : bool or None
        The practice of recording changed within the periods.

    Raises
    ------
    ParameterError
        An unknown `selected_on`.
    """

    selected_on: SelectedOn = "unknown"
    expected_baseline: bool = False
    same_months: bool | None = None
    areas_overlap: bool | None = None
    recording_changed: bool | None = None

    def __post_init__(self) -> None:
        if self.selected_on not in get_args(SelectedOn):
            raise ParameterError(
                f"Unknown ground of selection {self.selected_on!r}.", f"Use one of {', '.join(get_args(SelectedOn))}."
            )


def design_guards(design: CountDesign, conditions: StudyConditions) -> tuple[Guard, ...]:
    """Check everything about a design that its counts and conditions tell.

    Parameters
    ----------
    design : CountDesign
    conditions : StudyConditions

    Returns
    -------
    tuple of Guard
        ``control``, ``regression_to_the_mean``, ``seasonality``, ``overlapping_areas``, ``recording_practice`` and
        ``few_counts``; overdispersion is judged where it is estimated.

    Examples
    --------
    >>> from analysis.evaluation.count_design import BeforeAfter
    >>> checked = design_guards(CountDesign(BeforeAfter(100, 80)), StudyConditions(selected_on="before"))
    >>> [(guard.code, guard.outcome) for guard in checked][:2]
    [('control', 'warning'), ('regression_to_the_mean', 'refused')]
    """
    controlled = design.control is not None
    return (
        _control(controlled=controlled),
        _regression_to_the_mean(conditions),
        _seasonality(conditions.same_months, controlled=controlled),
        _overlap(conditions.areas_overlap),
        _recording(conditions.recording_changed, controlled=controlled),
        _few_counts(design),
    )


def notices_of(guards: tuple[Guard, ...]) -> tuple[Notice, ...]:
    """Return the guards that warn or refuse as notices of a summary.

    Parameters
    ----------
    guards : tuple of Guard

    Returns
    -------
    tuple of Notice
    """
    return tuple(Notice(guard.code, guard.message) for guard in guards if guard.outcome != "passed")


def refusals(guards: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """Return the guards that forbid a claim.

    Parameters
    ----------
    guards : tuple of Guard

    Returns
    -------
    tuple of Guard
    """
    return tuple(guard for guard in guards if guard.outcome == "refused")


def _control(*, controlled: bool) -> Guard:
    if controlled:
        return Guard("control", "passed", "The treated area is compared with a control area.")
    message = "Uncontrolled: without a control area the figure holds whatever else changed in town."
    return Guard("control", "warning", message)


def _regression_to_the_mean(conditions: StudyConditions) -> Guard:
    code = "regression_to_the_mean"
    if conditions.expected_baseline:
        return Guard(code, "passed", "The count before is an empirical Bayes baseline, which chance does not inflate.")
    if conditions.selected_on == "before":
        return Guard(
            code,
            "refused",
            "The place was picked by the very counts that are its baseline: it would have fewer events afterwards by "
            "chance alone. Take an earlier or longer baseline, or an empirical Bayes baseline.",
        )
    if conditions.selected_on == "unknown":
        message = (
            "It is not known what got the place picked. If it was the count before, a fall of a tenth to a fifth by "
            "chance alone is usual (regression to the mean)."
        )
        return Guard(code, "warning", message)
    ground = "counts of an earlier period" if conditions.selected_on == "earlier" else "something else than counts"
    return Guard(code, "passed", f"The place was picked by {ground}, not by its baseline.")


def _seasonality(same_months: bool | None, *, controlled: bool) -> Guard:
    code = "seasonality"
    if same_months:
        return Guard(code, "passed", "Both periods cover the same months of the calendar.")
    if same_months is None:
        return Guard(code, "warning", "It is not known whether both periods cover the same months of the calendar.")
    if controlled:
        message = "The periods cover different months; the comparison holds if the seasons of both areas are alike."
        return Guard(code, "warning", message)
    message = "The periods cover different months and there is no control: a change may be the season."
    return Guard(code, "refused", message)


def _overlap(areas_overlap: bool | None) -> Guard:
    code = "overlapping_areas"
    if areas_overlap:
        message = "Areas overlap, so that an event counts on both sides of the comparison. Draw them apart."
        return Guard(code, "refused", message)
    if areas_overlap is None:
        return Guard(code, "warning", "It was not checked whether areas, buffers or other fixes overlap.")
    return Guard(code, "passed", "Treated area, control, buffers and other fixes do not overlap.")


def _recording(changed: bool | None, *, controlled: bool) -> Guard:
    code = "recording_practice"
    if changed is None:
        return Guard(code, "warning", "It is not known whether the practice of recording changed in the periods.")
    if not changed:
        return Guard(code, "passed", "The practice of recording did not change in the periods.")
    if controlled:
        message = "The practice of recording changed: the comparison holds only if it changed alike in both areas."
        return Guard(code, "warning", message)
    message = "The practice of recording changed and there is no control: a change may be that of the records."
    return Guard(code, "refused", message)


def _few_counts(design: CountDesign) -> Guard:
    code = "few_counts"
    judged = {name: counts for name, counts in design.areas.items() if name in ("treated", "control")}
    for name, counts in judged.items():
        if counts.total < LEAST_EVENTS:
            message = (
                f"The {name} area has {counts.total:g} events in both periods, fewer than {LEAST_EVENTS}: no test can "
                "be trusted. Use longer periods or larger areas."
            )
            return Guard(code, "refused", message)
    least = min(min(counts.before, counts.after) for counts in judged.values())
    if least < FEW_EVENTS:
        number = f"only {least:g} {'event' if least == 1 else 'events'}" if least else "no event"
        message = f"A period has {number} (fewer than {FEW_EVENTS}): only large effects could be seen."
        return Guard(code, "warning", message)
    return Guard(code, "passed", f"Every period has at least {FEW_EVENTS} events.")
