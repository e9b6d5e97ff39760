"""One thing that was looked at, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["fine", "note", "fault"]
"""``note`` works but deserves a look; ``fault`` keeps Kvart from its work or endangers data."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    level : str
    subject : str
        What was looked at, in a word or two.
    sentence : str
        What was found.
    advice : str
        What to do about it; empty where all is well.
    """

    level: Level
    subject: str
    sentence: str
    advice: str = ""


def fine(subject: str, sentence: str) -> Finding:
    """Return a finding of something that is as it should be."""
    return Finding("fine", subject, sentence)


def note(subject: str, sentence: str, advice: str) -> Finding:
    """Return a finding of something that works but deserves a look."""
    return Finding("note", subject, sentence, advice)


def fault(subject: str, sentence: str, advice: str) -> Finding:
    """Return a finding of something that keeps Kvart from its work or endangers data."""
    return Finding("fault", subject, sentence, advice)
