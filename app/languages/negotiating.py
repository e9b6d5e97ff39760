"""In which language a request is answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from app.languages.phrases import CATALOGUES, preferred_language

PARAMETER = "language"


def language_of(request: Request) -> str:
    """Return the language that the address asks for, else the one that the browser likes best."""
    asked = request.query_params.get(PARAMETER, "")
    return asked if asked in CATALOGUES else preferred_language(request.headers.get("accept-language", ""))


def get_language(
    request: Request,
    language: Annotated[
        str | None, Query(max_length=20, description="Language tag; by default what `Accept-Language` asks for.")
    ] = None,
) -> str:
    """Return the language of the answer."""
    return language_of(request) if language is None or language not in CATALOGUES else language


LanguageDep = Annotated[str, Depends(get_language)]
