"""Every language says everything, with the same values, and a browser is answered in the language it likes best."""

import re

import pytest

from app.danger_zones.lifecycle import TRANSITIONS
from app.danger_zones.models import DAY_PARTS, REPORT_SOURCES, SEASONS, WEEKDAYS, ZONE_STATUSES
from app.incidents.catalogue import CONCERN_CATEGORIES
from app.languages.phrases import CATALOGUES, ENGLISH, phrase, preferred_language
from app.languages.refusing import refusal_of
from app.moderation.service import ANSWERS

PHRASES = CATALOGUES[ENGLISH]
CYRILLIC = {"sr-Cyrl", "uk", "ru", "mk"}


def values_of(text):
    return sorted(re.findall(r"\{\w+\}", text))


def test_the_languages_of_the_sources_are_there():
    assert list(CATALOGUES) == ["en", "sq", "sr-Latn", "sr-Cyrl", "ro", "uk", "ru", "lv", "et", "mk"]


@pytest.mark.parametrize("language", [language for language in CATALOGUES if language != ENGLISH])
def test_every_phrase_is_said_in_every_language_in_its_own_script(language):
    catalogue = CATALOGUES[language]
    assert catalogue.keys() == PHRASES.keys()
    for key, text in catalogue.items():
        assert text.strip() == text != "", key
        assert values_of(text) == values_of(PHRASES[key]), key
        assert "<" not in text, key
        assert bool(re.search(r"[\u0400-\u04ff]", text)) is (language in CYRILLIC), key
    copied = [key for key, text in catalogue.items() if text == PHRASES[key]]
    assert len(copied) <= 4, copied


def test_whatever_may_be_chosen_or_happen_has_a_phrase():
    wanted = {f"concern.{code}" for code in CONCERN_CATEGORIES} | {f"status.{status}" for status in ZONE_STATUSES}
    wanted |= {f"day_part.{part}" for part in DAY_PARTS} | {f"weekday.{day}" for day in WEEKDAYS}
    wanted |= {f"season.{season}" for season in SEASONS} | {f"step.{name}" for name in TRANSITIONS}
    wanted |= {f"state.{status}" for status in ZONE_STATUSES} | {f"source.{source}" for source in REPORT_SOURCES}
    wanted |= {f"do.{name}" for name in (*TRANSITIONS, "verify", "merge", "split", "restore")}
    wanted |= {f"wrong.{name}" for name in (*ANSWERS, "step")}
    assert wanted <= PHRASES.keys()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("ro-MD,ro;q=0.9,ru;q=0.8", "ro"),
        ("en;q=0.1, uk", "uk"),
        ("fr, sq;q=0.5, en;q=0.4", "sq"),
        ("sr", "sr-Cyrl"),
        ("sr-Latn-RS", "sr-Latn"),
        ("sr-ME", "sr-Latn"),
        ("ET;q=1.0", "et"),
        ("lv;q=0", "en"),
        ("mk;q=nonsense, lv", "lv"),
        ("," * 10_000, "en"),
    ],
)
def test_the_best_liked_language_answers(header, language):
    assert preferred_language(header) == language


def test_a_reason_goes_before_the_kind_of_a_problem():
    problem = {"type": "urn:kvart:problem:too_large", "reason": "photo_too_large", "most_mb": 8}
    assert refusal_of("lv", problem) == phrase("lv", "refused.photo_too_large", most_mb=8)
    assert "Prea" not in (refusal_of("ro", {"type": "urn:kvart:problem:forbidden"}) or "Prea")
    assert refusal_of("ro", {"type": "urn:kvart:problem:unexpected"}) is None
