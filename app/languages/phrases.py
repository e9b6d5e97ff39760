"""Phrases in the languages of residents, and which language a browser asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from app.languages.catalogues import en, et, lv, mk, ro, ru, sq, sr_cyrl, sr_latn, uk

ENGLISH = "en"
CATALOGUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": en.PHRASES,
        "sq": sq.PHRASES,
        "sr-Latn": sr_latn.PHRASES,
        "sr-Cyrl": sr_cyrl.PHRASES,
        "ro": ro.PHRASES,
        "uk": uk.PHRASES,
        "ru": ru.PHRASES,
        "lv": lv.PHRASES,
        "et": et.PHRASES,
        "mk": mk.PHRASES,
    }
)
"""Phrases by language tag (BCP 47) and key."""

NAMES = MappingProxyType({tag: phrases["language"] for tag, phrases in CATALOGUES.items()})
"""Name of each language in itself."""

_ALIASES = {"sr": "sr-Cyrl", "sr-rs": "sr-Cyrl", "sr-me": "sr-Latn", "sh": "sr-Latn", "cnr": "sr-Latn", "mo": "ro"}
_LONGEST_HEADER = 500
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.ASCII)


def phrase(language: str, key: str, **values: object) -> str:
    """Return a phrase with its values put in.

    Parameters
    ----------
    language : str
        A tag of ``CATALOGUES``.
    key : str
    **values
        What stands between braces in the phrase.

    Raises
    ------
    LookupError
        If there is no such language or key.
    """
    return CATALOGUES[language][key].format(**values)


def has_phrase(key: str) -> bool:
    """Tell whether there is a phrase of that key; every language has the same keys."""
    return key in CATALOGUES[ENGLISH]


def phrase_or(language: str, key: str, otherwise: str) -> str:
    """Return a phrase where there is one of that key, else a text of the municipality's own."""
    return CATALOGUES[language].get(key, otherwise)


def preferred_language(accept_language: str) -> str:
    """Return the language that a browser likes best of those there are; English where it likes none.

    Parameters
    ----------
    accept_language : str
        Value of the header ``Accept-Language`` (RFC 9110, 12.5.4).
    """
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language[:_LONGEST_HEADER].split(",")):
        matched = _RANGE.fullmatch(part)
        if matched is not None and float(matched[2] or 1) > 0:
            wanted.append((-float(matched[2] or 1), position, matched[1].lower()))
    known = {tag.lower(): tag for tag in CATALOGUES} | _ALIASES
    for _, _, tag in sorted(wanted):
        parts = tag.split("-")
        for length in range(len(parts), 0, -1):
            found = known.get("-".join(parts[:length]))
            if found is not None:
                return found
    return ENGLISH
