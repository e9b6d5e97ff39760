"""The life of a danger zone in sentences that everybody understands: done or not done, why, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.danger_zones.lifecycle import DONE, ENDED
from app.languages.phrases import ENGLISH, phrase


def public_sentence(change: Mapping[str, Any], language: str = ENGLISH) -> str:
    """Return what the public reads of a change.

    Parameters
    ----------
    change : mapping
        A row of the history: ``action, to_status, why, next_step, passed_on_to``.
    language : str
        Of the phrases; what staff wrote stays as it is.
    """
    status = change["to_status"]
    outcome = "done" if status in DONE else "ended" if status in ENDED else "not_done"
    parts = [
        f"{phrase(language, f'outcome.{outcome}')}:",
        change["why"] or phrase(language, f"step.{change['action']}", state=phrase(language, f"state.{status}")),
    ]
    if change["passed_on_to"]:
        parts += [phrase(language, "outcome.to"), _closed(change["passed_on_to"])]
    if change["next_step"]:
        parts += [phrase(language, "outcome.next"), _closed(change["next_step"])]
    return " ".join(_closed(part) if index == 1 else part for index, part in enumerate(parts))


def status_sentence(status: str, language: str = ENGLISH) -> str:
    """Return what became of a report."""
    return phrase(language, f"status.{status}")


def _closed(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
